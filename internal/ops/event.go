package ops

import (
	"context"
	"errors"
	"time"

	"github.com/d2-ride-booking/platform/internal/awsapi"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// Event is one thing whose state was seen during long work. It is told at every
// look, changed or not: who listens knows what is new.
type Event struct {
	// Subject is whose state it is, e.g. "i-0123456789abcdef0" or "refresh".
	Subject string
	// State is what it is in, in AWS's words where it has some: "InService", "InProgress 40%".
	State string
	// Failed says that the state is a bad end.
	Failed bool
	// Passing says that it is one of very many on the way, such as a count: it is
	// worth a line that is redrawn, and no line of a log.
	Passing bool
}

// Listener is told of events, in the goroutine that does the work; it must not block.
type Listener func(Event)

// Poll looks until done is true, once at first and then each interval. The end
// of ctx ends it with ctx's error.
func Poll(ctx context.Context, interval time.Duration, look func(context.Context) (done bool, err error)) error {
	ticker := time.NewTicker(awsapi.Pause(interval))
	defer ticker.Stop()
	for {
		done, err := look(ctx)
		if done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// GoesOn turns the end of the wait, by --timeout or by Ctrl-C, into an error that
// says what goes on in AWS and how to look after it; other errors stay as they are.
func GoesOn(err error, what, look string) error {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return &fault.Error{Code: fault.TimedOut, What: what + " takes longer than this was to wait; it goes on", Try: look, Cause: err}
	case errors.Is(err, context.Canceled):
		return &fault.Error{Code: fault.Interrupted, What: "interrupted; " + what + " goes on", Try: look, Cause: err}
	}
	return err
}
