package test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/host"
)

const (
	group          = "AWS::AutoScaling::AutoScalingGroup"
	launchTemplate = "AWS::EC2::LaunchTemplate"
)

// launched is the launch template of a fleet or an instance.
func launched(t *testing.T, whole Template, resource Resource) Resource {
	t.Helper()
	return whole.Get(t, resource.At("LaunchTemplate.LaunchTemplateId"))
}

func userData(template Resource) string {
	return text(template.At("LaunchTemplateData.UserData.Fn::Base64"))
}

// hostFile is a file that the user data of a launch template puts on its host.
func hostFile(t *testing.T, template Resource, path string) string {
	t.Helper()
	files, err := host.Unpack(userData(template))
	require.NoError(t, err)
	require.Contains(t, files, path)
	return files[path].Content
}

func TestDEVRunsEveryEnabledServiceOnOneHost(t *testing.T) {
	shippedHost := template(t, "D2-Dev").Named(t, "AWS::EC2::Instance", "app-host")
	assert.Equal(t, "backend-api", shippedHost.Tag("Service"), "runbook DEV 5.1 finds it by this tag")
	assert.Equal(t, "t3.micro", launched(t, template(t, "D2-Dev"), shippedHost).At("LaunchTemplateData.InstanceType"))
	assert.Empty(t, template(t, "D2-Dev").All(group))
	whole := dev(t, everything)
	script := userData(launched(t, whole, whole.Named(t, "AWS::EC2::Instance", "app-host")))
	assert.Contains(t, script, "\nservices=(backend-api web-driver)\n")
}

func TestDEVsHostIsWhereItCanReachTheInternet(t *testing.T) {
	for _, place := range []struct {
		whole  Template
		subnet string
		public bool
	}{
		{template(t, "D2-Dev"), "public-ap-southeast-1a", true},
		{dev(t, everything), "app-ap-southeast-1a", false},
	} {
		host := launched(t, place.whole, place.whole.Named(t, "AWS::EC2::Instance", "app-host"))
		card := host.At("LaunchTemplateData.NetworkInterfaces.0")
		assert.Equal(t, place.public, at(card, "AssociatePublicIpAddress"))
		assert.Equal(t, place.subnet, short(place.whole.Get(t, at(card, "SubnetId")).Tag("Name")))
	}
}

func TestBackendSurvivesTheLossOfOneZone(t *testing.T) {
	whole := template(t, "D2-Prod")
	assert.Equal(t, []string{"app-ap-southeast-1a", "app-ap-southeast-1b"}, subnetNames(t, whole, whole.Only(t, group).At("VPCZoneIdentifier")))
	balancer := whole.Only(t, "AWS::ElasticLoadBalancingV2::LoadBalancer")
	assert.Equal(t, []string{"public-ap-southeast-1a", "public-ap-southeast-1b"}, subnetNames(t, whole, balancer.At("Subnets")))
	assert.Equal(t, true, whole.Only(t, "AWS::RDS::DBInstance").At("MultiAZ"))
	for zone, ways := range routes(t, whole) {
		if after, isApp := strings.CutPrefix(zone, "app-"); isApp {
			assert.Equal(t, "NatGatewayId public-"+after, ways[0], "each zone goes out by its own NAT")
		}
	}
}

func subnetNames(t *testing.T, whole Template, value any) []string {
	t.Helper()
	var names []string
	for _, id := range targets(value) {
		names = append(names, short(whole.Resources[id].Tag("Name")))
	}
	slices.Sort(names)
	return names
}

func TestAReplacementLaunchesBeforeItTerminates(t *testing.T) {
	fleet := template(t, "D2-Prod").Only(t, group)
	assert.Equal(t, 100.0, fleet.At("InstanceMaintenancePolicy.MinHealthyPercentage"))
	assert.Equal(t, 200.0, fleet.At("InstanceMaintenancePolicy.MaxHealthyPercentage"))
}

func TestTheLoadBalancersHealthCheckDecidesWhatIsHealthy(t *testing.T) {
	whole := template(t, "D2-Prod")
	fleet := whole.Only(t, group)
	assert.Equal(t, "ELB", fleet.At("HealthCheckType"))
	assert.Equal(t, 600.0, fleet.At("HealthCheckGracePeriod"))
	assert.Equal(t, 300.0, fleet.At("DefaultInstanceWarmup"))
	assert.Equal(t, []string{whole.Only(t, "AWS::ElasticLoadBalancingV2::TargetGroup").ID}, targets(fleet.At("TargetGroupARNs")))
}

