package test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
)

func TestTheNetworkStandsAtTheRunbooksAddresses(t *testing.T) {
	for stack, block := range map[string]string{"D2-Dev": "10.20", "D2-Prod": "10.30"} {
		vpc := template(t, stack).Only(t, "AWS::EC2::VPC")
		assert.Equal(t, block+".0.0/16", vpc.At("CidrBlock"))
		assert.Equal(t, true, vpc.At("EnableDnsSupport"))
		assert.Equal(t, true, vpc.At("EnableDnsHostnames"))
		assert.Equal(t, map[string]string{
			"public-ap-southeast-1a": block + ".1.0/24", "public-ap-southeast-1b": block + ".2.0/24",
			"app-ap-southeast-1a": block + ".11.0/24", "app-ap-southeast-1b": block + ".12.0/24",
			"database-ap-southeast-1a": block + ".21.0/24", "database-ap-southeast-1b": block + ".22.0/24",
		}, addresses(template(t, stack)))
	}
}

// addresses are the blocks of the subnets by their tag Name.
func addresses(template Template) map[string]string {
	blocks := map[string]string{}
	for _, subnet := range template.All("AWS::EC2::Subnet") {
		blocks[short(subnet.Tag("Name"))] = text(subnet.At("CidrBlock"))
	}
	return blocks
}

// routes says where each subnet, by its tag Name, sends what is not for the VPC:
// the type and Name of what its routes lead to.
func routes(t *testing.T, template Template) map[string][]string {
	t.Helper()
	byTable := map[string][]string{}
	for _, route := range template.All("AWS::EC2::Route") {
		require.Equal(t, "0.0.0.0/0", route.At("DestinationCidrBlock"))
		for _, way := range []string{"GatewayId", "NatGatewayId"} {
			if reference := route.At(way); reference != nil {
				table := target(route.At("RouteTableId"))
				byTable[table] = append(byTable[table], way+" "+short(template.Get(t, reference).Tag("Name")))
			}
		}
	}
	for _, endpoint := range template.Where("AWS::EC2::VPCEndpoint", "VpcEndpointType", "Gateway") {
		for _, table := range targets(endpoint.At("RouteTableIds")) {
			byTable[table] = append(byTable[table], "endpoint "+short(endpoint.Tag("Name")))
		}
	}
	ways := map[string][]string{}
	for _, association := range template.All("AWS::EC2::SubnetRouteTableAssociation") {
		subnet := template.Get(t, association.At("SubnetId"))
		ways[short(subnet.Tag("Name"))] = byTable[target(association.At("RouteTableId"))]
	}
	return ways
}

func TestEveryTierHasItsOwnWayOutAndTheDatabaseTierHasNone(t *testing.T) {
	internet, s3 := "GatewayId vpc", "endpoint vpce-s3"
	assert.Equal(t, map[string][]string{
		"public-ap-southeast-1a": {internet, s3}, "public-ap-southeast-1b": {internet, s3},
		"app-ap-southeast-1a":      {"NatGatewayId public-ap-southeast-1a", s3},
		"app-ap-southeast-1b":      {"NatGatewayId public-ap-southeast-1b", s3},
		"database-ap-southeast-1a": nil, "database-ap-southeast-1b": nil,
	}, routes(t, template(t, "D2-Prod")))
	assert.Equal(t, map[string][]string{
		"public-ap-southeast-1a": {internet, s3}, "public-ap-southeast-1b": {internet, s3},
		"app-ap-southeast-1a": {s3}, "app-ap-southeast-1b": {s3},
		"database-ap-southeast-1a": nil, "database-ap-southeast-1b": nil,
	}, routes(t, template(t, "D2-Dev")))
}

func TestOneNATGatewayServesBothZonesOfDEV(t *testing.T) {
	ways := routes(t, dev(t, everything))
	assert.Equal(t, "NatGatewayId public-ap-southeast-1a", ways["app-ap-southeast-1a"][0])
	assert.Equal(t, "NatGatewayId public-ap-southeast-1a", ways["app-ap-southeast-1b"][0])
	assert.Len(t, dev(t, everything).All("AWS::EC2::EIP"), 1)
}

