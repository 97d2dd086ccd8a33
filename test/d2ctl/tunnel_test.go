//go:build unix

package d2ctl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/localaws"
	"github.com/d2-ride-booking/platform/internal/localaws/database"
	"github.com/d2-ride-booking/platform/internal/ssmtest"
	"github.com/d2-ride-booking/platform/internal/tooltest"
)

// ready is what d2ctl tunnel --json prints.
type ready struct {
	Host       string
	Port       int
	Database   string
	User       string
	ServerName string `json:"server_name"`
	Bastion    string
}

func (r ready) address() string { return net.JoinHostPort(r.Host, strconv.Itoa(r.Port)) }

// tunnel is a d2ctl tunnel that runs.
type tunnel struct {
	ready
	*exec.Cmd
	talk *lockedBuffer
}

// lockedBuffer is what a program said so far.
type lockedBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *lockedBuffer) Write(data []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(data)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// tunnelled opens a tunnel to PROD's database; the first one starts a MariaDB.
func (p *platform) tunnelled(t *testing.T, args ...string) *tunnel {
	t.Helper()
	_, err := exec.LookPath("mariadbd")
	tooltest.Need(t, errors.Is(err, exec.ErrNotFound), err)
	command := p.command(t.Context(), append(args, "tunnel", "-e", "prod", "--local", "0", "--json")...)
	made := &tunnel{Cmd: command, talk: &lockedBuffer{}}
	command.Stderr = made.talk
	out, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	if err := json.NewDecoder(out).Decode(&made.ready); err != nil {
		_ = command.Wait()
		log, _ := os.ReadFile(p.server.Log)
		missing := strings.Contains(string(log), database.ErrNoServer.Error()) || strings.Contains(string(log), database.ErrNoCompiler.Error())
		tooltest.Need(t, missing, errors.New(made.talk.String()))
		require.NoError(t, err, made.talk.String())
	}
	return made
}

// greets sees the database's greeting through a tunnel.
func (r ready) greets(t *testing.T) {
	t.Helper()
	conn, err := net.Dial("tcp", r.address())
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(30*time.Second)))
	head := make([]byte, 5)
	_, err = io.ReadFull(conn, head)
	require.NoError(t, err)
	assert.EqualValues(t, 10, head[4], "protocol version 10 (MySQL protocol, initial handshake)")
}

func TestATunnelLeadsToTheDatabaseAndCtrlCEndsIt(t *testing.T) {
	p := withSessions(t)
	made := p.tunnelled(t)
	assert.Equal(t, p.prod.Database.Name, made.Database)
	assert.Equal(t, p.prod.Database.AppUser, made.User)
	assert.True(t, strings.HasPrefix(made.ServerName, p.prod.DatabaseIdentifier()+"."), made.ServerName)
	assert.Contains(t, made.talk.String(), "PROD: to "+made.ServerName+":3306 through "+made.Bastion)
	made.greets(t)
	require.NoError(t, made.Process.Signal(os.Interrupt))
	began := time.Now()
	assert.NoError(t, made.Wait(), "Ctrl-C is how a tunnel ends")
	assert.Less(t, time.Since(began), 8*time.Second)
	assert.Contains(t, made.talk.String(), "ending the session")
	_, err := net.Dial("tcp", made.address())
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
	p.noSessionIsLeft(t)
	p.noProcessIsLeft(t)
}

// noProcessIsLeft sees that no child of d2ctl runs.
func (p *platform) noProcessIsLeft(t *testing.T) {
	t.Helper()
	assert.Eventually(t, func() bool {
		lists, _ := filepath.Glob("/proc/[0-9]*/cmdline")
		for _, list := range lists {
			if words, _ := os.ReadFile(list); strings.HasPrefix(string(words), p.binary+"\x00") {
				return false
			}
		}
		return true
	}, 10*time.Second, 50*time.Millisecond, "no process of d2ctl is left")
}

func TestAKilledTunnelLeavesNothing(t *testing.T) {
	p := withSessions(t)
	made := p.tunnelled(t)
	require.NoError(t, made.Process.Kill())
	_ = made.Wait()
	p.noProcessIsLeft(t)
	p.noSessionIsLeft(t)
}

func TestATunnelHealsWhileItsPortStays(t *testing.T) {
	p := withSessions(t)
	made := p.tunnelled(t)
	require.NoError(t, p.server.SetSessionFaults(t.Context(), ssmtest.Faults{RefuseResume: true}))
	require.NoError(t, p.server.BreakSessions(t.Context()))
	made.greets(t)
	assert.Eventually(t, func() bool { return strings.Contains(made.talk.String(), "the tunnel is healed") }, 20*time.Second, 50*time.Millisecond, made.talk)
	require.NoError(t, p.server.SetSessionFaults(t.Context(), ssmtest.Faults{}))
	made.greets(t)
	require.NoError(t, made.Process.Signal(syscall.SIGTERM))
	assert.NoError(t, made.Wait())
	p.noSessionIsLeft(t)
}

