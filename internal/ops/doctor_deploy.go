package ops

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/awsapi"
)

const (
	// stuckAfter is how long a refresh may take: instances of 10 minutes each, two waits of 5 minutes (constructs.rollOut).
	stuckAfter = time.Hour
	// fewActivities is how many scaling activities are looked at.
	fewActivities = 20
	// lastGood selects the revision of a version parameter that was seen healthy everywhere.
	lastGood = ":" + goodLabel
)

// FleetDoctor is what doctor asks of Auto Scaling.
type FleetDoctor interface {
	FleetReader
	RefreshReader
	DescribeScalingActivities(context.Context, *autoscaling.DescribeScalingActivitiesInput, ...func(*autoscaling.Options)) (*autoscaling.DescribeScalingActivitiesOutput, error)
}

// ObjectReader is what is asked of S3 about one object.
type ObjectReader interface {
	HeadObject(context.Context, *s3.HeadObjectInput, ...func(*s3.Options)) (*s3.HeadObjectOutput, error)
}

// deploy looks why a release does not arrive (runbook PROD 13.2).
func (d *doctor) deploy() []probe {
	return d.eachService(func(service config.Service) []probe {
		probes := []probe{
			{"what the hosts say", "PROD 13.2", func(ctx context.Context) (outcome, error) { return d.lookReleaseLogs(ctx, service) }},
			{"artifact and checksum", "PROD 5.1", func(ctx context.Context) (outcome, error) { return d.lookArtifact(ctx, service) }},
		}
		if d.env.Environment == config.Prod {
			probes = append(probes,
				probe{"instance refresh", "PROD 5.4", func(ctx context.Context) (outcome, error) { return d.lookRefresh(ctx, service) }},
				probe{"scaling activities", "PROD 13.2", func(ctx context.Context) (outcome, error) { return d.lookActivities(ctx, service) }})
		}
		return append(probes, probe{"wanted and last good", "PROD 5.5", func(ctx context.Context) (outcome, error) { return d.lookGood(ctx, service) }})
	})
}

// lookReleaseLogs reads the last line of d2-release on each host, which says a cause in words.
func (d *doctor) lookReleaseLogs(ctx context.Context, service config.Service) (outcome, error) {
	if d.sleeping() {
		return skipped("DEV is stopped")
	}
	line := "tail -n 1 " + service.ReleaseLog()
	answers, err := d.onHosts(ctx, service.Name, line)
	if err != nil {
		return outcome{}, err
	}
	var said string
	for _, answer := range answers {
		if err := answered(answer, line); err != nil {
			return outcome{}, err
		}
		said = lastLine(answer.Out)
		if strings.Contains(said, "FAILED") {
			return wrong(releaseFix(said, d, service), "%s: %s", answer.Instance, said)
		}
	}
	return fine("%d of %d: %s", len(answers), len(answers), cmp.Or(said, "no release was asked for yet"))
}

// releaseFix is what to do about the cause that d2-release names (docs/application.md has them all).
func releaseFix(said string, d *doctor, service config.Service) string {
	switch {
	case strings.Contains(said, "not healthy"):
		return "see the app's own error: " + d.say("app logs", service.Name+" --stream error") + "; then release another version"
	case strings.Contains(said, "checksum"), strings.Contains(said, "artifact"), strings.Contains(said, "fetched"):
		return "build and release it again under a new version: " + d.say("deploy", service.Name+" ARTIFACT")
	case strings.Contains(said, "disk is full"):
		return "raise root_volume_gib in " + File(d.env) + " and deploy the stack"
	default:
		return "see all it did: " + d.say("app logs", service.Name+" --stream release")
	}
}

