package ops

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/awsapi"
)

// BucketPolicyReader is what is asked of S3 about a site's bucket.
type BucketPolicyReader interface {
	ObjectReader
	GetBucketPolicy(context.Context, *s3.GetBucketPolicyInput, ...func(*s3.Options)) (*s3.GetBucketPolicyOutput, error)
}

// indexFile is what a distribution answers at / and for every route of the app.
const indexFile = "index.html"

// site looks why people do not get a page, or an old one (runbook PROD 6).
func (d *doctor) site() []probe {
	sites := d.env.EnabledSites()
	if len(sites) == 0 {
		return []probe{{"sites", "PROD 6", func(context.Context) (outcome, error) { return skipped("no site is on in " + File(d.env)) }}}
	}
	var probes []probe
	for _, site := range sites {
		probes = append(probes,
			probe{site.Name + ": " + indexFile, "PROD 6.2", func(ctx context.Context) (outcome, error) { return d.lookIndex(ctx, site) }},
			probe{site.Name + ": distribution", "PROD 6.1", func(ctx context.Context) (outcome, error) { return d.lookDistribution(ctx, site) }},
			probe{site.Name + ": may read its bucket", "PROD 6.2", func(ctx context.Context) (outcome, error) { return d.lookBucketPolicy(ctx, site) }},
			probe{site.Name + ": the page answers", "PROD 6.3", func(ctx context.Context) (outcome, error) {
				return d.lookURL(ctx, "https://"+d.env.FQDN(site.HostLabel)+"/")
			}})
	}
	return append(probes, probe{"certificate in " + config.EdgeRegion, "PROD 1.1", func(ctx context.Context) (outcome, error) {
		return d.lookCertificates(ctx, d.api.EdgeCertificates, config.EdgeRegion)
	}})
}

// lookIndex: a browser that may keep index.html does not see the next release.
func (d *doctor) lookIndex(ctx context.Context, site config.Site) (outcome, error) {
	publish := d.say("site publish", site.Name+" DIR")
	head, err := d.api.Buckets.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String(d.env.SiteBucket(site.Name)), Key: aws.String(indexFile)})
	switch {
	case awsapi.IsNotFound(err):
		return wrong("publish it: "+publish, "there is no %s in %s", indexFile, d.env.SiteBucket(site.Name))
	case err != nil:
		return outcome{}, err
	case !strings.Contains(aws.ToString(head.CacheControl), "no-cache"):
		return wrong("publish it again: "+publish, "%s may be cached (Cache-Control: %s), so a release is seen late", indexFile, aws.ToString(head.CacheControl))
	}
	return fine("of %s, %s", aws.ToTime(head.LastModified).Format("2006-01-02 15:04"), aws.ToString(head.CacheControl))
}

func (d *doctor) lookDistribution(ctx context.Context, site config.Site) (outcome, error) {
	found, err := d.siteOf(ctx, site)
	switch {
	case err != nil:
		return outcome{}, err
	case found.Distribution == "":
		return wrong(d.redeploy(), "no distribution answers at %s", found.URL)
	case !found.Enabled:
		return wrong(d.redeploy(), "%s is disabled", found.Distribution)
	case found.Status != "Deployed":
		return wrong("wait: a change takes some minutes to spread", "%s is %s", found.Distribution, found.Status)
	}
	return fine("%s is Deployed", found.Distribution)
}

func (d *doctor) siteOf(ctx context.Context, wanted config.Site) (Site, error) {
	sites, err := ReadSites(ctx, d.api.Distributions, d.env)
	for _, site := range sites {
		if site.Name == wanted.Name {
			return site, err
		}
	}
	return Site{}, err
}

// lookBucketPolicy: without the grant to its distribution a bucket denies every file, and the page is empty.
func (d *doctor) lookBucketPolicy(ctx context.Context, site config.Site) (outcome, error) {
	found, err := d.siteOf(ctx, site)
	if err != nil {
		return outcome{}, err
	}
	policy, err := d.api.Buckets.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: aws.String(found.Bucket)})
	if err != nil {
		return outcome{}, err
	}
	text := aws.ToString(policy.Policy)
	arn := fmt.Sprintf(":distribution/%s", found.Distribution)
	if found.Distribution == "" || !strings.Contains(text, "cloudfront.amazonaws.com") || !strings.Contains(text, arn) {
		return wrong(d.redeploy(), "the policy of %s does not let the distribution read", found.Bucket)
	}
	return fine("%s lets %s read", found.Bucket, found.Distribution)
}
