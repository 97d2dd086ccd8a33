package session

import (
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/aws/session-manager-plugin/src/datachannel"
	"github.com/aws/session-manager-plugin/src/log"
	"github.com/aws/session-manager-plugin/src/message"
	awssession "github.com/aws/session-manager-plugin/src/sessionmanagerplugin/session"
	"github.com/aws/smithy-go"
)

const (
	// closed is how a session ends of which the far side says nothing.
	closed = "it was closed"
	// bodyMost is how many bytes of data a frame holds (facts, operations-cli 4.1).
	bodyMost = 1024
	// window is how many frames may be on their way unacknowledged. The plugin
	// has none: from 10,000 on it forgets the oldest, which is lost then.
	window = 256
	// resumeWithin is how long a channel that broke is taken up again.
	resumeWithin = 20 * time.Second
	// resumeAgain is how long a resumed channel must last to count as resumed.
	resumeAgain = 5 * time.Second
)

// streams are the process's own, which the plugin does not print to.
var streams = struct{ in, out *os.File }{os.Stdin, os.Stdout}

// ends are what our two kinds of sessions share: this end of AWS's data channel,
// and the mending of what the plugin around that channel does wrong.
type ends struct {
	child   *child
	log     log.T
	session *awssession.Session
	channel *datachannel.DataChannel
	take    func(message.ClientMessage) error // takes what came, each frame once and in order

	sending sync.Mutex     // the channel numbers frames without a lock
	number  int64          // of the frame that is sent now, or next; behind the outgoing buffer's lock
	early   map[int64]bool // frames that were acknowledged before the channel noted that it sent them
	took    int64          // the frame that was taken last
	resumed []time.Time
}

// attach takes over the channel from the plugin. It is called after the
// handshake; frames that came before are not acknowledged, and come again.
func (e *ends) attach(logger log.T, session *awssession.Session, take func(message.ClientMessage) error) {
	e.log, e.session, e.take, e.took, e.early = logger, session, take, -1, map[int64]bool{}
	e.channel = session.DataChannel.(*datachannel.DataChannel)
	e.number = e.channel.GetStreamDataSequenceNumber()
	datachannel.ProcessAcknowledgedMessageCall = e.acknowledged
	e.channel.RegisterOutputStreamHandler(e.once, true)
	e.channel.GetWsChannel().SetOnMessage(e.message)
	e.channel.GetWsChannel().SetOnError(e.broke)
	e.child.mu.Lock()
	e.child.ends = e
	e.child.mu.Unlock()
}

// message takes one frame. The plugin never acknowledges a frame twice, so that
// one whose acknowledgement got lost would come forever; we do.
func (e *ends) message(raw []byte) {
	kind, sequence := header(raw)
	switch {
	case kind == message.ChannelClosedMessage:
		var frame message.ClientMessage
		_ = frame.DeserializeClientMessage(e.log, raw)
		told, _ := frame.DeserializeChannelClosedMessage(e.log)
		e.child.exit(report{Ended: or(told.Output, closed)})
	case kind == message.OutputStreamMessage && sequence < e.channel.ExpectedSequenceNumber:
		var frame message.ClientMessage
		if frame.DeserializeClientMessage(e.log, raw) == nil {
			_ = e.channel.SendAcknowledgeMessage(e.log, frame)
		}
	default:
		_ = e.channel.OutputMessageHandler(e.log, e.stop, e.child.request.SessionID, raw)
	}
}

// header is a frame's type and number (facts, operations-cli 4.1). The plugin
// reads all of each frame, and checks its sum; once is enough.
func header(raw []byte) (kind string, sequence int64) {
	if len(raw) < 56 {
		return "", 0
	}
	return strings.TrimRight(string(raw[4:36]), " \x00"), int64(binary.BigEndian.Uint64(raw[48:]))
}

