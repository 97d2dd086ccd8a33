package session

import (
	"bytes"
	"io"
	"sync"
)

// inflowMost is how many bytes may lie between the channel and the streams.
const inflowMost = 1 << 20

// inflow is a pipe with room: the channel brings a kilobyte at a time, and
// neither side should have to wait for the other at each.
type inflow struct {
	mu     sync.Mutex
	change sync.Cond // data came, room came, or it was closed
	data   bytes.Buffer
	closed bool
}

func newInflow() *inflow {
	i := &inflow{}
	i.change.L = &i.mu
	return i
}

// Write waits for room, and takes all of it.
func (i *inflow) Write(data []byte) (int, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for i.data.Len() >= inflowMost && !i.closed {
		i.change.Wait()
	}
	if i.closed {
		return 0, io.ErrClosedPipe
	}
	_, _ = i.data.Write(data)
	i.change.Broadcast()
	return len(data), nil
}

// Read waits for data, and gives what there is.
func (i *inflow) Read(into []byte) (int, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for i.data.Len() == 0 && !i.closed {
		i.change.Wait()
	}
	n, err := i.data.Read(into) // io.EOF when it is empty, and so closed
	i.change.Broadcast()
	return n, err
}

// Close ends both sides.
func (i *inflow) Close() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.closed = true
	i.change.Broadcast()
	return nil
}
