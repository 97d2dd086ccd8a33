package ssmtest

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	awssession "github.com/aws/session-manager-plugin/src/sessionmanagerplugin/session"
	_ "github.com/aws/session-manager-plugin/src/sessionmanagerplugin/session/portsession"  // registers Port
	_ "github.com/aws/session-manager-plugin/src/sessionmanagerplugin/session/shellsession" // registers Standard_Stream
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// bePlugin makes this test's program AWS's own plugin. It has to be a process
// of its own: the plugin ends its process by os.Exit.
const bePlugin = "SSMTEST_BE_THE_PLUGIN"

// responseVariable is where the plugin looks for StartSession's answer (facts, operations-cli 3.2).
const responseVariable = "AWS_SSM_START_SESSION_RESPONSE"

func TestMain(m *testing.M) {
	if os.Getenv(bePlugin) != "" {
		awssession.ValidateInputAndStartSession(os.Args, os.Stdout)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// plugin is a running plugin.
type plugin struct {
	process *exec.Cmd
	said    *bufio.Reader
	stdin   io.WriteCloser
}

// patience is how long bytes may take through the plugin on a machine that is busy with other things.
const patience = 20 * time.Second

// startPlugin starts a session and gives it to AWS's plugin, as the AWS CLI does.
func startPlugin(t *testing.T, g *Gateway, ask *ssm.StartSessionInput) *plugin {
	t.Helper()
	begun, err := systemsManager(g).StartSession(t.Context(), ask)
	require.NoError(t, err)
	response, err := json.Marshal(begun)
	require.NoError(t, err)
	request, err := json.Marshal(map[string]string{"Target": target})
	require.NoError(t, err)
	// Not t.TempDir, which has the test's name in it: the plugin makes a socket there, whose path may have 107 bytes.
	dir, err := os.MkdirTemp("", "plugin")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(dir)) })
	process := exec.CommandContext(t.Context(), os.Args[0], responseVariable, region, "StartSession", "", string(request), g.URL())
	process.Env = []string{
		bePlugin + "=1", responseVariable + "=" + string(response), "PATH=" + os.Getenv("PATH"), "TMPDIR=" + dir, "HOME=" + dir,
		"AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local", "AWS_EC2_METADATA_DISABLED=true",
	}
	process.Stderr = os.Stderr
	stdout, err := process.StdoutPipe()
	require.NoError(t, err)
	stdin, err := process.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, process.Start())
	t.Cleanup(func() {
		_ = process.Process.Kill()
		_ = process.Wait()
	})
	return &plugin{process, bufio.NewReader(stdout), stdin}
}

var opened = regexp.MustCompile(`Port (\d+) opened for sessionId`)

// port waits until the plugin listens, and tells where.
func (p *plugin) port(t *testing.T) string {
	t.Helper()
	for {
		line, err := p.said.ReadString('\n')
		require.NoError(t, err, "the plugin ended; it said last: %s", line)
		if found := opened.FindStringSubmatch(line); found != nil {
			return net.JoinHostPort("localhost", found[1])
		}
	}
}

// listening gives a tunnel to the plugin, and sees that a byte comes back. At
// its start the plugin can go deaf: a frame that comes while it sets up its
// streams makes its reader panic (portsession.go asks a mux client that is not
// there yet), which it recovers from by never reading again. On a loaded machine
// that is about one start in a hundred; such a start is done over, and told.
func listening(t *testing.T, faults Faults, server string) (*Gateway, *plugin, string) {
	t.Helper()
	for range 5 {
		gateway := start(t, Options{Faults: faults, Hosts: map[string]string{database + ":3306": server}})
		plugin := startPlugin(t, gateway, toDatabase())
		address := plugin.port(t)
		if hears(address) {
			return gateway, plugin, address
		}
		t.Log("the plugin has gone deaf at its start; once more")
	}
	require.FailNow(t, "the plugin went deaf five times: it is not the plugin")
	return nil, nil, ""
}

// hears tells whether a byte comes back through a port.
func hears(address string) bool {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return false
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	_, _ = conn.Write([]byte("?"))
	n, _ := conn.Read(make([]byte, 1))
	return n == 1
}

// TestAWSsOwnPluginMovesBytesBothWays is the proof that the gateway speaks what AWS's clients speak.
func TestAWSsOwnPluginMovesBytesBothWays(t *testing.T) {
	gateway, plugin, address := listening(t, Faults{}, echo(t))
	began := time.Now()
	var work sync.WaitGroup
	for number := range 20 {
		work.Go(func() { throughPort(t, address, 20_000, uint64(number)) })
	}
	work.Wait()
	t.Logf("20 connections at once, 20 kB each way: %s", time.Since(began).Round(time.Millisecond))
	assert.Equal(t, 21, only(t, gateway).Connections, "the twenty and the first")

	require.NoError(t, plugin.process.Process.Signal(syscall.SIGINT))
	_ = plugin.process.Wait()
	assert.Eventually(t, func() bool { return !only(t, gateway).Connected }, 5*time.Second, 5*time.Millisecond)
	// It does not wait for its farewell to arrive, which is lost in one case of a
	// hundred: whoever needs the session ended calls TerminateSession.
	assert.Contains(t, []string{"the client terminated it", ""}, only(t, gateway).End)
}

