package localaws

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/tooltest"
)

// root is the repository's root.
func root(t *testing.T) string {
	t.Helper()
	dir, err := Root()
	require.NoError(t, err)
	return dir
}

// available skips, loudly, on a machine that lacks Python or Node; in CI it fails instead.
func available(t *testing.T, err error) {
	t.Helper()
	tooltest.Need(t, IsMissing(err), err)
}

func start(t *testing.T, options Options) *Server {
	t.Helper()
	server, err := Start(t.Context(), options)
	available(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Stop()) })
	return server
}

func TestEveryPartOfTheLocalAWSWorks(t *testing.T) {
	t.Parallel()
	tools, err := FindTools(t.Context(), root(t), func(what string) { t.Log(what) })
	available(t, err)
	files, err := filepath.Glob("moto/tests/test_*.py")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	command := exec.CommandContext(t.Context(), tools.Python, "-m", "unittest", "discover", "-s", "tests", "-t", ".")
	command.Dir = "moto"
	command.Env = append(withoutAWS(os.Environ()), "PYTHONDONTWRITEBYTECODE=1")
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s", output)
	assert.Regexp(t, `Ran \d\d+ tests`, string(output))
}

// TestTheTableOfTypesIsCurrent keeps TYPES.md what the handlers say; UPDATE_SNAPS=true writes it.
func TestTheTableOfTypesIsCurrent(t *testing.T) {
	tools, err := FindTools(t.Context(), root(t), func(string) {})
	available(t, err)
	command := exec.CommandContext(t.Context(), tools.Python, "-B", "-m", "d2moto", "--types")
	command.Dir = "moto"
	table, err := command.Output()
	require.NoError(t, err)
	if os.Getenv("UPDATE_SNAPS") == "true" {
		require.NoError(t, os.WriteFile("TYPES.md", table, 0o644))
	}
	written, err := os.ReadFile("TYPES.md")
	require.NoError(t, err)
	assert.Equal(t, string(table), string(written), "write it anew: UPDATE_SNAPS=true go test ./internal/localaws -run TableOfTypes")
}

func TestItRefusesToListenWhereOthersCouldReachIt(t *testing.T) {
	tools, err := FindTools(t.Context(), root(t), func(string) {})
	available(t, err)
	for _, host := range []string{"0.0.0.0", "::", "example.com"} {
		command := exec.CommandContext(t.Context(), tools.Python, "-B", "-m", "d2moto", "--host", host, "--port", "0")
		command.Dir = "moto"
		output, err := command.CombinedOutput()
		assert.Error(t, err, host)
		assert.Contains(t, string(output), "refusing to listen on "+host)
	}
}

func TestTheEmbeddedSourceIsWhole(t *testing.T) {
	dir := t.TempDir()
	code, err := unpack(dir)
	require.NoError(t, err)
	for _, file := range []string{"requirements.txt", "d2moto/__init__.py", "d2moto/__main__.py", "d2moto/cloudformation/__init__.py"} {
		assert.FileExists(t, filepath.Join(code, file))
	}
	again, err := unpack(dir)
	require.NoError(t, err)
	assert.Equal(t, code, again)
	left, err := filepath.Glob(filepath.Join(dir, "*draft*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestAServerIsFoundAgainAndEnds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := Attach(t.Context(), root(t), dir)
	require.ErrorIs(t, err, ErrNotRunning)

	server := start(t, Options{Dir: dir, Detach: true, Account: "444455556666", HostedZones: map[string]string{"example.com": "ZEXAMPLE"}})
	found, err := Attach(t.Context(), root(t), dir)
	require.NoError(t, err)
	assert.Equal(t, []any{server.PID, server.Port, "444455556666"}, []any{found.PID, found.Port, found.Account})
	assert.True(t, found.Current())

	identity, err := server.Command(t.Context(), server.Tools.AWS, "sts", "get-caller-identity", "--query", "Account", "--output", "text").Output()
	require.NoError(t, err)
	assert.Equal(t, "444455556666", strings.TrimSpace(string(identity)))
	zone, err := server.Command(t.Context(), server.Tools.AWS, "route53", "get-hosted-zone", "--id", "ZEXAMPLE", "--query", "HostedZone.Name", "--output", "text").Output()
	require.NoError(t, err)
	assert.Equal(t, "example.com.", strings.TrimSpace(string(zone)))

	require.NoError(t, found.Stop())
	_, err = Attach(t.Context(), root(t), dir)
	require.ErrorIs(t, err, ErrNotRunning)
	assert.NoError(t, found.Stop(), "ending what has ended is no error")
}

func TestAStateFileOfAnotherProgramEndsNothing(t *testing.T) {
	dir := t.TempDir()
	// This test's own pid stands for a pid that was taken over by somebody else's program.
	text, err := json.Marshal(state{PID: os.Getpid(), Port: 1})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "server.json"), text, 0o600))
	_, err = Attach(t.Context(), root(t), dir)
	assert.ErrorIs(t, err, ErrNotRunning)
}

