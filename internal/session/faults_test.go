//go:build unix

package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/ssmtest"
)

// healing is how long a tunnel may take to carry a fresh connection again in
// these tests: hasty.start for a session that hangs, and some for the machine.
const healing = 12 * time.Second

// TestEachFaultIsHealed is the fault table: what goes wrong while a tunnel is
// open, and that a fresh connection through the same port works again in time.
// start sees to it that nothing is left.
func TestEachFaultIsHealed(t *testing.T) {
	for name, each := range map[string]struct {
		faults   ssmtest.Faults // from the beginning
		strike   func(*testing.T, *world, *Tunnel)
		replaced bool // another session was opened
		cut      bool // a connection that was in the middle is cut, and not left hanging
	}{
		"frames dropped":             {faults: ssmtest.Faults{Drop: 0.05}},
		"frames doubled":             {faults: ssmtest.Faults{Double: 0.3}},
		"frames reordered":           {faults: ssmtest.Faults{Reorder: 0.3}},
		"frames delayed":             {faults: ssmtest.Faults{Delay: 0.05, DelayBy: 20 * time.Millisecond}},
		"acknowledgements lost":      {faults: ssmtest.Faults{LoseAcks: 0.2}},
		"all of these at once":       {faults: ssmtest.Faults{Drop: 0.02, Double: 0.1, Reorder: 0.1, LoseAcks: 0.1}},
		"Bye while data flows":       {faults: ssmtest.Faults{ByeAfter: 40}},
		"a cut while data flows":     {faults: ssmtest.Faults{CutAfter: 40}},
		"told to pause":              {faults: ssmtest.Faults{PauseAfter: 30, PauseFor: 300 * time.Millisecond}},
		"web sockets break":          {strike: func(_ *testing.T, w *world, _ *Tunnel) { w.Break() }},
		"resumption refused":         {strike: breakWith(ssmtest.Faults{RefuseResume: true}), replaced: true, cut: true},
		"resumption too late":        {strike: breakWith(ssmtest.Faults{ResumeTooLate: true}), replaced: true, cut: true},
		"the session is terminated":  {strike: terminateAll, replaced: true, cut: true},
		"the child is killed":        {strike: signalChild(syscall.SIGKILL), replaced: true, cut: true},
		"the child is stopped":       {strike: signalChild(syscall.SIGSTOP), replaced: true, cut: true},
		"offline for a while":        {strike: offlineForAWhile, replaced: true, cut: true},
		"the database restarts":      {strike: refusingForAWhile},
		"idle for too long":          {strike: idleForTooLong, replaced: true},
		"a token that is refused":    {strike: refusedTokens, replaced: true, cut: true},
		"a gateway that goes silent": {strike: silentForAWhile, replaced: true, cut: true},
	} {
		t.Run(name, func(t *testing.T) {
			each.faults.Seed = 2
			w := start(t, each.faults)
			if name == "idle for too long" {
				w.SetFaults(ssmtest.Faults{Idle: 500 * time.Millisecond})
			}
			tunnel := w.opened(t)
			if each.strike == nil {
				works(t, tunnel, healing)
				works(t, tunnel, healing)
				return
			}
			works(t, tunnel, healing)
			reader, middle := client(t, tunnel, time.Minute)
			_, err := io.WriteString(middle, "slow 30000\n")
			require.NoError(t, err)
			sessions := len(w.Sessions())
			each.strike(t, w, tunnel)
			works(t, tunnel, healing)
			if each.replaced {
				assert.Eventually(t, func() bool { return len(w.Sessions()) > sessions }, healing, 10*time.Millisecond, "another session")
			}
			if each.cut {
				began := time.Now()
				require.NoError(t, middle.SetReadDeadline(time.Now().Add(healing)))
				_, err := reader.ReadByte()
				require.Error(t, err)
				assert.NotErrorIs(t, err, os.ErrDeadlineExceeded, "a cut is honest, a hang is not")
				assert.Less(t, time.Since(began), healing)
			}
			_ = middle.Close()
			works(t, tunnel, healing)
		})
	}
}

func breakWith(faults ssmtest.Faults) func(*testing.T, *world, *Tunnel) {
	return func(_ *testing.T, w *world, _ *Tunnel) {
		w.SetFaults(faults)
		w.Break()
	}
}

