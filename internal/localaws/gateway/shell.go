package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/term"

	"github.com/d2-ride-booking/platform/internal/localaws"
)

const (
	// awsVariable and instanceVariable tell the shell where it is.
	awsVariable      = "D2_AWS"
	instanceVariable = "D2_INSTANCE"
	prompt           = "sh-5.2$ "
	// interrupted is the exit code of a command that Ctrl-C ended.
	interrupted = 130
)

// said is what a host answers to a line.
type said struct {
	Code       int
	Out, Error string
}

// shell reads lines and has the local AWS answer them from its model of the
// host: no line of a session runs on this machine but those few that Run
// Command runs too. It is a program on a terminal, so that echo, editing,
// window size and Ctrl-C are the terminal's own. Its answer is the exit code.
func shell(aws, instance string, in io.Reader, out io.Writer) int {
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, syscall.SIGINT)
	lines := make(chan string)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(in); scanner.Scan(); {
			lines <- scanner.Text()
		}
	}()
	code := 0
	wrapped := wrapper{prompt: prompt}
	for {
		fmt.Fprint(out, wrapped.prompt)
		select {
		case <-interrupts:
			fmt.Fprintln(out)
			code = interrupted
		case line, more := <-lines:
			if wrapped.take(line, out, func(line string) int { return answer(aws, instance, line, out, interrupts) }) {
				continue
			}
			words := strings.Fields(strings.ReplaceAll(line, "$?", strconv.Itoa(code)))
			switch {
			case !more:
				return code
			case len(words) == 0:
			case words[0] == "exit" || words[0] == "logout":
				return exitCode(words[1:], code)
			case strings.Join(words, " ") == "stty size":
				code = size(out)
			default:
				code = answer(aws, instance, strings.Join(words, " "), out, interrupts)
			}
		}
	}
}

// answer has a line answered, until it is or Ctrl-C comes.
func answer(aws, instance, line string, out io.Writer, interrupts <-chan os.Signal) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-interrupts:
			cancel()
		case <-ctx.Done():
		}
	}()
	var told said
	err := localaws.Ask(ctx, http.MethodPost, aws+"/_d2/shell", map[string]string{"instance": instance, "line": line}, &told)
	switch {
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(out)
		return interrupted
	case err != nil:
		fmt.Fprintln(out, err)
		return 1
	}
	fmt.Fprint(out, told.Out, told.Error)
	return told.Code
}

// exitCode is that of exit: the one given, or that of the last command.
func exitCode(given []string, last int) int {
	if len(given) > 0 {
		if code, err := strconv.Atoi(given[0]); err == nil {
			return code & 0xff
		}
	}
	return last
}

// size prints the terminal's size as stty does.
func size(out io.Writer) int {
	columns, rows, err := term.GetSize(int(os.Stdin.Fd()))
	if err != nil {
		fmt.Fprintln(out, "stty:", err)
		return 1
	}
	fmt.Fprintln(out, rows, columns)
	return 0
}
