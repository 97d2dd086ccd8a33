package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"golang.org/x/term"

	"github.com/d2-ride-booking/platform/internal/awsapi"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// ShellOptions say where a shell is opened.
type ShellOptions struct {
	// Caller opens the session.
	Caller Caller
	// Instance is the host.
	Instance string
	// Document is the session document, which says how the shell is logged.
	Document string
	// Why explains why StartSession failed, by looking at the host; nil leaves AWS's words.
	Why func(context.Context, error) error
}

// shell is an open shell.
type shell struct {
	options ShellOptions
	id      string
	process *process
}

// Shell opens a shell on this process's terminal. It returns what the far side
// said when it ended the session, e.g. that it was idle; empty for a shell that
// ended by itself.
func Shell(ctx context.Context, o ShellOptions) (said string, err error) {
	in := int(os.Stdin.Fd())
	before, err := term.GetState(in)
	if err != nil {
		return "", fault.New(fault.Usage, "give it a command: d2ctl connect … -- COMMAND", "this is no terminal")
	}
	defer func() { _ = term.Restore(in, before) }() // the child restores too, but may have been killed
	s, err := openShell(ctx, o, os.Stdin, os.Stdout, true)
	if err != nil {
		return "", err
	}
	defer s.end(ctx)
	if err := s.await(ctx, usual.start); err != nil {
		return "", err
	}
	for {
		select {
		case told, more := <-s.process.reports:
			switch {
			case !more:
				return "", s.lost("its process ended")
			case told.Lost != "":
				return "", s.lost(told.Lost)
			case told.Ended == closed:
				return "", nil
			case told.Ended != "":
				return told.Ended, nil
			}
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// openShell starts the session and its child.
func openShell(ctx context.Context, o ShellOptions, in io.Reader, out io.Writer, terminal bool) (*shell, error) {
	asked, err := o.Caller.begin(ctx, kindShell, &ssm.StartSessionInput{
		Target: aws.String(o.Instance), DocumentName: aws.String(o.Document), Reason: aws.String("d2ctl connect"),
	})
	if err != nil {
		if o.Why != nil {
			err = o.Why(ctx, err)
		}
		return nil, awsapi.Explain(err)
	}
	asked.Terminal = terminal
	child, err := launch(asked, in, out)
	if err != nil {
		o.Caller.terminate(ctx, asked.SessionID)
		return nil, err
	}
	return &shell{o, asked.SessionID, child}, nil
}

// await waits until the agent has answered.
func (s *shell) await(ctx context.Context, within time.Duration) error {
	late := time.NewTimer(within)
	defer late.Stop()
	for {
		select {
		case told, more := <-s.process.reports:
			switch {
			case told.Open:
				return nil
			case !more, told.Ended+told.Lost != "":
				return s.lost(or(told.Ended+told.Lost, "its process ended"))
			}
		case <-late.C:
			return s.lost(fmt.Sprintf("the gateway did not let it begin within %s", within))
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// lost says that the session ended before its time.
func (s *shell) lost(why string) error {
	return &fault.Error{
		Code: fault.Unhealthy, What: "the session with " + s.options.Instance + " broke: " + why, Cause: errors.New(why),
		Try: "connect again; if it stays so, look at this machine's network and at the agent: d2ctl doctor host",
	}
}

// end ends the session, on both sides.
func (s *shell) end(ctx context.Context) {
	s.process.end(usual.end)
	s.options.Caller.terminate(ctx, s.id)
}