func terminateAll(t *testing.T, w *world, _ *Tunnel) {
	for _, each := range w.Sessions() {
		_, err := w.caller.API.TerminateSession(t.Context(), &ssm.TerminateSessionInput{SessionId: &each.ID})
		require.NoError(t, err)
	}
}

func signalChild(signal syscall.Signal) func(*testing.T, *world, *Tunnel) {
	return func(t *testing.T, _ *world, _ *Tunnel) {
		all := children(os.Getpid())
		require.Len(t, all, 1, "one session, one child")
		require.NoError(t, syscall.Kill(all[0], signal))
	}
}

func offlineForAWhile(t *testing.T, w *world, tunnel *Tunnel) {
	w.SetFaults(ssmtest.Faults{Offline: true})
	terminateAll(t, w, tunnel)
	time.AfterFunc(time.Second, func() { w.SetFaults(ssmtest.Faults{}) })
}

func refusingForAWhile(_ *testing.T, w *world, _ *Tunnel) {
	w.SetFaults(ssmtest.Faults{RefuseConnections: true})
	time.AfterFunc(time.Second, func() { w.SetFaults(ssmtest.Faults{}) })
}

func idleForTooLong(_ *testing.T, w *world, _ *Tunnel) {
	time.Sleep(time.Second)
	w.SetFaults(ssmtest.Faults{})
}

func refusedTokens(t *testing.T, w *world, tunnel *Tunnel) {
	w.SetFaults(ssmtest.Faults{RefuseToken: true})
	terminateAll(t, w, tunnel)
	time.AfterFunc(time.Second, func() { w.SetFaults(ssmtest.Faults{}) })
}

func silentForAWhile(_ *testing.T, w *world, _ *Tunnel) {
	w.SetFaults(ssmtest.Faults{Silent: true})
	w.Break() // who resumes now is heard by nobody
	time.AfterFunc(time.Second, func() { w.SetFaults(ssmtest.Faults{}) })
}

// TestEachFaultAtTheStartIsOneLine is the other half of the table: no tunnel,
// but one clear line with the right code, in time.
func TestEachFaultAtTheStartIsOneLine(t *testing.T) {
	for name, each := range map[string]struct {
		faults ssmtest.Faults
		change func(*TunnelOptions)
		code   fault.Code
		says   string
		within time.Duration
	}{
		"token refused":         {faults: ssmtest.Faults{RefuseToken: true}, code: fault.Unhealthy, says: "the gateway did not let the session begin within 3s", within: 15 * time.Second},
		"gateway silent":        {faults: ssmtest.Faults{Silent: true}, code: fault.Unhealthy, says: "the gateway did not let the session begin within 3s", within: 15 * time.Second},
		"dial refused":          {faults: ssmtest.Faults{RefuseDial: 403}, code: fault.Unhealthy, says: "the gateway did not let the session begin within 3s", within: 15 * time.Second},
		"agent offline":         {faults: ssmtest.Faults{Offline: true}, code: fault.Failed, says: "is not connected (TargetNotConnected)", within: 2 * time.Second},
		"database out of reach": {faults: ssmtest.Faults{RefuseConnections: true}, code: fault.Unhealthy, says: "the host cannot connect to the database", within: 3 * time.Second},
		"another host":          {change: func(o *TunnelOptions) { o.Host = "elsewhere.example.com" }, code: fault.Unhealthy, says: "the host cannot connect", within: 3 * time.Second},
		"credentials expired":   {change: func(o *TunnelOptions) { o.Caller.API = refusing{o.Caller.API, "ExpiredTokenException"} }, code: fault.Credentials, says: "the AWS credentials have expired", within: 2 * time.Second},
		"not allowed":           {change: func(o *TunnelOptions) { o.Caller.API = refusing{o.Caller.API, "AccessDeniedException"} }, code: fault.Credentials, says: "these credentials may not ssm:StartSession", within: 2 * time.Second},
		"explained by a look":   {faults: ssmtest.Faults{Offline: true}, change: func(o *TunnelOptions) { o.Why = asleep }, code: fault.Unhealthy, says: "it sleeps", within: 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, each.faults)
			options := w.options()
			if each.change != nil {
				each.change(&options)
			}
			began := time.Now()
			_, err := open(t.Context(), options, hasty)
			require.ErrorContains(t, err, each.says)
			assert.Equal(t, each.code, fault.CodeOf(err), "%v", err)
			assert.Less(t, time.Since(began), each.within)
			assert.NotContains(t, err.Error(), "\n")
		})
	}
}

