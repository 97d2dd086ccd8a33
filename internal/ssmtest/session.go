package ssmtest

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// agentVersion is new enough for several connections at once (3.0.196) and
	// for sessions without keep-alive (3.1.1511).
	agentVersion = "3.3.4793.0"
	// handshakeWithin is how long a client may take to answer the handshake (AWS's agent: the same).
	handshakeWithin = 15 * time.Second
	// drainWithin is how long the end of a session waits for its last output to arrive.
	drainWithin = 2 * time.Second
	// idleText is what AWS tells a client whose session was idle for too long.
	idleText = "Your session timed out due to inactivity."
	// handshakeText is what it tells one that does not know the handshake.
	handshakeText = "Handshake timed out. Please ensure that you have the latest version of the session manager plugin."
)

// Kind is the type of a session, as documents and handshakes spell it.
type Kind string

// The types of sessions that the agent knows.
const (
	KindPort  Kind = "Port"
	KindShell Kind = "Standard_Stream"
)

// Session is what there is, or was, of one session.
type Session struct {
	// ID of the session.
	ID string
	// Target is the instance.
	Target string
	// Document that started it.
	Document string
	// Kind of the session.
	Kind Kind
	// Host and Port that its connections go to; empty for a shell.
	Host, Port string
	// Started and Ended are when; Ended is zero while it is open.
	Started, Ended time.Time
	// End says in words how it ended; empty while it is open.
	End string
	// Connected says whether a client is there now.
	Connected bool
	// Sockets is how many web sockets its client opened.
	Sockets int
	// Resumes is how often ResumeSession gave it a new token.
	Resumes int
	// Connections is how many TCP connections went through it, OpenConnections how many still do.
	Connections, OpenConnections int
	// BytesIn came from the client, BytesOut went to it; of data, each byte once.
	BytesIn, BytesOut int64
	// Resent is how many frames the agent sent again.
	Resent int
	// Doubled is how many frames of the client came again.
	Doubled int
	// DuringPause is how many data frames the client sent although it was told to pause.
	DuringPause int
	// Client is the version that the client gave.
	Client string
}

// session is one session: what is told of it, its tokens, and its agent.
type session struct {
	gateway  *Gateway
	document Document
	channel  *channel
	ended    context.Context
	end      context.CancelFunc
	work     sync.WaitGroup // all that runs for the session
	active   chan struct{}  // data moved
	arrived  chan struct{}  // closed by the first client
	once     sync.Once

	mu    sync.Mutex
	about Session
	token string
}

func newSession(g *Gateway, about Session, document Document) *session {
	s := &session{
		gateway: g, document: document, about: about, token: randomText(32),
		active: make(chan struct{}, 1), arrived: make(chan struct{}),
	}
	s.ended, s.end = context.WithCancel(context.Background())
	s.channel = newChannel(typeInput, typeOutput, s.moved)
	s.work.Go(s.channel.resend)
	s.work.Go(s.watchIdle)
	s.work.Go(s.run)
	return s
}

// run is the agent: it waits for a client, greets it, and does what the session is for.
func (s *session) run() {
	if !s.greet() {
		return
	}
	switch s.about.Kind {
	case KindPort:
		s.forward()
	case KindShell:
		s.shell()
	}
}

// greet does the handshake. A client that never comes is waited for until the session ends.
func (s *session) greet() bool {
	select {
	case <-s.arrived:
	case <-s.ended.Done():
		return false
	}
	began := time.Now()
	patience := time.NewTimer(handshakeWithin)
	defer patience.Stop()
	request := handshake{agentVersion, []clientAction{{"SessionType", sessionKind{s.about.Kind, s.properties()}}}}
	if s.channel.send(payloadHandshake, encodeJSON(request)) != nil {
		return false
	}
	for {
		select {
		case f := <-s.channel.inbox:
			if f.Payload != payloadHandshakeResponse {
				continue
			}
			var answer handshakeAnswer
			if err := json.Unmarshal(f.Body, &answer); err != nil || len(answer.Errors) > 0 {
				s.close(fmt.Sprintf("the handshake failed: %v %v", answer.Errors, err), "Handshake failed")
				return false
			}
			return s.channel.send(payloadHandshakeComplete, encodeJSON(handshakeDone{HandshakeTimeToComplete: time.Since(began)})) == nil
		case <-patience.C:
			s.close("the client did not answer the handshake within "+handshakeWithin.String(), handshakeText)
			return false
		case <-s.ended.Done():
			return false
		}
	}
}

