package session

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/aws/smithy-go"

	"github.com/d2-ride-booking/platform/internal/awsapi"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// times are the tunnel's, as a struct so that tests need not wait for them.
type times struct {
	start     time.Duration // for a session, from StartSession's answer to the agent's
	greeting  time.Duration // for the server's first bytes
	opening   time.Duration // for the first session, with all attempts
	giveUp    time.Duration // for healing
	again     time.Duration // between attempts to heal: at first, then doubled
	againMost time.Duration // at most
	quiet     time.Duration // until a connection without an answer is looked at: at first, then doubled
	quietMost time.Duration // at most
	look      time.Duration // how often
	steady    time.Duration // after which a session that nobody used counts as one that worked
	end       time.Duration // for a child to end
}

// usual are a tunnel's times. PROD's failover takes a minute or two (RDS,
// Multi-AZ), which giveUp outlasts.
var usual = times{
	start: 15 * time.Second, greeting: 10 * time.Second, opening: 45 * time.Second, giveUp: 3 * time.Minute,
	again: 500 * time.Millisecond, againMost: 10 * time.Second,
	quiet: 10 * time.Second, quietMost: 5 * time.Minute, look: time.Second, steady: time.Minute, end: 2 * time.Second,
}

// TunnelOptions say where a tunnel goes.
type TunnelOptions struct {
	// Caller opens the sessions.
	Caller Caller
	// Instance is the host through which it goes.
	Instance string
	// Host and Port are the server behind it. It must be one that speaks first, as MySQL does.
	Host string
	Port int
	// Local is the port on 127.0.0.1; 0 takes a free one.
	Local int
	// Say is told in words what happens; nil tells nobody.
	Say func(string)
	// Why explains why StartSession failed, by looking at the host; nil leaves AWS's words.
	Why func(context.Context, error) error
}

// Tunnel is a way to a port behind a host of AWS, which heals: its local port
// stays, and sessions behind it are replaced.
type Tunnel struct {
	options  TunnelOptions
	times    times
	listener net.Listener
	ctx      context.Context
	stop     context.CancelFunc
	work     sync.WaitGroup // all that runs
	ended    chan struct{}

	mu      sync.Mutex
	link    *link
	changed chan struct{} // closed when link or err changes
	trouble time.Time     // since when nothing works; zero while it does
	err     error         // it ended for good
}

// Open binds the local port, starts a session, and returns once the server's
// greeting came through it. The end of ctx ends the attempt, not the tunnel.
func Open(ctx context.Context, options TunnelOptions) (*Tunnel, error) {
	return open(ctx, options, usual)
}

func open(ctx context.Context, options TunnelOptions, times times) (*Tunnel, error) {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", options.Local))
	if err != nil {
		return nil, busy(options.Local, err)
	}
	if options.Say == nil {
		options.Say = func(string) {}
	}
	t := &Tunnel{options: options, times: times, listener: listener, changed: make(chan struct{}), ended: make(chan struct{})}
	t.ctx, t.stop = context.WithCancel(context.WithoutCancel(ctx))
	first, err := t.first(ctx)
	if err != nil {
		t.stop()
		_ = listener.Close()
		t.work.Wait()
		return nil, err
	}
	t.use(first)
	t.work.Go(t.accept)
	t.work.Go(func() { t.supervise(first) })
	return t, nil
}

// busy says who has the local port, where the system tells.
func busy(port int, err error) error {
	what := fmt.Sprintf("port %d of this machine is in use", port)
	if holder := holderOf(port); holder != "" {
		what += " by " + holder
	}
	return &fault.Error{Code: fault.Usage, What: what, Try: "take another: --local PORT, or --local 0 for any that is free", Cause: err}
}

// first opens the session that proves the tunnel.
func (t *Tunnel) first(ctx context.Context) (*link, error) {
	deadline := time.Now().Add(t.times.opening)
	for {
		proven, err := t.prove(ctx)
		if err == nil {
			return proven, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		var answered smithy.APIError // AWS's word is final here; what was no answer may be better the next time
		final := errors.As(err, &answered) || errors.Is(err, errRefused)
		err = t.explain(ctx, err)
		if final || fault.CodeOf(err) != fault.Failed || time.Now().Add(t.times.again).After(deadline) {
			return nil, t.verdict(err)
		}
		t.options.Say(err.Error() + "; trying again")
		pause(ctx, t.times.again)
	}
}

// prove opens a session and sees the server's greeting.
func (t *Tunnel) prove(ctx context.Context) (*link, error) {
	l, err := t.connect(ctx)
	if err != nil {
		return nil, err
	}
	conn, _, err := l.greet(ctx, t.times.greeting)
	if err != nil {
		t.drop(ctx, l)
		return nil, err
	}
	return l, conn.Close()
}

// explain says in words why a session could not be opened.
func (t *Tunnel) explain(ctx context.Context, err error) error {
	if t.options.Why != nil {
		err = t.options.Why(ctx, err)
	}
	return awsapi.Explain(err)
}

// verdict is an error with which a tunnel ends: what is not explained yet is about the way.
func (t *Tunnel) verdict(err error) error {
	var known *fault.Error
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, errRefused):
		return &fault.Error{
			Code: fault.Unhealthy, Cause: err, What: fmt.Sprintf("%s is reached, but %s:%d does not answer there: %v", t.options.Instance, t.options.Host, t.options.Port, err),
			Try: "see whether it runs and lets the host in: d2ctl doctor database",
		}
	}
	return &fault.Error{
		Code: fault.Unhealthy, Cause: err, What: fmt.Sprintf("no session to %s works: %v", t.options.Instance, err),
		Try: "look at this machine's network (443 to ssmmessages must be open) and at the host's agent: d2ctl doctor host",
	}
}

