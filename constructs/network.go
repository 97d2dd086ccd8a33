package constructs

import (
	"fmt"
	"net/netip"
	"time"

	ec2 "github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	logs "github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/d2-ride-booking/platform/config"
)

// NetworkProps sizes the three-tier network of one environment.
type NetworkProps struct {
	Prefix       string        // begins the Name tags, e.g. d2-ride-booking-prod
	CIDR         netip.Prefix  // the VPC's block, e.g. 10.30.0.0/16 (runbook PROD 1.1)
	Zones        []config.Zone // one entry an Availability Zone: its three subnets
	NATGateways  int           // 0, 1, or one a zone, so that a zone can fail alone
	SSMEndpoints bool          // interface endpoints for Systems Manager in the app tier
	FlowLogGroup logs.ILogGroup
	Alerts       *Alerts
}

// Network is the VPC that everything in one environment stands in.
type Network struct {
	VPC      ec2.Vpc
	Public   *ec2.SubnetSelection // load balancer nodes, NAT gateways, the bastion
	App      *ec2.SubnetSelection // hosts of the services; a way out only through NAT
	Database *ec2.SubnetSelection // no route out of the VPC
}

// Tiers of the network, as they are called in subnets' names.
const (
	tierPublic   = "public"
	tierApp      = "app"
	tierDatabase = "database"
)

// NewNetwork makes the VPC, its subnets at the addresses that config gives, the
// ways out, a free gateway endpoint for S3, and flow logs.
//
// The default security group stays as AWS made it: emptying it takes a Lambda
// (CDK's restrictDefaultSecurityGroup), and nothing here uses it, which a test proves.
func NewNetwork(scope constructs.Construct, id string, props NetworkProps) *Network {
	scope = constructs.NewConstruct(scope, str(id))
	service(scope, config.ServiceNetwork)
	vpc := ec2.NewVpc(scope, str("VPC"), &ec2.VpcProps{
		IpAddresses:                  &fixedAddresses{vpc: props.CIDR, zones: props.Zones},
		AvailabilityZones:            zoneNames(props.Zones),
		SubnetConfiguration:          tiers(props.NATGateways > 0),
		NatGateways:                  num(props.NATGateways),
		RestrictDefaultSecurityGroup: no(),
	})
	network := &Network{
		VPC:      vpc,
		Public:   &ec2.SubnetSelection{SubnetGroupName: str(tierPublic)},
		App:      &ec2.SubnetSelection{SubnetGroupName: str(tierApp)},
		Database: &ec2.SubnetSelection{SubnetGroupName: str(tierDatabase)},
	}
	network.nameSubnets(props)
	name(vpc.AddGatewayEndpoint(str("S3"), &ec2.GatewayVpcEndpointOptions{
		Service: ec2.GatewayVpcEndpointAwsService_S3(),
		Subnets: list(network.Public, network.App),
	}), props.Prefix+"-vpce-s3")
	if props.SSMEndpoints {
		network.systemsManagerEndpoints(scope, props)
	}
	network.flowLogs(props)
	network.natAlarms(scope, props.Alerts)
	return network
}

func (n *Network) nameSubnets(props NetworkProps) {
	name(n.VPC, props.Prefix+"-vpc")
	for _, tier := range []*ec2.SubnetSelection{n.Public, n.App, n.Database} {
		for i, subnet := range *n.VPC.SelectSubnets(tier).Subnets {
			name(subnet, fmt.Sprintf("%s-%s-%s", props.Prefix, *tier.SubnetGroupName, props.Zones[i].AvailabilityZone))
		}
	}
}

// systemsManagerEndpoints are the three that the SSM agent talks to (facts 1.2).
func (n *Network) systemsManagerEndpoints(scope constructs.Construct, props NetworkProps) {
	group := ec2.NewSecurityGroup(scope, str("EndpointSecurityGroup"), &ec2.SecurityGroupProps{
		Vpc: n.VPC, AllowAllOutbound: no(),
		Description: str("Systems Manager endpoints: HTTPS from inside the VPC"),
	})
	group.AddIngressRule(ec2.Peer_Ipv4(str(props.CIDR.String())), tcp(443), str("HTTPS from inside the VPC"), nil)
	name(group, props.Prefix+"-vpc-endpoints")
	for _, endpoint := range []ec2.InterfaceVpcEndpointAwsService{
		ec2.InterfaceVpcEndpointAwsService_SSM(),
		ec2.InterfaceVpcEndpointAwsService_SSM_MESSAGES(),
		ec2.InterfaceVpcEndpointAwsService_EC2_MESSAGES(),
	} {
		id := *endpoint.ShortName()
		name(n.VPC.AddInterfaceEndpoint(str(id), &ec2.InterfaceVpcEndpointOptions{
			Service: endpoint, Subnets: n.App, SecurityGroups: list[ec2.ISecurityGroup](group), Open: no(),
		}), props.Prefix+"-vpce-"+id)
	}
}

