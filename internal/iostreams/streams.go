// Package iostreams is where d2ctl reads and writes: which of its streams are
// terminals, how wide they are, and whether they take colour. Data goes to Out,
// talk (questions, progress, errors) to Err, so that a pipe carries data alone.
package iostreams

import (
	"bytes"
	"io"
	"os"

	"golang.org/x/term"
)

// defaultWidth is assumed where a terminal does not say, in columns.
const defaultWidth = 80

// Streams are the three streams of a program.
type Streams struct {
	In  Input
	Out Output // data
	Err Output // talk
}

// Input is where answers come from.
type Input struct {
	io.Reader
	// Terminal says that a person types there.
	Terminal bool
}

// Output is a stream that is written to.
type Output struct {
	io.Writer
	// Terminal says that a person reads it, so tables may have rules and be cut to Width.
	Terminal bool
	// Live says that what was written can be written over: a terminal that is neither dumb nor a build's log.
	Live bool
	// Colour says that it takes ANSI colours.
	Colour bool
	// Size is the width in columns; it is asked anew at each call, as windows are resized.
	Size func() int
}

// Width is how many columns there are.
func (o Output) Width() int {
	if o.Size == nil {
		return defaultWidth
	}
	return o.Size()
}

// System are the streams of this process, as the environment says:
// NO_COLOR and CLICOLOR_FORCE (no-color.org, bixense.com/clicolors), TERM=dumb and CI.
func System() *Streams {
	return &Streams{
		In:  Input{Reader: os.Stdin, Terminal: term.IsTerminal(int(os.Stdin.Fd()))},
		Out: output(os.Stdout, os.Getenv),
		Err: output(os.Stderr, os.Getenv),
	}
}

func output(file *os.File, getenv func(string) string) Output {
	terminal := term.IsTerminal(int(file.Fd())) && understandsANSI(file)
	out := capabilities(terminal, getenv)
	out.Writer = file
	out.Size = func() int {
		if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
			return width
		}
		return defaultWidth
	}
	return out
}

// capabilities are what a stream can do, given whether it is a terminal.
func capabilities(terminal bool, getenv func(string) string) Output {
	dumb := getenv("TERM") == "dumb"
	out := Output{Terminal: terminal, Live: terminal && !dumb && getenv("CI") == ""}
	switch {
	case getenv("NO_COLOR") != "":
	case getenv("CLICOLOR_FORCE") != "" && getenv("CLICOLOR_FORCE") != "0":
		out.Colour = true
	default:
		out.Colour = terminal && !dumb && getenv("CLICOLOR") != "0"
	}
	return out
}

// CanAsk says whether a question reaches a person and an answer comes back.
func (s *Streams) CanAsk() bool { return s.In.Terminal && s.Err.Terminal }

// Monochrome takes the colour from all streams (--no-color).
func (s *Streams) Monochrome() {
	s.Out.Colour, s.Err.Colour = false, false
}

// Recorded are streams for a test: what stands on In is read, and what is
// written is found in the two buffers. No stream is a terminal.
func Recorded(in string) (streams *Streams, out, err *bytes.Buffer) {
	out, err = &bytes.Buffer{}, &bytes.Buffer{}
	return &Streams{
		In:  Input{Reader: bytes.NewBufferString(in)},
		Out: Output{Writer: out},
		Err: Output{Writer: err},
	}, out, err
}

// AsTerminal is a stream that behaves like a terminal of the given width, for a test.
func AsTerminal(w io.Writer, width int, colour bool) Output {
	return Output{Writer: w, Terminal: true, Live: true, Colour: colour, Size: func() int { return width }}
}
