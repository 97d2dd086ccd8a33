package ops

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/d2-ride-booking/platform/config"
)

// settleTime is how long targets and hosts have, once a release is rolled out, to be as they should.
const settleTime = 5 * time.Minute

// ReleaseAPI is what releases ask of AWS, and of the service itself.
type ReleaseAPI struct {
	Versions  VersionStore
	Artifacts ArtifactStore
	Fleets    FleetRoller
	Targets   TargetReader
	Hosts     HostReader
	Agents    AgentReader
	Commands  HostReleaser
	Alarms    AlarmReader
	Public    PublicCheck
}

// Outcome is how a release ended.
type Outcome string

// The outcomes.
const (
	// Released is that the release runs on every host, healthy.
	Released Outcome = "released"
	// Begun is that nobody waited for its end.
	Begun Outcome = "begun"
	// Restored is that it failed, and that the last good release runs again.
	Restored Outcome = "restored"
	// Broken is that it failed, and that nothing was, or could be, put in its place.
	Broken Outcome = "broken"
)

// Rollout is one release on its way to the hosts of its service, and how that ended.
type Rollout struct {
	// Service it is of.
	Service string `json:"service"`
	// From is the version that the hosts were to run before.
	From string `json:"from"`
	// Version that is rolled out.
	Version string `json:"version"`
	// Revision of the version parameter that names it.
	Revision int64 `json:"revision"`
	// Carrier is AWS's id of what brings it: an instance refresh in PROD, a command in DEV.
	Carrier string `json:"carrier,omitempty"`
	// Outcome is released, begun, restored or broken.
	Outcome Outcome `json:"outcome"`
	// Runs is the version that runs in the end; empty when that is not known.
	Runs string `json:"runs,omitempty"`
	// Public says what the service answered from outside, or why it was not asked.
	Public string `json:"public,omitempty"`
	// Cause is why it failed.
	Cause string `json:"cause,omitempty"`

	api       ReleaseAPI
	env       *config.Environment
	service   config.Service
	parameter versionParameter
	shelf     shelf
	carrier   carrier
	history   History
}

// newRollout reads what every rollout begins with: the history, and the hosts.
func newRollout(ctx context.Context, api ReleaseAPI, env *config.Environment, serviceName string) (*Rollout, error) {
	service, err := FindService(env, serviceName)
	if err != nil {
		return nil, err
	}
	r := &Rollout{
		Service: service.Name, api: api, env: env, service: service,
		parameter: versionParameter{api.Versions, env, service.Name},
		shelf:     shelf{api.Artifacts, env, service}, carrier: newCarrier(api, env, service),
	}
	if r.history, err = r.parameter.history(ctx); err != nil {
		return nil, err
	}
	r.From = r.history.Current().Version
	return r, r.carrier.look(ctx)
}

// WatchCommand is how to see it to its end later.
func (r *Rollout) WatchCommand() string { return r.command("watch") }

// command is d2ctl with a verb for this service, for people to copy.
func (r *Rollout) command(verb string) string {
	return fmt.Sprintf("d2ctl %s -e %s %s", verb, r.env.Environment, r.Service)
}

// roll waits until the release that was begun is on the hosts, looks whether
// they are well, and calls it good. abandoned is what is good no more.
func (r *Rollout) roll(ctx context.Context, version, abandoned string, tell Listener) error {
	r.Carrier = r.carrier.id()
	if err := r.carrier.await(ctx, tell); err != nil {
		return err
	}
	if err := r.verify(ctx, version, tell); err != nil {
		return err
	}
	r.Runs = version
	if err := r.parameter.mark(ctx, r.Revision, abandoned); err != nil {
		return unfinished(err, version+" runs, but is not marked as good", "mark it: "+r.command("watch"))
	}
	return nil
}

// verify waits until every host runs the version, healthy, and asks it from outside.
func (r *Rollout) verify(ctx context.Context, version string, tell Listener) error {
	settling, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	var last error
	err := Poll(settling, rollLook, patiently(tell, func(ctx context.Context) (bool, error) {
		err := r.isWell(ctx, version)
		if isVerdict(err) {
			last = err
			tell(Event{Subject: "hosts", State: err.Error()})
			return false, nil
		}
		return err == nil, err
	}))
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) && last != nil {
		return last
	}
	if err != nil {
		return err
	}
	tell(Event{Subject: "hosts", State: "all run " + version + ", healthy"})
	return r.askPublic(ctx, tell)
}

