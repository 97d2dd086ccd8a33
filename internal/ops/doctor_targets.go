package ops

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/d2-ride-booking/platform/config"
)

// TargetDoctor is what doctor asks of Elastic Load Balancing.
type TargetDoctor interface {
	TargetReader
	DescribeLoadBalancers(context.Context, *elb.DescribeLoadBalancersInput, ...func(*elb.Options)) (*elb.DescribeLoadBalancersOutput, error)
}

// targets looks why users get no answer (runbook PROD 13.1).
func (d *doctor) targets() []probe {
	return d.eachService(func(service config.Service) []probe {
		probes := []probe{
			{"the app answers on its port", "DEV 5.5", func(ctx context.Context) (outcome, error) { return d.lookPort(ctx, service) }},
		}
		if !d.env.EnableALB {
			return probes
		}
		probes = append([]probe{
			{"health of the targets", "PROD 13.1", func(ctx context.Context) (outcome, error) { return d.lookTargets(ctx, service) }},
		}, append(probes,
			probe{"load balancer to port", "PROD 13.1", func(ctx context.Context) (outcome, error) { return d.lookWayToPort(ctx, service) }},
			probe{"health check path", "PROD 13.1", func(ctx context.Context) (outcome, error) { return d.lookHealthCheck(ctx, service) }})...)
		if d.env.Environment == config.Prod {
			probes = append(probes, probe{"grace period", "PROD 13.1", func(ctx context.Context) (outcome, error) { return d.lookGrace(ctx, service) }})
		}
		return append(probes, probe{"the endpoint answers", "PROD 7.3", func(ctx context.Context) (outcome, error) {
			return d.lookURL(ctx, "https://"+d.env.FQDN(service.HostLabel)+service.HealthCheckPath)
		}})
	})
}

// targetFixes are what the reason codes of Elastic Load Balancing mean (its User Guide, "Health checks").
var targetFixes = map[string]string{
	"Target.ResponseCodeMismatch": "the app answers, but not 200: see its error log",
	"Target.Timeout":              "the app does not answer within five seconds: see its log and the host's CPU",
	"Target.FailedHealthChecks":   "nothing answers on the port: see the next findings",
	"Target.NotInUse":             "no listener rule leads to the target group: deploy the stack",
	"Target.InvalidState":         "the instance is stopped: start it",
	"Elb.InternalError":           "AWS's own: wait, then replace the instance",
}

func (d *doctor) lookTargets(ctx context.Context, service config.Service) (outcome, error) {
	targets, err := ReadTargetsOf(ctx, d.api.Targets, d.env, service)
	if err != nil {
		return outcome{}, err
	}
	if len(targets) == 0 {
		return wrong("see whether the fleet has instances: "+d.say("status", ""), "no instance is registered")
	}
	healthy := 0
	for _, target := range targets {
		switch target.State {
		case "healthy":
			healthy++
		case "initial", "draining":
		default:
			if d.sleeping() {
				return skipped("DEV is stopped")
			}
			fix := cmp.Or(targetFixes[target.Reason], "see the next findings") + ": " + d.say("app logs", service.Name+" --instance "+target.Instance)
			return wrong(fix, "%s is %s: %s", target.Instance, target.State, cmp.Or(target.Description, target.Reason, "no reason given"))
		}
	}
	return fine("%d of %d are healthy", healthy, len(targets))
}

// lookPort asks the app on each host itself, which tells the app's fault from the way's.
func (d *doctor) lookPort(ctx context.Context, service config.Service) (outcome, error) {
	if d.sleeping() {
		return skipped("DEV is stopped")
	}
	answers, err := d.onHosts(ctx, service.Name, fmt.Sprintf("curl -fsS http://localhost:%d%s", service.Port, service.HealthCheckPath))
	if err != nil {
		return outcome{}, err
	}
	for _, answer := range answers {
		if answer.Exit != 0 {
			return wrong("see why: "+d.say("app logs", service.Name+" --instance "+answer.Instance)+"; start it again: "+d.say("app restart", service.Name),
				"%s: %s", answer.Instance, cmp.Or(lastLine(withoutExit(answer.Err)), answer.Status))
		}
	}
	return fine("%d of %d on port %d", len(answers), len(answers), service.Port)
}

// lookWayToPort is both ends of the way: out of the load balancer's security groups, into the hosts'.
func (d *doctor) lookWayToPort(ctx context.Context, service config.Service) (outcome, error) {
	balancers, err := d.api.Targets.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{Names: []string{d.env.LoadBalancerName()}})
	if err != nil {
		return outcome{}, err
	}
	if len(balancers.LoadBalancers) == 0 {
		return wrong(d.redeploy(), "there is no load balancer %s", d.env.LoadBalancerName())
	}
	hosts, err := d.hostGroups(ctx, service)
	if err != nil {
		return outcome{}, err
	}
	return d.lookWay(ctx, way{from: balancers.LoadBalancers[0].SecurityGroups, to: hosts, port: service.Port, what: "the load balancer"})
}

func (d *doctor) lookHealthCheck(ctx context.Context, service config.Service) (outcome, error) {
	answer, err := d.api.Targets.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{Names: []string{d.env.TargetGroupName(service)}})
	if err != nil {
		return outcome{}, err
	}
	for _, group := range answer.TargetGroups {
		path, port := aws.ToString(group.HealthCheckPath), int(aws.ToInt32(group.Port))
		if path != service.HealthCheckPath || port != service.Port {
			return wrong(d.redeploy(), "the target group asks %s on port %d; %s says %s on %d", path, port, File(d.env), service.HealthCheckPath, service.Port)
		}
	}
	return fine("%s on port %d", service.HealthCheckPath, service.Port)
}

// lookGrace: a grace period that is shorter than a boot has Auto Scaling replace
// instances which never had a chance.
func (d *doctor) lookGrace(ctx context.Context, service config.Service) (outcome, error) {
	answer, err := d.api.Fleets.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{
		AutoScalingGroupNames: []string{d.env.FleetName(service.Name)},
	})
	if err != nil {
		return outcome{}, err
	}
	for _, group := range answer.AutoScalingGroups {
		if grace := int(aws.ToInt32(group.HealthCheckGracePeriod)); grace < service.Fleet.GraceSeconds {
			return wrong(d.redeploy(), "%d seconds; %s says %d, and a boot takes 5 to 10 minutes", grace, File(d.env), service.Fleet.GraceSeconds)
		}
		if checks := aws.ToString(group.HealthCheckType); !slices.Contains(strings.Split(checks, ","), "ELB") {
			return wrong(d.redeploy(), "the group does not listen to the load balancer's health checks (%s)", checks)
		}
	}
	return fine("%d seconds", service.Fleet.GraceSeconds)
}

// lookURL asks from this machine, as users do.
func (d *doctor) lookURL(ctx context.Context, url string) (outcome, error) {
	if d.api.Network == nil {
		return skipped("names of a local AWS lead nowhere")
	}
	status, err := d.api.Network.Get(ctx, url)
	switch {
	case err != nil:
		return wrong("see the names and the certificate: "+d.say("doctor", "dns"), "%s: %v", url, innermost(err))
	case status != 200:
		return wrong("see the findings above, and the firewall's log if it is 403", "%s answers %d", url, status)
	}
	return fine("%s answers 200", url)
}
