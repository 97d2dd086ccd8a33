package test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
)

// physical is a property that gives a thing its name, and what AWS takes for it.
type physical struct {
	resourceType, path string
	most               int
	pattern            string
}

var physicals = []physical{
	{group, "AutoScalingGroupName", 255, `^[^:]+$`},
	{targetGroup, "Name", 32, `^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$`},
	{loadBalancer, "Name", 32, `^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$`},
	{launchTemplate, "LaunchTemplateName", 128, `^[A-Za-z0-9().\-/_]{3,}$`},
	{bucket, "BucketName", 63, `^[a-z0-9][a-z0-9.-]+[a-z0-9]$`},
	{iamRole, "RoleName", 64, `^[\w+=,.@-]+$`},
	{logGroup, "LogGroupName", 512, `^[.\-_/#A-Za-z0-9]+$`},
	{parameter, "Name", 1011, `^/[A-Za-z0-9_./-]+$`},
	{alarm, "AlarmName", 255, `^[!-~ ]+$`},
	{database, "DBInstanceIdentifier", 63, `^[a-z](-?[a-z0-9])*$`},
	{"AWS::RDS::DBSubnetGroup", "DBSubnetGroupName", 255, `^[a-z0-9._ -]+$`},
	{"AWS::SecretsManager::Secret", "Name", 512, `^[A-Za-z0-9/_+=.@-]+$`},
	{pool, "UserPoolName", 128, `^[\w\s+=,.@-]+$`},
	{client, "ClientName", 128, `^[\w\s+=,.@-]+$`},
	{topic, "TopicName", 256, `^[A-Za-z0-9_-]+$`},
	{"AWS::SSM::Document", "Name", 128, `^[A-Za-z0-9_\-.]{3,}$`},
	{"AWS::Events::Rule", "Name", 64, `^[.\-_A-Za-z0-9]+$`},
	{schedule, "Name", 64, `^[0-9A-Za-z\-_.]+$`},
	{"AWS::WAFv2::WebACL", "Name", 128, `^[\w-]+$`},
	{"AWS::CloudFront::ResponseHeadersPolicy", "ResponseHeadersPolicyConfig.Name", 128, `^[A-Za-z0-9_-]+$`},
	{"AWS::CloudFront::OriginAccessControl", "OriginAccessControlConfig.Name", 64, `^[A-Za-z0-9_-]+$`},
	{"AWS::KMS::Alias", "AliasName", 256, `^alias/[A-Za-z0-9/_-]+$`},
	{"AWS::CloudWatch::Dashboard", "DashboardName", 255, `^[A-Za-z0-9_-]+$`},
	{"AWS::Budgets::Budget", "Budget.BudgetName", 100, `^[^:\\]+$`},
}

// long has the longest project, service and site that config takes.
func long(e *config.Environment) {
	e.Project = "d2-ride-booking-long" // 20 characters
	e.Services = append(e.Services, newService("the-service-with-its-name-of-31", 3005))
	e.Sites = append(e.Sites, newSite("passenger-pages-of-24-ch"))
}

func TestEveryNameIsOneThatAWSTakes(t *testing.T) {
	for _, templates := range []map[string]Template{
		shippedTemplates(t), largest(t),
		synthesized(t, environment(t, config.Dev, everything, long), environment(t, config.Prod, everything, long)),
	} {
		for stack, whole := range templates {
			for _, kind := range physicals {
				pattern := regexp.MustCompile(kind.pattern)
				seen := map[string]bool{}
				for _, resource := range whole.All(kind.resourceType) {
					name, given := resource.At(kind.path).(string)
					if !given {
						continue
					}
					assert.LessOrEqual(t, len(name), kind.most, "%s %s %s", stack, kind.resourceType, name)
					assert.Regexp(t, pattern, name, "%s %s", stack, kind.resourceType)
					assert.False(t, seen[name], "%s %s is taken twice", stack, name)
					seen[name] = true
				}
			}
		}
	}
}

func TestANameOneCharacterLongerIsRefusedBeforeAWSWould(t *testing.T) {
	for _, longer := range []func(*config.Environment){
		func(e *config.Environment) { e.Services[len(e.Services)-1].Name += "x" },
		func(e *config.Environment) { e.Sites[len(e.Sites)-1].Name += "x" },
		func(e *config.Environment) { e.Project += "x" },
	} {
		assert.Error(t, environment(t, config.Prod, everything, long, longer).Validate())
	}
}

