package ssmtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// hangUpWithin is how long a shell may take to end after its terminal has gone.
const hangUpWithin = 2 * time.Second

// lastWordsWithin is how long the terminal is read after its shell has ended.
const lastWordsWithin = 300 * time.Millisecond

// shell is a session with a program on a terminal, whose end is the session's.
func (s *session) shell() {
	argv := s.gateway.options.Shell
	command := exec.Command(argv[0], argv[1:]...)
	command.Env = append([]string{"TERM=xterm-256color", "PATH=/usr/bin:/bin", "D2_INSTANCE=" + s.about.Target}, s.gateway.options.ShellEnv...)
	command.Dir = os.TempDir()
	terminal, err := startOnTerminal(command)
	if err != nil {
		s.close("the shell did not start: "+err.Error(), "Unable to start shell: "+err.Error())
		return
	}
	shown, exited := make(chan struct{}), make(chan string, 1)
	s.work.Go(func() { s.typeIn(terminal) })
	s.work.Go(func() { defer close(shown); s.show(terminal) })
	s.work.Go(func() { exited <- ended(command.Wait()) })
	how := ""
	select {
	case how = <-exited:
	case <-s.ended.Done():
		hangUp(command)
		how = <-exited
	}
	select {
	case <-shown:
	case <-time.After(lastWordsWithin): // what the shell left running has the terminal open
	}
	_ = terminal.Close()
	<-shown
	s.channel.allAcknowledged(drainWithin)
	s.close("the shell ended: "+how, "")
}

// startOnTerminal starts a program on a terminal of its own. The file is one
// whose Close ends a Read that waits.
func startOnTerminal(command *exec.Cmd) (*os.File, error) {
	opened, err := pty.StartWithSize(command, &pty.Winsize{Rows: 24, Cols: 80})
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	again, err := syscall.Dup(int(opened.Fd()))
	if err != nil {
		return nil, err
	}
	if err := syscall.SetNonblock(again, true); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(again), opened.Name()), nil
}

// resize tells the terminal its size. It keeps off File.Fd, after which Close would wait for Read.
func resize(terminal *os.File, size windowSize) {
	raw, err := terminal.SyscallConn()
	if err != nil {
		return // closed: the session is ending
	}
	_ = raw.Control(func(fd uintptr) {
		_ = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: size.Rows, Col: size.Cols})
	})
}

// show sends what the terminal shows, until nobody has it open.
func (s *session) show(terminal *os.File) {
	buffer := make([]byte, bodyMax)
	for {
		n, err := terminal.Read(buffer)
		if n > 0 && s.channel.send(payloadData, buffer[:n]) != nil {
			return
		}
		if err != nil {
			return
		}
	}
}

// typeIn types what the client sent, and sizes the terminal as it says.
func (s *session) typeIn(terminal *os.File) {
	for {
		f, ok := s.incoming()
		if !ok {
			return
		}
		switch f.Payload {
		case payloadData:
			_, _ = terminal.Write(f.Body) // fails once the shell has ended; the session ends then
		case payloadSize:
			var size windowSize
			if json.Unmarshal(f.Body, &size) == nil {
				resize(terminal, size)
			}
		}
	}
}

// hangUp ends the shell and what it started: it leads a session of processes of its own.
func hangUp(command *exec.Cmd) {
	_ = syscall.Kill(-command.Process.Pid, syscall.SIGHUP)
	time.AfterFunc(hangUpWithin, func() { _ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL) })
}

func ended(err error) string {
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return exit.String()
	}
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint("exit status ", 0)
}
