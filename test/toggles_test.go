package test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
)

// promises are what each toggle of runbook DEV 6.1 adds to a DEV with every other
// one off, all of it.
var promises = map[string]map[string]int{
	"enable_ec2_backend": {
		"AWS::EC2::Instance": 1, launchTemplate: 1, "AWS::IAM::InstanceProfile": 1, "AWS::EC2::SecurityGroup": 1,
		iamRole: 2, "AWS::IAM::Policy": 2, // the host's, and the schedule's
		logGroup: 1, parameter: 7, alarm: 5, schedule: 2,
	},
	"enable_rds": {
		database: 1, "AWS::RDS::DBParameterGroup": 1, "AWS::RDS::DBSubnetGroup": 1,
		"AWS::SecretsManager::Secret": 1, "AWS::SecretsManager::SecretTargetAttachment": 1,
		"AWS::EC2::SecurityGroup": 1, logGroup: 2, alarm: 5,
		schedule: 2, iamRole: 1, "AWS::IAM::Policy": 1, // the schedule's
	},
	"enable_nat_gateway": {
		"AWS::EC2::NatGateway": 1, "AWS::EC2::EIP": 1, "AWS::EC2::Route": 2, alarm: 2,
	},
	"enable_alb": {
		loadBalancer: 1, listener: 2, "AWS::EC2::SecurityGroup": 1, "AWS::CertificateManager::Certificate": 1, alarm: 2,
	},
	"enable_ssm_vpc_endpoints": {
		"AWS::EC2::VPCEndpoint": 3, "AWS::EC2::SecurityGroup": 1,
	},
	"enable_bastion": {
		"AWS::EC2::Instance": 1, launchTemplate: 1, "AWS::IAM::InstanceProfile": 1, "AWS::EC2::SecurityGroup": 1,
		iamRole: 2, "AWS::IAM::Policy": 2, alarm: 1, schedule: 2,
	},
	"enable_web_admin": {
		bucket: 1, "AWS::S3::BucketPolicy": 1, distribution: 1, "AWS::CloudFront::OriginAccessControl": 1,
		"AWS::CloudFront::ResponseHeadersPolicy": 1, "AWS::Route53::RecordSet": 2,
	},
	"enable_web_passenger": {
		bucket: 1, "AWS::S3::BucketPolicy": 1, distribution: 1, "AWS::CloudFront::OriginAccessControl": 1,
		"AWS::CloudFront::ResponseHeadersPolicy": 1, "AWS::Route53::RecordSet": 2,
	},
	"enable_web_driver": {
		"AWS::EC2::Instance": 1, launchTemplate: 1, "AWS::IAM::InstanceProfile": 1, "AWS::EC2::SecurityGroup": 1,
		iamRole: 2, "AWS::IAM::Policy": 2,
		logGroup: 1, parameter: 9, alarm: 5, schedule: 2,
	},
}

func TestEachToggleAddsWhatItPromisesAndNothingElse(t *testing.T) {
	off := dev(t, only())
	for _, toggle := range toggles {
		t.Run(toggle.key, func(t *testing.T) {
			on := dev(t, only(toggle.key))
			assert.Equal(t, promises[toggle.key], added(off, on))
			for id, resource := range off.Resources {
				assert.Equal(t, resource.Type, on.Resources[id].Type, "%s is gone", id)
			}
		})
	}
}

// A site brings its certificate and its alarm along in the edge stack.
func TestASiteBringsItsCertificateToTheEdge(t *testing.T) {
	edge := func(keys ...string) Template {
		return synthesized(t, environment(t, config.Dev, only(keys...)))["D2-Dev-Edge"]
	}
	assert.Equal(t, map[string]int{"AWS::CertificateManager::Certificate": 1, alarm: 2}, added(edge(), edge("enable_web_admin")))
	assert.Empty(t, added(edge(), edge("enable_rds", "enable_alb")))
}

func TestDEVWithEveryToggleOffCostsNothingByTheHour(t *testing.T) {
	off := dev(t, only())
	for _, byTheHour := range []string{"AWS::EC2::Instance", database, "AWS::EC2::NatGateway", "AWS::EC2::EIP", loadBalancer} {
		assert.Empty(t, off.All(byTheHour))
	}
	assert.Empty(t, off.Where("AWS::EC2::VPCEndpoint", "VpcEndpointType", "Interface"))
}

