package ssmtest

import (
	"io"
	"net"
	"time"

	"github.com/xtaci/smux"
)

// dialWithin is how long the agent tries to connect to a port.
const dialWithin = 10 * time.Second

// forward is a port session: each stream of smux is one connection to the port.
func (s *session) forward() {
	pipe := newPipe(s)
	settings := smux.DefaultConfig()
	settings.KeepAliveDisabled = true // the client's version and ours agree on that
	mux, err := smux.Server(pipe, settings)
	if err != nil {
		s.close("smux: "+err.Error(), "")
		return
	}
	s.work.Go(func() {
		<-s.ended.Done()
		_ = mux.Close()
		_ = pipe.Close()
	})
	s.work.Go(pipe.feed)
	for {
		stream, err := mux.AcceptStream()
		if err != nil {
			s.close("the client's streams broke: "+err.Error(), "")
			return
		}
		s.work.Go(func() { s.connect(stream) })
	}
}

// connect joins a stream with a connection of its own to the port.
func (s *session) connect(stream *smux.Stream) {
	defer stream.Close()
	conn, err := s.dial()
	if err != nil {
		s.gateway.log("session %s: connect to %s: %v", s.about.ID, net.JoinHostPort(s.about.Host, s.about.Port), err)
		_ = s.channel.send(payloadFlag, flagBody(flagConnectError))
		return
	}
	s.opened(1)
	defer s.opened(-1)
	done := make(chan struct{})
	defer close(done)
	s.work.Go(func() {
		select {
		case <-s.ended.Done():
			_ = conn.Close()
			_ = stream.Close()
		case <-done:
		}
	})
	join(stream, conn)
}

// join copies both ways until either side ends. A stream of smux cannot be
// half closed, so the end of one direction is the end of both, as with AWS's agent.
func join(a, b net.Conn) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(a, b)
		_ = a.Close()
		_ = b.Close()
	}()
	_, _ = io.Copy(b, a)
	_ = a.Close()
	_ = b.Close()
	<-done
}

func (s *session) dial() (net.Conn, error) {
	return s.gateway.dial(s.ended, s.about.Host, s.about.Port)
}

// opened counts connections: 1 for one that opened, -1 for one that closed.
func (s *session) opened(change int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.about.OpenConnections += change
	s.about.Connections += max(change, 0)
}

// pipe is the session's stream as smux wants it: bytes in, bytes out.
type pipe struct {
	session *session
	*io.PipeReader
	fed *io.PipeWriter
}

func newPipe(s *session) *pipe {
	reader, writer := io.Pipe()
	return &pipe{s, reader, writer}
}

// feed hands what the client sent to smux.
func (p *pipe) feed() {
	for {
		f, ok := p.session.incoming()
		if !ok {
			_ = p.fed.Close()
			return
		}
		if f.Payload == payloadData {
			_, _ = p.fed.Write(f.Body) // fails once smux has closed; the session ends then
		}
	}
}

func (p *pipe) Write(data []byte) (int, error) {
	for at := 0; at < len(data); at += bodyMax {
		if err := p.session.channel.send(payloadData, data[at:min(at+bodyMax, len(data))]); err != nil {
			return at, err
		}
	}
	return len(data), nil
}

func (p *pipe) Close() error {
	_ = p.fed.Close()
	return p.PipeReader.Close()
}
