package ssmtest

import (
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// writeWithin is how long a client may take nothing, e.g. because it is
	// stopped, before its web socket is given up. It can resume.
	writeWithin = 10 * time.Second
	// closeWithin is how long a close frame may take.
	closeWithin = time.Second
)

// link is one web socket of a client, with the faults that lie on it.
type link struct {
	conn    *websocket.Conn
	in, out *fate
	mu      sync.Mutex // of writes
	sent    int        // data frames that went to the client
	strikes bool       // ByeAfter and CutAfter may strike
}

func newLink(conn *websocket.Conn, faults Faults, number int) *link {
	return &link{
		conn: conn, strikes: number == 1 || faults.EveryTime,
		in: newFate(faults, uint64(2*number)), out: newFate(faults, uint64(2*number+1)),
	}
}

// write sends one frame, or what the faults make of it. A write that fails
// breaks the link; what was lost is sent again over the next.
func (l *link) write(raw []byte, kind string) {
	on, wait := l.out.of(raw, kind)
	l.mu.Lock()
	defer l.mu.Unlock()
	time.Sleep(wait)
	for _, each := range on {
		_ = l.conn.SetWriteDeadline(time.Now().Add(writeWithin))
		if l.conn.WriteMessage(websocket.BinaryMessage, each) != nil {
			_ = l.conn.Close()
			return
		}
	}
	if kind == typeOutput {
		l.sent++
		l.strike()
	}
}

// strike ends the web socket where a fault says that its time has come.
func (l *link) strike() {
	faults := l.out.faults
	switch {
	case !l.strikes:
	case l.sent == faults.ByeAfter:
		l.closeWith(websocket.CloseNormalClosure, "Bye")
	case l.sent == faults.CutAfter:
		_ = l.conn.Close()
	}
}

// went is how many data frames went to the client.
func (l *link) went() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sent
}

// closeWith says why, and hangs up.
func (l *link) closeWith(code int, text string) {
	_ = l.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, text), time.Now().Add(closeWithin))
	_ = l.conn.Close()
}

// read waits for the client's next frame, and hands on what the faults make of it.
func (l *link) read(take func(raw []byte)) error {
	for {
		_, raw, err := l.conn.ReadMessage()
		if err != nil {
			return err
		}
		kind := ""
		if f, err := decode(raw); err == nil {
			kind = f.Type
		}
		on, wait := l.in.of(raw, kind)
		time.Sleep(wait)
		for _, each := range on {
			take(each)
		}
	}
}
