package iostreams

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// longestSecret is more than any password or token here has, in bytes.
const longestSecret = 4096

// AskSecret puts a question on Err and reads what is typed without showing it.
// When ctx ends first, the terminal gets its echo back.
func (s *Streams) AskSecret(ctx context.Context, question string) (string, error) {
	terminal, isFile := s.In.Reader.(*os.File)
	if !isFile {
		return "", errors.New("standard input is no terminal")
	}
	descriptor := int(terminal.Fd())
	before, err := term.GetState(descriptor)
	if err != nil {
		return "", err
	}
	if err := mute(descriptor); err != nil { // before the question stands: an answer may be pasted at once
		return "", err
	}
	defer fmt.Fprintln(s.Err) // in place of the Enter that was not shown
	defer func() { _ = term.Restore(descriptor, before) }()
	fmt.Fprint(s.Err, question)
	secret, err := unless(ctx, func() ([]byte, error) { return readLine(terminal) })
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if errors.Is(err, io.EOF) { // Ctrl-D is an empty answer
		err = nil
	}
	return secret, err
}

// readLine reads a line and nothing behind it, which the next question takes.
// It leaves the terminal as it is: term.ReadPassword mutes it once more, which
// may come after Ctrl-C has had the echo given back, and stay.
func readLine(from io.Reader) ([]byte, error) {
	var line []byte
	for one := make([]byte, 1); ; {
		n, err := from.Read(one)
		switch {
		case n > 0 && one[0] == '\n':
			return bytes.TrimSuffix(line, []byte("\r")), nil
		case n > 0:
			line = append(line, one[0])
		}
		if err != nil {
			return line, err
		}
	}
}

// ReadSecret reads a secret that a program hands over on In, without the end of
// its one line.
func (s *Streams) ReadSecret(ctx context.Context) (string, error) {
	text, err := unless(ctx, func() ([]byte, error) { return io.ReadAll(io.LimitReader(s.In, longestSecret)) })
	return strings.TrimRight(text, "\r\n"), err
}

// unless reads until ctx ends: nothing interrupts a read of standard input.
func unless(ctx context.Context, read func() ([]byte, error)) (string, error) {
	type outcome struct {
		text []byte
		err  error
	}
	done := make(chan outcome, 1)
	go func() {
		text, err := read()
		done <- outcome{text, err}
	}()
	select {
	case got := <-done:
		return string(got.text), got.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