func TestATakenPortIsSaidSo(t *testing.T) {
	t.Parallel()
	server := start(t, Options{})
	_, err := Start(t.Context(), Options{Port: server.Port})
	require.ErrorContains(t, err, "port "+strconv.Itoa(server.Port)+" of this machine is taken by another program")
	assert.False(t, IsFree(server.Port))
}

// TestItEndsWithTheProcessThatStartedIt runs this test again as a process of
// its own, which starts a server and leaves without a word.
func TestItEndsWithTheProcessThatStartedIt(t *testing.T) {
	if os.Getenv("LOCALAWS_TEST_LEAVE") != "" {
		server, err := Start(context.Background(), Options{Dir: os.Getenv("LOCALAWS_TEST_LEAVE")})
		require.NoError(t, err)
		t.Logf("pid %d", server.PID)
		return
	}
	_, err := FindTools(t.Context(), root(t), func(string) {})
	available(t, err)
	dir := t.TempDir()
	again := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v")
	again.Env = append(os.Environ(), "LOCALAWS_TEST_LEAVE="+dir)
	output, err := again.CombinedOutput()
	require.NoError(t, err, "%s", output)
	written, err := readState(filepath.Join(dir, "server.json"))
	require.NoError(t, err)
	assert.Eventually(t, func() bool {
		return errors.Is(syscall.Kill(written.PID, 0), syscall.ESRCH)
	}, 10*time.Second, 100*time.Millisecond, "server %d is still there", written.PID)
}

func TestProgramsAreTurnedAwayFromRealAccounts(t *testing.T) {
	t.Setenv("AWS_PROFILE", "production")
	t.Setenv("AWS_SESSION_TOKEN", "real")
	t.Setenv("AWS_ENDPOINT_URL_S3", "https://elsewhere")
	t.Setenv("CDK_DEFAULT_ACCOUNT", "999999999999")
	server := &Server{Port: 4566}
	environ := server.Command(t.Context(), "true").Env
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		assert.NotContains(t, []string{"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "CDK_DEFAULT_ACCOUNT"}, name)
		if strings.HasPrefix(name, "AWS_") && strings.HasSuffix(name, "_FILE") {
			assert.Equal(t, os.DevNull, value)
		}
	}
	assert.Contains(t, environ, "AWS_ENDPOINT_URL=http://localhost:4566")
}

func TestAMissingPythonIsSaidWithItsRemedy(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("D2_PYTHON", "")
	_, err := FindTools(t.Context(), t.TempDir(), func(string) {})
	require.ErrorIs(t, err, ErrNoPython)
	assert.True(t, IsMissing(err))
	assert.ErrorContains(t, err, "install Python 3.10 or later")
}

func TestAPythonWithoutMotoGetsOneOfItsOwn(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		available(t, ErrNoPython)
	}
	// -I and -S keep what is installed out of sight; pip is told to find nothing.
	bin, root := t.TempDir(), t.TempDir()
	blind := filepath.Join(bin, "python3")
	require.NoError(t, os.WriteFile(blind, []byte("#!/bin/sh\nexec "+python+" -I -S \"$@\"\n"), 0o755))
	t.Setenv("PATH", bin+string(os.PathListSeparator)+"/usr/bin:/bin")
	t.Setenv("D2_PYTHON", blind)
	t.Setenv("PIP_INDEX_URL", "http://127.0.0.1:1/")
	t.Setenv("PIP_RETRIES", "0")
	var told []string
	_, err = FindTools(t.Context(), root, func(what string) { told = append(told, what) })
	require.ErrorIs(t, err, ErrNoMoto)
	assert.ErrorContains(t, err, "see that this machine reaches a Python package index")
	require.Len(t, told, 1)
	assert.Contains(t, told[0], "installing the local AWS into .local/venv")
}