// Addr is the local end, "127.0.0.1:PORT".
func (t *Tunnel) Addr() string { return t.listener.Addr().String() }

// Dial is a connection to the far port, by the local one.
func (t *Tunnel) Dial(ctx context.Context) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, "tcp", t.Addr())
}

// Done is closed when the tunnel has ended, for good or by Close.
func (t *Tunnel) Done() <-chan struct{} { return t.ended }

// Err is why the tunnel ended for good; nil while it runs, and after Close.
func (t *Tunnel) Err() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

// Close ends the tunnel and its session. When it returns, nothing is left: no
// process, no port, no open session.
func (t *Tunnel) Close() error {
	t.stop()
	<-t.ended
	return nil
}

// accept takes clients until the tunnel ends.
func (t *Tunnel) accept() {
	for {
		client, err := t.listener.Accept()
		if err != nil {
			return // closed by supervise
		}
		t.work.Go(func() { t.serve(client) })
	}
}

// serve relays a client once the server has greeted it. A client has got no byte
// until then, so one that comes while the tunnel heals just waits.
func (t *Tunnel) serve(client net.Conn) {
	defer client.Close()
	stop := context.AfterFunc(t.ctx, func() { _ = client.Close() })
	defer stop()
	wait := t.times.again
	for {
		l, err := t.current()
		if err != nil {
			return
		}
		far, greeting, err := l.greet(t.ctx, t.times.greeting)
		switch {
		case t.ctx.Err() != nil:
			return
		case err == nil:
			t.works()
			l.relay(client, far, greeting)
			return
		case !errors.Is(err, errRefused):
			l.fail(err.Error())
			<-l.broken
			t.awaitOther(l)
		default: // the session is well: the database restarts, or fails over
			if !t.inTrouble(err) {
				return
			}
			pause(t.ctx, wait)
			wait = min(2*wait, t.times.againMost)
		}
	}
}

// current is the session as it is now.
func (t *Tunnel) current() (*link, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.link, t.err
}

// awaitOther waits until a session was replaced.
func (t *Tunnel) awaitOther(than *link) {
	for {
		t.mu.Lock()
		now, changed, err := t.link, t.changed, t.err
		t.mu.Unlock()
		if now != than || err != nil {
			return
		}
		select {
		case <-changed:
		case <-t.ctx.Done():
			return
		}
	}
}

// use makes a session the present one.
func (t *Tunnel) use(l *link) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.link = l
	close(t.changed)
	t.changed = make(chan struct{})
	l.work.Go(func() { l.watch(t.ctx, t.times) })
}

// works notes that the way works.
func (t *Tunnel) works() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.trouble = time.Time{}
}

// inTrouble notes that it does not, and says whether to go on trying.
func (t *Tunnel) inTrouble(err error) bool {
	t.mu.Lock()
	if t.trouble.IsZero() {
		t.trouble = time.Now()
	}
	over := time.Since(t.trouble) > t.times.giveUp
	t.mu.Unlock()
	if over {
		t.giveUp(t.verdict(err))
	}
	return !over
}

// giveUp ends the tunnel for good.
func (t *Tunnel) giveUp(err error) {
	t.mu.Lock()
	if t.err == nil && t.ctx.Err() == nil {
		t.err = err
	}
	t.mu.Unlock()
	t.stop()
}

// supervise replaces sessions that broke, until the tunnel ends.
func (t *Tunnel) supervise(l *link) {
	defer t.finish()
	for {
		select {
		case <-l.broken:
		case <-t.ctx.Done():
			t.drop(t.ctx, l)
			return
		}
		t.options.Say("the session broke: " + l.said() + "; opening another")
		worked := l.worked(t.times.steady)
		t.drop(t.ctx, l)
		next, err := t.heal(worked, l.said())
		if err != nil {
			t.giveUp(err)
			return
		}
		t.options.Say("the tunnel is healed; " + t.Addr() + " stayed open")
		t.use(next)
		l = next
	}
}

// finish lets go of everything.
func (t *Tunnel) finish() {
	t.stop()
	_ = t.listener.Close()
	t.mu.Lock()
	close(t.changed)
	t.changed = make(chan struct{})
	t.mu.Unlock()
	go func() {
		t.work.Wait()
		close(t.ended)
	}()
}

// drop ends a session: its child, which tells the agent, then at AWS's side,
// as that word may get lost.
func (t *Tunnel) drop(ctx context.Context, l *link) {
	l.fail("it was ended")
	l.process.end(t.times.end)
	t.options.Caller.terminate(ctx, l.id)
	l.work.Wait()
}

// heal opens another session, at once after one that worked and later and later
// after those that did not. What waiting does not mend ends it.
func (t *Tunnel) heal(worked bool, why string) (*link, error) {
	if worked {
		t.works()
	}
	failed, wait := errors.New(why), t.times.again
	for attempt := 0; ; attempt++ {
		if attempt > 0 || !worked {
			pause(t.ctx, wait/2+rand.N(wait)) // not all tunnels of an office at once
			wait = min(2*wait, t.times.againMost)
		}
		if !t.inTrouble(failed) || t.ctx.Err() != nil {
			return nil, t.ctx.Err()
		}
		next, err := t.connect(t.ctx)
		if err == nil {
			return next, nil
		}
		failed = t.explain(t.ctx, err)
		switch fault.CodeOf(failed) {
		case fault.Credentials, fault.NotFound, fault.Usage:
			return nil, failed
		}
	}
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
