package ops

import (
	"context"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// Watch attaches to the release of a service that was begun last, by whomever
// (runbook PROD 5.4).
type Watch struct{ Rollout }

// FindRollout finds what there is to watch.
func FindRollout(ctx context.Context, api ReleaseAPI, env *config.Environment, service string) (*Watch, error) {
	rollout, err := newRollout(ctx, api, env, service)
	if err != nil {
		return nil, err
	}
	w := &Watch{*rollout}
	current := w.history.Current()
	w.Version, w.Revision = current.Version, current.Number
	if before, known := w.history.find(current.Number - 1); known {
		w.From = before.Version
	}
	if err := w.carrier.resume(ctx); err != nil {
		return nil, err
	}
	if w.Carrier = w.carrier.id(); w.Carrier == "" {
		return nil, fault.New(fault.NotFound, "begin one: "+w.command("deploy")+" ARTIFACT", "nothing of %s was rolled out yet", w.Service)
	}
	w.Outcome = Begun
	return w, nil
}

// Await sees it to its end, and calls it good when it is: who deployed it may
// have gone. It puts nothing back.
func (w *Watch) Await(ctx context.Context, tell Listener) error {
	tell(Event{Subject: "version", State: w.Version})
	err := w.end(w.roll(ctx, w.Version, w.Version, tell), w.Version)
	if w.Outcome != Broken {
		return err
	}
	return fault.New(fault.Unhealthy, "put the last good one back: "+w.command("rollback"), "%s %s is not released: %s", w.Service, w.Version, w.Cause)
}
