package constructs

import (
	"time"

	ec2 "github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	elb "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	targets "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2targets"
	iam "github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/d2-ride-booking/platform/config"
)

// HostProps places DEV's one host.
type HostProps struct {
	Name          string // tag Name, e.g. d2-ride-booking-dev-app-host (facts 1.4)
	Service       string // tag Service, by which runbook DEV 5.1 finds it
	Network       *Network
	Public        bool // in a public subnet with a public address, as there is no NAT
	InstanceType  string
	RootVolumeGiB int
	AMIID         string
	UserData      string
	Role          iam.IRole
	Alerts        *Alerts
}

// Host is DEV's one EC2 instance; every enabled service runs on it (runbook DEV 8.1).
type Host struct {
	InstanceID    *string
	SecurityGroup ec2.ISecurityGroup
}

// NewHost makes the host. Its security group lets nobody in but the load
// balancer, public address or not.
func NewHost(scope constructs.Construct, id string, props HostProps) *Host {
	scope = constructs.NewConstruct(scope, str(id))
	service(scope, props.Service)
	group := newHostSecurityGroup(scope, props.Network, props.Name)
	tier := props.Network.App
	if props.Public {
		tier = props.Network.Public
	}
	template := newLaunchTemplate(scope, "LaunchTemplate", instanceProps{
		Name: props.Name, InstanceType: props.InstanceType, RootVolumeGiB: props.RootVolumeGiB,
		AMIID: props.AMIID, UserData: props.UserData, Role: props.Role, SecurityGroup: group,
		PublicIP: props.Public, SubnetID: (*props.Network.VPC.SelectSubnets(tier).Subnets)[0].SubnetId(),
	})
	instance := newInstance(scope, "Instance", template)
	name(instance, props.Name)
	instance.Node().AddDependency(props.Network.VPC.InternetConnectivityEstablished())
	host := &Host{InstanceID: instance.Ref(), SecurityGroup: group}
	host.alarms(scope, props.Alerts)
	return host
}

// Target is the host as a load balancer sees it, on one service's port.
func (h *Host) Target(port int) elb.IApplicationLoadBalancerTarget {
	return targets.NewInstanceIdTarget(h.InstanceID, num(port))
}

// AllowFrom lets the load balancer reach one service's port.
func (h *Host) AllowFrom(balancer *LoadBalancer, port int) {
	h.SecurityGroup.Connections().AllowFrom(balancer.Balancer, tcp(port), str("HTTP from the load balancer"))
}

func (h *Host) alarms(scope constructs.Construct, alerts *Alerts) {
	instance := map[string]*string{"InstanceId": h.InstanceID}
	alerts.Add(scope, "StatusCheckFailed", statusCheckAlarm("app-host", h.InstanceID))
	for _, alarm := range hostAlarms("app-host", instance) {
		alerts.Add(scope, alarm.ID, alarm.Alarm)
	}
}

// newHostSecurityGroup is the group of a host that serves: HTTPS out, nothing in until a load balancer is let in.
func newHostSecurityGroup(scope constructs.Construct, network *Network, groupName string) ec2.SecurityGroup {
	group := ec2.NewSecurityGroup(scope, str("SecurityGroup"), &ec2.SecurityGroupProps{
		Vpc: network.VPC, AllowAllOutbound: no(),
		Description: str(groupName + ": in from the load balancer, out to HTTPS and the database"),
	})
	name(group, groupName)
	// Packages, npm, AWS's APIs and Cognito's keys have no addresses that could be listed (facts F4).
	group.AddEgressRule(ec2.Peer_AnyIpv4(), tcp(443), str("HTTPS to package repositories and AWS"), nil)
	return group
}

// namedAlarm is an alarm with its id in the construct tree.
type namedAlarm struct {
	ID    string
	Alarm Alarm
}

// hostAlarms watch what any host can run out of; dimensions say one instance or one fleet.
func hostAlarms(what string, dimensions map[string]*string) []namedAlarm {
	return []namedAlarm{
		{"CpuHigh", Alarm{
			Name:        what + "-cpu-high",
			Description: "CPU of " + what + " over 80 % for five minutes. Look at its requests and logs; raise the fleet's maximum or the instance type.",
			Metric:      metric("AWS/EC2", "CPUUtilization", "Average", time.Minute, dimensions), Above: 80, Periods: 5,
		}},
		{"CpuCreditsLow", Alarm{
			Name:        what + "-cpu-credits-spent",
			Description: what + " runs on surplus CPU credits, which AWS bills. Choose a larger instance type if it stays so.",
			Metric:      metric("AWS/EC2", "CPUSurplusCreditBalance", "Maximum", 5*time.Minute, dimensions), Above: 30, Periods: 3,
		}},
		{"MemoryHigh", Alarm{
			Name:        what + "-memory-high",
			Description: "Memory of " + what + " over 90 % for five minutes. Look for a leak with pm2 monit; restart or enlarge.",
			Metric:      metric(config.MetricsNamespace, "mem_used_percent", "Maximum", time.Minute, dimensions), Above: 90, Periods: 5,
		}},
		{"DiskHigh", Alarm{
			Name:        what + "-disk-high",
			Description: "The disk of " + what + " is over 85 % full. Look at /var/log and " + config.AppsDir + "; enlarge root_volume_gib.",
			Metric:      metric(config.MetricsNamespace, "disk_used_percent", "Maximum", 5*time.Minute, dimensions), Above: 85, Periods: 1,
		}},
	}
}
