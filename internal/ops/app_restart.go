package ops

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

const (
	// healthLook is how often a reloaded app is asked whether it is healthy.
	healthLook = 2 * time.Second
	// healthTime is how long it may take; PM2 has started it by then or never will.
	healthTime = time.Minute
)

// RestartKind is how an app is started again.
type RestartKind string

const (
	// Restart stops the app and starts it with fresh variables (d2-release restart).
	Restart RestartKind = "restart"
	// Reload has PM2 start it anew with the variables that it has, without a gap where the app is clustered.
	Reload RestartKind = "reload"
)

// Restarted is one app that was started again on one host (runbook DEV 5.7).
type Restarted struct {
	// Instance it runs on.
	Instance string `json:"instance"`
	// Service it is of.
	Service string `json:"service"`
	// Kind is restart or reload.
	Kind RestartKind `json:"kind"`
	// Said is the last line of what the host said.
	Said string `json:"said"`
}

// AppRestart starts a service's app again on its hosts, one after the other.
type AppRestart struct {
	Service   config.Service
	Kind      RestartKind
	Instances []string
}

// line is the fixed command for a host.
func (r *AppRestart) line() string {
	if r.Kind == Reload {
		return "pm2 reload " + r.Service.Name
	}
	return config.ReleaseCommand + " restart " + r.Service.Name
}

// Plan is what Do will do.
func (r *AppRestart) Plan(env *config.Environment) *Plan {
	plan := NewPlan(env)
	variables := "with fresh variables"
	if r.Kind == Reload {
		variables = "by PM2, with the variables that it has"
	}
	plan.Do("%s starts again %s on %s, one after the other", r.Service.Name, variables, listed(r.Instances))
	plan.Do("a host answers nobody while its app starts; the first one that does not get healthy ends it")
	for _, instance := range r.Instances {
		plan.Call("SSM.SendCommand", instance, r.line())
	}
	return plan
}

// Do starts the app again on each host once the one before is healthy. What was
// done is returned with the error.
func (r *AppRestart) Do(ctx context.Context, api HostCommander, tell Listener) ([]Restarted, error) {
	done := []Restarted{}
	for i, instance := range r.Instances {
		tell(Event{Subject: instance, State: r.line()})
		said, err := r.on(ctx, api, instance)
		if err != nil {
			tell(Event{Subject: instance, State: err.Error(), Failed: true})
			return done, r.stopped(err, r.Instances[i+1:])
		}
		tell(Event{Subject: instance, State: said})
		done = append(done, Restarted{Instance: instance, Service: r.Service.Name, Kind: r.Kind, Said: said})
	}
	return done, nil
}

// stopped adds to an error which hosts were left as they are.
func (r *AppRestart) stopped(err error, left []string) error {
	err = GoesOn(err, "the "+string(r.Kind)+" of "+r.Service.Name, "look after it: d2ctl app status "+r.Service.Name)
	if len(left) == 0 {
		return err
	}
	return &fault.Error{
		Code: fault.CodeOf(err), What: fmt.Sprintf("%v; left as they are: %s", err, listed(left)),
		Try: "see why: d2ctl app logs " + r.Service.Name, Cause: err,
	}
}

func (r *AppRestart) on(ctx context.Context, api HostCommander, instance string) (string, error) {
	answers, err := RunOnHosts(ctx, api, []string{instance}, r.line())
	if err != nil {
		return "", err
	}
	if err := answered(answers[0], r.line()); err != nil {
		return "", err
	}
	if r.Kind == Reload { // d2-release waits by itself, PM2 does not
		if err := r.awaitHealth(ctx, api, instance); err != nil {
			return "", err
		}
	}
	return cmp.Or(lastLine(answers[0].Out), "done"), nil
}

func (r *AppRestart) awaitHealth(ctx context.Context, api HostCommander, instance string) error {
	waited := time.Now()
	return Poll(ctx, healthLook, func(ctx context.Context) (bool, error) {
		states, err := ReadAppStates(ctx, api, []string{instance}, r.Service.Name)
		switch {
		case err != nil:
			return false, err
		case len(states) == 1 && states[0].Healthy:
			return true, nil
		case time.Since(waited) > healthTime:
			return false, fault.New(fault.Unhealthy, "see why: d2ctl app logs "+r.Service.Name, "%s on %s does not answer its health check after the reload", r.Service.Name, instance)
		}
		return false, nil
	})
}
