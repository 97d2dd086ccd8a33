package session

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/d2-ride-booking/platform/config"
)

// link is one session of a tunnel, with the child that runs it.
type link struct {
	id      string
	process *process
	address string // of the child's port
	started time.Time
	broken  chan struct{} // closed when the session is of no use any more
	work    sync.WaitGroup

	mu      sync.Mutex
	why     string // it broke
	greeted bool   // the far side has greeted through it
	refused time.Time
	relays  map[*relay]bool
}

var (
	// errRefused is that the agent reached no server behind the port.
	errRefused = errors.New("the host cannot connect to the database")
	// errSilent is that nothing came through the session.
	errSilent = errors.New("nothing comes through the session")
)

// connect starts a session and waits until its child listens.
func (t *Tunnel) connect(ctx context.Context) (*link, error) {
	asked, err := t.options.Caller.begin(ctx, kindPort, &ssm.StartSessionInput{
		Target: aws.String(t.options.Instance), DocumentName: aws.String(config.PortForwardingDocument), Reason: aws.String("d2ctl tunnel"),
		Parameters: map[string][]string{"host": {t.options.Host}, "portNumber": {strconv.Itoa(t.options.Port)}},
	})
	if err != nil {
		return nil, err
	}
	child, err := launch(asked, nil, nil)
	if err != nil {
		t.options.Caller.terminate(ctx, asked.SessionID)
		return nil, err
	}
	l := &link{id: asked.SessionID, process: child, started: time.Now(), broken: make(chan struct{}), relays: map[*relay]bool{}}
	if err := l.awaitPort(ctx, t.times.start); err != nil {
		t.drop(ctx, l)
		return nil, err
	}
	l.work.Go(l.listen)
	return l, nil
}

// awaitPort waits for the child's port, which it has when the agent has answered.
func (l *link) awaitPort(ctx context.Context, within time.Duration) error {
	late := time.NewTimer(within)
	defer late.Stop()
	for {
		select {
		case told, more := <-l.process.reports:
			switch {
			case !more:
				return errors.New("the session's process ended at once")
			case told.Port != 0:
				l.address = net.JoinHostPort("127.0.0.1", strconv.Itoa(told.Port))
				return nil
			case told.Ended+told.Lost != "":
				return errors.New("the session ended at once: " + told.Ended + told.Lost)
			}
		case <-late.C:
			return fmt.Errorf("the gateway did not let the session begin within %s", within)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// listen notes what the child reports, and its end.
func (l *link) listen() {
	why := "its process ended"
	for told := range l.process.reports {
		switch {
		case told.Refused:
			l.mu.Lock()
			l.refused = time.Now()
			l.mu.Unlock()
		case told.Ended+told.Lost != "":
			why = told.Ended + told.Lost
		}
	}
	l.fail(why)
}

// fail says that the session is of no use any more, and cuts what went through
// it: a client that is cut can connect again, one that waits cannot.
func (l *link) fail(why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.broken:
		return
	default:
	}
	l.why = why
	close(l.broken)
	for each := range l.relays {
		each.cut()
	}
}

func (l *link) said() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.why
}

// worked says that the session was of use: the far side greeted, or it lasted.
func (l *link) worked(steady time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.greeted || time.Since(l.started) > steady
}

// greet connects to the far port and waits for the first bytes. MySQL's server
// speaks first (MySQL protocol, connection phase), so they are the proof that
// all of the way works.
func (l *link) greet(ctx context.Context, within time.Duration) (net.Conn, []byte, error) {
	began := time.Now()
	conn, err := (&net.Dialer{Timeout: within}).DialContext(ctx, "tcp", l.address)
	if err != nil {
		return nil, nil, fmt.Errorf("the session's process does not answer: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	_ = conn.SetReadDeadline(began.Add(within))
	greeting := make([]byte, 4096)
	n, err := conn.Read(greeting)
	_ = conn.SetReadDeadline(time.Time{})
	if n > 0 {
		l.mu.Lock()
		l.greeted = true
		l.mu.Unlock()
		return conn, greeting[:n], nil
	}
	_ = conn.Close()
	switch {
	case ctx.Err() != nil:
		return nil, nil, ctx.Err()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, nil, errSilent
	}
	return nil, nil, l.hungUp(began)
}

// hungUp says why a connection ended without a byte.
func (l *link) hungUp(since time.Time) error {
	select {
	case <-l.broken:
		return errSilent
	case <-time.After(50 * time.Millisecond): // the child's report may come after the end
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refused.After(since) {
		return errRefused
	}
	return fmt.Errorf("%w: it hung up without a word", errRefused)
}

// watch looks for a session that has died in silence. A relay that has sent and
// got nothing may be a long query: a second connection tells, which is greeted
// or not. The server counts each such connection that does not log in, and
// blocks a host after max_connect_errors (100) of them without a good one in
// between, so the looks get rare.
func (l *link) watch(ctx context.Context, times times) {
	wait := times.quiet
	ticker := time.NewTicker(times.look)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-l.broken:
			return
		case <-ctx.Done():
			return
		}
		quiet := l.quiet()
		if quiet == 0 {
			wait = times.quiet
		}
		if quiet < wait {
			continue
		}
		conn, _, err := l.greet(ctx, times.greeting)
		if errors.Is(err, errSilent) {
			l.fail("nothing came through it any more")
			return
		}
		if err == nil {
			_ = conn.Close()
		}
		wait = min(2*wait, times.quietMost)
	}
}

// quiet is for how long some relay has waited for an answer.
func (l *link) quiet() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	longest := time.Duration(0)
	for each := range l.relays {
		longest = max(longest, each.quiet())
	}
	return longest
}
