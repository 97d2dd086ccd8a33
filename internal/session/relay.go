package session

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// relay is one connection of a client, through a session.
type relay struct {
	client, far net.Conn
	sent, got   atomic.Int64 // when bytes went last, each way; in nanoseconds
}

// relay moves bytes until either side ends, or the session does.
func (l *link) relay(client, far net.Conn, greeting []byte) {
	r := &relay{client: client, far: far}
	defer r.close()
	if !l.hold(r) {
		r.cut()
		return
	}
	defer l.release(r)
	r.got.Store(time.Now().UnixNano())
	if _, err := client.Write(greeting); err != nil {
		return
	}
	var work sync.WaitGroup
	work.Go(func() { defer r.close(); r.copy(far, client, &r.sent) })
	work.Go(func() { defer r.close(); r.copy(client, far, &r.got) })
	work.Wait()
}

// copy is io.Copy that notes when bytes went. What Linux would save by splicing
// is little beside the frames of a kilobyte that the bytes become.
func (r *relay) copy(to, from net.Conn, when *atomic.Int64) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			when.Store(time.Now().UnixNano())
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// quiet is for how long nothing has come since something was sent; 0 when nothing is awaited.
func (r *relay) quiet() time.Duration {
	sent, got := r.sent.Load(), r.got.Load()
	if sent <= got {
		return 0
	}
	return time.Since(time.Unix(0, sent))
}

func (r *relay) close() {
	_ = r.client.Close()
	_ = r.far.Close()
}

// cut resets the client's connection: it must not take what it got for all there was.
func (r *relay) cut() {
	if tcp, is := r.client.(*net.TCPConn); is {
		_ = tcp.SetLinger(0)
	}
	r.close()
}

// hold has the session cut the relay when it breaks; false when it has.
func (l *link) hold(r *relay) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.broken:
		return false
	default:
	}
	l.relays[r] = true
	return true
}

func (l *link) release(r *relay) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.relays, r)
}