// properties are what the client learns of a port session.
func (s *session) properties() map[string]string {
	if s.about.Kind != KindPort {
		return nil
	}
	return map[string]string{
		"host": s.about.Host, "portNumber": s.about.Port, "type": "LocalPortForwarding",
		"localPortNumber": s.document.localPort,
	}
}

// incoming is what the client sent next; false when the session has ended.
func (s *session) incoming() (frame, bool) {
	for {
		select {
		case f := <-s.channel.inbox:
			if f.Payload == payloadFlag && len(f.Body) == 4 && binary.BigEndian.Uint32(f.Body) == flagTerminate {
				s.close("the client terminated it", "")
				return frame{}, false
			}
			return f, true
		case <-s.ended.Done():
			return frame{}, false
		}
	}
}

// serve is one web socket of the client, until it breaks.
func (s *session) serve(conn *websocket.Conn) {
	s.mu.Lock()
	s.about.Sockets++
	link := newLink(conn, s.gateway.faultsNow(), s.about.Sockets)
	first := s.about.Sockets == 1
	s.mu.Unlock()
	if before := s.channel.attach(link); before != nil {
		_ = before.conn.Close() // a session has one client
	} else {
		s.channel.say(typePublish, nil)
	}
	if first {
		close(s.arrived)
	}
	if faults := link.out.faults; faults.PauseAfter > 0 {
		s.work.Go(func() { s.pauseFor(link, faults) })
	}
	_ = link.read(func(raw []byte) {
		if f, err := decode(raw); err == nil {
			s.channel.take(link, f)
		}
	})
	_ = conn.Close()
	s.channel.detach(link)
}

// pauseFor tells the client to be silent for a while, once enough went to it.
func (s *session) pauseFor(l *link, faults Faults) {
	for s.channel.current() == l {
		if l.went() >= faults.PauseAfter {
			s.channel.pause(true)
			s.channel.say(typePause, nil)
			s.wait(faults.PauseFor)
			s.channel.pause(false)
			s.channel.say(typePublish, nil)
			return
		}
		s.wait(time.Millisecond)
	}
}

func (s *session) wait(d time.Duration) {
	select {
	case <-time.After(d):
	case <-s.ended.Done():
	}
}

// watchIdle ends the session when no data moved for too long.
func (s *session) watchIdle() {
	limit := s.document.Idle
	if faults := s.gateway.faultsNow(); faults.Idle > 0 {
		limit = faults.Idle
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		select {
		case <-s.active:
			timer.Reset(limit)
		case <-timer.C:
			s.close("idle for "+limit.String(), idleText)
			return
		case <-s.ended.Done():
			return
		}
	}
}

// moved counts data, and keeps the session from being idle.
func (s *session) moved(in, out int) {
	s.mu.Lock()
	s.about.BytesIn += int64(in)
	s.about.BytesOut += int64(out)
	s.mu.Unlock()
	select {
	case s.active <- struct{}{}:
	default:
	}
}

// close ends the session: how is for Session.End, text for the client.
func (s *session) close(how, text string) {
	s.once.Do(func() {
		s.mu.Lock()
		s.about.End, s.about.Ended = how, time.Now()
		s.mu.Unlock()
		link := s.channel.current()
		if link != nil {
			// A client that is stopped takes no farewell.
			hurry := time.AfterFunc(drainWithin, func() { _ = link.conn.Close() })
			defer hurry.Stop()
		}
		s.channel.say(typeClosed, encodeJSON(channelClosed{
			MessageID: randomID(), CreatedDate: time.Now().UTC().Format(time.RFC3339), DestinationID: randomID(),
			SessionID: s.about.ID, MessageType: typeClosed, SchemaVersion: schemaVersion, Output: text,
		}))
		s.end()
		s.channel.end()
		if link != nil {
			link.closeWith(websocket.CloseNormalClosure, "")
		}
	})
}

// told is the session as tests see it.
func (s *session) told() Session {
	// The channel first: it takes its lock before ours.
	seen, connected := s.channel.seen(), s.channel.current() != nil
	s.mu.Lock()
	defer s.mu.Unlock()
	about := s.about
	about.Connected = about.End == "" && connected
	about.Resent, about.Doubled, about.DuringPause = seen.resent, seen.doubled, seen.duringPause
	return about
}

// opens checks a token, which is good until ResumeSession gives another.
func (s *session) opens(o opening) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o.TokenValue != s.token || s.about.End != "" {
		return false
	}
	s.about.Client = o.ClientVersion
	return true
}

// renew makes a new token, for ResumeSession.
func (s *session) renew() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = randomText(32)
	s.about.Resumes++
	return s.token
}