func TestTheFleetCanGrowToThreeAndShrinkToOneAsTheRunbookDoes(t *testing.T) {
	fleet := template(t, "D2-Prod").Only(t, group)
	assert.Equal(t, "1", fleet.At("MinSize"))
	assert.Equal(t, "3", fleet.At("MaxSize"))
	assert.Nil(t, fleet.At("DesiredCapacity"), "a deploy would reset what scaling decided")
}

func TestTheFleetGrowsWithCPUAndWithRequests(t *testing.T) {
	targetsOf := map[string]any{}
	for _, policy := range template(t, "D2-Prod").All("AWS::AutoScaling::ScalingPolicy") {
		assert.Equal(t, "TargetTrackingScaling", policy.At("PolicyType"))
		tracking := policy.At("TargetTrackingConfiguration")
		targetsOf[text(at(tracking, "PredefinedMetricSpecification.PredefinedMetricType"))] = at(tracking, "TargetValue")
	}
	assert.Equal(t, map[string]any{"ASGAverageCPUUtilization": 60.0, "ALBRequestCountPerTarget": 1000.0}, targetsOf)
}

func TestAChangedLaunchTemplateRollsOutInStepsAndStopsWhenUsersSuffer(t *testing.T) {
	whole := template(t, "D2-Prod")
	refresh := whole.Only(t, group).UpdatePolicy["AutoScalingInstanceRefresh"]
	assert.Equal(t, "Rolling", at(refresh, "Strategy"))
	preferences := at(refresh, "Preferences")
	for key, value := range map[string]any{
		"MinHealthyPercentage": 100.0, "MaxHealthyPercentage": 200.0, "InstanceWarmup": 300.0,
		"SkipMatching": true, "CheckpointDelay": 300.0, "BakeTime": 300.0, "CheckpointPercentages": []any{50.0, 100.0},
	} {
		assert.Equal(t, value, at(preferences, key), key)
	}
	var alarms []string
	for _, id := range targets(at(preferences, "AlarmSpecification.Alarms")) {
		alarms = append(alarms, text(whole.Resources[id].At("AlarmName")))
	}
	env, err := config.Shipped(config.Prod)
	require.NoError(t, err)
	assert.ElementsMatch(t, env.ReleaseAlarms("backend-api"), alarms, "d2ctl deploy stops at the same")
}

func TestTheOldestGoFirst(t *testing.T) {
	assert.Equal(t, []any{"OldestLaunchTemplate", "OldestInstance"}, template(t, "D2-Prod").Only(t, group).At("TerminationPolicies"))
}

func TestTheFleetSendsItsNumbersEachMinute(t *testing.T) {
	assert.Equal(t, []any{map[string]any{"Granularity": "1Minute"}}, template(t, "D2-Prod").Only(t, group).At("MetricsCollection"))
}

func TestEveryHostHasTheSameFloor(t *testing.T) {
	for _, whole := range []Template{template(t, "D2-Dev"), template(t, "D2-Prod"), dev(t, everything), prod(t, larger)} {
		for _, host := range whole.All(launchTemplate) {
			data := host.At("LaunchTemplateData")
			assert.Equal(t, "required", at(data, "MetadataOptions.HttpTokens"), "IMDSv2 only")
			assert.Equal(t, 1.0, at(data, "MetadataOptions.HttpPutResponseHopLimit"))
			assert.Equal(t, true, at(data, "BlockDeviceMappings.0.Ebs.Encrypted"))
			assert.Equal(t, "gp3", at(data, "BlockDeviceMappings.0.Ebs.VolumeType"))
			assert.Equal(t, true, at(data, "BlockDeviceMappings.0.Ebs.DeleteOnTermination"))
			assert.Equal(t, true, at(data, "Monitoring.Enabled"), "alarms look each minute")
			assert.Nil(t, at(data, "KeyName"), "nobody logs in by a key pair")
			assert.NotNil(t, at(data, "IamInstanceProfile"))
		}
	}
}

