package ops

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// FleetReader is what is asked of Auto Scaling about a fleet.
type FleetReader interface {
	DescribeAutoScalingGroups(context.Context, *autoscaling.DescribeAutoScalingGroupsInput, ...func(*autoscaling.Options)) (*autoscaling.DescribeAutoScalingGroupsOutput, error)
}

// FindService is an enabled service of the environment by its name.
func FindService(env *config.Environment, name string) (config.Service, error) {
	var names []string
	for _, service := range env.EnabledServices() {
		if service.Name == name {
			return service, nil
		}
		names = append(names, service.Name)
	}
	if len(names) == 0 {
		return config.Service{}, fault.New(fault.NotFound, "enable one in "+File(env)+" and deploy", "no service is on in %s", env.Environment)
	}
	return config.Service{}, fault.New(fault.NotFound, "name one of: "+strings.Join(names, ", "), "there is no service %q in %s", name, env.Environment)
}

// ReadFleet is the Auto Scaling group of a service (PROD only: DEV has one host).
func ReadFleet(ctx context.Context, api FleetReader, env *config.Environment, service string) (types.AutoScalingGroup, error) {
	name := env.FleetName(service)
	answer, err := api.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{name}})
	if err != nil {
		return types.AutoScalingGroup{}, err
	}
	if len(answer.AutoScalingGroups) == 0 {
		return types.AutoScalingGroup{}, fault.New(fault.NotFound, "deploy the stack: make deploy ENV="+string(env.Environment),
			"there is no Auto Scaling group %s in %s", name, env.Region)
	}
	return answer.AutoScalingGroups[0], nil
}

// File is where a person changes the environment.
func File(env *config.Environment) string {
	return fmt.Sprintf("%s/%s.yaml", config.DefaultDir, env.Environment)
}

// inService counts the instances of a group that serve.
func inService(group types.AutoScalingGroup) int {
	count := 0
	for _, instance := range group.Instances {
		if instance.LifecycleState == types.LifecycleStateInService && aws.ToString(instance.HealthStatus) == "Healthy" {
			count++
		}
	}
	return count
}
