package session

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"time"

	"github.com/aws/session-manager-plugin/src/log"
	"github.com/aws/session-manager-plugin/src/message"
	awssession "github.com/aws/session-manager-plugin/src/sessionmanagerplugin/session"
	"github.com/aws/session-manager-plugin/src/version"
	"github.com/xtaci/smux"
)

// portEnd is this end of a port session: a port on loopback, of whose
// connections each is a stream of the channel.
type portEnd struct {
	*ends
	frames  *inflow
	mux     *smux.Session
	opening chan struct{} // holds one while a stream is being opened
}

// openWithin is how long what comes waits for a stream that is being opened.
const openWithin = 100 * time.Millisecond

// Name is the type of the session.
func (p *portEnd) Name() string { return kindPort }

// Initialize sets up the streams, then takes over the channel: in this order, as
// the plugin's own goes deaf when a frame comes in between.
func (p *portEnd) Initialize(logger log.T, session *awssession.Session) {
	agent := session.DataChannel.GetAgentVersion()
	if !version.DoesAgentSupportTCPMultiplexing(logger, agent) {
		p.child.lost("the agent %s is too old for several connections; update it", agent)
	}
	settings := smux.DefaultConfig()
	// Keep-alive would keep the session from ever being idle; old agents cannot do without.
	settings.KeepAliveDisabled = version.DoesAgentSupportDisableSmuxKeepAlive(logger, agent)
	p.frames, p.opening = newInflow(), make(chan struct{}, 1)
	mux, err := smux.Client(&muxConn{bufio.NewReaderSize(p.frames, 1<<16), p.frames, p.ends}, settings)
	if err != nil {
		p.child.lost("the streams cannot be set up (%v)", err)
	}
	p.mux = mux
	p.attach(logger, session, p.take)
}

// SetSessionHandlers listens, and runs for as long as the session does.
func (p *portEnd) SetSessionHandlers(log.T) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	p.child.tell(report{Port: listener.Addr().(*net.TCPAddr).Port})
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		p.opening <- struct{}{}
		stream, err := p.mux.OpenStream()
		<-p.opening
		if err != nil {
			p.child.lost("the streams broke (%v)", err)
		}
		go join(conn, stream)
	}
}

// take takes a frame of the agent.
func (p *portEnd) take(frame message.ClientMessage) error {
	switch message.PayloadType(frame.PayloadType) {
	case message.Output:
		p.letOpen()
		if _, err := p.frames.Write(frame.Payload); err != nil {
			p.child.lost("the streams broke (%v)", err)
		}
	case message.Flag:
		if len(frame.Payload) == 4 && message.PayloadTypeFlag(binary.BigEndian.Uint32(frame.Payload)) == message.ConnectToPortError {
			p.child.tell(report{Refused: true})
		}
	}
	return nil
}

// letOpen waits for a stream that is being opened: smux knows one only after it
// has asked for it, and drops what is answered before that. Not for long, as the
// asking may itself wait for acknowledgements, which come after this.
func (p *portEnd) letOpen() {
	if len(p.opening) == 0 {
		return
	}
	select {
	case p.opening <- struct{}{}:
		<-p.opening
	case <-time.After(openWithin):
	}
}

// ProcessStreamMessagePayload is the plugin's way to hand on frames; ours is take.
func (p *portEnd) ProcessStreamMessagePayload(log.T, message.ClientMessage) (bool, error) {
	return true, nil
}

// Stop is called where the plugin would end the process.
func (p *portEnd) Stop() { p.stop() }

// join copies both ways until either side ends. The streams know no half that is closed.
func join(conn net.Conn, stream *smux.Stream) {
	var work sync.WaitGroup
	end := func() {
		_ = conn.Close()
		_ = stream.Close()
	}
	work.Go(func() { defer end(); _, _ = io.Copy(stream, conn) })
	work.Go(func() { defer end(); _, _ = io.Copy(conn, stream) })
	work.Wait()
}

// muxConn is the channel as the streams see it: a connection.
type muxConn struct {
	*bufio.Reader
	frames *inflow
	ends   *ends
}

// Write sends; what has to be resent is resent by the channel.
func (m *muxConn) Write(data []byte) (int, error) {
	m.ends.send(message.Output, data)
	return len(data), nil
}

// Close ends the reading.
func (m *muxConn) Close() error { return m.frames.Close() }
