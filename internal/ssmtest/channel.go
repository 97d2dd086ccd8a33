package ssmtest

import (
	"encoding/json"
	"errors"
	"sync"
	"time"
)

const (
	// window is how many data frames may be under way in one direction (AWS's agent: the same).
	window = 10000
	// resendLook is how often frames that nobody acknowledged are looked for.
	resendLook = 100 * time.Millisecond
	// resendMin and resendMax are how old they have to be, after the round trips that were seen.
	resendMin = 200 * time.Millisecond
	resendMax = time.Second
	// resendsAtOnce is how many go at one look. AWS's agent sends one, which
	// takes minutes to heal a link that loses much; tests have not got minutes.
	resendsAtOnce = 64
)

var errEnded = errors.New("the session has ended")

// channel is one end of a session's stream: in order, once each, over one web
// socket after the other. Tests use it for the client's end too.
type channel struct {
	in, out string            // the types of data frames
	moved   func(in, out int) // told of every byte that was new
	inbox   chan frame        // what came, in order; acknowledgements go on while nobody takes it
	ended   chan struct{}

	mu       sync.Mutex
	room     sync.Cond // unacked shrank, or the channel ended
	link     *link     // nil while no client is there
	paused   bool      // the client was told to be silent
	next     int64     // number of the next frame that goes out
	expected int64     // number of the next frame that comes in
	unacked  map[int64]*sentFrame
	oldest   int64 // no number below it is in unacked
	early    map[int64]frame
	trip     time.Duration // how long acknowledgements took lately
	counts   counts
}

// counts are what a channel saw.
type counts struct{ resent, doubled, duringPause int }

type sentFrame struct {
	raw   []byte
	at    time.Time
	again bool
}

func newChannel(in, out string, moved func(in, out int)) *channel {
	c := &channel{
		in: in, out: out, moved: moved, inbox: make(chan frame, window), ended: make(chan struct{}),
		unacked: map[int64]*sentFrame{}, early: map[int64]frame{},
	}
	c.room.L = &c.mu
	return c
}

// attach lets the channel speak over a link, and gives back the one before.
func (c *channel) attach(l *link) (before *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before, c.link, c.paused = c.link, l, false
	return before
}

// detach forgets a link that broke, unless another has taken its place.
func (c *channel) detach(l *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.link == l {
		c.link = nil
	}
}

// current is the link that frames go over now, nil for none.
func (c *channel) current() *link {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.link
}

// pause notes what arrives although the client was told to be silent.
func (c *channel) pause(paused bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.paused = paused
}

// send puts bytes onto the stream, and blocks while too many are under way.
func (c *channel) send(what payload, body []byte) error {
	c.mu.Lock()
	for len(c.unacked) >= window && !c.isEnded() {
		c.room.Wait()
	}
	if c.isEnded() {
		c.mu.Unlock()
		return errEnded
	}
	raw := newFrame(c.out, c.next, what, body).encode()
	c.unacked[c.next] = &sentFrame{raw: raw, at: time.Now()}
	c.next++
	link := c.link
	c.mu.Unlock()
	if what == payloadData {
		c.moved(0, len(body))
	}
	if link != nil {
		link.write(raw, c.out)
	}
	return nil
}

// say sends a frame that is neither numbered nor acknowledged.
func (c *channel) say(kind string, body []byte) {
	if link := c.current(); link != nil {
		link.write(newFrame(kind, 0, 0, body).encode(), kind)
	}
}

// take is told of every frame that the client sent.
func (c *channel) take(l *link, f frame) {
	switch f.Type {
	case typeAck:
		var ack acknowledgement
		if json.Unmarshal(f.Body, &ack) == nil {
			c.acknowledged(ack.Sequence)
		}
	case c.in:
		if c.accept(f) {
			ack := newFrame(typeAck, 0, 0, encodeJSON(acknowledgement{f.Type, idText(f.ID), f.Sequence, true}))
			ack.Flags = 3 // as AWS's own acknowledgements have it
			l.write(ack.encode(), typeAck)
		}
	}
}

func (c *channel) acknowledged(sequence int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// What went twice tells no time: nobody knows which of the two was acknowledged.
	if sent := c.unacked[sequence]; sent != nil && !sent.again {
		c.trip += (time.Since(sent.at) - c.trip) / 8
	}
	delete(c.unacked, sequence)
	for c.oldest < c.next && c.unacked[c.oldest] == nil {
		c.oldest++
	}
	c.room.Broadcast()
}

// accept takes a data frame in, and tells whether to acknowledge it: one that
// is known already yes, one for which there is no room not.
func (c *channel) accept(f frame) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.paused {
		c.counts.duringPause++
	}
	_, known := c.early[f.Sequence]
	switch {
	case known || f.Sequence < c.expected:
		c.counts.doubled++
		return true
	case len(c.early)+len(c.inbox) >= window:
		return false
	}
	c.early[f.Sequence] = f
	for next, ok := c.early[c.expected]; ok; next, ok = c.early[c.expected] {
		delete(c.early, c.expected)
		c.expected++
		c.inbox <- next // has room: see above
		if next.Payload == payloadData {
			c.moved(len(next.Body), 0)
		}
	}
	return true
}

// resend sends again what nobody acknowledged, until the channel ends.
func (c *channel) resend() {
	look := time.NewTicker(resendLook)
	defer look.Stop()
	for {
		select {
		case <-c.ended:
			return
		case now := <-look.C:
			link, overdue := c.overdue(now)
			for _, raw := range overdue {
				link.write(raw, c.out)
			}
		}
	}
}

func (c *channel) overdue(now time.Time) (*link, [][]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.link == nil {
		return nil, nil
	}
	var found [][]byte
	patience := min(max(2*c.trip, resendMin), resendMax)
	for number := c.oldest; number < c.next && len(found) < resendsAtOnce; number++ {
		if sent := c.unacked[number]; sent != nil && now.Sub(sent.at) > patience {
			found = append(found, sent.raw)
			sent.at, sent.again = now, true
			c.counts.resent++
		}
	}
	return c.link, found
}

// allAcknowledged waits until the client has everything, or for at most so long.
func (c *channel) allAcknowledged(within time.Duration) {
	timer := time.AfterFunc(within, func() { c.room.Broadcast() })
	defer timer.Stop()
	deadline := time.Now().Add(within)
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.unacked) > 0 && c.link != nil && time.Now().Before(deadline) && !c.isEnded() {
		c.room.Wait()
	}
}

// end stops all that waits on the channel. Only the session calls it, once.
func (c *channel) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.ended)
	c.room.Broadcast()
}

func (c *channel) isEnded() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

func (c *channel) seen() counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts
}