// signs are the resource that a toggle must bring in any combination.
func signs(whole Template) map[string]bool {
	sites := map[string]bool{}
	for _, each := range whole.All(distribution) {
		sites[each.Tag(config.TagService)] = true
	}
	has := func(name string) bool { return slices.ContainsFunc(whole.All(parameter), named(name)) }
	return map[string]bool{
		"enable_ec2_backend":       has("/d2-ride-booking/dev/backend-api/version"),
		"enable_rds":               len(whole.All(database)) == 1,
		"enable_nat_gateway":       len(whole.All("AWS::EC2::NatGateway")) == 1,
		"enable_alb":               len(whole.All(loadBalancer)) == 1,
		"enable_ssm_vpc_endpoints": len(whole.Where("AWS::EC2::VPCEndpoint", "VpcEndpointType", "Interface")) == 3,
		"enable_bastion":           slices.ContainsFunc(whole.All("AWS::EC2::Instance"), served("bastion")),
		"enable_web_admin":         sites["web-admin"],
		"enable_web_passenger":     sites["web-passenger"],
		"enable_web_driver":        has("/d2-ride-booking/dev/web-driver/version"),
	}
}

func named(name string) func(Resource) bool {
	return func(r Resource) bool { return r.At("Name") == name }
}

func served(service string) func(Resource) bool {
	return func(r Resource) bool { return r.Tag(config.TagService) == service }
}

// combination is one choice of toggles.
type combination []bool

func (c combination) on() []string {
	var on []string
	for i, toggle := range toggles {
		if c[i] {
			on = append(on, toggle.key)
		}
	}
	return on
}

// pairwise are combinations in which every two toggles stand in all four ways.
// Greedy and without chance, so that a failure stays where it was: each row takes,
// toggle by toggle, the value that covers more pairs still open.
func pairwise(count int) []combination {
	type pair struct {
		i, j int
		a, b bool
	}
	open := map[pair]bool{}
	for j := range count {
		for i := range j {
			for _, a := range []bool{false, true} {
				for _, b := range []bool{false, true} {
					open[pair{i, j, a, b}] = true
				}
			}
		}
	}
	var rows []combination
	for len(open) > 0 {
		row := combination{len(rows)%2 == 1}
		for j := 1; j < count; j++ {
			gain := map[bool]int{}
			for i := range row {
				for _, value := range []bool{false, true} {
					if open[pair{i, j, row[i], value}] {
						gain[value]++
					}
				}
			}
			row = append(row, gain[true] > gain[false] || gain[true] == gain[false] && (j+len(rows))%2 == 0)
		}
		for j := range count {
			for i := range j {
				delete(open, pair{i, j, row[i], row[j]})
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func TestThePairwiseCombinationsCoverEveryPair(t *testing.T) {
	rows := pairwise(len(toggles))
	assert.LessOrEqual(t, len(rows), 12)
	for j := range toggles {
		for i := range j {
			seen := map[string]bool{}
			for _, row := range rows {
				seen[fmt.Sprint(row[i], row[j])] = true
			}
			assert.Len(t, seen, 4, "%s with %s", toggles[i].key, toggles[j].key)
		}
	}
}

// combinations are every toggle off, on, alone, and the pairwise ones.
func combinations() []combination {
	none, all := make(combination, len(toggles)), make(combination, len(toggles))
	for i := range all {
		all[i] = true
	}
	rows := append([]combination{none, all}, pairwise(len(toggles))...)
	for i := range toggles {
		alone := make(combination, len(toggles))
		alone[i] = true
		rows = append(rows, alone)
	}
	return rows
}

func TestEveryCombinationOfTogglesIsWholeAndValid(t *testing.T) {
	for _, row := range combinations() {
		t.Run(strings.Join(row.on(), "+"), func(t *testing.T) {
			env := environment(t, config.Dev, only(row.on()...))
			require.NoError(t, env.Validate())
			want := map[string]bool{}
			for i, toggle := range toggles {
				want[toggle.key] = row[i]
			}
			templates := synthesized(t, env)
			assert.Equal(t, want, signs(templates["D2-Dev"]))
			for stack, whole := range templates {
				keepsInvariants(t, stack, whole)
				refersToItself(t, stack, whole)
			}
		})
	}
}

// refersToItself checks that whatever a template points at is in it.
func refersToItself(t *testing.T, stack string, whole Template) {
	t.Helper()
	known := map[string]bool{}
	for id := range whole.Resources {
		known[id] = true
	}
	for name := range whole.Parameters {
		known[name] = true
	}
	for _, resource := range whole.Resources {
		for _, id := range texts(resource.DependsOn) {
			assert.True(t, known[id], "%s %s depends on %s", stack, resource.ID, id)
		}
		for id := range references(resource.Properties) {
			assert.True(t, known[id] || strings.HasPrefix(id, "AWS::"), "%s %s refers to %s", stack, resource.ID, id)
		}
	}
}

func references(value any) map[string]bool {
	found := map[string]bool{}
	switch value := value.(type) {
	case map[string]any:
		if name, isReference := value["Ref"].(string); isReference {
			found[name] = true
		}
		if attribute, isReference := value["Fn::GetAtt"].([]any); isReference {
			found[text(attribute[0])] = true
		}
		for _, each := range value {
			maps.Copy(found, references(each))
		}
	case []any:
		for _, each := range value {
			maps.Copy(found, references(each))
		}
	}
	return found
}
