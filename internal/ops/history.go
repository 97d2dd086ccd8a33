package ops

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/awsapi"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// Labels of a version parameter's revisions. A label sits on one revision at a
// time, so "good" alone, which the release workflow uses too, would say of the
// newest good release only that it is one. The slots keep the ones before it.
// They are few (a revision takes ten labels), and move on: the store keeps 100 revisions and refuses
// a new one when the oldest of them is labelled.
const (
	goodLabel = "good"
	goodSlots = 9
)

// HistoryReader is what is asked of the parameter store about earlier releases.
type HistoryReader interface {
	GetParameterHistory(context.Context, *ssm.GetParameterHistoryInput, ...func(*ssm.Options)) (*ssm.GetParameterHistoryOutput, error)
}

// Revision is one write of a version parameter (runbook PROD 5.5).
type Revision struct {
	// Number is the parameter's own version, one more at each write.
	Number int64 `json:"revision"`
	// Version is the release that it names.
	Version string `json:"version"`
	// By is the ARN of who wrote it.
	By string `json:"by"`
	// At is when.
	At time.Time `json:"at"`
	// Labels are the parameter store's; good and good-0 to good-8 are d2ctl's.
	Labels []string `json:"labels,omitempty"`
}

// Good says that the release was seen healthy on all its hosts.
func (r Revision) Good() bool { return slices.ContainsFunc(r.Labels, isGood) }

func isGood(label string) bool { return label == goodLabel || isSlot(label) }

func isSlot(label string) bool { return strings.HasPrefix(label, goodLabel+"-") }

// History is what a version parameter has named, the newest first; never empty.
type History []Revision

// ReadHistory is the history of a service's version parameter: the last 100 writes.
func ReadHistory(ctx context.Context, api HistoryReader, env *config.Environment, service string) (History, error) {
	name := env.VersionParameter(service)
	pages := ssm.NewGetParameterHistoryPaginator(api, &ssm.GetParameterHistoryInput{Name: &name})
	var history History
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if awsapi.IsNotFound(err) {
			return nil, noParameter(env, name)
		}
		if err != nil {
			return nil, err
		}
		for _, each := range page.Parameters {
			history = append(history, Revision{
				Number: each.Version, Version: aws.ToString(each.Value), By: aws.ToString(each.LastModifiedUser),
				At: aws.ToTime(each.LastModifiedDate), Labels: each.Labels,
			})
		}
	}
	if len(history) == 0 {
		return nil, noParameter(env, name)
	}
	slices.SortFunc(history, func(a, b Revision) int { return int(b.Number - a.Number) })
	return history, nil
}

func noParameter(env *config.Environment, name string) error {
	return fault.New(fault.NotFound, "deploy the stack: make deploy ENV="+string(env.Environment), "there is no parameter %s", name)
}

// Current is the newest write: what the hosts are to run.
func (h History) Current() Revision { return h[0] }

// LastGood is the newest release that was good and is not the one given; empty when none is known.
func (h History) LastGood(but string) string {
	for _, revision := range h {
		if revision.Good() && revision.Version != but {
			return revision.Version
		}
	}
	return ""
}

// Earlier are the releases that a rollback may go to, the good ones first.
func (h History) Earlier() []string {
	var good, rest []string
	for _, version := range h.others(h.Current().Version) {
		if slices.ContainsFunc(h, func(r Revision) bool { return r.Version == version && r.Good() }) {
			good = append(good, version)
		} else {
			rest = append(rest, version)
		}
	}
	return append(good, rest...)
}

// others are the releases that were named and are not the one given, the newest first.
func (h History) others(but string) []string {
	var others []string
	for _, revision := range h {
		if revision.Version != but && revision.Version != config.Unreleased && !slices.Contains(others, revision.Version) {
			others = append(others, revision.Version)
		}
	}
	return others
}

// slot is a free slot, or the one of the oldest good revision.
func (h History) slot() string {
	holders := map[string]int64{}
	for _, revision := range h {
		for _, label := range revision.Labels {
			holders[label] = revision.Number
		}
	}
	oldest := ""
	for i := range goodSlots {
		slot := fmt.Sprintf("%s-%d", goodLabel, i)
		holder, held := holders[slot]
		if !held {
			return slot
		}
		if oldest == "" || holder < holders[oldest] {
			oldest = slot
		}
	}
	return oldest
}

// slotsOf are the slots that a release holds.
func (h History) slotsOf(version string) []string {
	var slots []string
	for _, revision := range h {
		for _, label := range revision.Labels {
			if revision.Version == version && isSlot(label) {
				slots = append(slots, label)
			}
		}
	}
	return slots
}

// unslotted is the revision that the release workflow called good, and that would
// be forgotten when the label moves on; nil when there is none.
func (h History) unslotted() *Revision {
	i := slices.IndexFunc(h, func(r Revision) bool { return slices.Contains(r.Labels, goodLabel) })
	if i < 0 || slices.ContainsFunc(h[i].Labels, isSlot) {
		return nil
	}
	return &h[i]
}

// find is the revision of a number; ok is false when the store has forgotten it.
func (h History) find(number int64) (revision Revision, ok bool) {
	i := slices.IndexFunc(h, func(r Revision) bool { return r.Number == number })
	if i < 0 {
		return Revision{}, false
	}
	return h[i], true
}
