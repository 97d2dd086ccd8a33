package ssmtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xtaci/smux"
	"go.uber.org/goleak"
)

const (
	target   = "i-0123456789abcdef0"
	database = "db.example.com"
	region   = "ap-southeast-1"
)

var local = aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}

// start runs a gateway and sees, at the end of the test, that it leaves nothing running.
func start(t *testing.T, options Options) *Gateway {
	t.Helper()
	before := goleak.IgnoreCurrent()
	gateway, err := Start(options)
	require.NoError(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the sessions at the end: %+v", gateway.Sessions())
		}
		gateway.Close()
		goleak.VerifyNone(t, before)
	})
	return gateway
}

// echo answers every connection with what it sends.
func echo(t *testing.T) (address string) {
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
			work.Go(func() {
				defer conn.Close()
				_, _ = io.Copy(conn, conn)
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		work.Wait()
	})
	return listener.Addr().String()
}

// systemsManager is the SDK's client of a gateway.
func systemsManager(g *Gateway) *ssm.Client {
	return ssm.New(ssm.Options{
		Region: region, BaseEndpoint: aws.String(g.URL()), Retryer: aws.NopRetryer{},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return local, nil }),
	})
}

// toDatabase asks for a tunnel.
func toDatabase() *ssm.StartSessionInput {
	return &ssm.StartSessionInput{
		Target: aws.String(target), DocumentName: aws.String(RemoteHostDocument),
		Parameters: map[string][]string{"host": {database}, "portNumber": {"3306"}, "localPortNumber": {"0"}},
	}
}

// client is a small client of the gateway: it shakes hands, resumes when its
// web socket breaks, and tells how it ended.
type client struct {
	t        *testing.T
	api      *ssm.Client
	id       string
	channel  *channel
	stream   *io.PipeReader // data that came
	fed      *io.PipeWriter
	ready    chan struct{} // the handshake is complete
	done     chan struct{} // it ended
	ended    string        // how, once done is closed
	paused   chan struct{} // it was told to pause
	flags    chan uint32
	resumes  bool
	work     sync.WaitGroup
	stopping sync.Once
}

// dial signs and opens a web socket, and shows the token.
func dial(streamURL, token string, credentials aws.Credentials, service string, at time.Time) (*websocket.Conn, *http.Response, error) {
	request, err := http.NewRequest(http.MethodGet, streamURL, nil)
	if err != nil {
		return nil, nil, err
	}
	nothing := sha256.Sum256(nil)
	if err := v4.NewSigner().SignHTTP(context.Background(), credentials, request, hex.EncodeToString(nothing[:]), service, region, at); err != nil {
		return nil, nil, err
	}
	conn, response, err := websocket.DefaultDialer.Dial(streamURL, request.Header)
	if err != nil {
		return nil, response, err
	}
	return conn, response, conn.WriteMessage(websocket.TextMessage, encodeJSON(opening{"1.0", randomID(), token, randomID(), "1.3.0.0"}))
}

// open starts a session and connects to it.
func open(t *testing.T, g *Gateway, ask *ssm.StartSessionInput) *client {
	t.Helper()
	api := systemsManager(g)
	begun, err := api.StartSession(t.Context(), ask)
	require.NoError(t, err)
	reader, writer := io.Pipe()
	c := &client{
		t: t, api: api, id: *begun.SessionId, channel: newChannel(typeOutput, typeInput, func(int, int) {}),
		stream: reader, fed: writer, ready: make(chan struct{}), paused: make(chan struct{}), done: make(chan struct{}), flags: make(chan uint32, 16), resumes: true,
	}
	c.work.Go(c.channel.resend)
	c.work.Go(c.receive)
	c.work.Go(func() { c.live(*begun.StreamUrl, *begun.TokenValue) })
	t.Cleanup(c.stop)
	return c
}

// live keeps a web socket until the session ends or cannot be resumed.
func (c *client) live(url, token string) {
	for {
		conn, _, err := dial(url, token, local, signedService, time.Now())
		if err != nil {
			c.finish("dial: " + err.Error())
			return
		}
		link := newLink(conn, Faults{}, 1)
		c.channel.attach(link)
		if c.channel.isEnded() {
			_ = conn.Close() // finish came before there was this one to close
		}
		err = link.read(func(raw []byte) { c.take(link, raw) })
		c.channel.detach(link)
		_ = conn.Close()
		if websocket.IsCloseError(err, websocket.ClosePolicyViolation) || !c.resumes || c.channel.isEnded() {
			c.finish("closed: " + err.Error())
			return
		}
		resumed, err := c.api.ResumeSession(context.Background(), &ssm.ResumeSessionInput{SessionId: &c.id})
		if err != nil {
			c.finish("resume: " + err.Error())
			return
		}
		if aws.ToString(resumed.TokenValue) == "" {
			c.finish("resume: no token")
			return
		}
		url, token = *resumed.StreamUrl, *resumed.TokenValue
	}
}

