//go:build unix

package d2ctl

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// withSessions is the platform once sessions work: the first one builds the gateway.
func withSessions(t *testing.T) *platform {
	t.Helper()
	p := deployed(t)
	_, err := p.server.GatewayURL(t.Context())
	require.NoError(t, err)
	return p
}

// noSessionIsLeft is what must hold after every run that opened one.
func (p *platform) noSessionIsLeft(t *testing.T) {
	t.Helper()
	assert.Eventually(t, func() bool {
		sessions, err := p.server.Sessions(t.Context())
		if err != nil {
			return false
		}
		for _, each := range sessions {
			if each.End == "" {
				return false
			}
		}
		return true
	}, 10*time.Second, 50*time.Millisecond, "no session is open")
}

func TestAShellOnTheBastionIsATerminal(t *testing.T) {
	p := withSessions(t)
	screen := p.onTerminal(t, "connect", "-e", "prod")
	screen.until(t, "PROD: i-")
	screen.until(t, "sh-5.2$ ")
	assert.Contains(t, screen.seen, "is logged in "+p.prod.SessionLogGroup())
	screen.types(t, "stty size\n")
	screen.until(t, "40 80")

	require.NoError(t, pty.Setsize(screen.File, &pty.Winsize{Rows: 33, Cols: 111}))
	time.Sleep(time.Second)
	screen.types(t, "stty size\n")
	screen.until(t, "33 111")

	screen.types(t, "sleep 60\n")
	time.Sleep(500 * time.Millisecond) // until it runs
	began := time.Now()
	screen.types(t, "\x03") // Ctrl-C
	screen.types(t, "echo ended with $?\n")
	screen.until(t, "ended with 130")
	assert.Less(t, time.Since(began), 10*time.Second, "Ctrl-C interrupts the command there, and not d2ctl")

	screen.types(t, "exit 3\n")
	assert.Zero(t, screen.end(), screen.seen)
	p.noSessionIsLeft(t)
}

// types types, as a person does.
func (s *terminal) types(t *testing.T, keys string) {
	t.Helper()
	_, err := s.WriteString(keys)
	require.NoError(t, err)
}

func TestACommandOnAHostEndsWithItsExitCode(t *testing.T) {
	p := withSessions(t)
	result := p.d2ctl(t, "connect", "-e", "dev", "--", "head -n 1 /etc/os-release")
	assert.Zero(t, result.code, result.errors)
	assert.Equal(t, "ID=\"amzn\"\n", result.out)
	assert.Regexp(t, `^DEV: i-[0-9a-f]+ \(.*bastion\); what is typed and shown is logged in `, result.errors)
	result = p.d2ctl(t, "connect", "-e", "dev", "backend-api", "--", "ls", "/no such")
	assert.NotZero(t, result.code)
	assert.NotContains(t, result.errors, "d2ctl:")
	p.noSessionIsLeft(t)
}

func TestAHostThatIsNotThereIsSaidSo(t *testing.T) {
	p := deployed(t)
	for name, want := range map[string]string{
		"nobody":              `d2ctl: "nobody" is no host of dev` + "\nTry: name one of: bastion, backend-api",
		"i-0000000000000000f": "d2ctl: i-0000000000000000f is no instance of dev\nTry: name one of: i-",
	} {
		result := p.d2ctl(t, "connect", "-e", "dev", name, "--", "true")
		assert.Equal(t, 3, result.code, result.errors)
		assert.Contains(t, result.errors, want)
	}
	result := p.d2ctl(t, "connect", "-e", "dev")
	assert.Equal(t, 2, result.code)
	assert.Contains(t, result.errors, "a shell needs a terminal, and this is none")
}

func TestOneOfSeveralHostsIsChosen(t *testing.T) {
	p := withSessions(t)
	p.succeeds(t, "scale", "-e", "prod", "backend-api", "2", "--yes", "--confirm", "prod")
	t.Cleanup(func() { p.succeeds(t, "scale", "-e", "prod", "backend-api", "1", "--yes", "--confirm", "prod") })
	result := p.d2ctl(t, "connect", "-e", "prod", "backend-api", "--", "true")
	assert.Equal(t, 3, result.code)
	assert.Regexp(t, `d2ctl: 2 hosts answer to backend-api: i-\S+, i-\S+\nTry: name one, or add --any`, result.errors)
	p.succeeds(t, "connect", "-e", "prod", "backend-api", "--any", "--", "head -n 1 /etc/os-release")

	screen := p.onTerminal(t, "connect", "-e", "prod", "backend-api")
	screen.until(t, "Which? [1-2] ")
	screen.types(t, "1\n")
	screen.until(t, "sh-5.2$ ")
	screen.types(t, "exit\n")
	assert.Zero(t, screen.end(), screen.seen)
	p.noSessionIsLeft(t)
}

func TestADryRunOpensNothing(t *testing.T) {
	p := withSessions(t)
	before, err := p.server.Sessions(t.Context())
	require.NoError(t, err)
	result := p.succeeds(t, "connect", "-e", "prod", "--dry-run")
	assert.Contains(t, result.out, "opens a shell on i-")
	assert.Contains(t, result.out, p.prod.SessionDocumentName())
	result = p.succeeds(t, "tunnel", "-e", "prod", "--dry-run")
	assert.Contains(t, result.out, "opens a tunnel from 127.0.0.1:3306 to "+p.prod.DatabaseIdentifier())
	after, err := p.server.Sessions(t.Context())
	require.NoError(t, err)
	assert.Equal(t, len(before), len(after))
}

// TestAKilledShellLeavesNoSession: its child outlives it for as long as it takes to end the session.
func TestAKilledShellLeavesNoSession(t *testing.T) {
	p := withSessions(t)
	screen := p.onTerminal(t, "connect", "-e", "prod")
	screen.until(t, "sh-5.2$ ")
	lists, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	for _, list := range lists {
		if words, _ := os.ReadFile(list); strings.HasPrefix(string(words), p.binary+"\x00connect\x00") {
			pid, err := strconv.Atoi(strings.Split(list, "/")[2])
			require.NoError(t, err)
			require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
		}
	}
	_ = screen.end()
	p.noSessionIsLeft(t)
	p.noProcessIsLeft(t)
}

func TestACommandOnATerminalIsInterrupted(t *testing.T) {
	p := withSessions(t)
	screen := p.onTerminal(t, "connect", "-e", "prod", "--", "sleep 60")
	screen.until(t, "is logged in")
	time.Sleep(time.Second)
	screen.types(t, "\x03")
	assert.Equal(t, 130, screen.end(), screen.seen)
	p.noSessionIsLeft(t)
	p.noProcessIsLeft(t)
}
