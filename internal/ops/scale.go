package ops

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// lookEvery is how often a fleet is looked at while it changes: an instance takes minutes.
const lookEvery = 5 * time.Second

// FleetScaler is what scaling needs of Auto Scaling.
type FleetScaler interface {
	FleetReader
	SetDesiredCapacity(context.Context, *autoscaling.SetDesiredCapacityInput, ...func(*autoscaling.Options)) (*autoscaling.SetDesiredCapacityOutput, error)
}

// Scaling is a change of a fleet's size (runbook PROD 4.2).
type Scaling struct {
	// Service whose fleet it is.
	Service string `json:"service"`
	// Group is the Auto Scaling group.
	Group string `json:"group"`
	// From is how many instances were wanted before.
	From int `json:"from"`
	// To is how many are wanted now.
	To int `json:"to"`
	// InService is how many serve, as last seen.
	InService int `json:"in_service"`
}

// PlanScaling looks at the fleet and refuses what its limits do not allow.
func PlanScaling(ctx context.Context, api FleetScaler, env *config.Environment, serviceName string, to int) (*Scaling, error) {
	service, err := FindService(env, serviceName)
	if err != nil {
		return nil, err
	}
	if env.Environment == config.Dev {
		return nil, fault.New(fault.Usage, "scale PROD (-e prod), or change host.instance_type in "+File(env),
			"DEV runs %s on one host; there is no fleet to scale", service.Name)
	}
	fleet, err := ReadFleet(ctx, api, env, service.Name)
	if err != nil {
		return nil, err
	}
	if err := within(env, service, fleet, to); err != nil {
		return nil, err
	}
	return &Scaling{Service: service.Name, Group: fleet.Group, From: fleet.Desired, To: to, InService: fleet.InService()}, nil
}

// within refuses a size beyond the limits of the group as it is deployed, and
// says which key of which file moves the limit. AWS refuses it too, without saying how.
func within(env *config.Environment, service config.Service, fleet Fleet, to int) error {
	least := limit{"below", "min_size", fleet.Min, service.Fleet.MinSize}
	most := limit{"above", "max_size", fleet.Max, service.Fleet.MaxSize}
	switch {
	case to > most.deployed:
		return most.refuse(env, service.Name, to, to <= most.inFile)
	case to < least.deployed:
		return least.refuse(env, service.Name, to, to >= least.inFile)
	}
	return nil
}

// limit is one end of a fleet's size, as it is deployed and as the environment's file says.
type limit struct {
	side, key        string
	deployed, inFile int
}

func (l limit) refuse(env *config.Environment, service string, to int, fileAllows bool) error {
	try := fmt.Sprintf("set fleet.%s of the service %s to %d in %s, then make deploy ENV=%s", l.key, service, to, File(env), env.Environment)
	if fileAllows {
		try = fmt.Sprintf("%s says %d already, which is not deployed: make deploy ENV=%s", File(env), l.inFile, env.Environment)
	}
	return fault.New(fault.Usage, try, "%d is %s %s of %s, %d", to, l.side, l.key, service, l.deployed)
}

// Plan is what Do will do.
func (s *Scaling) Plan(env *config.Environment) *Plan {
	return NewPlan(env).
		Do("the fleet of %s goes from %d to %d instances (%d serve now)", s.Service, s.From, s.To, s.InService).
		Call("AutoScaling.SetDesiredCapacity", s.Group, fmt.Sprintf("desired capacity %d", s.To))
}

// Do sets the size that was planned.
func (s *Scaling) Do(ctx context.Context, api FleetScaler) error {
	_, err := api.SetDesiredCapacity(ctx, &autoscaling.SetDesiredCapacityInput{
		AutoScalingGroupName: &s.Group, DesiredCapacity: aws.Int32(int32(s.To)),
	})
	return err
}

// Await waits until just the wanted instances are there and serve.
func (s *Scaling) Await(ctx context.Context, api FleetReader, env *config.Environment, tell Listener) error {
	err := Poll(ctx, lookEvery, func(ctx context.Context) (bool, error) {
		fleet, err := ReadFleet(ctx, api, env, s.Service)
		if err != nil {
			return false, err
		}
		s.InService = fleet.InService()
		for _, member := range fleet.Members {
			tell(Event{Subject: member.Instance, State: member.Lifecycle})
		}
		return s.InService == s.To && len(fleet.Members) == s.To, nil
	})
	return GoesOn(err, fmt.Sprintf("scaling %s to %d", s.Service, s.To), "look after it: d2ctl status -e "+string(env.Environment)+" --watch")
}
