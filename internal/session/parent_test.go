//go:build unix

package session

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/ssmtest"
	"github.com/d2-ride-booking/platform/internal/tooltest"
)

// outside is a parent in a process of its own, with a tunnel that works.
func (w *world) outside(t *testing.T) (parent *exec.Cmd, tunnel *Tunnel) {
	t.Helper()
	_, err := os.Stat("/proc/self/stat")
	tooltest.Need(t, err != nil, err)
	parent = exec.CommandContext(t.Context(), os.Args[0])
	parent.Env = append(os.Environ(), beParent+"="+w.URL())
	stdin, err := parent.StdinPipe()
	require.NoError(t, err)
	stdout, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = parent.Process.Kill()
		_ = parent.Wait()
	})
	address, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	address = strings.TrimSpace(address)
	require.True(t, strings.HasPrefix(address, "127.0.0.1:"), address)
	tunnel = &Tunnel{listener: elsewhere(address)}
	works(t, tunnel, healing)
	return parent, tunnel
}

func TestAKilledParentLeavesNothing(t *testing.T) {
	w := start(t, ssmtest.Faults{})
	parent, tunnel := w.outside(t)
	left := children(parent.Process.Pid)
	require.Len(t, left, 1)
	began := time.Now()
	require.NoError(t, parent.Process.Kill())
	_ = parent.Wait()
	assert.Eventually(t, func() bool { return !alive(left[0]) }, 8*time.Second, 10*time.Millisecond, "the child ends by itself")
	assert.Eventually(t, func() bool { return w.Sessions()[0].End != "" }, 5*time.Second, 10*time.Millisecond, "and ends the session")
	t.Logf("all gone after %s", time.Since(began).Round(time.Millisecond))
	assert.Equal(t, "TerminateSession", w.Sessions()[0].End)
	_, err := tunnel.Dial(t.Context())
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
}

// TestALaptopThatSleptHeals: parent and child are stopped, the session ends
// meanwhile, and both go on.
func TestALaptopThatSleptHeals(t *testing.T) {
	w := start(t, ssmtest.Faults{})
	parent, tunnel := w.outside(t)
	all := append(children(parent.Process.Pid), parent.Process.Pid)
	for _, pid := range all {
		require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
	}
	_, err := w.caller.API.TerminateSession(t.Context(), &ssm.TerminateSessionInput{SessionId: &w.Sessions()[0].ID})
	require.NoError(t, err)
	time.Sleep(time.Second)
	for _, pid := range all {
		require.NoError(t, syscall.Kill(pid, syscall.SIGCONT))
	}
	works(t, tunnel, healing)
	assert.Len(t, w.Sessions(), 2)
	require.NoError(t, parent.Process.Kill())
	_ = parent.Wait()
}

// elsewhere is the listener of another process, as far as its address goes.
type elsewhere string

func (e elsewhere) Addr() net.Addr            { return e }
func (e elsewhere) Network() string           { return "tcp" }
func (e elsewhere) String() string            { return string(e) }
func (e elsewhere) Accept() (net.Conn, error) { return nil, net.ErrClosed }
func (e elsewhere) Close() error              { return nil }

func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

// TestNoSecretOfASessionIsSeen looks where other processes of this user, and
// other users, can look: arguments, environments, output, files.
func TestNoSecretOfASessionIsSeen(t *testing.T) {
	_, err := os.Stat("/proc/self/environ")
	tooltest.Need(t, err != nil, err)
	w := start(t, ssmtest.Faults{})
	const key, token = "canary-in-the-secret-key", "canary-in-the-session-token"
	seen := &watched{API: w.caller.API}
	options := w.options()
	options.Caller.API = seen
	// The gateway refuses the signature of such keys, so the session never begins; the child has them all the same.
	options.Caller.Config.Credentials = credentials.NewStaticCredentialsProvider("local", key, token)
	ended := make(chan error, 1)
	go func() {
		_, err := open(t.Context(), options, hasty)
		ended <- err
	}()
	looked := 0
	for over := false; !over; {
		select {
		case err := <-ended:
			assert.ErrorContains(t, err, "did not let the session begin")
			assert.NotContains(t, err.Error(), "canary")
			over = true
		case <-time.After(20 * time.Millisecond):
			looked += look(t, append([]string{key, token}, seen.tokens()...))
		}
	}
	assert.Positive(t, looked, "a child was looked at")
	assert.NotContains(t, strings.Join(w.told(), "\n"), "canary")
	files, err := filepath.Glob(filepath.Join(os.TempDir(), "*"))
	require.NoError(t, err)
	assert.Empty(t, files, "nothing is written to a file")
}

// look reads what is to be seen of each child, and counts them.
func look(t *testing.T, canaries []string) int {
	t.Helper()
	all := children(os.Getpid())
	for _, pid := range all {
		for _, what := range []string{"cmdline", "environ"} {
			text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, what)) // a process that has gone shows nothing
			for _, canary := range canaries {
				assert.False(t, bytes.Contains(text, []byte(canary)), "%s in the %s of a child", canary, what)
			}
		}
	}
	return len(all)
}

// watched notes the tokens that it hands out.
type watched struct {
	API
	mu   sync.Mutex
	seen []string
}

func (w *watched) StartSession(ctx context.Context, ask *ssm.StartSessionInput, options ...func(*ssm.Options)) (*ssm.StartSessionOutput, error) {
	begun, err := w.API.StartSession(ctx, ask, options...)
	if err == nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.seen = append(w.seen, *begun.TokenValue)
	}
	return begun, err
}

func (w *watched) tokens() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string{}, w.seen...)
}

func TestTheLookSeesASecret(t *testing.T) {
	const canary = "canary-in-an-environment"
	shown := exec.CommandContext(t.Context(), "sleep", "5")
	shown.Env = []string{"SECRET=" + canary}
	require.NoError(t, shown.Start())
	defer func() { _ = shown.Process.Kill(); _ = shown.Wait() }()
	assert.Eventually(t, func() bool { // once it is sleep, and not yet this program
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", shown.Process.Pid))
		return err == nil && bytes.Contains(text, []byte(canary))
	}, 5*time.Second, 5*time.Millisecond)
}
