package test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/d2-ride-booking/platform/config"
)

// sixTags are on everything that takes tags (facts 1.19).
var sixTags = []string{
	config.TagEnvironment, config.TagProject, config.TagService, config.TagName, config.TagManagedBy, config.TagDomain,
}

func missingTags(resource Resource) []string {
	var missing []string
	for _, key := range sixTags {
		if resource.Tag(key) == "" {
			missing = append(missing, key)
		}
	}
	return missing
}

// taggable are the types of which any resource here carries a tag; CDK puts the
// stack's tags on whatever takes them, so that no such type is missed.
func taggable(t *testing.T) map[string]bool {
	t.Helper()
	types := map[string]bool{}
	for _, whole := range []map[string]Template{shippedTemplates(t), largest(t)} {
		for _, template := range whole {
			for _, resource := range template.Resources {
				if resource.Tag(config.TagManagedBy) != "" || resource.Tag(config.TagService) != "" {
					types[resource.Type] = true
				}
			}
		}
	}
	return types
}

// untaggable are the types that take no tags in CloudFormation. A type that is in
// neither set is new, and somebody has to look.
var untaggable = []string{
	"AWS::AutoScaling::ScalingPolicy", "AWS::CloudFront::OriginAccessControl", "AWS::CloudFront::ResponseHeadersPolicy",
	"AWS::Cognito::UserPoolClient", "AWS::Cognito::UserPoolGroup", "AWS::EC2::Route", "AWS::EC2::SecurityGroupEgress",
	"AWS::EC2::SecurityGroupIngress", "AWS::EC2::SubnetRouteTableAssociation", "AWS::EC2::VPCGatewayAttachment",
	"AWS::IAM::InstanceProfile", "AWS::IAM::Policy", "AWS::KMS::Alias", "AWS::Route53::RecordSet", "AWS::S3::BucketPolicy",
	"AWS::SNS::Subscription", "AWS::SNS::TopicPolicy", "AWS::Scheduler::Schedule", "AWS::SecretsManager::SecretTargetAttachment",
	"AWS::WAFv2::WebACLAssociation",
}

func TestEveryTypeIsKnownToTakeTagsOrNot(t *testing.T) {
	takes, used := taggable(t), map[string]bool{}
	for _, whole := range []map[string]Template{shippedTemplates(t), largest(t)} {
		for _, template := range whole {
			for _, resource := range template.Resources {
				used[resource.Type] = true
			}
		}
	}
	for resourceType := range used {
		assert.NotEqual(t, takes[resourceType], slices.Contains(untaggable, resourceType), resourceType)
	}
	for _, resourceType := range untaggable {
		assert.True(t, used[resourceType], "%s is not used any more", resourceType)
	}
}

func TestTheTagsSayTheSameOfTheWholeEnvironment(t *testing.T) {
	for stack, want := range map[string]map[string]string{
		"D2-Dev":  {"Environment": "dev", "Project": "d2-ride-booking", "ManagedBy": "cdk", "Domain": "dev.d2.fikri.dev"},
		"D2-Prod": {"Environment": "prod", "Project": "d2-ride-booking", "ManagedBy": "cdk", "Domain": "d2.fikri.dev"},
	} {
		for _, part := range []string{stack, stack + "-Edge"} {
			for id, resource := range template(t, part).Resources {
				for key, value := range want {
					if got := resource.Tag(key); got != "" {
						assert.Equal(t, value, got, "%s %s %s", part, id, key)
					}
				}
			}
		}
	}
}

func TestAnOperatorsOwnTagIsOnEverythingButParameters(t *testing.T) {
	for stack, template := range largest(t) {
		takes := taggable(t)
		delete(takes, "AWS::SSM::Parameter") // a changed tag would write a release's version again
		for id, resource := range template.Resources {
			switch {
			case takes[resource.Type]:
				assert.Equal(t, "rides", resource.Tag("CostCenter"), "%s %s", stack, id)
			case resource.Type == "AWS::SSM::Parameter":
				assert.Empty(t, resource.Tag("CostCenter"), "%s %s", stack, id)
			}
		}
	}
}

// The values of the tag Service are the platform's parts and its services and sites.
func TestTheServiceTagNamesAPartOfThePlatform(t *testing.T) {
	parts := []string{
		config.ServiceNetwork, config.ServiceLoadBalancer, config.ServiceDatabase, config.ServiceIdentity, config.ServiceBastion,
		config.ServiceRelease, config.ServiceObservability, config.ServiceCost, config.ServiceEdge,
		"backend-api", "web-driver", "web-support", "web-admin", "web-passenger", "status",
	}
	seen := map[string]bool{}
	for _, whole := range []map[string]Template{shippedTemplates(t), largest(t)} {
		for _, template := range whole {
			for id, resource := range template.Resources {
				if service := resource.Tag(config.TagService); service != "" {
					seen[service] = true
					assert.Contains(t, parts, service, id)
				}
			}
		}
	}
	assert.ElementsMatch(t, parts, slices.Collect(maps.Keys(seen)))
}
