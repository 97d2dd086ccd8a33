package session

import (
	"encoding/json"
	"time"

	"github.com/aws/session-manager-plugin/src/log"
	"github.com/aws/session-manager-plugin/src/message"
	awssession "github.com/aws/session-manager-plugin/src/sessionmanagerplugin/session"
	"golang.org/x/term"
)

const (
	// resizeLook is how often the window's size is looked at: no system but Unix tells of a change.
	resizeLook = 250 * time.Millisecond
	// plainRows and plainColumns are the window of a shell without a terminal, as the plugin's.
	plainRows, plainColumns = 100, 300
)

// shellEnd is this end of a shell: the terminal, or two pipes.
type shellEnd struct{ *ends }

// Name is the type of the session.
func (s *shellEnd) Name() string { return kindShell }

// Initialize takes over the channel. The terminal is raw from now on: each key,
// Ctrl-C too, goes to the host.
func (s *shellEnd) Initialize(logger log.T, session *awssession.Session) {
	if s.child.request.Terminal {
		state, err := term.MakeRaw(int(streams.in.Fd()))
		if err != nil {
			s.child.lost("the terminal cannot be made raw (%v)", err)
		}
		s.child.mu.Lock()
		s.child.console = state
		s.child.mu.Unlock()
	}
	s.attach(logger, session, func(frame message.ClientMessage) error {
		if kind := message.PayloadType(frame.PayloadType); kind == message.Output || kind == message.StdErr {
			_, _ = streams.out.Write(frame.Payload) // fails when the terminal is gone; the parent sees that too
		}
		return nil
	})
}

// SetSessionHandlers copies what is typed, and runs for as long as the session does.
func (s *shellEnd) SetSessionHandlers(log.T) error {
	go s.tellSize()
	s.child.tell(report{Open: true})
	typed := make([]byte, bodyMost)
	for {
		n, err := streams.in.Read(typed)
		if n > 0 {
			s.send(message.Output, typed[:n])
		}
		if err != nil {
			select {} // no more input; the far side or the parent ends the session
		}
	}
}

// tellSize tells the agent the window's size, and each change.
func (s *shellEnd) tellSize() {
	var told message.SizeData
	for ; ; time.Sleep(resizeLook) {
		now := message.SizeData{Rows: plainRows, Cols: plainColumns}
		if columns, rows, err := term.GetSize(int(streams.out.Fd())); err == nil && columns > 0 && rows > 0 {
			now = message.SizeData{Rows: uint32(rows), Cols: uint32(columns)}
		}
		if now != told {
			told = now
			text, _ := json.Marshal(now)
			s.send(message.Size, text)
		}
	}
}

// ProcessStreamMessagePayload is the plugin's way to hand on frames; ours is in Initialize.
func (s *shellEnd) ProcessStreamMessagePayload(log.T, message.ClientMessage) (bool, error) {
	return true, nil
}

// Stop is called where the plugin would end the process.
func (s *shellEnd) Stop() { s.stop() }
