package cli

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/d2-ride-booking/platform/internal/iostreams"
	"github.com/d2-ride-booking/platform/internal/ops"
)

const (
	// redrawEvery keeps the elapsed time on a terminal moving.
	redrawEvery = time.Second
	// heartbeatEvery tells a build's log that work goes on.
	heartbeatEvery = 30 * time.Second
)

// Progress shows long work on stderr: on a live terminal as a block that is
// redrawn, elsewhere one line a change of state, and one each half minute
// without any.
type Progress struct {
	out     iostreams.Output
	title   string
	started time.Time
	ended   chan struct{}
	done    sync.WaitGroup

	mutex    sync.Mutex
	subjects []string // in the order in which they were first told of
	events   map[string]ops.Event
	drawn    int       // how many lines of the block stand on the screen
	spoke    time.Time // when a line was last printed, where nothing is redrawn
}

// Progress begins to show work of the given title. Call End when it is over.
func (a *App) Progress(title string) *Progress {
	p := &Progress{
		out: a.Streams.Err, title: title, started: time.Now(), spoke: time.Now(),
		ended: make(chan struct{}), events: map[string]ops.Event{},
	}
	p.done.Go(p.keepMoving)
	return p
}

// Tell takes an event; it is an ops.Listener.
func (p *Progress) Tell(event ops.Event) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	before, known := p.events[event.Subject]
	if known && before == event || event.Passing && !p.out.Live {
		return
	}
	if !known {
		p.subjects = append(p.subjects, event.Subject)
	}
	p.events[event.Subject] = event
	if p.out.Live {
		p.redraw()
		return
	}
	p.line("%s: %s", event.Subject, event.State)
}

// End leaves the last state on the screen.
func (p *Progress) End() {
	close(p.ended)
	p.done.Wait()
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.out.Live {
		p.redraw()
	}
}

func (p *Progress) keepMoving() {
	ticker := time.NewTicker(redrawEvery)
	defer ticker.Stop()
	for {
		select {
		case <-p.ended:
			return
		case <-ticker.C:
			p.beat()
		}
	}
}

func (p *Progress) beat() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	switch {
	case p.out.Live:
		p.redraw()
	case time.Since(p.spoke) >= heartbeatEvery:
		p.line("%s goes on, %s so far", p.title, elapsed(p.started))
	}
}

// line prints one line with the time of day.
func (p *Progress) line(format string, values ...any) {
	p.spoke = time.Now()
	fmt.Fprintf(p.out, "%s %s\n", p.spoke.Format(time.TimeOnly), fmt.Sprintf(format, values...))
}

// redraw writes the block over what stood there: up to its first line, erase to the end of the screen.
func (p *Progress) redraw() {
	var b strings.Builder
	if p.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA\x1b[J", p.drawn)
	}
	fmt.Fprintf(&b, "%s %s\n", p.out.Paint(iostreams.Strong, p.title), elapsed(p.started))
	for _, subject := range p.subjects {
		event := p.events[subject]
		mood := iostreams.Plain
		if event.Failed {
			mood = iostreams.Bad
		}
		// A line that wraps would be two, and the next redraw would leave one behind.
		line := text.Trim(fmt.Sprintf("  %s  %s", subject, event.State), p.out.Width()-1)
		b.WriteString(p.out.Paint(mood, line) + "\n")
	}
	p.drawn = len(p.subjects) + 1
	fmt.Fprint(p.out, b.String())
}

func elapsed(since time.Time) string { return time.Since(since).Round(time.Second).String() }
