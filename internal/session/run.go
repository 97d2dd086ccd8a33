package session

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/d2-ride-booking/platform/internal/fault"
)

// longest is how long a line of a command may be: a terminal takes 4,096 bytes
// at once (termios, canonical mode).
const longest = 3500

// Run runs one command in a shell that is logged like any other, and returns
// its exit code. What it writes, to stdout and stderr alike as a terminal has
// only one, goes to out as it comes. It has no input.
//
// The shell is told to be silent, then the command stands between two marks, by
// which its output is found (as Ansible's connection for Session Manager does).
func Run(ctx context.Context, o ShellOptions, command string, out io.Writer) (code int, err error) {
	for line := range strings.Lines(command) {
		if len(line) > longest {
			return 0, fault.New(fault.Usage, "copy it to the host as a script, then run that", "a line of the command has %d bytes; a terminal takes %d", len(line), longest)
		}
	}
	streams, err := newStreams()
	if err != nil {
		return 0, err
	}
	defer streams.close()
	s, err := openShell(ctx, o, streams.theirIn, streams.theirOut, false)
	if err != nil {
		return 0, err
	}
	streams.started()
	defer s.end(ctx)
	stop := context.AfterFunc(ctx, streams.close)
	defer stop()
	if err := s.await(ctx, usual.start); err != nil {
		return 0, err
	}
	code, err = newDialogue(streams).run(command, out, usual.start)
	switch {
	case ctx.Err() != nil:
		return 0, ctx.Err()
	case err != nil:
		return 0, s.lost(s.lastWords(err))
	}
	return code, nil
}

// lastWords is what the child said of the end, or else the error that was seen of it.
func (s *shell) lastWords(err error) string {
	late := time.After(time.Second)
	for {
		select {
		case told, more := <-s.process.reports:
			if !more {
				return err.Error()
			}
			if told.Ended+told.Lost != "" {
				return told.Ended + told.Lost
			}
		case <-late:
			return err.Error()
		}
	}
}

// pipes are the streams of a shell without a terminal, both ends.
type pipes struct{ in, out, theirIn, theirOut *os.File }

func newStreams() (*pipes, error) {
	p := &pipes{}
	var err error
	if p.theirIn, p.in, err = os.Pipe(); err != nil {
		return nil, err
	}
	if p.out, p.theirOut, err = os.Pipe(); err != nil {
		_ = closeAll(p.theirIn, p.in)
		return nil, err
	}
	return p, nil
}

// started closes the child's ends, which it has now.
func (p *pipes) started() { _ = closeAll(p.theirIn, p.theirOut) }

func (p *pipes) close() { _ = closeAll(p.in, p.out, p.theirIn, p.theirOut) }

// dialogue is a command's way through a shell.
type dialogue struct {
	*pipes
	id   string
	seen []byte // read and not yet used
}

func newDialogue(p *pipes) *dialogue {
	raw := make([]byte, 8)
	_, _ = rand.Read(raw) // never fails (crypto/rand)
	return &dialogue{pipes: p, id: hex.EncodeToString(raw)}
}

// run has the shell be silent, then has it run the command. A mark as the
// shell echoes it is in two words, so only what is printed has it in one. The
// local AWS's shell knows these lines too (internal/localaws/gateway/shell.go).
func (d *dialogue) run(command string, out io.Writer, within time.Duration) (int, error) {
	// No echo, and line feeds as they are; the leading space keeps it out of the shell's history.
	if err := d.types(" stty -echo -opost; PS1=; PS2=; HISTFILE=; printf 'd2-%%s-%%s\\n' %s ready\n", d.id); err != nil {
		return 0, err
	}
	_ = d.out.SetReadDeadline(time.Now().Add(within))
	if err := d.until([]byte("d2-"+d.id+"-ready\n"), io.Discard); err != nil {
		return 0, fmt.Errorf("the shell did not answer: %w", err)
	}
	_ = d.out.SetReadDeadline(time.Time{})
	// In a shell of its own, so that its exit does not take the second mark with it.
	// And none after that: what a terminal still holds when its shell ends can get lost.
	if err := d.types("printf 'd2-%%s-%%s\\n' %s begin; (\n%s\n) </dev/null; printf '\\nd2-%%s-end-%%s\\n' %s $?\n", d.id, command, d.id); err != nil {
		return 0, err
	}
	if err := d.until([]byte("d2-"+d.id+"-begin\n"), io.Discard); err != nil {
		return 0, err
	}
	if err := d.until([]byte("\nd2-"+d.id+"-end-"), out); err != nil {
		return 0, err
	}
	var digits bytes.Buffer
	if err := d.until([]byte("\n"), &digits); err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(digits.String()))
}

func (d *dialogue) types(format string, values ...any) error {
	_, err := fmt.Fprintf(d.in, format, values...)
	return err
}

// until copies what is read up to a mark, at once but for what may be the mark's beginning.
func (d *dialogue) until(mark []byte, to io.Writer) error {
	buffer := make([]byte, 32<<10)
	for {
		if at := bytes.Index(d.seen, mark); at >= 0 {
			_, err := to.Write(d.seen[:at])
			d.seen = append([]byte{}, d.seen[at+len(mark):]...)
			return err
		}
		sure := len(d.seen) - begins(d.seen, mark)
		if _, err := to.Write(d.seen[:sure]); err != nil {
			return err
		}
		d.seen = d.seen[sure:]
		n, err := d.out.Read(buffer)
		d.seen = append(d.seen, buffer[:n]...)
		if err != nil && !bytes.Contains(d.seen, mark) {
			return err
		}
	}
}

// begins is how many bytes at the end of a text may be the beginning of a mark.
func begins(text, mark []byte) int {
	for size := min(len(mark)-1, len(text)); size > 0; size-- {
		if bytes.HasSuffix(text, mark[:size]) {
			return size
		}
	}
	return 0
}

// plain are words that mean the same to a shell and to everybody else.
var plain = regexp.MustCompile(`^[A-Za-z0-9@%+=:,./_-]+$`)

// Line makes a line for a shell of what was typed after --: one word is a line
// already, several are quoted, so that each stays one.
func Line(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = word
		if !plain.MatchString(word) {
			quoted[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}
