package constructs

import (
	"time"

	autoscaling "github.com/aws/aws-cdk-go/awscdk/v2/awsautoscaling"
	cloudwatch "github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	ec2 "github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	elb "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	events "github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	iam "github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawscloudwatch"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/d2-ride-booking/platform/config"
)

// FleetProps sizes the Auto Scaling group of one service.
type FleetProps struct {
	GroupName    string // e.g. d2-ride-booking-prod-backend-api-asg (runbook PROD 4.2)
	RuleName     string // of the event rule that tells of failures
	InstanceName string // tag Name of its instances
	Service      config.Service
	Network      *Network
	AMIID        string
	UserData     string
	Role         iam.IRole
	TargetGroup  elb.ApplicationTargetGroup
	// StopRefresh are the alarms that fail a rolling replacement which makes users suffer.
	StopRefresh []cloudwatch.Alarm
	Alerts      *Alerts
}

// Fleet is the instances of one service in PROD, over all zones.
type Fleet struct {
	Group         autoscaling.AutoScalingGroup
	SecurityGroup ec2.ISecurityGroup
}

// NewFleet makes the group. Any replacement, AWS's own or a bare
// start-instance-refresh (runbook PROD 5.5), launches before it terminates and
// waits for the load balancer's health check: that is the maintenance policy of
// 100/200 and the ELB health check (facts F1, R12).
func NewFleet(scope constructs.Construct, id string, props FleetProps) *Fleet {
	scope = constructs.NewConstruct(scope, str(id))
	service(scope, props.Service.Name)
	size := props.Service.Fleet
	group := newHostSecurityGroup(scope, props.Network, props.InstanceName)
	template := newLaunchTemplate(scope, "LaunchTemplate", instanceProps{
		Name: props.InstanceName, InstanceType: size.InstanceType, RootVolumeGiB: size.RootVolumeGiB,
		AMIID: props.AMIID, UserData: props.UserData, Role: props.Role, SecurityGroup: group,
	})
	warmup := time.Duration(size.WarmupSeconds) * time.Second
	fleet := autoscaling.NewAutoScalingGroup(scope, str("Group"), &autoscaling.AutoScalingGroupProps{
		AutoScalingGroupName: str(props.GroupName),
		Vpc:                  props.Network.VPC, VpcSubnets: props.Network.App,
		LaunchTemplate: template,
		MinCapacity:    num(size.MinSize), MaxCapacity: num(size.MaxSize), // no desired capacity: scaling owns it (facts R11)
		MinHealthyPercentage: num(100), MaxHealthyPercentage: num(200),
		DefaultInstanceWarmup: seconds(warmup),
		HealthChecks: autoscaling.HealthChecks_WithAdditionalChecks(&autoscaling.AdditionalHealthChecksOptions{
			AdditionalTypes: list(autoscaling.AdditionalHealthCheckType_ELB),
			GracePeriod:     seconds(time.Duration(size.GraceSeconds) * time.Second),
		}),
		TerminationPolicies: list(autoscaling.TerminationPolicy_OLDEST_LAUNCH_TEMPLATE, autoscaling.TerminationPolicy_OLDEST_INSTANCE),
		GroupMetrics:        list(autoscaling.GroupMetrics_All()),
		UpdatePolicy:        rollOut(warmup, props.StopRefresh),
	})
	name(fleet, props.InstanceName)
	fleet.AttachToApplicationTargetGroup(props.TargetGroup)
	made := &Fleet{Group: fleet, SecurityGroup: group}
	made.scaling(size)
	made.alarms(scope, props)
	return made
}

// rollOut replaces the instances when the launch template changes: half of them,
// a pause to look, the rest, and a bake time in which an alarm still fails it.
func rollOut(warmup time.Duration, stop []cloudwatch.Alarm) autoscaling.UpdatePolicy {
	var alarms []interfacesawscloudwatch.IAlarmRef
	for _, alarm := range stop {
		if alarm != nil {
			alarms = append(alarms, alarm)
		}
	}
	options := &autoscaling.InstanceRefreshOptions{
		Strategy:             autoscaling.InstanceRefreshStrategy_ROLLING,
		MinHealthyPercentage: num(100), MaxHealthyPercentage: num(200),
		InstanceWarmup:        seconds(warmup),
		CheckpointPercentages: list(num(50), num(100)), CheckpointDelay: seconds(5 * time.Minute),
		BakeTime:     seconds(5 * time.Minute),
		SkipMatching: yes(),
	}
	if len(alarms) > 0 {
		options.Alarms = &alarms
	}
	return autoscaling.UpdatePolicy_InstanceRefresh(options)
}

// scaling keeps CPU and requests a target near what config says (facts R3: the original never scaled).
func (f *Fleet) scaling(size config.Fleet) {
	f.Group.ScaleOnCpuUtilization(str("Cpu"), &autoscaling.CpuUtilizationScalingProps{
		TargetUtilizationPercent: num(size.CPUTargetPercent),
	})
	f.Group.ScaleOnRequestCount(str("Requests"), &autoscaling.RequestCountScalingProps{
		TargetRequestsPerMinute: num(size.RequestsPerTarget),
	})
}

func (f *Fleet) alarms(scope constructs.Construct, props FleetProps) {
	what := props.Service.Name
	group := map[string]*string{"AutoScalingGroupName": f.Group.AutoScalingGroupName()}
	for _, alarm := range hostAlarms(what, group) {
		props.Alerts.Add(scope, alarm.ID, alarm.Alarm)
	}
	props.Alerts.tellOf(scope, "Failed", props.RuleName, &events.EventPattern{
		Source: strs("aws.autoscaling"),
		DetailType: strs("EC2 Instance Launch Unsuccessful",
			"EC2 Auto Scaling Instance Refresh Failed", "EC2 Auto Scaling Instance Refresh Cancelled"),
		Detail: &map[string]any{"AutoScalingGroupName": strs(props.GroupName)},
	})
	props.Alerts.Add(scope, "InServiceLow", Alarm{
		Name:        what + "-in-service-low",
		Description: "Fewer instances of " + what + " in service than its minimum for five minutes. Look at the group's activity history (runbook PROD 13.2).",
		Metric:      metric("AWS/AutoScaling", "GroupInServiceInstances", "Minimum", time.Minute, group),
		Below:       float64(props.Service.Fleet.MinSize), Periods: 5, MissingIsBad: true,
	})
	props.Alerts.Add(scope, "AtMaximum", Alarm{
		Name:        what + "-at-maximum",
		Description: what + " has run at its maximum size for half an hour, so it cannot grow. Raise fleet.max_size if the load is real.",
		Metric:      metric("AWS/AutoScaling", "GroupDesiredCapacity", "Minimum", 5*time.Minute, group),
		Above:       float64(props.Service.Fleet.MaxSize) - 0.5, Periods: 6,
	})
}
