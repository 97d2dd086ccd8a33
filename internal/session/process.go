package session

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

// process is a child, as its parent has it.
type process struct {
	command *exec.Cmd
	orders  io.WriteCloser
	reports chan report   // closed when the child has ended
	ended   chan struct{} // the child has ended and is waited for
	once    sync.Once
}

// launch starts a child for a session. Without streams it talks by its stdin
// and stdout; with them, by descriptors of its own.
func launch(asked request, in io.Reader, out io.Writer) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := exec.Command(self, childArgument)
	command.Stderr = os.Stderr
	if asked.Kind == kindPort {
		command.Stderr = nil
	}
	command.WaitDelay = time.Second
	theirs, orders, reports, err := talk(command, in, out)
	if err == nil {
		detach(command, asked.Terminal)
		err = command.Start()
	}
	for _, each := range theirs {
		_ = each.Close()
	}
	if err != nil {
		return nil, errors.Join(err, closeAll(orders, reports))
	}
	p := &process{command: command, orders: orders, reports: make(chan report, 16), ended: make(chan struct{})}
	go p.listen(reports)
	text, _ := json.Marshal(asked)
	_, _ = orders.Write(append(text, '\n')) // fails when the child has ended, which listen sees
	return p, nil
}

// talk makes the two pipes between parent and child, and gives the child its ends.
func talk(command *exec.Cmd, in io.Reader, out io.Writer) (theirs []*os.File, orders, reports *os.File, err error) {
	read, orders, err := os.Pipe()
	if err != nil {
		return nil, nil, nil, err
	}
	reports, write, err := os.Pipe()
	if err != nil {
		return []*os.File{read}, orders, nil, err
	}
	theirs = []*os.File{read, write}
	if in == nil && out == nil {
		command.Stdin, command.Stdout = read, write
		return theirs, orders, reports, nil
	}
	command.Stdin, command.Stdout = in, out
	return theirs, orders, reports, inherit(command, read, write)
}

func closeAll(files ...*os.File) error {
	for _, file := range files {
		if file != nil {
			_ = file.Close()
		}
	}
	return nil
}

// listen reads the reports until the child ends, and waits for it.
func (p *process) listen(from *os.File) {
	for scanner := bufio.NewScanner(from); scanner.Scan(); {
		var told report
		if json.Unmarshal(scanner.Bytes(), &told) == nil {
			p.reports <- told
		}
	}
	_ = from.Close()
	_ = p.command.Wait()
	close(p.reports)
	close(p.ended)
}

// end tells the child to end, and ends it when it does not within a time.
// A child that is stopped (a signal, a debugger) is killed as well.
func (p *process) end(within time.Duration) {
	p.once.Do(func() {
		go func() { // the pipe of a child that is stopped may be full
			_, _ = io.WriteString(p.orders, endOrder+"\n")
			_ = p.orders.Close()
		}()
		select {
		case <-p.ended:
			return
		case <-time.After(within):
		}
		_ = p.command.Process.Kill()
	})
	for range p.reports { // what it still says is of no use
	}
	<-p.ended
}
