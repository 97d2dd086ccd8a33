package ops

import (
	"context"
	"fmt"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// Rollback puts an earlier release back (runbook PROD 5.5).
type Rollback struct {
	Rollout
	stops string // what is at work and will be stopped
}

// PlanRollback finds the release to go back to: the one named, or the last good
// one that is not the current. Its artifact must be there.
func PlanRollback(ctx context.Context, api ReleaseAPI, env *config.Environment, service, to string) (*Rollback, error) {
	rollout, err := newRollout(ctx, api, env, service)
	if err != nil {
		return nil, err
	}
	r := &Rollback{Rollout: *rollout}
	r.Revision = r.history.Current().Number
	if r.Version, err = r.target(to); err != nil {
		return nil, err
	}
	if err := r.mustBeThere(ctx); err != nil {
		return nil, err
	}
	r.stops, err = r.carrier.atWork(ctx)
	return r, err
}

// mustBeThere wants the artifact, which the placeholder does without.
func (r *Rollback) mustBeThere(ctx context.Context) error {
	if r.Version == config.Unreleased {
		return nil
	}
	there, err := r.shelf.has(ctx, r.Version)
	if err == nil && !there {
		return r.shelf.missing(r.Version)
	}
	return err
}

func (r *Rollback) target(to string) (string, error) {
	switch to {
	case "":
	case config.Unreleased:
		return to, nil
	default:
		return to, mustBeVersion(to)
	}
	if good := r.history.LastGood(r.From); good != "" {
		return good, nil
	}
	try := "see what was released: " + r.command("releases")
	if others := r.history.others(r.From); len(others) > 0 {
		try = fmt.Sprintf("name one: --to %s; these were named before: %s", others[0], listed(others))
	}
	return "", fault.New(fault.NotFound, try, "no release of %s but %s is known to be good", r.Service, r.From)
}

// Plan is what Do and Await will do.
func (r *Rollback) Plan() *Plan {
	plan := NewPlan(r.env).Do("%s goes back from %s to %s", r.Service, r.From, r.Version)
	plan.Call("SSM.PutParameter", r.env.VersionParameter(r.Service), r.Version)
	if r.stops != "" && r.env.Environment == config.Prod {
		plan.Do("%s; it is cancelled", r.stops).Call("AutoScaling.CancelInstanceRefresh", r.env.FleetName(r.Service), "waits until it is Cancelled")
	}
	r.carrier.plan(plan)
	return plan.Call("SSM.LabelParameterVersion", r.env.VersionParameter(r.Service), goodLabel)
}

// Do names the release, stops what is at work and waits for its end, and begins to roll back.
func (r *Rollback) Do(ctx context.Context, tell Listener) error {
	if err := r.replace(ctx, r.Version, tell); err != nil {
		return err
	}
	r.Carrier, r.Outcome = r.carrier.id(), Begun
	return nil
}

// Await sees it to its end. There is no way back from a way back.
func (r *Rollback) Await(ctx context.Context, tell Listener) error {
	err := r.end(r.roll(ctx, r.Version, r.From, tell), r.Version)
	if r.Outcome == Broken {
		return verdict("%s does not run %s: %s", r.Service, r.Version, r.Cause)
	}
	return err
}
