package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"sync/atomic"

	"golang.org/x/term"

	"github.com/d2-ride-booking/platform/internal/iostreams"
)

// Keys of a terminal in raw mode, which sends them as they are.
const (
	keyCtrlC = 3
	// endKey, eraseKey and enter make the line editor drop a line: to its end, erase all, take it.
	endKey, eraseKey, enterKey = 5, 21, '\r'
)

// console is a terminal that db shell edits lines on. It is in raw mode for the
// whole session: so Ctrl-C is a key, on every system, and no signal that would
// also reach the session's other processes.
type console struct {
	streams *iostreams.Streams
	file    *os.File
	before  *term.State
	line    *term.Terminal
	chunks  chan []byte // what is typed; closed at the end of the input
	typed   []byte      // what was typed ahead, or did not fit a read
	ctx     context.Context
	dropped atomic.Bool
	out     io.Writer
	err     io.Writer
}

// openConsole takes the terminal over. What is said from now on goes through the
// line editor, which puts it above the line that is being typed.
func openConsole(streams *iostreams.Streams) (*console, error) {
	file, isFile := streams.In.Reader.(*os.File)
	if !isFile {
		return nil, errors.New("standard input is no terminal")
	}
	before, err := term.MakeRaw(int(file.Fd()))
	if err != nil {
		return nil, err
	}
	c := &console{streams: streams, file: file, before: before, ctx: context.Background()}
	c.chunks = make(chan []byte)
	go c.listen()
	c.out, c.err = c.streams.Out.Writer, c.streams.Err.Writer
	c.line = term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{c, c.err}, "")
	c.streams.Err.Writer = c.line
	if c.streams.Out.Terminal {
		c.streams.Out.Writer = c.line
	}
	return c, nil
}

// close gives the terminal back as it was.
func (c *console) close() {
	c.streams.Out.Writer, c.streams.Err.Writer = c.out, c.err
	_ = term.Restore(int(c.file.Fd()), c.before)
}

// listen reads keys until the input ends. It is left behind when the program ends: nothing interrupts a read.
func (c *console) listen() {
	defer close(c.chunks)
	for {
		buffer := make([]byte, 1024)
		n, err := c.file.Read(buffer)
		if n > 0 {
			c.chunks <- buffer[:n]
		}
		if err != nil {
			return
		}
	}
}

// Read is where the line editor gets its keys from. Ctrl-C drops the line.
func (c *console) Read(into []byte) (int, error) {
	if len(c.typed) == 0 {
		select {
		case chunk, more := <-c.chunks:
			if !more {
				return 0, io.EOF
			}
			c.typed = chunk
		case <-c.ctx.Done():
			return 0, io.EOF
		}
	}
	if at := bytes.IndexByte(c.typed, keyCtrlC); at >= 0 {
		c.typed = append([]byte{endKey, eraseKey, enterKey}, c.typed[at+1:]...)
		c.dropped.Store(true)
	}
	n := copy(into, c.typed)
	c.typed = c.typed[n:]
	return n, nil
}

// read edits one line. dropped says that Ctrl-C ended it.
func (c *console) read(ctx context.Context, prompt string) (line string, dropped bool, err error) {
	c.ctx = ctx
	if width, height, err := term.GetSize(int(c.file.Fd())); err == nil && width > 0 { // one that does not know says 0
		_ = c.line.SetSize(width, height) // a size that it does not take is one it does without
	}
	c.line.SetPrompt(prompt)
	line, err = c.line.ReadLine()
	if errors.Is(err, term.ErrPasteIndicator) {
		err = nil
	}
	if err == nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	return line, c.dropped.Swap(false), err
}

// during runs something that Ctrl-C cancels. What else is typed meanwhile is kept for the next line.
func (c *console) during(ctx context.Context, run func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	chunks := c.chunks
	for {
		select {
		case err := <-done:
			return err
		case chunk, more := <-chunks:
			if !more {
				chunks = nil // the end is seen by the next Read
				cancel()
				continue
			}
			if at := bytes.LastIndexByte(chunk, keyCtrlC); at >= 0 {
				cancel()
				c.typed, chunk = nil, chunk[at+1:]
			}
			c.typed = append(c.typed, chunk...)
		}
	}
}
