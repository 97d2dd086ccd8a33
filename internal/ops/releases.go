package ops

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/d2-ride-booking/platform/config"
)

// ArtifactLister is what is asked of the artifact bucket about what it has.
type ArtifactLister interface {
	ListObjectsV2(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
}

// ReleaseHistory is what a service was released, the newest first.
type ReleaseHistory struct {
	// Service it is of.
	Service string `json:"service"`
	// Releases are the writes of its version parameter, at most the last 100.
	Releases []PastRelease `json:"releases"`
	// Unused are versions in the bucket that the parameter does not name, the newest first.
	Unused []string `json:"unused"`
}

// PastRelease is one release, and what is left of it.
type PastRelease struct {
	Revision
	// Current says that the hosts are to run it now.
	Current bool `json:"current"`
	// Good says that it was seen healthy on all its hosts, and that a rollback may go there.
	Good bool `json:"good"`
	// Artifact says that the bucket has it with its checksum.
	Artifact bool `json:"artifact"`
	// Refresh is the last instance refresh that brought it (PROD); null when none is known, as Auto Scaling forgets after six weeks.
	Refresh *Refresh `json:"refresh" jsonschema:"nullable"`
}

// ReadReleases joins the history of the version parameter, the bucket and, in
// PROD, the instance refreshes.
func ReadReleases(ctx context.Context, api HistoryReader, artifacts ArtifactLister, refreshes RefreshReader, env *config.Environment, serviceName string) (*ReleaseHistory, error) {
	service, err := FindService(env, serviceName)
	if err != nil {
		return nil, err
	}
	history, err := ReadHistory(ctx, api, env, service.Name)
	if err != nil {
		return nil, err
	}
	versions, err := ReadVersions(ctx, artifacts, env, service)
	if err != nil {
		return nil, err
	}
	rolled, err := readRefreshes(ctx, refreshes, env, service.Name)
	if err != nil {
		return nil, err
	}
	return joinReleases(service.Name, history, versions, rolled), nil
}

func joinReleases(service string, history History, versions []string, rolled []*Refresh) *ReleaseHistory {
	there, named := map[string]bool{}, map[string]bool{}
	for _, version := range versions {
		there[version] = true
	}
	joined := &ReleaseHistory{Service: service, Releases: []PastRelease{}, Unused: []string{}}
	var next time.Time // when the revision was replaced; zero for the current one
	for i, revision := range history {
		named[revision.Version] = true
		joined.Releases = append(joined.Releases, PastRelease{
			Revision: revision, Current: i == 0, Good: revision.Good(),
			Artifact: there[revision.Version], Refresh: begunBetween(rolled, revision.At, next),
		})
		next = revision.At
	}
	for _, version := range versions {
		if !named[version] {
			joined.Unused = append(joined.Unused, version)
		}
	}
	return joined
}

// begunBetween is the last refresh that was begun from one moment until another; a zero end is never.
func begunBetween(newestFirst []*Refresh, from, until time.Time) *Refresh {
	for _, refresh := range newestFirst {
		if !refresh.Started.Before(from) && (until.IsZero() || refresh.Started.Before(until)) {
			return refresh
		}
	}
	return nil
}

// ReadVersions are the versions of which the bucket has artifact and checksum, the last uploaded first.
func ReadVersions(ctx context.Context, api ArtifactLister, env *config.Environment, service config.Service) ([]string, error) {
	before, end, _ := strings.Cut(service.ArtifactKey("*"), "*")
	pages := s3.NewListObjectsV2Paginator(api, &s3.ListObjectsV2Input{Bucket: aws.String(env.ArtifactBucket()), Prefix: &before})
	uploaded := map[string]time.Time{}
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, object := range page.Contents {
			uploaded[strings.TrimPrefix(aws.ToString(object.Key), before)] = aws.ToTime(object.LastModified)
		}
	}
	var versions []string
	for name := range uploaded {
		version, isArtifact := strings.CutSuffix(name, end)
		if _, summed := uploaded[name+sumEnd]; isArtifact && summed {
			versions = append(versions, version)
		}
	}
	slices.SortFunc(versions, func(a, b string) int {
		return cmp.Or(uploaded[b+end].Compare(uploaded[a+end]), strings.Compare(b, a))
	})
	return versions, nil
}

// readRefreshes are the instance refreshes that Auto Scaling remembers, the newest first; none in DEV.
func readRefreshes(ctx context.Context, api RefreshReader, env *config.Environment, service string) ([]*Refresh, error) {
	if env.Environment == config.Dev {
		return nil, nil
	}
	pages := autoscaling.NewDescribeInstanceRefreshesPaginator(api, &autoscaling.DescribeInstanceRefreshesInput{AutoScalingGroupName: aws.String(env.FleetName(service))})
	var refreshes []*Refresh
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, each := range page.InstanceRefreshes {
			refreshes = append(refreshes, refreshFrom(each))
		}
	}
	return refreshes, nil
}
