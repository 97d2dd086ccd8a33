//go:build unix

package session

import (
	"bytes"
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/ssmtest"
	"github.com/d2-ride-booking/platform/internal/tooltest"
)

func (w *world) shell() ShellOptions {
	return ShellOptions{Caller: w.caller, Instance: instance, Document: "our-session"}
}

// The hosts' shell is a bash at login (constructs.NewSessionLog), whose line
// editor has a mind of its own about echo and prompts.
func TestACommandsOutputAndExitCodeComeAsTheyAre(t *testing.T) {
	for _, shell := range [][]string{{"/bin/sh"}, {"bash", "-l"}, {"/bin/sh", "-c", "exec bash -l"}} {
		t.Run(strings.Join(shell, " "), func(t *testing.T) {
			_, err := exec.LookPath(shell[0])
			tooltest.Need(t, err != nil, err)
			runsCommands(t, startShell(t, shell))
		})
	}
}

func runsCommands(t *testing.T, w *world) {
	t.Helper()
	for command, want := range map[string]struct {
		out  string
		code int
	}{
		"echo hello":                      {"hello\n", 0},
		"printf 'no end'":                 {"no end", 0},
		"printf 'a\\tb\\r\\n\\n'; exit 7": {"a\tb\r\n\n", 7},
		"true # a comment":                {"", 0},
		"echo to stderr >&2; false":       {"to stderr\n", 1},
		"cat":                             {"", 0},
		"echo one\necho 'two\nthree'":     {"one\ntwo\nthree\n", 0},
		"seq 1 20000 | tail -n 1":         {"20000\n", 0},
		"kill -9 $$; sleep 5":             {"", -1},
	} {
		var out bytes.Buffer
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		code, err := Run(ctx, w.shell(), command, &out)
		cancel()
		if want.code == -1 { // the shell itself was killed, and with it the answer
			assert.ErrorContains(t, err, "the session with "+instance+" broke", command)
			assert.Equal(t, fault.Unhealthy, fault.CodeOf(err))
			continue
		}
		require.NoError(t, err, command)
		assert.Equal(t, want.out, out.String(), command)
		assert.Equal(t, want.code, code, command)
	}
}

func TestMuchOutputComesWhole(t *testing.T) {
	w := start(t, ssmtest.Faults{})
	var out bytes.Buffer
	code, err := Run(t.Context(), w.shell(), "seq 1 100000", &out)
	require.NoError(t, err)
	assert.Zero(t, code)
	assert.Equal(t, 100_000, strings.Count(out.String(), "\n"))
	assert.True(t, strings.HasSuffix(out.String(), "\n99999\n100000\n"))
}

func TestAnInterruptedCommandEndsItsSession(t *testing.T) {
	w := start(t, ssmtest.Faults{})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Second, cancel)
	began := time.Now()
	_, err := Run(ctx, w.shell(), "sleep 60", &bytes.Buffer{})
	assert.ErrorIs(t, err, context.Canceled)
	assert.Less(t, time.Since(began), 5*time.Second)
}

func TestALineThatNoTerminalTakesIsRefused(t *testing.T) {
	_, err := Run(t.Context(), ShellOptions{}, "echo "+strings.Repeat("x", 4000), nil)
	assert.ErrorContains(t, err, "a line of the command has 4005 bytes")
}

func TestSeveralWordsStayWords(t *testing.T) {
	assert.Equal(t, "ls *.log | wc -l", Line([]string{"ls *.log | wc -l"}))
	assert.Equal(t, `grep 'a b' 'it'\''s.log' --count`, Line([]string{"grep", "a b", "it's.log", "--count"}))
	assert.Equal(t, `echo '' '$HOME'`, Line([]string{"echo", "", "$HOME"}))
}

func TestAMarkIsFoundHoweverItComes(t *testing.T) {
	assert.Equal(t, 3, begins([]byte("abc\nd2"), []byte("\nd2-x")))
	assert.Equal(t, 1, begins([]byte("\nd2\n"), []byte("\nd2-x")))
	assert.Zero(t, begins([]byte("abc"), []byte("\nd2-x")))
}
