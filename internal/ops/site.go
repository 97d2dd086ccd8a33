package ops

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// DistributionReader is what is asked of CloudFront.
type DistributionReader interface {
	ListDistributions(context.Context, *cloudfront.ListDistributionsInput, ...func(*cloudfront.Options)) (*cloudfront.ListDistributionsOutput, error)
}

// Site is a static site (runbook PROD 6).
type Site struct {
	// Name is the site's, e.g. web-admin.
	Name string `json:"name"`
	// URL is where people open it.
	URL string `json:"url"`
	// Bucket keeps its files.
	Bucket string `json:"bucket"`
	// Distribution is the id of its CloudFront distribution; empty when there is none.
	Distribution string `json:"distribution,omitempty"`
	// Status is CloudFront's: Deployed, or InProgress while a change spreads.
	Status string `json:"status,omitempty"`
	// Enabled is false for a distribution that answers nobody.
	Enabled bool `json:"enabled"`
	// CloudFrontDomain is what the site's DNS name points at.
	CloudFrontDomain string `json:"cloudfront_domain,omitempty"`
}

// ReadSites are the published sites, each with the distribution that answers at its name.
func ReadSites(ctx context.Context, api DistributionReader, env *config.Environment) ([]Site, error) {
	sites := []Site{}
	for _, site := range env.EnabledSites() {
		sites = append(sites, Site{Name: site.Name, URL: "https://" + env.FQDN(site.HostLabel), Bucket: env.SiteBucket(site.Name)})
	}
	if len(sites) == 0 {
		return sites, nil
	}
	pages := cloudfront.NewListDistributionsPaginator(api, &cloudfront.ListDistributionsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return sites, err
		}
		for _, distribution := range page.DistributionList.Items {
			fillSites(sites, distribution)
		}
	}
	return sites, nil
}

// fillSites notes a distribution in the site whose name it answers at.
func fillSites(sites []Site, distribution types.DistributionSummary) {
	if distribution.Aliases == nil {
		return
	}
	for i := range sites {
		site := &sites[i]
		if slices.Contains(distribution.Aliases.Items, site.URL[len("https://"):]) {
			site.Distribution, site.Status = aws.ToString(distribution.Id), aws.ToString(distribution.Status)
			site.Enabled, site.CloudFrontDomain = aws.ToBool(distribution.Enabled), aws.ToString(distribution.DomainName)
		}
	}
}

// FindSite is a published site of the environment by its name.
func FindSite(env *config.Environment, name string) (config.Site, error) {
	var names []string
	for _, site := range env.EnabledSites() {
		if site.Name == name {
			return site, nil
		}
		names = append(names, site.Name)
	}
	if len(names) == 0 {
		return config.Site{}, fault.New(fault.NotFound, "enable one in "+File(env)+" and deploy", "no site is on in %s", env.Environment)
	}
	return config.Site{}, fault.New(fault.NotFound, "name one of: "+listed(names), "there is no site %q in %s", name, env.Environment)
}
