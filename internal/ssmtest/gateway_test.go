package ssmtest

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBytesGoBothWaysThroughATunnel(t *testing.T) {
	gateway := tunnels(t, Faults{})
	mux := open(t, gateway, toDatabase()).streams()
	var work sync.WaitGroup
	for number := range 20 {
		work.Go(func() {
			stream, err := mux.OpenStream()
			if assert.NoError(t, err) {
				roundTrip(t, stream, 100_000, uint64(number))
				assert.NoError(t, stream.Close())
			}
		})
	}
	work.Wait()
	assert.Eventually(t, func() bool { return only(t, gateway).OpenConnections == 0 }, 5*time.Second, 5*time.Millisecond)
	told := only(t, gateway)
	assert.Equal(t, []any{20, 1, true}, []any{told.Connections, told.Sockets, told.Connected})
	assert.Greater(t, told.BytesIn, int64(20*100_000))
	assert.Greater(t, told.BytesOut, int64(20*100_000))
	assert.Equal(t, []string{target, RemoteHostDocument, database, "3306", "1.3.0.0"}, []string{told.Target, told.Document, told.Host, told.Port, told.Client})
}

// TestATunnelHealsFromWhateverHappensToItsFrames is the table of faults that a session survives.
func TestATunnelHealsFromWhateverHappensToItsFrames(t *testing.T) {
	for name, each := range map[string]struct {
		faults Faults
		struck func(Session) bool
	}{
		"the gateway says Bye in the middle":   {Faults{ByeAfter: 40}, func(s Session) bool { return s.Sockets == 2 && s.Resumes == 1 }},
		"the gateway says Bye again and again": {Faults{ByeAfter: 60, EveryTime: true}, func(s Session) bool { return s.Sockets > 3 }},
		"the connection breaks without a word": {Faults{CutAfter: 40}, func(s Session) bool { return s.Sockets == 2 }},
		"frames are dropped":                   {Faults{Drop: 0.05}, func(s Session) bool { return s.Resent > 3 }},
		"frames come twice":                    {Faults{Double: 0.3}, func(s Session) bool { return s.Doubled > 10 }},
		"frames are overtaken":                 {Faults{Reorder: 0.3}, func(Session) bool { return true }},
		"frames are late":                      {Faults{Delay: 0.02, DelayBy: 10 * time.Millisecond}, func(Session) bool { return true }},
		"acknowledgements are lost":            {Faults{LoseAcks: 0.3}, func(s Session) bool { return s.Resent > 10 && s.Doubled > 10 }},
		"everything at once":                   {Faults{Drop: 0.03, Double: 0.1, Reorder: 0.1, LoseAcks: 0.1, CutAfter: 100}, func(s Session) bool { return s.Resent > 3 && s.Sockets == 2 }},
	} {
		t.Run(name, func(t *testing.T) {
			each.faults.Seed = 1
			gateway := tunnels(t, each.faults)
			mux := open(t, gateway, toDatabase()).streams()
			var work sync.WaitGroup
			for number := range 3 {
				work.Go(func() {
					stream, err := mux.OpenStream()
					if assert.NoError(t, err) {
						roundTrip(t, stream, 100_000, uint64(number))
					}
				})
			}
			work.Wait()
			assert.Eventually(t, func() bool { return each.struck(only(t, gateway)) }, 5*time.Second, 20*time.Millisecond)
			t.Logf("%+v", only(t, gateway))
		})
	}
}

func TestAClientThatSendsWhileItShouldPauseIsNoted(t *testing.T) {
	gateway := tunnels(t, Faults{PauseAfter: 1, PauseFor: time.Minute})
	client := open(t, gateway, toDatabase())
	awaits(t, "the pause", client.paused)
	stream, err := client.streams().OpenStream()
	require.NoError(t, err)
	roundTrip(t, stream, 10_000, 1) // nothing is lost by it
	assert.Positive(t, only(t, gateway).DuringPause)
}

