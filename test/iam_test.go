package test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// unbounded are the actions that AWS grants on "*" only (Service Authorization
// Reference): each with why somebody here needs it.
var unbounded = map[string]string{
	"ssm:UpdateInstanceInformation":    "the agent says that it is alive; it has no instance id to name before it registers",
	"ssm:ListAssociations":             "the agent asks what it is to run",
	"ssm:ListInstanceAssociations":     "the agent asks what it is to run",
	"ssmmessages:CreateControlChannel": "a session reaches the agent by it",
	"ssmmessages:CreateDataChannel":    "a session reaches the agent by it",
	"ssmmessages:OpenControlChannel":   "a session reaches the agent by it",
	"ssmmessages:OpenDataChannel":      "a session reaches the agent by it",
	"ec2messages:AcknowledgeMessage":   "Run Command reaches the agent by it",
	"ec2messages:DeleteMessage":        "Run Command reaches the agent by it",
	"ec2messages:FailMessage":          "Run Command reaches the agent by it",
	"ec2messages:GetEndpoint":          "Run Command reaches the agent by it",
	"ec2messages:GetMessages":          "Run Command reaches the agent by it",
	"ec2messages:SendReply":            "Run Command reaches the agent by it",
	"logs:DescribeLogGroups":           "the agent looks the session log up among all groups",
	"cloudwatch:PutMetricData":         "knows no resources; a condition holds it to our namespace",
	"ec2:DescribeTags":                 "the CloudWatch agent labels its numbers with the fleet's name, a tag",
	"secretsmanager:ListSecrets":       "runbook DEV 4 (3.3) looks the secret up on the host; it shows names only",

	"autoscaling:DescribeAutoScalingGroups":     "a release watches its refresh",
	"autoscaling:DescribeInstanceRefreshes":     "a release watches its refresh",
	"autoscaling:DescribeScalingActivities":     "a release that fails says why",
	"elasticloadbalancing:DescribeTargetHealth": "a release watches its targets",
	"ec2:DescribeInstances":                     "DEV's release finds the host",
	"ssm:GetCommandInvocation":                  "DEV's release waits for the host's answer",
}

// bounded are the actions of unbounded that must carry a condition.
var bounded = []string{"cloudwatch:PutMetricData"}

// grants are the statements of every role of every template, by template and role.
func grants(t *testing.T, each func(where string, statement Statement)) {
	t.Helper()
	for _, templates := range []map[string]Template{shippedTemplates(t), largest(t)} {
		for stack, whole := range templates {
			for _, role := range whole.All(iamRole) {
				for _, statement := range whole.Allowed(role) {
					each(stack+" "+role.ID, statement)
				}
			}
		}
	}
}

func TestNoRoleMayDoEverything(t *testing.T) {
	grants(t, func(where string, statement Statement) {
		for _, action := range statement.Actions {
			assert.NotContains(t, action, "*", where)
			assert.Contains(t, action, ":", where)
		}
	})
}

func TestAnActionOnEverythingIsOneThatAWSGrantsNoOtherWay(t *testing.T) {
	used := map[string]bool{}
	grants(t, func(where string, statement Statement) {
		if !slices.Contains(statement.Resources, "*") {
			return
		}
		for _, action := range statement.Actions {
			used[action] = true
			assert.Contains(t, unbounded, action, where)
			if slices.Contains(bounded, action) {
				assert.NotNil(t, statement.Condition, "%s %s", where, action)
			}
		}
	})
	for action := range unbounded {
		assert.True(t, used[action], "%s is granted to nobody any more; take it out", action)
	}
}

// A wildcard within a resource is the end of an ARN whose beginning names one of
// ours, or the identifier that AWS chooses.
func TestAWildcardStandsOnlyBehindWhatNamesOneOfOurs(t *testing.T) {
	grants(t, func(where string, statement Statement) {
		for _, resource := range statement.Resources {
			before, _, wild := strings.Cut(resource, "*")
			if !wild || resource == "*" {
				continue
			}
			ours := strings.Contains(before, "${") || strings.Contains(before, "/d2-ride-booking/") ||
				strings.Contains(resource, "autoScalingGroupName/d2-ride-booking-")
			byTag := statement.Condition != nil && strings.Contains(text(statement.Condition), "resourceTag/Environment")
			describesDatabases := slices.Equal(statement.Actions, []string{"rds:DescribeDBInstances"})
			assert.True(t, ours || byTag || describesDatabases, "%s: %s", where, resource)
		}
	})
}

