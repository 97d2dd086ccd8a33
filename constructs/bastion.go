package constructs

import (
	"time"

	ec2 "github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	logs "github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/d2-ride-booking/platform/config"
)

// BastionProps places the host through which people reach the database.
type BastionProps struct {
	Name          string // tag Name (facts 1.18)
	Network       *Network
	InstanceType  string
	RootVolumeGiB int
	AMIID         string
	Sessions      logs.ILogGroup // where shells on it are recorded
	Alerts        *Alerts
}

// Bastion is reached through Systems Manager alone: no key pair, no inbound
// rule, no way to log in but IAM (runbook PROD 2.2).
type Bastion struct {
	InstanceID    *string
	PrivateIP     *string
	PublicIP      *string // to call out with; nothing can call in
	SecurityGroup ec2.ISecurityGroup
}

// NewBastion makes the bastion in a public subnet: its agent calls out over
// HTTPS, and nothing can call in.
func NewBastion(scope constructs.Construct, id string, props BastionProps) *Bastion {
	scope = constructs.NewConstruct(scope, str(id))
	service(scope, config.ServiceBastion)
	group := ec2.NewSecurityGroup(scope, str("SecurityGroup"), &ec2.SecurityGroupProps{
		Vpc: props.Network.VPC, AllowAllOutbound: no(),
		Description: str("Bastion: out to Systems Manager and the database, nothing in"),
	})
	name(group, props.Name)
	group.AddEgressRule(ec2.Peer_AnyIpv4(), tcp(443), str("HTTPS to Systems Manager and CloudWatch Logs"), nil)
	subnets := *props.Network.VPC.SelectSubnets(props.Network.Public).Subnets
	template := newLaunchTemplate(scope, "LaunchTemplate", instanceProps{
		Name: props.Name, InstanceType: props.InstanceType, RootVolumeGiB: props.RootVolumeGiB,
		AMIID: props.AMIID, Role: NewHostRole(scope, "Role", HostRoleProps{
			Name: props.Name, Service: config.ServiceBastion, Sessions: props.Sessions,
		}).Role,
		SecurityGroup: group, PublicIP: true, SubnetID: subnets[0].SubnetId(),
	})
	instance := newInstance(scope, "Instance", template)
	name(instance, props.Name)
	instance.Node().AddDependency(props.Network.VPC.InternetConnectivityEstablished())
	props.Alerts.Add(scope, "StatusCheckFailed", statusCheckAlarm("bastion", instance.Ref()))
	return &Bastion{InstanceID: instance.Ref(), PrivateIP: instance.AttrPrivateIp(), PublicIP: instance.AttrPublicIp(), SecurityGroup: group}
}

// statusCheckAlarm fires when EC2 itself says that an instance is broken (facts 1.17).
func statusCheckAlarm(what string, instanceID *string) Alarm {
	return Alarm{
		Name:        what + "-status-check-failed",
		Description: "EC2 finds the " + what + " or its hardware broken for two minutes. Stop and start it, or replace it by a deploy.",
		Metric: metric("AWS/EC2", "StatusCheckFailed", "Maximum", time.Minute,
			map[string]*string{"InstanceId": instanceID}),
		Above: 0, Periods: 2,
	}
}
