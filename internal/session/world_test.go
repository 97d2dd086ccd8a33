//go:build unix

package session

import (
	"bufio"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/d2-ride-booking/platform/internal/ssmtest"
)

const (
	instance = "i-0123456789abcdef0"
	endpoint = "db.example.com"
	// beParent makes this test's program a parent, for tests that kill one.
	beParent = "SESSION_TEST_BE_A_PARENT"
)

func TestMain(m *testing.M) {
	if IsChild(os.Args) {
		Child()
	}
	if url := os.Getenv(beParent); url != "" {
		parent(url)
	}
	if os.Getenv(beEcho) != "" {
		os.Exit(m.Run())
	}
	// Of its own, so that a test sees what is left there.
	temporary, err := os.MkdirTemp("", "session")
	if err == nil {
		err = os.Setenv("TMPDIR", temporary)
	}
	if err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(temporary)
	os.Exit(code)
}

// parent is a process with a tunnel and nothing else; it says where, and waits.
func parent(url string) {
	tunnel, err := open(context.Background(), options(callerOf(url)), hasty)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(tunnel.Addr())
	if text, _ := bufio.NewReader(os.Stdin).ReadString('\n'); text != "" {
		_ = tunnel.Close()
	}
	select {}
}

// hasty are the times of tests: long enough for a machine that is busy with
// other things, short enough that nobody waits.
var hasty = times{
	start: 3 * time.Second, greeting: 2 * time.Second, opening: 3 * time.Second, giveUp: 4 * time.Second,
	again: 50 * time.Millisecond, againMost: 500 * time.Millisecond,
	quiet: 700 * time.Millisecond, quietMost: 4 * time.Second, look: 50 * time.Millisecond, steady: time.Minute, end: time.Second,
}

func callerOf(url string) Caller {
	config := aws.Config{
		Region: "ap-southeast-1", BaseEndpoint: &url, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	}
	return Caller{API: ssm.NewFromConfig(config), Config: config}
}

func options(caller Caller) TunnelOptions {
	return TunnelOptions{Caller: caller, Instance: instance, Host: endpoint, Port: 3306}
}

// greeting is what the test's server says first, as MySQL's does.
const greeting = "5.7 I am the server\n"

// server greets, and then answers lines: "echo N" with N bytes that tell
// themselves, "slow MS" after a while, "sink N" with the sum of N bytes that follow.
type server struct {
	net.Listener
	mu    sync.Mutex
	mute  bool // accepts, and says nothing
	count int
	ended chan struct{}
}

func serve(t testing.TB) *server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &server{Listener: listener, ended: make(chan struct{})}
	var work sync.WaitGroup
	work.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			work.Go(func() { s.answer(conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		close(s.ended)
		work.Wait()
	})
	return s
}

func (s *server) answer(conn net.Conn) {
	defer conn.Close()
	s.mu.Lock()
	s.count++
	mute := s.mute
	s.mu.Unlock()
	if mute {
		_, _ = io.Copy(io.Discard, conn)
		return
	}
	_, _ = io.WriteString(conn, greeting)
	lines := bufio.NewReader(conn)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		var verb string
		var number int
		_, _ = fmt.Sscan(line, &verb, &number)
		switch verb {
		case "echo":
			_, err = conn.Write(noise(number))
		case "slow":
			select {
			case <-time.After(time.Duration(number) * time.Millisecond):
			case <-s.ended:
			}
			_, err = io.WriteString(conn, "done\n")
		case "sink":
			sum := sha256.New()
			_, _ = io.CopyN(sum, lines, int64(number))
			_, err = fmt.Fprintf(conn, "%x\n", sum.Sum(nil))
		}
		if err != nil {
			return
		}
	}
}

// noise is always the same bytes, in which every loss is seen.
func noise(size int) []byte {
	drawn := rand.New(rand.NewPCG(7, 7))
	text := make([]byte, size)
	for i := range text {
		text[i] = byte(drawn.Uint32())
	}
	return text
}

// world is a gateway, the server behind it, and what the tunnel said.
type world struct {
	*ssmtest.Gateway
	server *server
	caller Caller
	mu     sync.Mutex
	said   []string
}

func start(t *testing.T, faults ssmtest.Faults) *world {
	t.Helper()
	return startWith(t, ssmtest.Options{Faults: faults})
}

// startShell is start with a shell of its own.
func startShell(t *testing.T, shell []string) *world {
	t.Helper()
	return startWith(t, ssmtest.Options{Shell: shell})
}

