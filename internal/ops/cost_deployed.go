package ops

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"golang.org/x/sync/errgroup"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/template"
)

// TemplateReader is what is asked of CloudFormation about a stack's resources.
type TemplateReader interface {
	StackReader
	GetTemplate(context.Context, *cloudformation.GetTemplateInput, ...func(*cloudformation.Options)) (*cloudformation.GetTemplateOutput, error)
}

// CostAPI is what the cost of the deployed stacks asks of AWS. Edge is of config.EdgeRegion.
type CostAPI struct {
	Stacks, Edge TemplateReader
	Fleets       FleetReader
	Databases    DatabaseReader
}

// ReadCost is what the deployed stacks cost: their resources are those of the
// templates that CloudFormation keeps, with the sizes of now. The stack that it
// returns may be half deployed.
func ReadCost(ctx context.Context, api CostAPI, env *config.Environment) (*Cost, Stack, error) {
	var (
		stack      Stack
		main, edge *template.Template
		sizes      LiveSizes
	)
	group, reading := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		stack, main, err = readTemplate(reading, api.Stacks, env, env.StackName(), env.Region)
		return err
	})
	group.Go(func() (err error) {
		_, edge, err = readTemplate(reading, api.Edge, env, env.EdgeStackName(), config.EdgeRegion)
		return err
	})
	group.Go(func() (err error) { sizes.Instances, err = fleetSizes(reading, api.Fleets, env); return err })
	group.Go(func() (err error) { sizes.DatabaseGiB, err = databaseSize(reading, api.Databases, env); return err })
	if err := group.Wait(); err != nil {
		return nil, stack, err
	}
	cost, err := ReckonCost(env, "the deployed stacks", []*template.Template{main, edge}, sizes)
	return cost, stack, err
}

func readTemplate(ctx context.Context, api TemplateReader, env *config.Environment, name, region string) (Stack, *template.Template, error) {
	stack, err := ReadStack(ctx, api, env, name, region)
	if err != nil {
		return stack, nil, err
	}
	answer, err := api.GetTemplate(ctx, &cloudformation.GetTemplateInput{StackName: &name})
	if err != nil {
		return stack, nil, err
	}
	read, err := template.Parse([]byte(aws.ToString(answer.TemplateBody)))
	return stack, read, err
}

// fleetSizes are how many instances each fleet is to have now.
func fleetSizes(ctx context.Context, api FleetReader, env *config.Environment) (map[string]int, error) {
	sizes := map[string]int{}
	if env.Environment == config.Dev {
		return sizes, nil
	}
	for _, service := range env.EnabledServices() {
		fleet, err := ReadFleet(ctx, api, env, service.Name)
		if err != nil {
			return nil, err
		}
		sizes[fleet.Group] = fleet.Desired
	}
	return sizes, nil
}

// databaseSize is the storage of the database as it has grown, GiB; 0 without one.
func databaseSize(ctx context.Context, api DatabaseReader, env *config.Environment) (int, error) {
	if !env.EnableRDS {
		return 0, nil
	}
	identifier := env.DatabaseIdentifier()
	answer, err := api.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &identifier})
	if err != nil || len(answer.DBInstances) == 0 {
		return 0, err
	}
	return int(aws.ToInt32(answer.DBInstances[0].AllocatedStorage)), nil
}
