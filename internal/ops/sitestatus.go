package ops

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"golang.org/x/sync/errgroup"

	"github.com/d2-ride-booking/platform/config"
)

// InvalidationReader is what is asked of CloudFront about a site.
type InvalidationReader interface {
	DistributionReader
	ListInvalidations(context.Context, *cloudfront.ListInvalidationsInput, ...func(*cloudfront.Options)) (*cloudfront.ListInvalidationsOutput, error)
}

// SiteStatus is a static site with what stands in its bucket (runbook PROD 6).
type SiteStatus struct {
	Site
	// Objects in the bucket.
	Objects int `json:"objects"`
	// Bytes of them all.
	Bytes int64 `json:"bytes"`
	// Published is when the newest object was written; null for an empty bucket.
	Published *time.Time `json:"published" jsonschema:"nullable"`
	// Invalidating are the ids of the invalidations in progress.
	Invalidating []string `json:"invalidating"`
}

// ReadSiteStatus looks at one site, or at all of them for an empty name.
func ReadSiteStatus(ctx context.Context, store BucketLister, cdn InvalidationReader, env *config.Environment, name string) ([]SiteStatus, error) {
	if name != "" {
		if _, err := FindSite(env, name); err != nil {
			return nil, err
		}
	}
	sites, err := ReadSites(ctx, cdn, env)
	if err != nil {
		return nil, err
	}
	found := []SiteStatus{}
	for _, site := range sites {
		if name == "" || site.Name == name {
			found = append(found, SiteStatus{Site: site, Invalidating: []string{}})
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	for i := range found {
		group.Go(func() error { return found[i].readObjects(ctx, store, env) })
		group.Go(func() error { return found[i].readInvalidations(ctx, cdn) })
	}
	return found, group.Wait()
}

func (s *SiteStatus) readObjects(ctx context.Context, store BucketLister, env *config.Environment) error {
	objects, err := listBucket(ctx, store, env, config.Site{Name: s.Name})
	if err != nil {
		return err
	}
	s.Objects = len(objects)
	for _, object := range objects {
		s.Bytes += object.bytes
		if s.Published == nil || object.modified.After(*s.Published) {
			s.Published = &object.modified
		}
	}
	return nil
}

// readInvalidations looks at the newest hundred: CloudFront lists them newest first, and works on fewer.
func (s *SiteStatus) readInvalidations(ctx context.Context, cdn InvalidationReader) error {
	if s.Distribution == "" {
		return nil
	}
	answer, err := cdn.ListInvalidations(ctx, &cloudfront.ListInvalidationsInput{DistributionId: &s.Distribution})
	if err != nil {
		return err
	}
	for _, each := range answer.InvalidationList.Items {
		if !isCompleted(aws.ToString(each.Status)) {
			s.Invalidating = append(s.Invalidating, aws.ToString(each.Id))
		}
	}
	return nil
}