func asleep(_ context.Context, err error) error {
	return &fault.Error{Code: fault.Unhealthy, What: "it sleeps", Cause: err}
}

// refusing is Systems Manager that refuses to start sessions.
type refusing struct {
	API
	code string
}

func (r refusing) StartSession(context.Context, *ssm.StartSessionInput, ...func(*ssm.Options)) (*ssm.StartSessionOutput, error) {
	return nil, &smithy.OperationError{ServiceID: "SSM", OperationName: "StartSession", Err: &smithy.GenericAPIError{
		Code: r.code, Message: "User: arn:aws:iam::111122223333:user/kim is not authorized to perform: ssm:StartSession on resource: arn:x",
	}}
}

// swapping is Systems Manager that can be made to refuse.
type swapping struct {
	API
	start atomic.Pointer[func(API) API]
}

func (s *swapping) StartSession(ctx context.Context, ask *ssm.StartSessionInput, options ...func(*ssm.Options)) (*ssm.StartSessionOutput, error) {
	if other := s.start.Load(); other != nil {
		return (*other)(s.API).StartSession(ctx, ask, options...)
	}
	return s.API.StartSession(ctx, ask, options...)
}

func TestAPortInUseIsSaidSoWithItsHolder(t *testing.T) {
	w := start(t, ssmtest.Faults{})
	holder, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer holder.Close()
	options := w.options()
	options.Local = holder.Addr().(*net.TCPAddr).Port
	_, err = open(t.Context(), options, hasty)
	require.ErrorContains(t, err, fmt.Sprintf("port %d of this machine is in use", options.Local))
	assert.Equal(t, fault.Usage, fault.CodeOf(err))
	if _, err := os.Stat("/proc/net/tcp"); err == nil {
		assert.Contains(t, holderOf(options.Local), fmt.Sprintf("(pid %d)", os.Getpid()))
	}
	assert.Empty(t, w.Sessions(), "nothing was opened")
}

// TestWhatCannotBeHealedEndsTheTunnel: at once when waiting mends nothing, and after giveUp otherwise.
func TestWhatCannotBeHealedEndsTheTunnel(t *testing.T) {
	for name, each := range map[string]struct {
		api    func(API) API
		faults ssmtest.Faults
		code   fault.Code
		says   string
		within time.Duration
	}{
		"credentials that have expired": {func(api API) API { return refusing{api, "ExpiredTokenException"} }, ssmtest.Faults{}, fault.Credentials, "the AWS credentials have expired", 3 * time.Second},
		"a host that stays away":        {nil, ssmtest.Faults{Offline: true}, fault.Failed, "is not connected", hasty.giveUp + 4*time.Second},
		"a database that stays away":    {nil, ssmtest.Faults{RefuseConnections: true}, fault.Unhealthy, "the host cannot connect to the database", hasty.giveUp + 4*time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, ssmtest.Faults{})
			options := w.options()
			swap := &swapping{API: options.Caller.API}
			options.Caller.API = swap
			tunnel, err := open(t.Context(), options, hasty)
			require.NoError(t, err)
			defer func() { closes(t, tunnel) }()
			if each.api != nil {
				swap.start.Store(&each.api)
			}
			w.SetFaults(each.faults)
			began := time.Now()
			if !each.faults.RefuseConnections {
				terminateAll(t, w, tunnel)
			}
			waiting, err := tunnel.Dial(t.Context())
			require.NoError(t, err, "the port stays while the tunnel heals")
			defer waiting.Close()
			select {
			case <-tunnel.Done():
			case <-time.After(each.within):
				require.Fail(t, "it still tries")
			}
			t.Logf("ended after %s", time.Since(began).Round(time.Millisecond))
			require.ErrorContains(t, tunnel.Err(), each.says)
			assert.Equal(t, each.code, fault.CodeOf(tunnel.Err()))
			require.NoError(t, waiting.SetReadDeadline(time.Now().Add(time.Second)))
			_, err = waiting.Read(make([]byte, 1))
			assert.False(t, errors.Is(err, os.ErrDeadlineExceeded), "who waited is told: %v", err)
		})
	}
}