// once hands on each frame once: the plugin gives one again whose
// acknowledgement could not be written, which breaks the streams within.
func (e *ends) once(_ log.T, frame message.ClientMessage) (bool, error) {
	if frame.SequenceNumber <= e.took {
		return true, nil
	}
	e.took = frame.SequenceNumber
	return true, e.take(frame)
}

// broke resumes the channel after the web socket has ended. Frames that could
// not be sent meanwhile are sent then.
func (e *ends) broke(err error) {
	e.resumed = append(e.resumed, time.Now())
	if last := len(e.resumed) - 1; last >= 3 && e.resumed[last].Sub(e.resumed[last-3]) < resumeAgain {
		e.child.lost("the gateway closes the channel again and again (%v)", err)
	}
	wait := 100 * time.Millisecond
	for deadline := time.Now().Add(resumeWithin); ; wait = min(2*wait, 3*time.Second) {
		failed := e.resume()
		if failed == nil {
			return
		}
		var refused smithy.APIError
		if errors.As(failed, &refused) || time.Now().After(deadline) {
			e.child.lost("the channel broke and cannot be resumed (%v)", failed)
		}
		time.Sleep(wait)
	}
}

func (e *ends) resume() error {
	token, err := e.session.GetResumeSessionParams(e.log)
	if err != nil {
		return err
	}
	if token == "" {
		e.child.exit(report{Ended: "it has ended meanwhile"})
	}
	e.channel.GetWsChannel().SetChannelToken(token)
	return e.channel.Reconnect(e.log)
}

// send sends data, however long a resumption takes: the process ends when that fails.
func (e *ends) send(kind message.PayloadType, data []byte) {
	e.sending.Lock()
	defer e.sending.Unlock()
	for len(data) > 0 {
		size := min(len(data), bodyMost)
		// A lone line feed becomes a carriage return in SendInputDataMessage, which
		// is meant for keyboards: it must not be what is left of a longer piece.
		if len(data) == bodyMost+1 {
			size--
		}
		for e.unacknowledged() >= window {
			time.Sleep(time.Millisecond / 2)
		}
		for e.channel.SendInputDataMessage(e.log, kind, data[:size]) != nil {
			time.Sleep(20 * time.Millisecond) // the web socket is broken; broke mends it
		}
		e.sent()
		data = data[size:]
	}
}

// unacknowledged is how many frames are on their way.
func (e *ends) unacknowledged() int {
	buffer := &e.channel.OutgoingMessageBuffer
	buffer.Mutex.Lock()
	defer buffer.Mutex.Unlock()
	return buffer.Messages.Len()
}

// sent takes a frame off the list of those to send again when it was
// acknowledged before it got there. The plugin would send it until it is again.
func (e *ends) sent() {
	buffer := &e.channel.OutgoingMessageBuffer
	buffer.Mutex.Lock()
	defer buffer.Mutex.Unlock()
	if e.early[e.number] {
		delete(e.early, e.number)
		buffer.Messages.Remove(buffer.Messages.Back())
	}
	e.number++
}

// acknowledged takes a frame off the list, or notes it for sent.
func (e *ends) acknowledged(logger log.T, channel *datachannel.DataChannel, what message.AcknowledgeContent) error {
	buffer := &channel.OutgoingMessageBuffer
	buffer.Mutex.Lock()
	defer buffer.Mutex.Unlock()
	for each := buffer.Messages.Front(); each != nil; each = each.Next() {
		if frame := each.Value.(datachannel.StreamingMessage); frame.SequenceNumber == what.SequenceNumber {
			channel.CalculateRetransmissionTimeout(logger, frame)
			buffer.Messages.Remove(each)
			return nil
		}
	}
	if what.SequenceNumber >= e.number {
		e.early[what.SequenceNumber] = true
	}
	return nil
}

// terminate tells the agent that the session ends.
func (e *ends) terminate() {
	e.sending.Lock() // for good: nothing is sent after it
	_ = e.channel.SendFlag(e.log, message.TerminateSession)
}

// stop is the plugin's word for the end; message has seen it before.
func (e *ends) stop() { e.child.exit(report{Ended: closed}) }

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
