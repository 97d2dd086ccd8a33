//go:build unix

package d2ctl

import (
	"context"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// terminal is a run of the program on a terminal, as a person sees it.
type terminal struct {
	*os.File
	seen string
	wait func() int
}

func (p *platform) onTerminal(t *testing.T, args ...string) *terminal {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	command := p.command(ctx, append([]string{"TERM=xterm", "CI="}, args...)...)
	file, err := pty.StartWithSize(command, &pty.Winsize{Rows: 40, Cols: 80})
	require.NoError(t, err)
	t.Cleanup(func() { _ = file.Close() })
	return &terminal{File: file, wait: func() int {
		_ = command.Wait()
		return command.ProcessState.ExitCode()
	}}
}

// until reads until the screen shows a text.
func (s *terminal) until(t *testing.T, text string) {
	t.Helper()
	require.NoError(t, s.SetReadDeadline(time.Now().Add(30*time.Second)))
	buffer := make([]byte, 4096)
	for !strings.Contains(s.seen, text) {
		n, err := s.Read(buffer)
		s.seen += string(buffer[:n])
		require.NoError(t, err, "waiting for %q in:\n%s", text, s.seen)
	}
}

// end reads the rest and returns the exit code.
func (s *terminal) end() int {
	rest, _ := io.ReadAll(s) // a terminal ends with an error when the program has gone
	s.seen += string(rest)
	return s.wait()
}

func TestPRODIsChangedByWhoTypesItsName(t *testing.T) {
	p := deployed(t)
	screen := p.onTerminal(t, "scale", "-e", "prod", "backend-api", "2")
	screen.until(t, "Type prod to go on: ")
	assert.Contains(t, screen.seen, "from 1 to 2 instances")
	_, err := screen.WriteString("prod\n")
	require.NoError(t, err)
	assert.Zero(t, screen.end(), screen.seen)
	p.succeeds(t, "scale", "-e", "prod", "backend-api", "1", "--yes", "--confirm", "prod")
}

func TestPRODIsNotChangedByAnyOtherWord(t *testing.T) {
	p := deployed(t)
	for _, word := range []string{"y", "yes", "dev", ""} {
		screen := p.onTerminal(t, "scale", "-e", "prod", "backend-api", "2")
		screen.until(t, "Type prod to go on: ")
		_, err := screen.WriteString(word + "\n")
		require.NoError(t, err)
		assert.Equal(t, 2, screen.end())
		assert.Contains(t, screen.seen, "declined; nothing was changed")
	}
	assert.Contains(t, p.succeeds(t, "scale", "-e", "prod", "backend-api", "1").errors, "already")
}

func TestCtrlCAtTheQuestionChangesNothing(t *testing.T) {
	p := deployed(t)
	screen := p.onTerminal(t, "scale", "-e", "prod", "backend-api", "2")
	screen.until(t, "Type prod to go on: ")
	_, err := screen.Write([]byte{3}) // as the key does
	require.NoError(t, err)
	assert.Equal(t, 130, screen.end(), screen.seen)
	assert.Contains(t, p.succeeds(t, "scale", "-e", "prod", "backend-api", "1").errors, "already")
}