func (n *Network) flowLogs(props NetworkProps) {
	name(n.VPC.AddFlowLog(str("FlowLog"), &ec2.FlowLogOptions{
		Destination: ec2.FlowLogDestination_ToCloudWatchLogs(props.FlowLogGroup, nil),
		TrafficType: ec2.FlowLogTrafficType_ALL,
	}), props.Prefix+"-flow-log")
}

// natAlarms watch the only way out of the app tier.
func (n *Network) natAlarms(scope constructs.Construct, alerts *Alerts) {
	for i, subnet := range *n.VPC.PublicSubnets() {
		gateway, found := subnet.Node().TryFindChild(str("NATGateway")).(ec2.CfnNatGateway)
		if !found {
			continue
		}
		what := fmt.Sprintf("nat-%d", i+1)
		id := map[string]*string{"NatGatewayId": gateway.Ref()}
		alerts.Add(scope, what+"-PortsExhausted", Alarm{
			Name:        what + "-ports-exhausted",
			Description: "NAT gateway " + what + " cannot open connections: a host opens too many to one address. Look at the flow logs.",
			Metric:      metric("AWS/NATGateway", "ErrorPortAllocation", "Sum", 5*time.Minute, id), Above: 0, Periods: 1,
		})
		alerts.Add(scope, what+"-PacketsDropped", Alarm{
			Name:        what + "-packets-dropped",
			Description: "NAT gateway " + what + " drops packets. AWS's health page says whether its zone is in trouble.",
			Metric:      metric("AWS/NATGateway", "PacketsDropCount", "Sum", 5*time.Minute, id), Above: 100, Periods: 3,
		})
	}
}

func tiers(nat bool) *[]*ec2.SubnetConfiguration {
	app := ec2.SubnetType_PRIVATE_ISOLATED
	if nat {
		app = ec2.SubnetType_PRIVATE_WITH_EGRESS
	}
	return list(
		&ec2.SubnetConfiguration{Name: str(tierPublic), SubnetType: ec2.SubnetType_PUBLIC, MapPublicIpOnLaunch: no()},
		&ec2.SubnetConfiguration{Name: str(tierApp), SubnetType: app},
		&ec2.SubnetConfiguration{Name: str(tierDatabase), SubnetType: ec2.SubnetType_PRIVATE_ISOLATED},
	)
}

func zoneNames(zones []config.Zone) *[]*string {
	var names []string
	for _, zone := range zones {
		names = append(names, zone.AvailabilityZone)
	}
	return strs(names...)
}

// fixedAddresses hands CDK's Vpc the subnets that config names, where CDK would
// count its own: addresses must not move when a tier is added.
type fixedAddresses struct {
	vpc   netip.Prefix
	zones []config.Zone
}

// AllocateVpcCidr returns the VPC's block.
func (f *fixedAddresses) AllocateVpcCidr() *ec2.VpcIpamOptions {
	return &ec2.VpcIpamOptions{CidrBlock: str(f.vpc.String())}
}

// AllocateSubnetsCidr returns the blocks in the order CDK asks for them: tier by tier, zone by zone.
func (f *fixedAddresses) AllocateSubnetsCidr(*ec2.AllocateCidrRequest) *ec2.SubnetIpamOptions {
	var subnets []*ec2.AllocatedSubnet
	for _, block := range []func(config.Zone) netip.Prefix{
		func(z config.Zone) netip.Prefix { return z.Public },
		func(z config.Zone) netip.Prefix { return z.App },
		func(z config.Zone) netip.Prefix { return z.Database },
	} {
		for _, zone := range f.zones {
			subnets = append(subnets, &ec2.AllocatedSubnet{Cidr: str(block(zone).String())})
		}
	}
	return &ec2.SubnetIpamOptions{AllocatedSubnets: &subnets}
}