// Facts 9.0: the names that the runbooks' commands search for.
func TestTheNamesAreTheRunbooks(t *testing.T) {
	for stack, want := range map[string]map[string]string{
		"D2-Prod": {
			group: "d2-ride-booking-prod-backend-api-asg", targetGroup: "d2-ride-booking-prod-backend-api",
			loadBalancer: "d2-ride-booking-prod-alb", database: "d2-ride-booking-prod-rds-mysql",
		},
		"D2-Dev": {database: "d2-ride-booking-dev-rds-mysql"},
	} {
		for resourceType, name := range want {
			resource := template(t, stack).Only(t, resourceType)
			paths := map[string]string{group: "AutoScalingGroupName", targetGroup: "Name", loadBalancer: "Name", database: "DBInstanceIdentifier"}
			assert.Equal(t, name, resource.At(paths[resourceType]))
		}
	}
}

// In one account runbook PROD 7.2 searches target groups for backend-api, and 3.5 secrets for prod.
func TestASearchForPRODFindsNothingOfDEV(t *testing.T) {
	whole := largest(t)["D2-Dev"]
	for _, targets := range whole.All(targetGroup) {
		assert.NotContains(t, text(targets.At("Name")), "backend-api")
	}
	for _, kind := range physicals {
		for _, resource := range whole.All(kind.resourceType) {
			assert.NotContains(t, text(resource.At(kind.path)), "prod")
		}
	}
}

func TestAThirdServiceAndAThirdSiteAreOneMoreEntryEach(t *testing.T) {
	before, after := prod(t, func(e *config.Environment) { e.EnableWebDriver = true }), prod(t, larger)
	assert.Equal(t, map[string]int{
		// the service
		iamRole: 1, "AWS::IAM::Policy": 1, "AWS::IAM::InstanceProfile": 1, launchTemplate: 1, group: 1, "AWS::AutoScaling::ScalingPolicy": 2,
		targetGroup: 1, listenerRule: 1, logGroup: 1, parameter: 1 + len(variables(after, "web-support")), alarm: 10, "AWS::Events::Rule": 1,
		"AWS::EC2::SecurityGroup": 1, "AWS::EC2::SecurityGroupIngress": 1, "AWS::EC2::SecurityGroupEgress": 1,
		// the site
		bucket: 1, "AWS::S3::BucketPolicy": 1, distribution: 1, "AWS::CloudFront::ResponseHeadersPolicy": 1, "AWS::CloudFront::OriginAccessControl": 1,
		// the service's name in DNS, and the site's two
		"AWS::Route53::RecordSet": 3,
	}, added(before, after))
}

// added are how many resources of each type a template has more than another.
func added(before, after Template) map[string]int {
	count := map[string]int{}
	for _, resource := range after.Resources {
		count[resource.Type]++
	}
	for _, resource := range before.Resources {
		count[resource.Type]--
	}
	for resourceType, more := range count {
		if more == 0 {
			delete(count, resourceType)
		}
	}
	return count
}

func TestAFurtherEntryTouchesNothingThatStands(t *testing.T) {
	before, after := prod(t, func(e *config.Environment) { e.EnableWebDriver = true }), prod(t, larger)
	shared := map[string]string{
		"AWS::S3::BucketPolicy":      "the log bucket's policy names the new bucket",
		"AWS::IAM::Policy":           "the deploy role may release it",
		"AWS::CloudWatch::Dashboard": "its numbers are drawn",
		parameter:                    "the API answers pages of the new site",
	}
	for id, resource := range before.Resources {
		require.Contains(t, after.Resources, id)
		if _, known := shared[resource.Type]; !known {
			assert.Equal(t, resource, after.Resources[id], "%s changed", id)
		}
	}
	for id, resource := range before.Resources {
		if resource.Type == parameter && !strings.HasSuffix(text(resource.At("Name")), "/CORS_ORIGINS") {
			assert.Equal(t, resource, after.Resources[id], fmt.Sprint(id, " changed"))
		}
	}
}
