package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/d2-ride-booking/platform/config"
)

// FuzzParse: no file makes the decoder panic or report what is no Problem, and
// what it accepts stays acceptable.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"environments/*.yaml", "testdata/*/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatal("no seeds in ", pattern)
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(content)
		}
	}
	for _, seed := range []string{
		"", "---\n---\n", "? a\n: b", "a: &x [*x]", "[[[[", "{a: {b: {c", "- - - -", "\x00", "\xff\xfe", "a: !!binary x", "<<: 1",
		devHead + "network:\n  vpc_cidr: |\n    10.20.0.0/16\n", devHead + "services: [{name: \"\\n\"}]", devHead + "tags: {a: b, a: c, ? : d}",
		devHead + "cost: {working_hours: ~, monthly_budget_usd: 0x7fffffffffffffffffff}", devHead + "release: {keep_on_host: -9223372036854775808}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		env, err := config.Parse("fuzz.yaml", content)
		if (env == nil) == (err == nil) {
			t.Fatal("either an environment or an error")
		}
		if err != nil {
			checkProblems(t, err, content)
			return
		}
		if again := env.Validate(); again != nil {
			t.Fatalf("accepted, then refused: %v", again)
		}
	})
}

func checkProblems(t *testing.T, err error, content []byte) {
	t.Helper()
	var problems config.Problems
	if !errors.As(err, &problems) || len(problems) == 0 {
		t.Fatalf("no Problems: %v", err)
	}
	if lines := strings.Count(err.Error(), "\n") + 1; lines != len(problems) {
		t.Fatalf("%d lines for %d problems", lines, len(problems))
	}
	for _, problem := range problems {
		if problem.File != "fuzz.yaml" || problem.Line < 1 || problem.What == "" || problem.Remedy == "" {
			t.Fatalf("incomplete: %+v", problem)
		}
		if last := strings.Count(strings.ReplaceAll(string(content), "\r", "\n"), "\n") + 1; problem.Line > last {
			t.Fatalf("line %d of %d: %v", problem.Line, last, problem)
		}
	}
}
