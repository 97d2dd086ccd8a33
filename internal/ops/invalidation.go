package ops

import (
	"context"
	"crypto/rand"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

const (
	// invalidationEvery is how often an invalidation is looked at: it takes one to a few minutes.
	invalidationEvery = 5 * time.Second
	// mostPaths is where a publish invalidates everything instead: each path is
	// charged beyond a thousand a month, and /* is one.
	mostPaths = 30
	// everything is every path of a distribution.
	everything = "/*"
)

// Invalidator is what invalidations need of CloudFront.
type Invalidator interface {
	DistributionReader
	CreateInvalidation(context.Context, *cloudfront.CreateInvalidationInput, ...func(*cloudfront.Options)) (*cloudfront.CreateInvalidationOutput, error)
	GetInvalidation(context.Context, *cloudfront.GetInvalidationInput, ...func(*cloudfront.Options)) (*cloudfront.GetInvalidationOutput, error)
}

// Invalidation has CloudFront forget what it keeps of a site (runbook PROD 6.2).
type Invalidation struct {
	// Site whose it is.
	Site string `json:"site"`
	// Distribution that forgets.
	Distribution string `json:"distribution"`
	// Paths that are forgotten, e.g. /index.html or /*.
	Paths []string `json:"paths"`
	// ID is CloudFront's for it.
	ID string `json:"id"`
	// Status is CloudFront's, as last seen: InProgress or Completed.
	Status string `json:"status"`
}

// PlanInvalidation refuses paths that CloudFront would. No paths mean all.
func PlanInvalidation(ctx context.Context, api Invalidator, env *config.Environment, siteName string, paths []string) (*Invalidation, error) {
	for _, each := range paths {
		if star := strings.Index(each, "*"); !strings.HasPrefix(each, "/") || star >= 0 && star < len(each)-1 {
			return nil, fault.New(fault.Usage, "write it as /index.html, or /assets/* for all below", "%s is no path of a site", each)
		}
	}
	site, err := readSite(ctx, api, env, siteName)
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		paths = []string{everything}
	}
	return &Invalidation{Site: site.Name, Distribution: site.Distribution, Paths: paths}, nil
}

// readSite is a published site whose distribution is there.
func readSite(ctx context.Context, api DistributionReader, env *config.Environment, name string) (Site, error) {
	if _, err := FindSite(env, name); err != nil {
		return Site{}, err
	}
	sites, err := ReadSites(ctx, api, env)
	if err != nil {
		return Site{}, err
	}
	site := sites[slices.IndexFunc(sites, func(site Site) bool { return site.Name == name })]
	if site.Distribution == "" {
		return Site{}, fault.New(fault.NotFound, deployStack(env), "no CloudFront distribution answers at %s", site.URL)
	}
	return site, nil
}

// Plan is what Do will do.
func (i *Invalidation) Plan(env *config.Environment) *Plan {
	plan := NewPlan(env).Do("CloudFront forgets what it keeps of %s: %s", i.Site, listed(i.Paths))
	return i.addTo(plan)
}

func (i *Invalidation) addTo(plan *Plan) *Plan {
	return plan.Call("CloudFront.CreateInvalidation", i.Distribution, listed(i.Paths))
}

// Do orders the invalidation.
func (i *Invalidation) Do(ctx context.Context, api Invalidator) error {
	answer, err := api.CreateInvalidation(ctx, &cloudfront.CreateInvalidationInput{
		DistributionId: &i.Distribution,
		InvalidationBatch: &types.InvalidationBatch{
			CallerReference: aws.String("d2ctl-" + rand.Text()), // a retry of the call is the same invalidation
			Paths:           &types.Paths{Items: i.Paths, Quantity: aws.Int32(int32(len(i.Paths)))},
		},
	})
	if err != nil {
		return err
	}
	i.ID, i.Status = aws.ToString(answer.Invalidation.Id), aws.ToString(answer.Invalidation.Status)
	return nil
}

// Await waits until every edge has forgotten.
func (i *Invalidation) Await(ctx context.Context, api Invalidator, env *config.Environment, tell Listener) error {
	err := Poll(ctx, invalidationEvery, func(ctx context.Context) (bool, error) {
		answer, err := api.GetInvalidation(ctx, &cloudfront.GetInvalidationInput{DistributionId: &i.Distribution, Id: &i.ID})
		if err != nil {
			return false, err
		}
		i.Status = aws.ToString(answer.Invalidation.Status)
		tell(Event{Subject: "invalidation " + i.ID, State: i.Status})
		return isCompleted(i.Status), nil
	})
	return GoesOn(err, "the invalidation of "+i.Site, "look after it: d2ctl site status -e "+string(env.Environment)+" "+i.Site)
}

// isCompleted reads CloudFront's Completed; the local AWS writes it in capitals.
func isCompleted(status string) bool { return strings.EqualFold(status, "Completed") }

// pathsOf are what browsers ask for when they want these objects, as CloudFront
// takes them: escaped. The index page is also what is kept of /.
func pathsOf(keys []string) []string {
	if len(keys) > mostPaths {
		return []string{everything}
	}
	var paths []string
	for _, key := range keys {
		if key == indexPage {
			paths = append(paths, "/")
		}
		paths = append(paths, (&url.URL{Path: "/" + key}).EscapedPath())
	}
	return paths
}