func startWith(t *testing.T, options ssmtest.Options) *world {
	t.Helper()
	// Registered first, so that it looks last.
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
	s := serve(t)
	options.Hosts = map[string]string{endpoint + ":3306": s.Addr().String()}
	options.Documents = map[string]ssmtest.Document{"our-session": {Kind: ssmtest.KindShell}}
	gateway, err := ssmtest.Start(options)
	require.NoError(t, err)
	w := &world{Gateway: gateway, server: s, caller: callerOf(gateway.URL())}
	t.Cleanup(func() {
		w.nothingIsLeft(t)
		gateway.Close()
		closeIdle(w.caller)
		if t.Failed() {
			t.Logf("the tunnel said: %s", strings.Join(w.told(), "\n"))
			for _, each := range gateway.Sessions() {
				t.Logf("%+v", each)
			}
		}
	})
	return w
}

func closeIdle(c Caller) {
	api := c.API.(*ssm.Client)
	if idle, is := api.Options().HTTPClient.(interface{ CloseIdleConnections() }); is {
		idle.CloseIdleConnections()
	}
}

func (w *world) options() TunnelOptions {
	made := options(w.caller)
	made.Say = func(line string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.said = append(w.said, line)
	}
	return made
}

func (w *world) told() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string{}, w.said...)
}

// opened is a tunnel of the test's times, closed with the test.
func (w *world) opened(t *testing.T) *Tunnel {
	t.Helper()
	tunnel, err := open(t.Context(), w.options(), hasty)
	require.NoError(t, err)
	t.Cleanup(func() { closes(t, tunnel) })
	return tunnel
}

func closes(t *testing.T, tunnel *Tunnel) {
	t.Helper()
	began := time.Now()
	_ = tunnel.Close()
	assert.Less(t, time.Since(began), 6*time.Second, "the end of a tunnel")
	listener, err := net.Listen("tcp", tunnel.Addr())
	if assert.NoError(t, err, "the port is free again") {
		_ = listener.Close()
	}
}

// nothingIsLeft is what must hold after every tunnel.
func (w *world) nothingIsLeft(t *testing.T) {
	t.Helper()
	assert.Eventually(t, func() bool { return len(children(os.Getpid())) == 0 }, 5*time.Second, 10*time.Millisecond, "no child is left: %v", children(os.Getpid()))
	assert.Eventually(t, func() bool {
		for _, each := range w.Sessions() {
			if each.End == "" {
				return false
			}
		}
		return true
	}, 8*time.Second, 10*time.Millisecond, "no session is open")
	left, err := os.ReadDir(os.TempDir())
	assert.NoError(t, err)
	for _, each := range left {
		assert.NotContains(t, each.Name(), "d2ctl", "no file is left")
	}
}

// children are the processes that a process has.
func children(pid int) []int {
	var found []int
	processes, _ := os.ReadDir("/proc")
	for _, each := range processes {
		stat, err := os.ReadFile("/proc/" + each.Name() + "/stat")
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(stat), ") ")
		var state string
		var parent, child int
		_, _ = fmt.Sscan(rest, &state, &parent)
		_, _ = fmt.Sscan(each.Name(), &child)
		if parent == pid {
			found = append(found, child)
		}
	}
	return found
}

// client is a connection through a tunnel, greeted.
func client(t *testing.T, tunnel *Tunnel, within time.Duration) (*bufio.Reader, net.Conn) {
	t.Helper()
	conn, err := tunnel.Dial(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(within)))
	reader := bufio.NewReader(conn)
	line, err := reader.ReadString('\n')
	require.NoError(t, err, "the greeting")
	require.Equal(t, greeting, line)
	return reader, conn
}

// works sees that a fresh connection moves bytes right, within a time.
func works(t *testing.T, tunnel *Tunnel, within time.Duration) {
	t.Helper()
	began := time.Now()
	reader, conn := client(t, tunnel, within)
	const size = 30_000
	_, err := fmt.Fprintf(conn, "echo %d\n", size)
	require.NoError(t, err)
	got := make([]byte, size)
	_, err = io.ReadFull(reader, got)
	require.NoError(t, err)
	require.Equal(t, sha256.Sum256(noise(size)), sha256.Sum256(got), "bytes that came")
	_, err = fmt.Fprintf(conn, "sink %d\n", size)
	require.NoError(t, err)
	_, err = conn.Write(noise(size))
	require.NoError(t, err)
	line, err := reader.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, fmt.Sprintf("%x\n", sha256.Sum256(noise(size))), line, "bytes that went")
	_ = conn.Close()
	t.Logf("a fresh connection, 30 kB each way: %s", time.Since(began).Round(time.Millisecond))
}