func TestManagedPoliciesAreAWSsForOneJobAlone(t *testing.T) {
	for _, templates := range []map[string]Template{shippedTemplates(t), largest(t)} {
		for stack, whole := range templates {
			for _, role := range whole.All(iamRole) {
				for _, policy := range texts(role.At("ManagedPolicyArns")) {
					// Enhanced monitoring takes no other way.
					assert.True(t, strings.HasSuffix(policy, "/AmazonRDSEnhancedMonitoringRole"), "%s %s %s", stack, role.ID, policy)
				}
				assert.Nil(t, role.At("Policies"), "a role's rights stand in one policy")
			}
		}
	}
}

func TestEveryRoleIsAssumedByOneServiceOrTheDeployment(t *testing.T) {
	known := []string{
		"Service:ec2.amazonaws.com", "Service:vpc-flow-logs.amazonaws.com", "Service:scheduler.amazonaws.com", "Service:monitoring.rds.amazonaws.com",
		"Federated:arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com",
	}
	for _, templates := range []map[string]Template{shippedTemplates(t), largest(t)} {
		for stack, whole := range templates {
			for _, role := range whole.All(iamRole) {
				trust := statements(role.At("AssumeRolePolicyDocument"))
				assert.Len(t, trust, 1)
				assert.Len(t, trust[0].Principals, 1)
				assert.Contains(t, known, trust[0].Principals[0], "%s %s", stack, role.ID)
			}
		}
	}
}

func TestAHostReadsItsOwnParametersAndArtifactsAlone(t *testing.T) {
	whole := prod(t, larger)
	services := map[string]string{"backend-api": "apps/backend", "web-driver": "apps/frontend", "web-support": "apps/web-support"}
	artifacts := "${" + whole.Named(t, bucket, "d2-ride-booking-deployments-prod-111122223333").ID + ".Arn}/"
	for _, role := range whole.All(iamRole) {
		own := short(text(role.At("RoleName")))
		if services[own] == "" && own != "bastion" {
			continue
		}
		allowed := whole.Allowed(role)
		for service, prefix := range services {
			for _, environment := range []string{"prod", "dev"} {
				secret := "arn:aws:ssm:ap-southeast-1:111122223333:parameter/d2-ride-booking/" + environment + "/" + service + "/env/DB_HOST"
				assert.Equal(t, service == own && environment == "prod", may(allowed, "ssm:GetParameter", secret), "%s reads %s", own, secret)
			}
			assert.Equal(t, service == own, may(allowed, "s3:GetObject", artifacts+prefix+"/x.tar.gz"), "%s fetches %s", own, prefix)
			assert.False(t, may(allowed, "s3:PutObject", artifacts+prefix+"/x.tar.gz"), own)
			assert.False(t, may(allowed, "ssm:PutParameter", "arn:aws:ssm:ap-southeast-1:111122223333:parameter/d2-ride-booking/prod/"+service+"/version"), own)
		}
	}
}

func TestDEVsHostReadsNothingOfPROD(t *testing.T) {
	whole := largest(t)["D2-Dev"]
	for _, role := range whole.All(iamRole) {
		for _, statement := range whole.Allowed(role) {
			for _, resource := range statement.Resources {
				assert.NotContains(t, resource, "prod", role.ID)
			}
		}
	}
	host := whole.Allowed(whole.Named(t, iamRole, "app-host"))
	for _, service := range []string{"backend-api", "web-driver"} {
		assert.True(t, may(host, "ssm:GetParametersByPath", "arn:aws:ssm:ap-southeast-1:111122223333:parameter/d2-ride-booking/dev/"+service+"/env"))
	}
}

func TestTheMatcherReadsPatternsAsIAMDoes(t *testing.T) {
	for pattern, values := range map[string]map[string]bool{
		"*":        {"anything": true},
		"a/*":      {"a/b": true, "a/": true, "b/a": false, "a": false},
		"a:*:z":    {"a:b:z": true, "a:b:y": false},
		"exact":    {"exact": true, "exactly": false},
		"kms:Enc*": {"kms:Encrypt": true, "kms:Decrypt": false},
		"a*b*":     {"acbd": true, "acd": false},
	} {
		for value, want := range values {
			assert.Equal(t, want, matcher(value)(pattern), "%s ~ %s", pattern, value)
		}
	}
}