// TestAClientLearnsWhyThereIsNoTunnel is the table of faults that end it.
func TestAClientLearnsWhyThereIsNoTunnel(t *testing.T) {
	for name, each := range map[string]struct {
		faults      Faults
		told, ended string // to the client, to the test
	}{
		"the token is refused":       {Faults{RefuseToken: true}, "closed: websocket: close 1008 (policy violation): Invalid token", ""},
		"the dial is refused":        {Faults{RefuseDial: http.StatusForbidden}, "dial: websocket: bad handshake", ""},
		"the session was idle":       {Faults{Idle: 100 * time.Millisecond}, "channel closed: " + idleText, "idle for 100ms"},
		"the resumption is refused":  {Faults{ByeAfter: 2, RefuseResume: true}, "resume: operation error SSM: ResumeSession, https response error StatusCode: 403", ""},
		"the resumption is too late": {Faults{CutAfter: 2, ResumeTooLate: true}, "resume: no token", ""},
	} {
		t.Run(name, func(t *testing.T) {
			gateway := tunnels(t, each.faults)
			client := open(t, gateway, toDatabase())
			awaits(t, "the end", client.done)
			assert.Contains(t, client.ended, each.told)
			assert.Equal(t, each.ended, only(t, gateway).End)
		})
	}
}

func TestASilentGatewayTakesTheTokenAndSaysNothing(t *testing.T) {
	gateway := tunnels(t, Faults{Silent: true})
	client := open(t, gateway, toDatabase())
	select {
	case <-client.done:
		assert.Fail(t, "it ended", client.ended)
	case <-client.ready:
		assert.Fail(t, "it got ready")
	case <-time.After(300 * time.Millisecond):
	}
	assert.Zero(t, only(t, gateway).Sockets)
}

func TestAPortThatCannotBeReachedIsFlagged(t *testing.T) {
	for name, each := range map[string]struct {
		faults Faults
		host   string
	}{
		"as a fault":                  {Faults{RefuseConnections: true}, database},
		"a host that nobody allowed":  {Faults{}, "other.example.com"},
		"this machine by its name":    {Faults{}, "localhost"},
		"this machine by its address": {Faults{}, "127.0.0.1"},
		"a port that nobody is at":    {Faults{}, "nobody.example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			gateway := start(t, Options{Faults: each.faults, Hosts: map[string]string{
				database + ":3306": echo(t), "nobody.example.com:3306": nobody(t),
			}})
			ask := toDatabase()
			ask.Parameters["host"] = []string{each.host}
			client := open(t, gateway, ask)
			// Its end is not looked at: smux loses one that comes before OpenStream returns.
			_, err := client.streams().OpenStream()
			require.NoError(t, err)
			assert.Equal(t, flagConnectError, <-client.flags)
			assert.Zero(t, only(t, gateway).Connections)
		})
	}
}

func TestHostsAreOnLoopback(t *testing.T) {
	for _, address := range []string{"192.0.2.1:3306", "example.com:3306", "127.0.0.1"} {
		_, err := Start(Options{Hosts: map[string]string{"far.example.com:3306": address}})
		assert.ErrorContains(t, err, "host far.example.com:3306: "+address+" is not an address of loopback")
	}
}

