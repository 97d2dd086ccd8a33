package ops

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/d2-ride-booking/platform/config"
)

// FleetRoller is what a release asks of Auto Scaling.
type FleetRoller interface {
	FleetReader
	RefreshReader
	StartInstanceRefresh(context.Context, *autoscaling.StartInstanceRefreshInput, ...func(*autoscaling.Options)) (*autoscaling.StartInstanceRefreshOutput, error)
	CancelInstanceRefresh(context.Context, *autoscaling.CancelInstanceRefreshInput, ...func(*autoscaling.Options)) (*autoscaling.CancelInstanceRefreshOutput, error)
}

// fleetCarrier rolls PROD's fleet by an instance refresh.
type fleetCarrier struct {
	api     ReleaseAPI
	env     *config.Environment
	service config.Service

	refresh string   // its id, once there is one
	before  []string // the instances that were there
	ignored []string // the alarms that were on
	shown   map[string]bool
}

func (c *fleetCarrier) group() string { return c.env.FleetName(c.service.Name) }

func (c *fleetCarrier) id() string { return c.refresh }

func (c *fleetCarrier) atWork(ctx context.Context) (string, error) {
	last, err := ReadLastRefresh(ctx, c.api.Fleets, c.group())
	if err != nil || !last.UnderWay() {
		return "", err
	}
	return fmt.Sprintf("instance refresh %s of %s is %s, %d %% done, begun %s", last.ID, c.group(), last.Status, last.Percent, last.Started.Format(time.DateTime)), nil
}

func (c *fleetCarrier) plan(p *Plan) {
	p.Do("an instance refresh replaces %s, each when its successor is healthy", instancesOf(len(c.before)))
	for _, alarm := range c.ignored {
		p.Do("the alarm %s is on already; it will not stop this", alarm)
	}
	p.Call("AutoScaling.StartInstanceRefresh", c.group(), "preferences of the group")
}

// look notes the instances and the alarms that are none of the release's doing.
func (c *fleetCarrier) look(ctx context.Context) error {
	fleet, err := ReadFleet(ctx, c.api.Fleets, c.env, c.service.Name)
	if err != nil {
		return err
	}
	c.before = []string{}
	for _, member := range fleet.Members {
		c.before = append(c.before, member.Instance)
	}
	firing, err := c.firing(ctx)
	c.ignored = firing
	return err
}

// start gives no preferences: the group's maintenance policy launches before it
// terminates (facts R12). SkipMatching must not be: the launch template is the
// same, and only the parameter is another.
func (c *fleetCarrier) start(ctx context.Context) error {
	if err := c.look(ctx); err != nil {
		return err
	}
	started, err := c.api.Fleets.StartInstanceRefresh(ctx, &autoscaling.StartInstanceRefreshInput{
		AutoScalingGroupName: aws.String(c.group()), Preferences: &types.RefreshPreferences{SkipMatching: aws.Bool(false)},
	})
	if err != nil {
		return err
	}
	c.refresh = aws.ToString(started.InstanceRefreshId)
	return nil
}

func (c *fleetCarrier) resume(ctx context.Context) error {
	last, err := ReadLastRefresh(ctx, c.api.Fleets, c.group())
	if err != nil || last == nil {
		return err
	}
	c.refresh = last.ID
	return nil
}

func (c *fleetCarrier) stop(ctx context.Context) error {
	_, err := c.api.Fleets.CancelInstanceRefresh(ctx, &autoscaling.CancelInstanceRefreshInput{AutoScalingGroupName: aws.String(c.group())})
	var none *types.ActiveInstanceRefreshNotFoundFault
	if errors.As(err, &none) {
		return nil
	}
	if err != nil {
		return err
	}
	return Poll(ctx, rollLook, patiently(func(Event) {}, func(ctx context.Context) (bool, error) {
		last, err := ReadLastRefresh(ctx, c.api.Fleets, c.group())
		return !last.UnderWay(), err
	}))
}

func (c *fleetCarrier) await(ctx context.Context, tell Listener) error {
	return Poll(ctx, rollLook, patiently(tell, func(ctx context.Context) (bool, error) {
		refresh, err := readRefresh(ctx, c.api.Fleets, c.group(), c.refresh)
		if err != nil {
			return false, err
		}
		tell(Event{Subject: "refresh", State: refreshState(refresh), Failed: !refresh.UnderWay() && !refresh.succeeded()})
		sick, err := c.watchInstances(ctx, tell)
		switch {
		case refresh.succeeded():
			return true, c.judgeAlarms(ctx, tell) // one may have gone on since the last look
		case !refresh.UnderWay():
			return false, verdict("the instance refresh is %s: %s%s", refresh.Status, cmp.Or(refresh.Reason, "no reason given"), sick)
		case err != nil:
			return false, err
		}
		return false, c.judgeAlarms(ctx, tell)
	}))
}

