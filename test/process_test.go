package test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/tooltest"
	"github.com/d2-ride-booking/platform/stacks"
)

// These tests run the app as the CDK command line does: the real binary, in an
// environment that has no credentials, no home and no way out.

// scratch is the package's own temporary folder, made when first asked for; TestMain takes it away.
var scratch string

func scratchDir() (dir string, err error) {
	if scratch == "" {
		scratch, err = os.MkdirTemp("", "d2-test-")
	}
	return scratch, err
}

// infra is cmd/infra, built once.
var infra = sync.OnceValues(func() (string, error) {
	dir, err := scratchDir()
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "infra")
	if out, err := exec.Command("go", "build", "-o", binary, "../cmd/infra").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return binary, nil
})

// nowhere are the variables of a machine that has nothing but its programs.
func nowhere(more ...string) []string {
	deadEnd := "http://127.0.0.1:9"
	variables := []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir()}
	for _, proxy := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		variables = append(variables, proxy+"="+deadEnd)
	}
	return append(variables, more...)
}

// said is what a program left behind.
type said struct {
	out, err string
	code     int
}

func run(dir string, variables []string, program string, args ...string) (said, error) {
	command := exec.Command(program, args...)
	var out, errs bytes.Buffer
	command.Dir, command.Env, command.Stdout, command.Stderr = dir, variables, &out, &errs
	if err := command.Run(); command.ProcessState == nil {
		return said{}, err // it never ran; else its exit says how it went
	}
	return said{out.String(), errs.String(), command.ProcessState.ExitCode()}, nil
}

// synth runs the app on the environments of a directory, writing into another.
func synth(environments, out string) (said, error) {
	binary, err := infra()
	if err != nil {
		return said{}, err
	}
	context, err := stacks.Context(filepath.Join(root, "cdk.json"))
	if err != nil {
		return said{}, err
	}
	context["environments"] = environments
	data, err := json.Marshal(context)
	if err != nil {
		return said{}, err
	}
	return run(root, nowhere("CDK_CONTEXT_JSON="+string(data), "CDK_OUTDIR="+out), binary)
}

// synthesis is one run of the app.
type synthesis struct {
	said
	out string // what it wrote
}

// shippedSynth is the app's run on the shipped environments, once.
var shippedSynth = sync.OnceValues(func() (synthesis, error) {
	dir, err := scratchDir()
	if err != nil {
		return synthesis{}, err
	}
	out := filepath.Join(dir, "cdk.out")
	answer, err := synth(config.DefaultDir, out)
	return synthesis{answer, out}, err
})

func appOnce(t *testing.T) synthesis {
	t.Helper()
	first, err := shippedSynth()
	require.NoError(t, err)
	require.Zero(t, first.code, first.err)
	return first
}

// noise are the lines that CDK writes around a warning.
var noise = regexp.MustCompile(`^(   D2-(Dev|Prod) aws-cdk-lib\.Stack|   Acknowledge with 'Annotation::D2:[a-z_.]+'|A copy of this report can be found in: .*|Successfully synthesized to .*|Supply a stack id .*|)$`)

// warnings are those of an output; any line that belongs to none fails the test.
func warnings(t *testing.T, text string) []string {
	t.Helper()
	found := map[string]bool{}
	for line := range strings.SplitSeq(text, "\n") {
		if warning, isOne := strings.CutPrefix(line, "WARNING "); isOne {
			first, _, _ := strings.Cut(warning, " ")
			found[first] = true
			continue
		}
		assert.Regexp(t, noise, line)
	}
	return slices.Sorted(maps.Keys(found))
}

// design.md names three: MySQL 8.0, Node.js 20, and PROD without anyone to tell.
var threeWarnings = []string{"MySQL", "Node.js", "nobody"}

func TestASynthNeedsNobodyPrintsThreeWarningsAndIsTheSameBytesAgain(t *testing.T) {
	again := filepath.Join(t.TempDir(), "elsewhere") // a path in the output would show
	second := make(chan error)
	go func() { // beside the first: each is a process of its own
		_, err := synth(config.DefaultDir, again)
		second <- err
	}()
	first := appOnce(t)
	require.NoError(t, <-second)
	assert.Empty(t, first.said.out)
	assert.Equal(t, threeWarnings, warnings(t, first.err))
	assert.Equal(t, files(t, first.out), files(t, again))
}

// files are the contents of a directory by their paths in it.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	contents := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		contents[name] = string(data)
		return err
	}))
	require.NotEmpty(t, contents)
	return contents
}

