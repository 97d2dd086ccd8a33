package ops

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// VersionStore is what releases ask of the parameter store.
type VersionStore interface {
	HistoryReader
	PutParameter(context.Context, *ssm.PutParameterInput, ...func(*ssm.Options)) (*ssm.PutParameterOutput, error)
	LabelParameterVersion(context.Context, *ssm.LabelParameterVersionInput, ...func(*ssm.Options)) (*ssm.LabelParameterVersionOutput, error)
}

// versionParameter is the version parameter of one service.
type versionParameter struct {
	api     VersionStore
	env     *config.Environment
	service string
}

func (p versionParameter) history(ctx context.Context) (History, error) {
	return ReadHistory(ctx, p.api, p.env, p.service)
}

// set names a release, after the revision that was read; the answer is the new
// revision. The store has no compare-and-set: a revision between the two is
// somebody else's, whose word is put back.
func (p versionParameter) set(ctx context.Context, after int64, version string) (int64, error) {
	revision, err := p.put(ctx, version)
	if err != nil || revision == after+1 {
		return revision, err
	}
	history, err := p.history(ctx)
	if err != nil {
		return 0, err
	}
	theirs, known := history.find(revision - 1)
	if !known || theirs.Version == version { // the same wish, or this write itself, sent twice after a lost answer
		return revision, nil
	}
	if _, err := p.put(ctx, theirs.Version); err != nil {
		return 0, unfinished(err, "it names "+version+", in the place of "+theirs.Version+" that "+theirs.By+" wrote", "put it back: "+p.rollbackTo(theirs.Version))
	}
	return 0, fault.New(fault.Failed, "see who releases what: d2ctl releases -e "+string(p.env.Environment)+" "+p.service+"; then run it again",
		"%s was changed to %s by %s at %s while this began; it names that again, and nothing was rolled out",
		p.env.VersionParameter(p.service), theirs.Version, theirs.By, theirs.At.Format(time.DateTime))
}

func (p versionParameter) put(ctx context.Context, version string) (int64, error) {
	answer, err := p.api.PutParameter(ctx, &ssm.PutParameterInput{
		Name: aws.String(p.env.VersionParameter(p.service)), Value: &version,
		Type: types.ParameterTypeString, Overwrite: aws.Bool(true),
	})
	if err != nil {
		return 0, err
	}
	return answer.Version, nil
}

// mark calls a revision good. What a rollback abandons is good no more: its
// labels move to the revision that took its place.
func (p versionParameter) mark(ctx context.Context, revision int64, abandoned string) error {
	history, err := p.history(ctx)
	if err != nil {
		return err
	}
	marked, known := history.find(revision)
	if !known || marked.Version == config.Unreleased || slices.ContainsFunc(marked.Labels, isSlot) {
		return nil
	}
	if before := history.unslotted(); before != nil && before.Number != revision && before.Version != abandoned {
		slot := history.slot()
		if err := p.label(ctx, before.Number, slot); err != nil {
			return err
		}
		before.Labels = append(before.Labels, slot)
	}
	labels := []string{goodLabel}
	if abandoned != marked.Version {
		labels = append(labels, history.slotsOf(abandoned)...)
	}
	if len(labels) == 1 {
		labels = append(labels, history.slot())
	}
	return p.label(ctx, revision, labels...)
}

func (p versionParameter) label(ctx context.Context, revision int64, labels ...string) error {
	_, err := p.api.LabelParameterVersion(ctx, &ssm.LabelParameterVersionInput{
		Name: aws.String(p.env.VersionParameter(p.service)), ParameterVersion: &revision, Labels: labels,
	})
	return err
}

func (p versionParameter) rollbackTo(version string) string {
	return "d2ctl rollback -e " + string(p.env.Environment) + " " + p.service + " --to " + version
}