func (c *fleetCarrier) judgeAlarms(ctx context.Context, tell Listener) error {
	firing, err := c.firing(ctx)
	for _, alarm := range firing {
		if !slices.Contains(c.ignored, alarm) {
			tell(Event{Subject: "alarm", State: alarm + " is on", Failed: true})
			return verdict("the alarm %s went on while it was rolled out", alarm)
		}
	}
	return err
}

// firing are the alarms that are on and mean that users suffer.
func (c *fleetCarrier) firing(ctx context.Context) ([]string, error) {
	alarms, err := ReadAlarms(ctx, c.api.Alarms, c.env, c.env.Region)
	var firing []string
	for _, alarm := range alarms {
		if alarm.Firing() && slices.Contains(c.env.ReleaseAlarms(c.service.Name), alarm.Name) {
			firing = append(firing, alarm.Name)
		}
	}
	return firing, err
}

// watchInstances tells how each instance is, and gives up when Auto Scaling has
// condemned a new one: the refresh itself goes on trying for an hour. The text
// is why a target is not healthy, for the verdict that Auto Scaling comes to.
func (c *fleetCarrier) watchInstances(ctx context.Context, tell Listener) (sick string, err error) {
	fleet, err := ReadFleet(ctx, c.api.Fleets, c.env, c.service.Name)
	if err != nil {
		return "", err
	}
	targets, err := ReadTargetsOf(ctx, c.api.Targets, c.env, c.service)
	if err != nil {
		return "", err
	}
	seen := map[string]bool{}
	for _, each := range fleet.Members {
		target := targetOf(targets, each.Instance)
		isNew := !slices.Contains(c.before, each.Instance)
		tell(Event{Subject: each.Instance, State: memberState(each, target, isNew), Failed: target.State == "unhealthy"})
		seen[each.Instance] = true
		if target.State == "unhealthy" {
			sick = fmt.Sprintf("; %s: %s", each.Instance, cmp.Or(target.Description, target.Reason))
		}
		if isNew && each.Health == "Unhealthy" && each.Lifecycle == string(types.LifecycleStateInService) {
			return sick, verdict("%s did not get healthy within the grace period%s", each.Instance, sick)
		}
	}
	c.tellWhoLeft(seen, tell)
	return sick, nil
}

// tellWhoLeft tells of instances that were shown and are gone.
func (c *fleetCarrier) tellWhoLeft(seen map[string]bool, tell Listener) {
	for instance := range c.shown {
		if !seen[instance] {
			tell(Event{Subject: instance, State: "gone"})
			seen[instance] = true
		}
	}
	c.shown = seen
}

// instances are those in service: as many as are wanted, each a healthy target.
func (c *fleetCarrier) instances(ctx context.Context) ([]string, error) {
	fleet, err := ReadFleet(ctx, c.api.Fleets, c.env, c.service.Name)
	if err != nil {
		return nil, err
	}
	if serving := fleet.InService(); serving != fleet.Desired || len(fleet.Members) != fleet.Desired {
		return nil, verdict("%d of %d instances serve", serving, fleet.Desired)
	}
	var instances []string
	for _, each := range fleet.Members {
		instances = append(instances, each.Instance)
	}
	slices.Sort(instances)
	return instances, nil
}

func readRefresh(ctx context.Context, api RefreshReader, group, id string) (*Refresh, error) {
	answer, err := api.DescribeInstanceRefreshes(ctx, &autoscaling.DescribeInstanceRefreshesInput{AutoScalingGroupName: &group, InstanceRefreshIds: []string{id}})
	if err != nil {
		return nil, err
	}
	if len(answer.InstanceRefreshes) == 0 {
		return nil, fmt.Errorf("there is no instance refresh %s of %s", id, group)
	}
	return refreshFrom(answer.InstanceRefreshes[0]), nil
}

func (r *Refresh) succeeded() bool { return r.Status == string(types.InstanceRefreshStatusSuccessful) }

func refreshState(refresh *Refresh) string {
	state := fmt.Sprintf("%s %d %%", refresh.Status, refresh.Percent)
	if refresh.Reason != "" {
		state += ", " + refresh.Reason
	}
	return state
}

func memberState(member Member, target Target, isNew bool) string {
	state := member.Lifecycle
	if target.State != "" {
		state += ", target " + target.State
	}
	if target.Description != "" {
		state += ": " + target.Description
	}
	if isNew {
		return "new, " + state
	}
	return state
}

func targetOf(targets []Target, instance string) Target {
	i := slices.IndexFunc(targets, func(t Target) bool { return t.Instance == instance })
	if i < 0 {
		return Target{}
	}
	return targets[i]
}

func instancesOf(n int) string {
	if n == 1 {
		return "1 instance"
	}
	return fmt.Sprintf("%d instances", n)
}
