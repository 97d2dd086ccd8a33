package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// screen tells what goes on: on a terminal by a line that is written anew,
// elsewhere by plain lines.
type screen struct {
	out      io.Writer
	terminal bool
	started  time.Time
	open     bool // whether a line is being written anew
}

func newScreen(out io.Writer) *screen {
	return &screen{out: out, terminal: isTerminal(out), started: time.Now()}
}

// isTerminal reports whether somebody watches who can see a line change.
func isTerminal(out io.Writer) bool {
	if os.Getenv("NO_COLOR") != "" || os.Getenv("CI") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	file, isFile := out.(*os.File)
	if !isFile {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// step is a line that stays.
func (s *screen) step(format string, values ...any) {
	s.clear()
	fmt.Fprintf(s.out, "%4ds  %s\n", int(time.Since(s.started).Seconds()), fmt.Sprintf(format, values...))
}

// passing is a line that the next one replaces; only a terminal shows it.
func (s *screen) passing(line string) {
	if !s.terminal {
		return
	}
	const width = 110
	if len(line) > width {
		line = line[:width-1] + "…"
	}
	s.clear()
	fmt.Fprint(s.out, "       "+line)
	s.open = true
}

// lines are printed as they are.
func (s *screen) lines(text string) {
	s.clear()
	fmt.Fprintln(s.out, strings.TrimRight(text, "\n"))
}

func (s *screen) clear() {
	if s.open {
		fmt.Fprint(s.out, "\r\x1b[K")
		s.open = false
	}
}