// What the tests synthesize in their own process is what the app writes.
func TestTheTestsLookAtWhatTheAppWrites(t *testing.T) {
	out := appOnce(t).out
	for stack, whole := range shippedTemplates(t) {
		written, err := os.ReadFile(filepath.Join(out, stack+".template.json"))
		require.NoError(t, err)
		assert.Equal(t, string(written), string(whole.written), stack)
	}
}

func TestABrokenEnvironmentPrintsItsProblemsAndWritesNothing(t *testing.T) {
	dir := t.TempDir()
	for stage, change := range map[string][2]string{
		"dev":  {"enable_rds: true", "enable_rds: perhaps"},
		"prod": {"enable_alb: true", "enable_alb: false"},
	} {
		data, err := os.ReadFile(filepath.Join(root, "config/environments", stage+".yaml"))
		require.NoError(t, err)
		broken := strings.Replace(string(data), change[0], change[1], 1)
		require.NotEqual(t, string(data), broken)
		require.NoError(t, os.WriteFile(filepath.Join(dir, stage+".yaml"), []byte(broken), 0o600))
	}
	out := filepath.Join(t.TempDir(), "cdk.out")
	broken, err := synth(dir, out)
	require.NoError(t, err)
	assert.Equal(t, 1, broken.code)
	assert.Empty(t, broken.out)
	lines := strings.Split(strings.TrimSpace(broken.err), "\n")
	require.Len(t, lines, 3, broken.err)
	assert.Regexp(t, `dev\.yaml:\d+ enable_rds: .*perhaps`, lines[0])
	assert.Regexp(t, `prod\.yaml:\d+ enable_alb: is false, but PROD serves through a load balancer`, lines[1])
	assert.Equal(t, "2 problem(s) in "+dir+"; nothing was synthesized", lines[2])
	assert.NotContains(t, broken.err, "goroutine")
	assert.NotContains(t, broken.err, "    at ")
	_, err = os.Stat(filepath.Join(out, "manifest.json"))
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

// The unmodified CDK command line, as the README has people call it.
func TestTheCDKCommandSynthesizesAndPrintsNothingElse(t *testing.T) {
	cdk, err := filepath.Abs(filepath.Join(root, "node_modules/.bin/cdk"))
	require.NoError(t, err)
	if _, err := os.Stat(cdk); err != nil {
		onPath(t, cdk, "npm ci")
	}
	cached := nowhere("GOPROXY=off")
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH"} {
		value, err := exec.Command("go", "env", name).Output()
		require.NoError(t, err)
		cached = append(cached, name+"="+strings.TrimSpace(string(value)))
	}
	answer, err := run(root, cached, cdk, "synth", "--quiet", "--output", filepath.Join(t.TempDir(), "cdk.out"))
	require.NoError(t, err)
	require.Zero(t, answer.code, answer.err)
	assert.Equal(t, threeWarnings, warnings(t, answer.err))
	assert.Empty(t, answer.out)
	kept, err := os.ReadFile(filepath.Join(root, "cdk.context.json"))
	if err == nil {
		assert.JSONEq(t, "{}", string(kept), "something was looked up in an account")
	}
}

func TestTheCDKCommandListsTheFourStacks(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(appOnce(t).out, "manifest.json"))
	require.NoError(t, err)
	var manifest struct {
		Artifacts map[string]struct {
			Type         string
			Environment  string
			Dependencies []string
			Properties   struct{ TerminationProtection bool }
		}
	}
	require.NoError(t, json.Unmarshal(data, &manifest))
	found := map[string]string{}
	for name, artifact := range manifest.Artifacts {
		if artifact.Type != "aws:cloudformation:stack" {
			continue
		}
		found[name] = artifact.Environment
		assert.Equal(t, strings.HasPrefix(name, "D2-Prod"), artifact.Properties.TerminationProtection, "%s can be deleted", name)
		if !strings.HasSuffix(name, "-Edge") {
			assert.Contains(t, artifact.Dependencies, name+"-Edge", "cdk deploy %s brings its edge along", name)
		}
	}
	assert.Equal(t, map[string]string{
		"D2-Dev": "aws://111122223333/ap-southeast-1", "D2-Dev-Edge": "aws://111122223333/us-east-1",
		"D2-Prod": "aws://111122223333/ap-southeast-1", "D2-Prod-Edge": "aws://111122223333/us-east-1",
	}, found)
}

// onPath wants a program, and says how to install it.
func onPath(t *testing.T, name, install string) {
	t.Helper()
	_, err := exec.LookPath(name)
	if err != nil {
		err = fmt.Errorf("%s is not here; install it: %s", name, install)
	}
	tooltest.Need(t, err != nil, err)
}