func TestACommandFindsTheDatabaseAndEndsTheTunnel(t *testing.T) {
	p := withSessions(t)
	_ = p.tunnelled(t).Process.Signal(os.Interrupt) // so that a database that cannot run is told apart
	result := p.d2ctl(t, "tunnel", "-e", "prod", "--local", "0", "--",
		"sh", "-c", `echo "$D2_DB_HOST $D2_DB_NAME $D2_DB_USER $D2_DB_SERVER_NAME $D2_DB_REGION"; test "$D2_DB_PORT" -gt 1024; env | grep -c '^D2_DB_'; exit 7`)
	assert.Equal(t, 7, result.code, result.errors)
	words := strings.Fields(result.out)
	require.Len(t, words, 6, result.out)
	assert.Equal(t, []string{"127.0.0.1", p.prod.Database.Name, p.prod.Database.AppUser}, words[:3])
	assert.Equal(t, []string{p.prod.Region, "7"}, words[4:], "the six, and D2_DB_CA of the local AWS")
	assert.NotContains(t, result.errors, "d2ctl:")
	p.noSessionIsLeft(t)
}

func TestATunnelEndsWhenItsTimeIsOver(t *testing.T) {
	p := withSessions(t)
	_ = p.tunnelled(t).Process.Signal(os.Interrupt)
	result := p.d2ctl(t, "tunnel", "-e", "prod", "--local", "0", "--for", "1s")
	assert.Zero(t, result.code, result.errors)
	assert.Contains(t, result.errors, "the tunnel ends after 1s, as --for says")
	p.noSessionIsLeft(t)
}

func TestATunnelToAPortInUseNamesItsHolder(t *testing.T) {
	p := withSessions(t)
	holder, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer holder.Close()
	port := holder.Addr().(*net.TCPAddr).Port
	result := p.d2ctl(t, "tunnel", "-e", "prod", "--local", strconv.Itoa(port))
	assert.Equal(t, 2, result.code)
	assert.Contains(t, result.errors, fmt.Sprintf("d2ctl: port %d of this machine is in use", port))
	assert.Contains(t, result.errors, "Try: take another: --local PORT")
}

func TestNothingButTheDatabaseIsReached(t *testing.T) {
	p := deployed(t)
	for _, args := range [][]string{{"--host", "10.0.0.1"}, {"elsewhere:3306"}} {
		result := p.d2ctl(t, append([]string{"tunnel", "-e", "prod"}, args...)...)
		assert.Equal(t, 2, result.code, result.errors)
	}
}

func TestAHostThatIsOfflineIsSaidSo(t *testing.T) {
	p := withSessions(t)
	require.NoError(t, p.server.SetSessionFaults(t.Context(), ssmtest.Faults{Offline: true}))
	t.Cleanup(func() { require.NoError(t, p.server.SetSessionFaults(context.Background(), ssmtest.Faults{})) })
	result := p.d2ctl(t, "tunnel", "-e", "prod", "--local", "0")
	assert.Equal(t, 6, result.code)
	assert.Regexp(t, `d2ctl: the agent of i-\S+ takes no session, though it was online`, result.errors)
}

// TestCtrlCOnATerminalEndsTheTunnel is what people do.
func TestCtrlCOnATerminalEndsTheTunnel(t *testing.T) {
	p := withSessions(t)
	_ = p.tunnelled(t).Process.Signal(os.Interrupt)
	screen := p.onTerminal(t, "tunnel", "-e", "prod", "--local", "0")
	screen.until(t, "Ctrl-C ends it")
	screen.types(t, "\x03")
	assert.Zero(t, screen.end(), screen.seen)
	p.noSessionIsLeft(t)
	p.noProcessIsLeft(t)
}

// TestAClosedTerminalEndsTheTunnel: the window is closed, and with it what ran in it.
func TestAClosedTerminalEndsTheTunnel(t *testing.T) {
	p := withSessions(t)
	_ = p.tunnelled(t).Process.Signal(os.Interrupt)
	screen := p.onTerminal(t, "tunnel", "-e", "prod", "--local", "0")
	screen.until(t, "Ctrl-C ends it")
	require.NoError(t, screen.Close())
	_ = screen.wait()
	p.noSessionIsLeft(t)
	p.noProcessIsLeft(t)
}

// TestATunnelThatDiesTakesItsCommandWithIt: credentials expire, and the session breaks after that.
func TestATunnelThatDiesTakesItsCommandWithIt(t *testing.T) {
	p := withSessions(t)
	_ = p.tunnelled(t).Process.Signal(os.Interrupt)
	command := p.command(t.Context(), "tunnel", "-e", "prod", "--local", "0", "--", "sh", "-c", `trap 'echo told; kill $!; exit 0' TERM; echo runs; sleep 60 & wait`)
	var talk lockedBuffer
	var out lockedBuffer
	command.Stdout, command.Stderr = &out, &talk
	require.NoError(t, command.Start())
	require.Eventually(t, func() bool { return strings.Contains(out.String(), "runs") }, 30*time.Second, 20*time.Millisecond, &talk)
	require.NoError(t, p.server.SetFaults(t.Context(), []localaws.Fault{{Service: "ssm", Operation: "StartSession", Error: "ExpiredToken"}}))
	t.Cleanup(func() { require.NoError(t, p.server.ClearFaults(context.Background())) })
	require.NoError(t, p.server.SetSessionFaults(t.Context(), ssmtest.Faults{ResumeTooLate: true}))
	t.Cleanup(func() { require.NoError(t, p.server.SetSessionFaults(context.Background(), ssmtest.Faults{})) })
	require.NoError(t, p.server.BreakSessions(t.Context()))
	_ = command.Wait()
	assert.Equal(t, 4, command.ProcessState.ExitCode(), talk.String())
	assert.Contains(t, out.String(), "told")
	assert.Contains(t, talk.String(), "d2ctl: the AWS credentials have expired (SSM.StartSession)\nTry: sign in again")
	p.noProcessIsLeft(t)
	p.noSessionIsLeft(t)
}
