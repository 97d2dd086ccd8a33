package ops

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// TargetReader is what is asked of Elastic Load Balancing.
type TargetReader interface {
	DescribeTargetGroups(context.Context, *elb.DescribeTargetGroupsInput, ...func(*elb.Options)) (*elb.DescribeTargetGroupsOutput, error)
	DescribeTargetHealth(context.Context, *elb.DescribeTargetHealthInput, ...func(*elb.Options)) (*elb.DescribeTargetHealthOutput, error)
}

// Target is an instance as the load balancer sees it (runbook PROD 7.2).
type Target struct {
	// Service that it serves.
	Service string `json:"service"`
	// Instance is its id.
	Instance string `json:"instance"`
	// State is Elastic Load Balancing's: healthy, unhealthy, initial, draining, unused.
	State string `json:"state"`
	// Reason is the code of why it is not healthy, e.g. Target.ResponseCodeMismatch.
	Reason string `json:"reason,omitempty"`
	// Description is the reason in words.
	Description string `json:"description,omitempty"`
}

// ReadTargets are the targets of all enabled services; none without a load balancer.
func ReadTargets(ctx context.Context, api TargetReader, env *config.Environment) ([]Target, error) {
	targets := []Target{}
	if !env.EnableALB {
		return targets, nil
	}
	for _, service := range env.EnabledServices() {
		found, err := ReadTargetsOf(ctx, api, env, service)
		if err != nil {
			return targets, err
		}
		targets = append(targets, found...)
	}
	return targets, nil
}

// ReadTargetsOf are the targets of one service.
func ReadTargetsOf(ctx context.Context, api TargetReader, env *config.Environment, service config.Service) ([]Target, error) {
	name := env.TargetGroupName(service)
	groups, err := api.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{Names: []string{name}})
	if err != nil {
		return nil, err
	}
	if len(groups.TargetGroups) == 0 {
		return nil, fault.New(fault.NotFound, "deploy the stack: make deploy ENV="+string(env.Environment), "there is no target group %s", name)
	}
	health, err := api.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: groups.TargetGroups[0].TargetGroupArn})
	if err != nil {
		return nil, err
	}
	var targets []Target
	for _, each := range health.TargetHealthDescriptions {
		if each.Target == nil || each.TargetHealth == nil {
			continue
		}
		targets = append(targets, Target{
			Service: service.Name, Instance: aws.ToString(each.Target.Id), State: string(each.TargetHealth.State),
			Reason: string(each.TargetHealth.Reason), Description: aws.ToString(each.TargetHealth.Description),
		})
	}
	return targets, nil
}