func (c *client) take(link *link, raw []byte) {
	f, err := decode(raw)
	if !assert.NoError(c.t, err) {
		return
	}
	if f.Type == typeClosed {
		var closed channelClosed
		assert.NoError(c.t, json.Unmarshal(f.Body, &closed))
		assert.Equal(c.t, c.id, closed.SessionID)
		c.finish("channel closed: " + closed.Output)
		return
	}
	if f.Type == typePause {
		close(c.paused)
	}
	c.channel.take(link, f)
}

// receive does with what came in order what a client does.
func (c *client) receive() {
	for {
		select {
		case <-c.channel.ended:
			_ = c.fed.Close()
			return
		case f := <-c.channel.inbox:
			switch f.Payload {
			case payloadHandshake:
				_ = c.channel.send(payloadHandshakeResponse, []byte(`{"ClientVersion":"1.3.0.0","ProcessedClientActions":[{"ActionType":"SessionType","ActionStatus":1}],"Errors":null}`))
			case payloadHandshakeComplete:
				close(c.ready)
			case payloadFlag:
				c.flags <- binary.BigEndian.Uint32(f.Body)
			case payloadData:
				_, _ = c.fed.Write(f.Body)
			}
		}
	}
}

func (c *client) finish(how string) {
	c.stopping.Do(func() {
		c.ended = how
		close(c.done)
		c.channel.end()
		_ = c.fed.Close()
		_ = c.stream.Close()
		if link := c.channel.current(); link != nil {
			_ = link.conn.Close()
		}
	})
}

func (c *client) stop() {
	c.finish("stopped by the test")
	c.work.Wait()
}

// awaits waits, but not for long.
func awaits(t *testing.T, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		require.FailNow(t, "waited in vain", what)
	}
}

// Read, Write and Close make the client what smux runs over.
func (c *client) Read(p []byte) (int, error) { return c.stream.Read(p) }

func (c *client) Write(p []byte) (int, error) {
	for at := 0; at < len(p); at += bodyMax {
		if err := c.channel.send(payloadData, p[at:min(at+bodyMax, len(p))]); err != nil {
			return at, err
		}
	}
	return len(p), nil
}

func (c *client) Close() error { return nil }

// streams is the client's end of the session's connections.
func (c *client) streams() *smux.Session {
	awaits(c.t, "the handshake", c.ready)
	settings := smux.DefaultConfig()
	settings.KeepAliveDisabled = true
	session, err := smux.Client(c, settings)
	require.NoError(c.t, err)
	c.t.Cleanup(func() { _ = session.Close() })
	return session
}

// roundTrip sends so many bytes and sees that the same come back.
func roundTrip(t *testing.T, stream io.ReadWriter, size int, seed uint64) {
	t.Helper()
	sent := noise(size, seed)
	go func() { _, _ = stream.Write(sent) }()
	got := make([]byte, size)
	read, err := io.ReadFull(stream, got)
	if assert.NoError(t, err, "after %d of %d bytes", read, size) {
		assert.True(t, bytes.Equal(sent, got), "what came back is not what was sent")
	}
}

func noise(size int, seed uint64) []byte {
	raw := make([]byte, size)
	var key [32]byte
	binary.BigEndian.PutUint64(key[:], seed)
	_, _ = rand.NewChaCha8(key).Read(raw)
	return raw
}

// only is the one session of a gateway.
func only(t *testing.T, g *Gateway) Session {
	t.Helper()
	sessions := g.Sessions()
	require.Len(t, sessions, 1)
	return sessions[0]
}

// endedAs waits until the one session has ended, and tells how.
func endedAs(t *testing.T, g *Gateway) string {
	t.Helper()
	assert.Eventually(t, func() bool { return only(t, g).End != "" }, 10*time.Second, 5*time.Millisecond)
	return only(t, g).End
}

func tunnels(t *testing.T, faults Faults) *Gateway {
	t.Helper()
	return start(t, Options{Hosts: map[string]string{database + ":3306": echo(t)}, Faults: faults, Log: func(line string) { t.Log(line) }})
}
