package ops

import (
	"context"
	"fmt"
	"strings"
	"time"

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

// RefreshReader is what is asked of Auto Scaling about releases under way.
type RefreshReader interface {
	DescribeInstanceRefreshes(context.Context, *autoscaling.DescribeInstanceRefreshesInput, ...func(*autoscaling.Options)) (*autoscaling.DescribeInstanceRefreshesOutput, error)
}

// Fleet is the Auto Scaling group of one service (runbook PROD 4.1).
type Fleet struct {
	// Service whose fleet it is.
	Service string `json:"service"`
	// Group is its name.
	Group string `json:"group"`
	// Min is the fewest instances that scaling leaves.
	Min int `json:"min"`
	// Desired is how many are wanted now.
	Desired int `json:"desired"`
	// Max is the most that scaling makes.
	Max int `json:"max"`
	// Members are its instances.
	Members []Member `json:"members"`
	// Refresh is the last instance refresh; null when there was none.
	Refresh *Refresh `json:"refresh" jsonschema:"nullable"`
}

// Member is an instance as its Auto Scaling group sees it.
type Member struct {
	// Instance is its id.
	Instance string `json:"instance"`
	// Lifecycle is Auto Scaling's: Pending, InService, Terminating, ...
	Lifecycle string `json:"lifecycle"`
	// Health is Healthy or Unhealthy; an unhealthy one is replaced.
	Health string `json:"health"`
}

// Refresh is one instance refresh, which is how PROD gets a release (runbook PROD 5.4).
type Refresh struct {
	// ID is Auto Scaling's.
	ID string `json:"id"`
	// Status is Auto Scaling's: InProgress, Successful, Failed, RollbackSuccessful, ...
	Status string `json:"status"`
	// Reason says why it is in that status; often empty.
	Reason string `json:"reason,omitempty"`
	// Percent is how much of it is done.
	Percent int `json:"percent"`
	// Started is when it began.
	Started time.Time `json:"started"`
	// Ended is when it was over; the zero time while it is not.
	Ended time.Time `json:"ended,omitzero"`
}

// UnderWay says that the refresh still changes instances.
func (r *Refresh) UnderWay() bool { return r != nil && r.Ended.IsZero() }

// ReadFleets are the fleets of the enabled services, each with its last refresh; none in DEV.
func ReadFleets(ctx context.Context, api interface {
	FleetReader
	RefreshReader
}, env *config.Environment) ([]Fleet, error) {
	fleets := []Fleet{}
	if env.Environment == config.Dev {
		return fleets, nil
	}
	for _, service := range env.EnabledServices() {
		fleet, err := ReadFleet(ctx, api, env, service.Name)
		if err != nil {
			return fleets, err
		}
		if fleet.Refresh, err = ReadLastRefresh(ctx, api, fleet.Group); err != nil {
			return fleets, err
		}
		fleets = append(fleets, fleet)
	}
	return fleets, nil
}

func fleetFrom(service string, group types.AutoScalingGroup) Fleet {
	fleet := Fleet{
		Service: service, Group: aws.ToString(group.AutoScalingGroupName),
		Min: int(aws.ToInt32(group.MinSize)), Desired: int(aws.ToInt32(group.DesiredCapacity)), Max: int(aws.ToInt32(group.MaxSize)),
		Members: []Member{},
	}
	for _, instance := range group.Instances {
		fleet.Members = append(fleet.Members, Member{
			Instance: aws.ToString(instance.InstanceId), Lifecycle: string(instance.LifecycleState), Health: aws.ToString(instance.HealthStatus),
		})
	}
	return fleet
}

// ReadLastRefresh is the newest instance refresh of a group; nil when there was none.
func ReadLastRefresh(ctx context.Context, api RefreshReader, group string) (*Refresh, error) {
	answer, err := api.DescribeInstanceRefreshes(ctx, &autoscaling.DescribeInstanceRefreshesInput{
		AutoScalingGroupName: &group, MaxRecords: aws.Int32(1),
	})
	if err != nil || len(answer.InstanceRefreshes) == 0 {
		return nil, err
	}
	return refreshFrom(answer.InstanceRefreshes[0]), nil
}

func refreshFrom(refresh types.InstanceRefresh) *Refresh {
	return &Refresh{
		ID: aws.ToString(refresh.InstanceRefreshId), Status: string(refresh.Status), Reason: aws.ToString(refresh.StatusReason),
		Percent: int(aws.ToInt32(refresh.PercentageComplete)), Started: aws.ToTime(refresh.StartTime), Ended: aws.ToTime(refresh.EndTime),
	}
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

// ReadFleet is the fleet of a service, without its refresh (PROD only: DEV has one host).
func ReadFleet(ctx context.Context, api FleetReader, env *config.Environment, service string) (Fleet, error) {
	name := env.FleetName(service)
	answer, err := api.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{name}})
	if err != nil {
		return Fleet{}, err
	}
	if len(answer.AutoScalingGroups) == 0 {
		return Fleet{}, fault.New(fault.NotFound, "deploy the stack: make deploy ENV="+string(env.Environment),
			"there is no Auto Scaling group %s in %s", name, env.Region)
	}
	return fleetFrom(service, answer.AutoScalingGroups[0]), nil
}

// File is where a person changes the environment.
func File(env *config.Environment) string {
	return fmt.Sprintf("%s/%s.yaml", config.DefaultDir, env.Environment)
}

// InService counts the instances that serve.
func (f Fleet) InService() int {
	count := 0
	for _, member := range f.Members {
		if member.Lifecycle == string(types.LifecycleStateInService) && member.Health == "Healthy" {
			count++
		}
	}
	return count
}