// isWell is nil when as many hosts as are wanted are healthy targets that run the version.
func (r *Rollout) isWell(ctx context.Context, version string) error {
	instances, err := r.carrier.instances(ctx)
	if err != nil {
		return err
	}
	if r.env.EnableALB {
		targets, err := ReadTargetsOf(ctx, r.api.Targets, r.env, r.service)
		if err != nil {
			return err
		}
		for _, instance := range instances {
			if target := targetOf(targets, instance); target.State != "healthy" {
				return verdict("target %s is %s", instance, strings.TrimSuffix(cmp.Or(target.State, "not registered")+": "+target.Description, ": "))
			}
		}
	}
	answers, err := RunOnHosts(ctx, r.api.Commands, instances, config.ReleaseCommand+" status "+r.Service)
	if err != nil {
		return err
	}
	for _, answer := range answers {
		if err := r.runsThere(answer, version); err != nil {
			return err
		}
	}
	return nil
}

func (r *Rollout) runsThere(answer HostAnswer, version string) error {
	for _, running := range parseRunning(answer) {
		switch {
		case running.Service != r.Service:
		case running.Version != version:
			return verdict("%s runs %s, not %s", answer.Instance, cmp.Or(running.Version, "nothing"), version)
		case !running.Healthy:
			return verdict("%s on %s does not answer its health check", version, answer.Instance)
		default:
			return nil
		}
	}
	return fmt.Errorf("%s does not say what it runs: %s", answer.Instance, cmp.Or(answer.Err, answer.Status))
}

func (r *Rollout) askPublic(ctx context.Context, tell Listener) error {
	if !r.env.EnableALB {
		r.Public = "not asked: there is no load balancer"
		return nil
	}
	address := "https://" + r.env.FQDN(r.service.HostLabel) + r.service.HealthCheckPath
	skipped, err := r.api.Public(ctx, address)
	switch {
	case err != nil:
		r.Public = err.Error()
	case skipped != "":
		r.Public = "not asked: " + skipped
	default:
		r.Public = "200 OK"
	}
	tell(Event{Subject: address, State: r.Public, Failed: err != nil})
	return err
}

// replace puts another version in the place of what is at work. The parameter
// goes first: what boots from now on boots the right release, whatever the
// refresh that is stopped still launches.
func (r *Rollout) replace(ctx context.Context, version string, tell Listener) error {
	err := whole(ctx, func(ctx context.Context) (err error) {
		r.Revision, err = r.parameter.set(ctx, r.Revision, version)
		return err
	})
	if err != nil {
		return unfinished(err, "nothing was put back", "go on: "+r.command("rollback")+" --to "+version)
	}
	tell(Event{Subject: "version", State: version + " again"})
	stands := "the version parameter names " + version + " again, which nothing brings to the hosts yet"
	if err := r.carrier.stop(ctx); err != nil {
		return unfinished(err, stands, "go on: "+r.command("rollback")+" --to "+version)
	}
	if err := whole(ctx, r.carrier.start); err != nil {
		return unfinished(err, stands, "go on: "+r.command("rollback")+" --to "+version)
	}
	return nil
}

// end notes how a roll ended. A bad end is the cause; one that nobody could see says how to look after it.
func (r *Rollout) end(err error, version string) error {
	switch {
	case err == nil || r.Runs != "":
		r.Outcome = Released
		return err
	case isVerdict(err):
		r.Outcome, r.Cause = Broken, err.Error()
		return err
	default:
		r.Outcome = Begun
		return r.left(err, version)
	}
}

// left says of a roll that nobody can see to its end that it goes on.
func (r *Rollout) left(err error, version string) error {
	return unfinished(err, fmt.Sprintf("the release of %s %s goes on", r.Service, version),
		fmt.Sprintf("watch it: %s; take it back: %s", r.command("watch"), r.command("rollback")))
}
