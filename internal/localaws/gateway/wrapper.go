package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
)

// The lines with which d2ctl runs a command in a shell (internal/session/run.go).
var (
	beSilent = regexp.MustCompile(`^ stty -echo -opost; PS1=.*; printf 'd2-%s-%s\\n' ([0-9a-f]+) ready$`)
	begin    = regexp.MustCompile(`^printf 'd2-%s-%s\\n' ([0-9a-f]+) begin; \($`)
	end      = regexp.MustCompile(`^\) </dev/null; printf '\\nd2-%s-end-%s\\n' ([0-9a-f]+) \$\?$`)
)

// wrapper is a shell's answer to those lines. Of a real shell they need no more
// than this one has: printf and a list of commands.
type wrapper struct {
	prompt    string
	collects  bool
	collected []string
}

// take answers a line, and says whether it was one of them.
func (w *wrapper) take(line string, out io.Writer, answer func(line string) int) bool {
	if found := beSilent.FindStringSubmatch(line); found != nil {
		silence := exec.Command("stty", "-echo", "-opost")
		silence.Stdin = os.Stdin
		_ = silence.Run() // without a terminal there is nothing to silence
		w.prompt = ""
		fmt.Fprintf(out, "d2-%s-ready\n", found[1])
		return true
	}
	if found := begin.FindStringSubmatch(line); found != nil {
		w.collects = true
		fmt.Fprintf(out, "d2-%s-begin\n", found[1])
		return true
	}
	if !w.collects {
		return false
	}
	if found := end.FindStringSubmatch(line); found != nil {
		code := answer(strings.Join(w.collected, "\n"))
		fmt.Fprintf(out, "\nd2-%s-end-%d\n", found[1], code)
		w.collects, w.collected = false, nil
		return true
	}
	w.collected = append(w.collected, line)
	return true
}