func TestFiveMegabytesComeThroughAWSsOwnPlugin(t *testing.T) {
	_, _, address := listening(t, Faults{}, source(t, 5_000_001))
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	began := time.Now()
	got, err := io.ReadAll(conn)
	require.NoError(t, err)
	took := time.Since(began)
	t.Logf("5 MB in %s", took.Round(time.Millisecond))
	assert.Equal(t, noise(5_000_001, 7), got)
}

// source answers every connection with so many bytes, and hangs up.
func source(t *testing.T, size int) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var work sync.WaitGroup
	work.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write(noise(size, 7))
			_ = conn.Close()
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		work.Wait()
	})
	return listener.Addr().String()
}

func throughPort(t *testing.T, address string, size int, seed uint64) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if assert.NoError(t, err) {
		defer conn.Close()
		assert.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
		roundTrip(t, conn, size, seed)
	}
}

func TestAWSsOwnPluginHeals(t *testing.T) {
	for name, each := range map[string]struct {
		faults Faults
		struck func(Session) bool
	}{
		"of lost frames":    {Faults{Drop: 0.05}, func(s Session) bool { return s.Resent > 0 }},
		"of doubled frames": {Faults{Double: 0.3, Reorder: 0.2}, func(s Session) bool { return s.Doubled > 0 }},
		"of late frames":    {Faults{Delay: 0.05, DelayBy: 10 * time.Millisecond}, func(Session) bool { return true }},
	} {
		t.Run(name, func(t *testing.T) {
			each.faults.Seed = 2
			gateway, _, address := listening(t, each.faults, echo(t))
			began := time.Now()
			throughPort(t, address, 50_000, 1)
			t.Logf("50 kB each way in %s", time.Since(began).Round(time.Millisecond))
			assert.Eventually(t, func() bool { return each.struck(only(t, gateway)) }, 5*time.Second, 20*time.Millisecond)
		})
	}
}

func TestAWSsOwnPluginResumesWhenNothingMoved(t *testing.T) {
	gateway, _, address := listening(t, Faults{}, echo(t))
	throughPort(t, address, 10_000, 1)
	assert.Eventually(t, func() bool { return only(t, gateway).OpenConnections == 0 }, 5*time.Second, 5*time.Millisecond)
	gateway.Break()
	assert.Eventually(t, func() bool { return only(t, gateway).Resumes == 1 && only(t, gateway).Connected }, 10*time.Second, 5*time.Millisecond)
	throughPort(t, address, 10_000, 2)
}

// TestAWSsOwnPluginBreaksWhatFlowsWhileTheSocketBreaks pins down what a client
// around it has to mend: a frame whose acknowledgement could not be written is
// taken again, the streams' framing is lost, and the plugin goes on as if nothing were.
func TestAWSsOwnPluginBreaksWhatFlowsWhileTheSocketBreaks(t *testing.T) {
	gateway := start(t, Options{Faults: Faults{CutAfter: 50}, Hosts: map[string]string{database + ":3306": source(t, 200_000)}})
	plugin := startPlugin(t, gateway, toDatabase())
	conn, err := net.Dial("tcp", plugin.port(t))
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(3*time.Second)))
	got, err := io.ReadAll(conn)
	assert.NotEqual(t, 200_000, len(got), "%v: AWS has mended its plugin; so can we our way around it", err)
	assert.NoError(t, plugin.process.Process.Signal(syscall.Signal(0)), "the plugin still runs")
}

func TestAWSsOwnPluginRunsAShell(t *testing.T) {
	gateway := start(t, Options{Documents: map[string]Document{"our-session": {Kind: KindShell}}})
	plugin := startPlugin(t, gateway, &ssm.StartSessionInput{Target: aws.String(target), DocumentName: aws.String("our-session")})
	_, err := io.WriteString(plugin.stdin, "stty size | tr ' ' x; exit 3\n")
	require.NoError(t, err)
	said, err := io.ReadAll(plugin.said)
	require.NoError(t, err)
	assert.Contains(t, string(said), "x", "the size that the plugin gives without a terminal")
	assert.Contains(t, string(said), "Exiting session with sessionId")
	assert.Equal(t, "the shell ended: exit status 3", endedAs(t, gateway))
}

// TestTheUuidThatThePluginNeedsIsPinned: with twinj/uuid 1.0.0, which go mod
// tidy and update bots would choose, AWS's plugin does not build.
func TestTheUuidThatThePluginNeedsIsPinned(t *testing.T) {
	text, err := os.ReadFile("../../go.mod")
	require.NoError(t, err)
	required := regexp.MustCompile(`(?m)^\t(\S+) (v\S+)`).FindAllStringSubmatch(string(text), -1)
	have := map[string]string{}
	for _, line := range required {
		have[line[1]] = line[2]
	}
	assert.Equal(t, "v0.0.0-20151029044442-89173bcdda19", have["github.com/twinj/uuid"], "do not raise it (facts, operations-cli 3.1)")
	assert.Equal(t, "v0.0.0-20260401221635-b79d06c1d3a2", have["github.com/aws/session-manager-plugin"], "raise it with all of this file's tests")
}
