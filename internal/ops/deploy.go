package ops

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// Deployment is a release that goes back by itself when it fails (runbook PROD 5.3).
type Deployment struct {
	Rollout
	artifact Artifact
	back     string // the version that is put back when this one fails
}

// PlanDeployment looks into the artifact, a file or a version that the bucket
// has, and refuses while another release is at work. version may be empty where
// the file's name says it.
func PlanDeployment(ctx context.Context, api ReleaseAPI, env *config.Environment, serviceName, source, version string) (*Deployment, error) {
	service, err := FindService(env, serviceName)
	if err != nil {
		return nil, err
	}
	d := &Deployment{}
	if d.artifact, err = findArtifact(ctx, shelf{api.Artifacts, env, service}, source, version); err != nil {
		return nil, err
	}
	rollout, err := newRollout(ctx, api, env, serviceName)
	if err != nil {
		return nil, err
	}
	d.Rollout = *rollout
	d.Version, d.Revision = d.artifact.Version, d.history.Current().Number
	d.back = d.From
	if !d.history.Current().Good() || d.From == d.Version {
		d.back = cmp.Or(d.history.LastGood(d.Version), d.From)
	}
	return d, d.refuseWhileAtWork(ctx)
}

func findArtifact(ctx context.Context, shelf shelf, source, version string) (Artifact, error) {
	if !isArtifactFile(source) {
		if version != "" {
			return Artifact{}, fault.New(fault.Usage, "leave --version out, or give a file", "%s is a version already", source)
		}
		if err := mustBeVersion(source); err != nil {
			return Artifact{}, err
		}
		return shelf.stored(ctx, source)
	}
	artifact, err := OpenArtifact(shelf.service, source, version)
	if err != nil {
		return artifact, err
	}
	return artifact, shelf.isTheSame(ctx, artifact)
}

func (d *Deployment) refuseWhileAtWork(ctx context.Context) error {
	work, err := d.carrier.atWork(ctx)
	if err != nil || work == "" {
		return err
	}
	current := d.history.Current()
	return fault.New(fault.Failed, fmt.Sprintf("watch it: %s; take it back: %s", d.command("watch"), d.command("rollback")),
		"another release of %s is at work: %s; %s was named by %s at %s", d.Service, work, current.Version, current.By, current.At.Format(time.DateTime))
}

// Plan is what Do and Await will do.
func (d *Deployment) Plan() *Plan {
	plan := NewPlan(d.env).Do("%s goes from %s to %s", d.Service, d.From, d.Version)
	content := fmt.Sprintf("%s, sha256 %.12s…", bytesOf(d.artifact.Size), d.artifact.SHA256)
	if d.artifact.File == "" {
		plan.Do("the artifact is in the bucket, and its checksum is right (%s)", content)
	} else {
		plan.Do("the artifact is uploaded, unless the bucket has the same already (%s)", content)
		key := "s3://" + d.env.ArtifactBucket() + "/" + d.shelf.key(d.Version)
		plan.Call("S3.PutObject", key+sumEnd, "once").Call("S3.PutObject", key, "once")
	}
	plan.Call("SSM.PutParameter", d.env.VersionParameter(d.Service), d.Version)
	d.carrier.plan(plan)
	plan.Call("SSM.LabelParameterVersion", d.env.VersionParameter(d.Service), goodLabel)
	if d.back == d.Version {
		return plan.Do("when it fails, nothing is put back: no other release is known to be good")
	}
	return plan.Do("when it fails, %s is rolled out again in the same way", d.back)
}

// Do uploads the artifact, names the version, and begins to roll it out. The
// last two belong together: Ctrl-C comes before both or after both.
func (d *Deployment) Do(ctx context.Context, tell Listener) error {
	if err := cmp.Or(d.upload(ctx, tell), ctx.Err()); err != nil {
		return unfinished(err, "nothing was released", "run it again")
	}
	return whole(ctx, func(ctx context.Context) error { return d.begin(ctx, tell) })
}

func (d *Deployment) upload(ctx context.Context, tell Listener) error {
	if d.artifact.File == "" {
		return nil
	}
	tell(Event{Subject: "artifact", State: "uploads " + bytesOf(d.artifact.Size)})
	if err := d.shelf.upload(ctx, d.artifact); err != nil {
		return err
	}
	tell(Event{Subject: "artifact", State: "is in the bucket"})
	return nil
}

func (d *Deployment) begin(ctx context.Context, tell Listener) error {
	tell(Event{Subject: "version", State: "names " + d.Version})
	revision, err := d.parameter.set(ctx, d.Revision, d.Version)
	if err != nil {
		return unfinished(err, "nothing was released", "run it again")
	}
	d.Revision = revision
	tell(Event{Subject: "version", State: d.Version})
	if err := d.carrier.start(ctx); err != nil {
		return d.takeBack(ctx, err)
	}
	d.Carrier, d.Outcome = d.carrier.id(), Begun
	return nil
}

// takeBack names again what was named: a version that nobody rolls out would
// come with the next instance that boots.
func (d *Deployment) takeBack(ctx context.Context, cause error) error {
	if _, err := d.parameter.set(ctx, d.Revision, d.From); err != nil {
		return unfinished(cause, "the version parameter names "+d.Version+", which nothing rolls out",
			"run it again, or put the old one back: "+d.command("rollback")+" --to "+d.From)
	}
	return unfinished(cause, "nothing was released, and the version parameter names "+d.From+" again", "run it again")
}

// Await sees the release to its end, good or bad. After a bad one the last good
// version runs, and the error says why.
func (d *Deployment) Await(ctx context.Context, tell Listener) error {
	err := d.end(d.roll(ctx, d.Version, d.Version, tell), d.Version)
	if d.Outcome != Broken {
		return err
	}
	return d.goBack(ctx, tell)
}

func (d *Deployment) goBack(ctx context.Context, tell Listener) error {
	failed := fmt.Sprintf("%s %s was not released: %s", d.Service, d.Version, d.Cause)
	tell(Event{Subject: "version", State: d.Version + " failed: " + d.Cause, Failed: true})
	if d.back == d.Version {
		return verdict("%s; no other release is known to be good", failed)
	}
	if err := d.mustBeOurs(ctx); err != nil {
		return after(failed, err)
	}
	if err := d.replace(ctx, d.back, tell); err != nil {
		return after(failed, err)
	}
	err := d.roll(ctx, d.back, d.Version, tell)
	switch {
	case isVerdict(err):
		return verdict("%s; and the way back to %s failed too: %v", failed, d.back, err)
	case d.Runs == "":
		return after(failed, d.left(err, d.back))
	}
	d.Outcome = Restored
	return verdict("%s; %s runs again", failed, d.back)
}

// mustBeOurs refuses to put a version in the place of one that somebody else named meanwhile.
func (d *Deployment) mustBeOurs(ctx context.Context) error {
	history, err := d.parameter.history(ctx)
	if err != nil {
		return unfinished(err, "nothing was put back", "put the last good one back: "+d.command("rollback"))
	}
	if now := history.Current(); now.Number != d.Revision {
		return verdict("nothing was put back, as %s named %s at %s", now.By, now.Version, now.At.Format(time.DateTime))
	}
	return nil
}