// TestALongQueryIsNoBrokenTunnel: nothing comes for long, but the server greets others.
func TestALongQueryIsNoBrokenTunnel(t *testing.T) {
	w := start(t, ssmtest.Faults{})
	tunnel := w.opened(t)
	reader, conn := client(t, tunnel, 20*time.Second)
	_, err := io.WriteString(conn, "slow 3500\n")
	require.NoError(t, err)
	line, err := reader.ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, "done\n", line)
	assert.Len(t, w.Sessions(), 1)
	w.server.mu.Lock()
	defer w.server.mu.Unlock()
	assert.LessOrEqual(t, w.server.count, 5, "looks get rare: MySQL counts them")
	assert.GreaterOrEqual(t, w.server.count, 3, "the proof, the query and at least a look")
}

// TestTwentyConnectionsAtOnceGetTheirOwnBytes is Done-when 1 of issue 5, without the database.
func TestTwentyConnectionsAtOnceGetTheirOwnBytes(t *testing.T) {
	w := start(t, ssmtest.Faults{})
	tunnel := w.opened(t)
	ended := make(chan error, 20)
	for range 20 {
		go func() {
			conn, err := tunnel.Dial(t.Context())
			if err != nil {
				ended <- err
				return
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
			_, _ = io.CopyN(io.Discard, conn, int64(len(greeting)))
			_, _ = io.WriteString(conn, "echo 300000\n")
			got := make([]byte, 300_000)
			if _, err = io.ReadFull(conn, got); err == nil && string(got) != string(noise(300_000)) {
				err = errors.New("other bytes")
			}
			ended <- err
		}()
	}
	for range 20 {
		assert.NoError(t, <-ended)
	}
}

// TestALoneLineFeedArrivesAsOne: the plugin's channel makes a carriage return of
// a frame that is a line feed and nothing else. A piece of 1,017 bytes is, with
// the 8 of its header, a frame of 1,024 and one of a single byte.
func TestALoneLineFeedArrivesAsOne(t *testing.T) {
	w := start(t, ssmtest.Faults{})
	tunnel := w.opened(t)
	reader, conn := client(t, tunnel, 10*time.Second)
	line := strings.Repeat("x", 1016-len("sink 0 ")) // an unknown verb's arguments
	_, err := io.WriteString(conn, "sink 0 "+line+"\n")
	require.NoError(t, err)
	said, err := reader.ReadString('\n')
	require.NoError(t, err, "the line feed became something else")
	assert.Len(t, said, 65)
}

// TestALostAcknowledgementIsGivenAgain: AWS's agent sends until it has one.
func TestALostAcknowledgementIsGivenAgain(t *testing.T) {
	w := start(t, ssmtest.Faults{LoseAcks: 0.5, Seed: 3})
	tunnel := w.opened(t)
	works(t, tunnel, healing)
	var before, after int
	assert.Eventually(t, func() bool {
		before = w.Sessions()[0].Resent
		time.Sleep(1500 * time.Millisecond) // longer than any frame waits to be sent again
		after = w.Sessions()[0].Resent
		return before == after
	}, 15*time.Second, time.Millisecond, "it still sends again: %d, %d", before, after)
	assert.Positive(t, after, "some were lost")
}

// TestNothingIsSentTwiceThatWasHeardOnce: many short round trips, each answered
// before the channel has noted what it sent.
func TestNothingIsSentTwiceThatWasHeardOnce(t *testing.T) {
	w := start(t, ssmtest.Faults{})
	tunnel := w.opened(t)
	reader, conn := client(t, tunnel, 20*time.Second)
	began := time.Now()
	for range 2000 {
		_, err := io.WriteString(conn, "slow 0\n")
		require.NoError(t, err)
		_, err = reader.ReadString('\n')
		require.NoError(t, err)
	}
	t.Logf("2000 round trips in %s", time.Since(began).Round(time.Millisecond))
	time.Sleep(3 * time.Second) // in which what is taken for lost is sent again, one frame each 100 ms
	// Some may be, on a machine that stood still; it is two dozen when it is wrong.
	assert.Less(t, w.Sessions()[0].Doubled, 12, "frames that the agent had already")
}
