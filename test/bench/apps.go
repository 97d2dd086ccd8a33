package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	s3 "github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/stacks"
)

// The apps that are timed. Each is a process of this same binary, so that they
// differ by what they synthesize and by nothing else.
const (
	appBucket   = "bucket"   // one stack with one bucket: what CDK and jsii cost by themselves
	appShipped  = "shipped"  // both environments as shipped
	appServices = "services" // services=16: PROD with so many services
	appSites    = "sites"    // sites=16: PROD with so many sites
)

// synthesize is one app, from start to written templates.
func synthesize(app string) error {
	defer stacks.Close()
	kind, number, _ := strings.Cut(app, "=")
	count, _ := strconv.Atoi(number)
	if kind == appBucket {
		return bucket()
	}
	context, err := stacks.Context("cdk.json")
	if err != nil {
		return err
	}
	// Growth is shown past what one template takes; config refuses it long before.
	context["@aws-cdk/core:stackResourceLimit"] = 0
	context["@aws-cdk/core:suppressTemplateIndentation"] = true
	_, err = stacks.Synth(&awscdk.AppProps{Context: &context, Outdir: jsii.String(os.Getenv("CDK_OUTDIR"))},
		func(app awscdk.App) ([]*config.Environment, error) {
			awscdk.Validations_Of(app).Acknowledge(&awscdk.Acknowledgment{
				Id: jsii.String("CloudFormation-Validate::F0007"), Reason: jsii.String("growth is measured past 500 resources"),
			})
			return environments(kind, count)
		})
	return err
}

func bucket() error {
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(os.Getenv("CDK_OUTDIR"))})
	stack := awscdk.NewStack(app, jsii.String("Bucket"), nil)
	s3.NewBucket(stack, jsii.String("Bucket"), nil)
	app.Synth(nil)
	return nil
}

func environments(kind string, count int) ([]*config.Environment, error) {
	shipped, err := config.LoadAll(config.DefaultDir)
	if err != nil || kind == appShipped {
		return shipped, err
	}
	prod := shipped[1]
	switch kind {
	case appServices:
		prod.Services = services(prod.Services[0], count)
	case appSites:
		prod.Sites = sites(count)
	default:
		return nil, fmt.Errorf("no app %q", kind)
	}
	return []*config.Environment{prod}, nil
}

// services are backend-api and others like it.
func services(first config.Service, count int) []config.Service {
	all := []config.Service{first}
	for i := 1; i < count; i++ {
		next := first
		next.Name, next.HostLabel, next.Port = fmt.Sprintf("service-%02d", i), fmt.Sprintf("s%02d", i), first.Port+i
		next.ArtifactPrefix = "apps/" + next.Name
		all = append(all, next)
	}
	return all
}

func sites(count int) []config.Site {
	var all []config.Site
	for i := range count {
		all = append(all, config.Site{Name: fmt.Sprintf("site-%02d", i), HostLabel: fmt.Sprintf("w%02d", i)})
	}
	return all
}