func (d *doctor) lookArtifact(ctx context.Context, service config.Service) (outcome, error) {
	version, err := d.wanted(ctx, service)
	if err != nil || version == config.Unreleased {
		return outcome{verdict: Fine, saw: "nothing was released yet"}, err
	}
	for _, key := range []string{service.ArtifactKey(version), service.ArtifactKey(version) + ".sha256"} {
		_, err := d.api.Artifacts.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String(d.env.ArtifactBucket()), Key: &key})
		if awsapi.IsNotFound(err) {
			return wrong("upload it, or go back: "+d.say("rollback", service.Name), "there is no %s in %s", key, d.env.ArtifactBucket())
		}
		if err != nil {
			return outcome{}, err
		}
	}
	return fine("%s is there with its checksum", service.ArtifactKey(version))
}

func (d *doctor) wanted(ctx context.Context, service config.Service) (string, error) {
	all, err := ReadWanted(ctx, d.api.Parameters, d.env)
	for _, each := range all {
		if each.Service == service.Name {
			return each.Version, nil
		}
	}
	return "", err
}

func (d *doctor) lookRefresh(ctx context.Context, service config.Service) (outcome, error) {
	refresh, err := ReadLastRefresh(ctx, d.api.Fleets, d.env.FleetName(service.Name))
	switch {
	case err != nil:
		return outcome{}, err
	case refresh == nil:
		return fine("none yet")
	case refresh.UnderWay() && d.now.Sub(refresh.Started) > stuckAfter:
		return wrong("cancel it and go back: "+d.say("rollback", service.Name), "%s %d%% for %s %s", refresh.Status, refresh.Percent, d.now.Sub(refresh.Started).Round(time.Minute), refresh.Reason)
	case refresh.UnderWay():
		return fine("%s %d%% %s", refresh.Status, refresh.Percent, refresh.Reason)
	case refresh.Status != string(types.InstanceRefreshStatusSuccessful):
		return wrong("go back to the last good version: "+d.say("rollback", service.Name), "the last one is %s: %s", refresh.Status, cmp.Or(refresh.Reason, "no reason given"))
	}
	return fine("the last one was Successful")
}

// lookActivities is the newest launch or termination; an older failure was made good since.
func (d *doctor) lookActivities(ctx context.Context, service config.Service) (outcome, error) {
	answer, err := d.api.Fleets.DescribeScalingActivities(ctx, &autoscaling.DescribeScalingActivitiesInput{
		AutoScalingGroupName: aws.String(d.env.FleetName(service.Name)), MaxRecords: aws.Int32(fewActivities),
	})
	if err != nil {
		return outcome{}, err
	}
	for i, activity := range answer.Activities {
		if activity.StatusCode != types.ScalingActivityStatusCodeFailed {
			continue
		}
		saw := aws.ToString(activity.Description) + ": " + cmp.Or(aws.ToString(activity.StatusMessage), aws.ToString(activity.Cause))
		if i == 0 {
			return wrong("do what the message says (capacity, quota, image or launch template), then "+d.say("status", "--watch"), "%s", saw)
		}
		return fine("the last one succeeded; before: %s", saw)
	}
	return fine("the last %d succeeded", len(answer.Activities))
}

// lookGood compares the wanted release with the last one that was seen healthy everywhere.
func (d *doctor) lookGood(ctx context.Context, service config.Service) (outcome, error) {
	version, err := d.wanted(ctx, service)
	if err != nil {
		return outcome{}, err
	}
	name := d.env.VersionParameter(service.Name) + lastGood
	answer, err := d.api.Parameters.GetParameters(ctx, &ssm.GetParametersInput{Names: []string{name}})
	if err != nil {
		return outcome{}, err
	}
	switch {
	case len(answer.Parameters) == 0:
		return fine("%s is wanted; none is marked good yet", version)
	case aws.ToString(answer.Parameters[0].Value) != version:
		good := aws.ToString(answer.Parameters[0].Value)
		return wrong("see it through, or go back: "+d.say("rollback", service.Name), "%s is wanted, but %s is the last that was good", version, good)
	}
	return fine("%s is wanted and good", version)
}