func TestTheVolumesAreTheRunbooksSizes(t *testing.T) {
	sizes := func(whole Template) map[string]any {
		found := map[string]any{}
		for _, host := range whole.All(launchTemplate) {
			found[short(text(host.At("LaunchTemplateName")))] = host.At("LaunchTemplateData.BlockDeviceMappings.0.Ebs.VolumeSize")
		}
		return found
	}
	assert.Equal(t, map[string]any{"app-host": 16.0, "bastion": 8.0}, sizes(template(t, "D2-Dev")))
	assert.Equal(t, map[string]any{"backend-api": 10.0, "bastion": 8.0}, sizes(template(t, "D2-Prod")))
}

func TestNoInstanceOfAFleetHasAPublicAddress(t *testing.T) {
	for _, whole := range []Template{template(t, "D2-Prod"), prod(t, larger)} {
		for _, fleet := range whole.All(group) {
			host := launched(t, whole, fleet)
			assert.Equal(t, false, host.At("LaunchTemplateData.NetworkInterfaces.0.AssociatePublicIpAddress"), fleet.ID)
			for _, subnet := range subnetNames(t, whole, fleet.At("VPCZoneIdentifier")) {
				assert.Contains(t, subnet, "app-")
			}
		}
	}
}

func TestEachServiceHasARoleOfItsOwn(t *testing.T) {
	whole := prod(t, larger)
	var roles []string
	for _, fleet := range whole.All(group) {
		profile := whole.Get(t, launched(t, whole, fleet).At("LaunchTemplateData.IamInstanceProfile.Arn"))
		require.Len(t, targets(profile.At("Roles")), 1)
		roles = append(roles, short(text(whole.Resources[targets(profile.At("Roles"))[0]].At("RoleName"))))
	}
	assert.ElementsMatch(t, []string{"backend-api", "web-driver", "web-support"}, roles)
}

// A deploy of an unchanged commit a month later must replace nothing.
func TestImagesAreResolvedAtLaunchAndNeverAtADeploy(t *testing.T) {
	for _, stack := range []string{"D2-Dev", "D2-Prod"} {
		for _, host := range template(t, stack).All(launchTemplate) {
			assert.Equal(t, "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64", host.At("LaunchTemplateData.ImageId"))
		}
		for _, parameter := range template(t, stack).Parameters {
			assert.NotContains(t, text(parameter), "ami", "an image as a parameter is resolved again at each deploy")
		}
	}
	for _, host := range prod(t, otherwise).All(launchTemplate) {
		assert.Equal(t, "ami-0123456789abcdef0", host.At("LaunchTemplateData.ImageId"))
	}
}

func TestAFleetsHostRunsItsServiceAndAsksWhereTheLoadBalancerAsks(t *testing.T) {
	whole := prod(t, larger)
	for _, fleet := range whole.All(group) {
		var told struct {
			Services map[string]struct {
				Port   float64
				Health string
			}
		}
		configuration := hostFile(t, launched(t, whole, fleet), "etc/d2/host.json")
		require.NoError(t, json.Unmarshal([]byte(configuration), &told))
		require.Len(t, told.Services, 1)
		asked := whole.Get(t, fleet.At("TargetGroupARNs.0"))
		service := told.Services[fleet.Tag("Service")]
		assert.Equal(t, asked.At("Port"), service.Port)
		assert.Equal(t, asked.At("HealthCheckPath"), service.Health)
	}
}

// TestUserDataFitsEC2AndSaysHowLargeItIs holds what the templates carry to EC2's limit.
func TestUserDataFitsEC2AndSaysHowLargeItIs(t *testing.T) {
	for _, whole := range []Template{template(t, "D2-Dev"), dev(t, everything), template(t, "D2-Prod"), prod(t, larger)} {
		for _, each := range whole.All(launchTemplate) {
			size := len(userData(each))
			assert.Less(t, size, host.UserDataLimit, each.ID)
			t.Logf("%s: %d bytes of user data, of %d", each.At("LaunchTemplateName"), size, host.UserDataLimit)
		}
	}
}

func TestInstancesAndTheirVolumesCarryTheirTags(t *testing.T) {
	for _, whole := range []Template{template(t, "D2-Dev"), template(t, "D2-Prod")} {
		for _, host := range whole.All(launchTemplate) {
			kinds := map[string]bool{}
			list, _ := host.At("LaunchTemplateData.TagSpecifications").([]any)
			for _, each := range list {
				kinds[text(at(each, "ResourceType"))] = true
				assert.Empty(t, missingTags(Resource{Properties: map[string]any{"Tags": at(each, "Tags")}}), host.ID)
			}
			assert.Equal(t, map[string]bool{"instance": true, "volume": true}, kinds)
		}
	}
}
