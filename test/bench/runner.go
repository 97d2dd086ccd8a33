package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// runner times commands in the repository.
type runner struct {
	root, work, self string
	runs             int
}

// build compiles the bench itself, so that no run pays for a compiler.
func build(root, work string) (string, error) {
	self := filepath.Join(work, "bench")
	command := exec.Command("go", "build", "-o", self, "./test/bench")
	command.Dir = root
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build ./test/bench: %w\n%s", err, out)
	}
	return self, nil
}

// app times one run of an app of this binary.
func (r *runner) app(name string, environment ...string) (time.Duration, error) {
	out, err := os.MkdirTemp(r.work, "out-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(out)
	command := exec.Command(r.self, "-app", name)
	command.Dir = r.root
	command.Env = append(os.Environ(), append(environment, "CDK_OUTDIR="+out)...)
	return timed(command)
}

// timed is the wall time of one whole process.
func timed(command *exec.Cmd) (time.Duration, error) {
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	start := time.Now()
	if err := command.Run(); err != nil {
		return 0, fmt.Errorf("%v: %w\n%s", command.Args, err, said.Bytes())
	}
	return time.Since(start), nil
}

// inTurn runs every contestant once to warm up, then runs rounds in which each
// has its turn, so that a machine that slows down slows all of them.
func (r *runner) inTurn(runs int, contestants ...func() (time.Duration, error)) ([][]time.Duration, error) {
	times := make([][]time.Duration, len(contestants))
	for round := 0; round <= runs; round++ {
		for i, run := range contestants {
			took, err := run()
			if err != nil {
				return nil, err
			}
			if round > 0 {
				times[i] = append(times[i], took)
			}
		}
	}
	return times, nil
}

func median[T time.Duration | float64](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// ratios compare two contestants round by round.
func ratios(a, b []time.Duration) []float64 {
	all := make([]float64, len(a))
	for i := range a {
		all[i] = float64(a[i]) / float64(b[i])
	}
	return all
}

func row(what string, times []time.Duration) {
	fmt.Printf("  %-46s median %6.2f s   min %6.2f   max %6.2f   (%d runs)\n",
		what, median(times).Seconds(), slices.Min(times).Seconds(), slices.Max(times).Seconds(), len(times))
}