func TestAThirdZoneIsOneMoreEntry(t *testing.T) {
	wider := prod(t, func(e *config.Environment) {
		e.Network.Zones = append(e.Network.Zones, config.Zone{
			AvailabilityZone: "ap-southeast-1c", Public: netip.MustParsePrefix("10.30.3.0/24"),
			App: netip.MustParsePrefix("10.30.13.0/24"), Database: netip.MustParsePrefix("10.30.23.0/24"),
		})
	})
	assert.Equal(t, "NatGatewayId public-ap-southeast-1c", routes(t, wider)["app-ap-southeast-1c"][0])
	before, after := addresses(template(t, "D2-Prod")), addresses(wider)
	for name, block := range before {
		assert.Equal(t, block, after[name], "a subnet's address never moves")
	}
	assert.Len(t, after, 9)
	assert.Len(t, wider.Only(t, "AWS::AutoScaling::AutoScalingGroup").At("VPCZoneIdentifier"), 3)
	assert.Len(t, wider.Only(t, "AWS::RDS::DBSubnetGroup").At("SubnetIds"), 3)
}

func TestNoSubnetHandsOutPublicAddresses(t *testing.T) {
	for _, stack := range []string{"D2-Dev", "D2-Prod"} {
		for _, subnet := range template(t, stack).All("AWS::EC2::Subnet") {
			assert.Equal(t, false, subnet.At("MapPublicIpOnLaunch"), subnet.ID)
		}
	}
}

func TestSystemsManagerIsReachedInsideTheVPCWhenItsEndpointsAreOn(t *testing.T) {
	inside := dev(t, only("enable_ssm_vpc_endpoints"))
	var services []string
	for _, endpoint := range inside.Where("AWS::EC2::VPCEndpoint", "VpcEndpointType", "Interface") {
		services = append(services, flat(endpoint.At("ServiceName")))
		assert.Equal(t, true, endpoint.At("PrivateDnsEnabled"))
		var tiers []string
		for _, subnet := range targets(endpoint.At("SubnetIds")) {
			tiers = append(tiers, short(inside.Resources[subnet].Tag("Name")))
		}
		assert.Equal(t, []string{"app-ap-southeast-1a", "app-ap-southeast-1b"}, tiers)
	}
	assert.ElementsMatch(t, []string{
		"com.amazonaws.ap-southeast-1.ssm", "com.amazonaws.ap-southeast-1.ssmmessages", "com.amazonaws.ap-southeast-1.ec2messages",
	}, services)
}

func TestEveryPacketIsLoggedAndForgottenInTime(t *testing.T) {
	for stack, days := range map[string]float64{"D2-Dev": 7, "D2-Prod": 90} {
		whole := template(t, stack)
		flow := whole.Only(t, "AWS::EC2::FlowLog")
		assert.Equal(t, "ALL", flow.At("TrafficType"))
		assert.Equal(t, "VPC", flow.At("ResourceType"))
		assert.Equal(t, whole.Only(t, "AWS::EC2::VPC").ID, target(flow.At("ResourceId")))
		assert.Equal(t, days, whole.Get(t, flow.At("LogGroupName")).At("RetentionInDays"))
	}
}

// The default security group stays as AWS made it, since emptying it takes a
// Lambda (constructs/network.go); so nothing may stand in it.
func TestNothingStandsInTheDefaultSecurityGroup(t *testing.T) {
	for _, whole := range []Template{template(t, "D2-Dev"), template(t, "D2-Prod"), dev(t, everything), prod(t, larger)} {
		for resourceType, path := range map[string]string{
			"AWS::EC2::LaunchTemplate":                  "LaunchTemplateData.NetworkInterfaces.0.Groups",
			"AWS::RDS::DBInstance":                      "VPCSecurityGroups",
			"AWS::ElasticLoadBalancingV2::LoadBalancer": "SecurityGroups",
		} {
			for _, resource := range whole.All(resourceType) {
				inOwnGroups(t, whole, resource, path)
			}
		}
		for _, endpoint := range whole.Where("AWS::EC2::VPCEndpoint", "VpcEndpointType", "Interface") {
			inOwnGroups(t, whole, endpoint, "SecurityGroupIds")
		}
		for _, instance := range whole.All("AWS::EC2::Instance") {
			require.NotNil(t, instance.At("LaunchTemplate"), "an instance gets its groups from its template")
		}
	}
}

func inOwnGroups(t *testing.T, whole Template, resource Resource, path string) {
	t.Helper()
	groups := targets(resource.At(path))
	assert.NotEmpty(t, groups, resource.ID)
	for _, group := range groups {
		assert.Equal(t, "AWS::EC2::SecurityGroup", whole.Resources[group].Type, resource.ID)
	}
}