// nobody is an address of loopback on which nothing listens.
func nobody(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

func TestOnlyASignedDialIsLetIn(t *testing.T) {
	gateway := tunnels(t, Faults{})
	begun, err := systemsManager(gateway).StartSession(t.Context(), toDatabase())
	require.NoError(t, err)
	now := time.Now()
	temporary := aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local", SessionToken: "temporary"}
	for name, each := range map[string]struct {
		credentials aws.Credentials
		service     string
		at          time.Time
		want        string // empty: let in
	}{
		"rightly":                    {local, signedService, now, ""},
		"with temporary credentials": {temporary, signedService, now, ""},
		"with another secret":        {aws.Credentials{AccessKeyID: "local", SecretAccessKey: "wrong"}, signedService, now, "the signature of access key id local does not match"},
		"with another key":           {aws.Credentials{AccessKeyID: "other", SecretAccessKey: "local"}, signedService, now, "access key id other is not known"},
		"for another service":        {local, "ssm", now, "signed for service ssm, not ssmmessages"},
		"too long ago":               {local, signedService, now.Add(-6 * time.Minute), "signature expired"},
		"in the future":              {local, signedService, now.Add(6 * time.Minute), "signature expired"},
	} {
		conn, response, err := dial(*begun.StreamUrl, *begun.TokenValue, each.credentials, each.service, each.at)
		if each.want == "" {
			if assert.NoError(t, err, name) {
				assert.NoError(t, conn.Close(), name)
			}
			continue
		}
		require.ErrorIs(t, err, websocket.ErrBadHandshake, name)
		said, _ := io.ReadAll(response.Body)
		assert.Equal(t, http.StatusForbidden, response.StatusCode, name)
		assert.Contains(t, string(said), each.want, name)
	}
	_, response, err := websocket.DefaultDialer.Dial(*begun.StreamUrl, nil)
	require.ErrorIs(t, err, websocket.ErrBadHandshake)
	said, _ := io.ReadAll(response.Body)
	assert.Contains(t, string(said), "the request is not signed")
}

func TestASignatureIsForOneAddressOnly(t *testing.T) {
	request, err := http.NewRequest(http.MethodGet, "http://127.0.0.1/v1/data-channel/a?role=publish_subscribe", nil)
	require.NoError(t, err)
	claim := authorization{key: "local", region: region, headers: "host;x-amz-date"}
	signed, err := sign(request, claim, "local", time.Now())
	require.NoError(t, err)
	for _, change := range []func(*http.Request){
		func(r *http.Request) { r.URL.Path += "b" },
		func(r *http.Request) { r.URL.RawQuery += "&x=y" },
		func(r *http.Request) { r.Host = "127.0.0.2" },
		func(r *http.Request) { r.Method = http.MethodPost },
	} {
		other := request.Clone(context.Background())
		change(other)
		again, err := sign(other, claim, "local", time.Now())
		require.NoError(t, err)
		assert.NotEqual(t, signed.signature, again.signature)
	}
}

func TestATokenIsGoodForItsSessionUntilThereIsANewOne(t *testing.T) {
	gateway := tunnels(t, Faults{})
	api := systemsManager(gateway)
	first, err := api.StartSession(t.Context(), toDatabase())
	require.NoError(t, err)
	second, err := api.StartSession(t.Context(), toDatabase())
	require.NoError(t, err)
	refused := func(url, token string) {
		t.Helper()
		conn, _, err := dial(url, token, local, signedService, time.Now())
		require.NoError(t, err)
		defer conn.Close()
		_, _, err = conn.ReadMessage()
		assert.True(t, websocket.IsCloseError(err, websocket.ClosePolicyViolation), "%v", err)
	}
	refused(*first.StreamUrl, *second.TokenValue)
	refused(*first.StreamUrl, "")
	resumed, err := api.ResumeSession(t.Context(), &ssm.ResumeSessionInput{SessionId: first.SessionId})
	require.NoError(t, err)
	refused(*first.StreamUrl, *first.TokenValue)
	conn, _, err := dial(*resumed.StreamUrl, *resumed.TokenValue, local, signedService, time.Now())
	require.NoError(t, err)
	_, _, err = conn.ReadMessage()
	assert.NoError(t, err, "the handshake comes")
	_ = conn.Close()
}

func TestASessionEndsWhenItIsTerminated(t *testing.T) {
	t.Run("by the call", func(t *testing.T) {
		gateway := tunnels(t, Faults{})
		client := open(t, gateway, toDatabase())
		stream, err := client.streams().OpenStream()
		require.NoError(t, err)
		roundTrip(t, stream, 1000, 1)
		_, err = client.api.TerminateSession(t.Context(), &ssm.TerminateSessionInput{SessionId: &client.id})
		require.NoError(t, err)
		awaits(t, "the end", client.done)
		assert.Equal(t, "channel closed: ", client.ended)
		assert.Equal(t, "TerminateSession", endedAs(t, gateway))
		assert.Eventually(t, func() bool { return only(t, gateway).OpenConnections == 0 }, 5*time.Second, 5*time.Millisecond)
	})
	t.Run("by the client's flag", func(t *testing.T) {
		gateway := tunnels(t, Faults{})
		client := open(t, gateway, toDatabase())
		client.streams()
		require.NoError(t, client.channel.send(payloadFlag, flagBody(flagTerminate)))
		awaits(t, "the end", client.done)
		assert.Equal(t, "the client terminated it", endedAs(t, gateway))
	})
}

func TestAClientThatLeavesWithoutAWordLeavesItsSessionOpen(t *testing.T) {
	gateway := tunnels(t, Faults{})
	client := open(t, gateway, toDatabase())
	client.streams()
	client.stop()
	assert.Eventually(t, func() bool { return !only(t, gateway).Connected }, 5*time.Second, 5*time.Millisecond)
	assert.Empty(t, only(t, gateway).End, "that is what TerminateSession is for")
}

func TestStartSessionSaysWhatIsWrong(t *testing.T) {
	gateway := start(t, Options{Online: func(target string) bool { return target != "i-off" }})
	api := systemsManager(gateway)
	for name, each := range map[string]struct {
		change func(*ssm.StartSessionInput)
		want   string
	}{
		"an agent that is offline":       {func(in *ssm.StartSessionInput) { in.Target = aws.String("i-off") }, "TargetNotConnected: i-off is not connected."},
		"a document that does not exist": {func(in *ssm.StartSessionInput) { in.DocumentName = aws.String("AWS-No") }, "InvalidDocument: Document with name AWS-No does not exist."},
		"no host":                        {func(in *ssm.StartSessionInput) { delete(in.Parameters, "host") }, "InvalidParameters: Missing parameters: [host]"},
		"a port that is none":            {func(in *ssm.StartSessionInput) { in.Parameters["portNumber"] = []string{"65536"} }, "InvalidParameters: Parameter portNumber does not match"},
		"two ports":                      {func(in *ssm.StartSessionInput) { in.Parameters["portNumber"] = []string{"1", "2"} }, "InvalidParameters: Parameter portNumber does not match"},
		"a host with a command in it":    {func(in *ssm.StartSessionInput) { in.Parameters["host"] = []string{"a;reboot"} }, "InvalidParameters: Parameter host does not match"},
		"a parameter too many":           {func(in *ssm.StartSessionInput) { in.Parameters["user"] = []string{"root"} }, "InvalidParameters: Invalid parameters: [user]"},
	} {
		ask := toDatabase()
		each.change(ask)
		_, err := api.StartSession(t.Context(), ask)
		assert.ErrorContains(t, err, each.want, name)
	}
	var notConnected *types.TargetNotConnected
	_, err := api.StartSession(t.Context(), &ssm.StartSessionInput{Target: aws.String("i-off")})
	assert.ErrorAs(t, err, &notConnected)
	_, err = api.ResumeSession(t.Context(), &ssm.ResumeSessionInput{SessionId: aws.String("no")})
	assert.ErrorContains(t, err, "DoesNotExistException")
	assert.Empty(t, gateway.Sessions())
}

func TestSystemsManagerShowsTheSessions(t *testing.T) {
	gateway := tunnels(t, Faults{})
	api := systemsManager(gateway)
	begun, err := api.StartSession(t.Context(), toDatabase())
	require.NoError(t, err)
	listed := func(state types.SessionState) []types.Session {
		found, err := api.DescribeSessions(t.Context(), &ssm.DescribeSessionsInput{State: state})
		require.NoError(t, err)
		return found.Sessions
	}
	require.Len(t, listed(types.SessionStateActive), 1)
	assert.Equal(t, types.SessionStatusConnected, listed(types.SessionStateActive)[0].Status)
	assert.Empty(t, listed(types.SessionStateHistory))
	_, err = api.TerminateSession(t.Context(), &ssm.TerminateSessionInput{SessionId: begun.SessionId})
	require.NoError(t, err)
	assert.Empty(t, listed(types.SessionStateActive))
	past := listed(types.SessionStateHistory)
	require.Len(t, past, 1)
	assert.Equal(t, []any{types.SessionStatusTerminated, *begun.SessionId, target}, []any{past[0].Status, *past[0].SessionId, *past[0].Target})
	assert.WithinDuration(t, time.Now(), *past[0].EndDate, time.Minute)
	for faults, want := range map[Faults]types.ConnectionStatus{{}: "connected", {Offline: true}: "notconnected"} {
		gateway.SetFaults(faults)
		status, err := api.GetConnectionStatus(t.Context(), &ssm.GetConnectionStatusInput{Target: aws.String(target)})
		require.NoError(t, err)
		assert.Equal(t, want, status.Status)
	}
}
