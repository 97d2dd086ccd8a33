package local

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lookup is one command of a runbook that finds something, as it is written
// there, its lines joined. What is known to be wrong in it (facts 8.4) is mended,
// and says so.
type lookup struct {
	section string
	command string
	mended  string // why the command differs from the runbook's
	want    func(t *testing.T, outputs map[string]string, answer string)
}

// The rows are in the order of the runbooks.
var prodLookups = []lookup{
	{
		section: "PROD 2.1",
		command: `ec2 describe-instances --region ap-southeast-1 --filters Name=tag:Service,Values=bastion Name=tag:Environment,Values=prod Name=instance-state-name,Values=running --query Reservations[].Instances[].[InstanceId,State.Name,Tags[?Key=='Name'].Value|[0]] --output text`,
		want:    oneRow("{bastion.instance_id}", "running", "d2-ride-booking-prod-bastion"),
	},
	{
		section: "PROD 3.2",
		command: `rds describe-db-instances --region ap-southeast-1 --query DBInstances[?starts_with(DBInstanceIdentifier,'d2-ride-booking-prod')].Endpoint.Address --output text`,
		want:    oneRow("{rds.address}"),
	},
	{
		section: "PROD 3.5",
		command: `secretsmanager list-secrets --region ap-southeast-1 --query SecretList[?contains(Name,'prod')&&contains(Name,'rds-master')].[Name,ARN] --output text`,
		want:    oneRow("d2-ride-booking-prod-rds-master", "{rds.master_secret_arn}"),
	},
	{
		section: "PROD 3.5 password",
		command: `secretsmanager get-secret-value --region ap-southeast-1 --secret-id {rds.master_secret_arn} --query SecretString --output text`,
		want:    masterSecret,
	},
	{
		section: "PROD 4.1",
		command: `autoscaling describe-auto-scaling-groups --region ap-southeast-1 --query AutoScalingGroups[?contains(AutoScalingGroupName,'prod-backend-api')].[AutoScalingGroupName,MinSize,DesiredCapacity,MaxSize] --output text`,
		want:    oneRow("d2-ride-booking-prod-backend-api-asg", "1", "1", "3"),
	},
	{
		section: "PROD 4.1 instances",
		command: `autoscaling describe-auto-scaling-groups --region ap-southeast-1 --query AutoScalingGroups[?contains(AutoScalingGroupName,'prod-backend-api')].Instances[].[HealthStatus,LifecycleState] --output text`,
		want:    oneRow("Healthy", "InService"),
	},
	{
		section: "PROD 4.3",
		mended:  "B1: a filter inside a projection answers None; flattened first",
		command: `autoscaling describe-auto-scaling-groups --region ap-southeast-1 --query AutoScalingGroups[?contains(AutoScalingGroupName,'prod-backend-api')].Instances[]|[?HealthStatus=='Healthy'].InstanceId|[0] --output text`,
		want:    startsWith("i-"),
	},
	{
		section: "PROD 7.1",
		command: `elbv2 describe-load-balancers --region ap-southeast-1 --query LoadBalancers[?contains(LoadBalancerName,'prod')].[LoadBalancerName,DNSName] --output text`,
		want:    oneRow("d2-ride-booking-prod-alb", "{alb.dns_name}"),
	},
	{
		section: "PROD 7.2",
		command: `elbv2 describe-target-groups --region ap-southeast-1 --query TargetGroups[?contains(TargetGroupName,'backend-api')].TargetGroupName --output text`,
		want:    oneRow("d2-ride-booking-prod-backend-api"),
	},
	{
		section: "PROD 8.1",
		command: `cognito-idp describe-user-pool --region ap-southeast-1 --user-pool-id {cognito.user_pool_id} --query UserPool.[Name,Policies.PasswordPolicy.MinimumLength] --output text`,
		mended:  "B19: terraform output is the stack's outputs, whose pool this shows",
		want:    oneRow("d2-ride-booking-prod-users", "12"),
	},
	{
		section: "PROD 9.1",
		command: `logs describe-log-groups --region ap-southeast-1 --log-group-name-prefix /aws/ec2/prod-d2-ride-booking-backend-api --query logGroups[].[logGroupName,retentionInDays] --output text`,
		mended:  "the group that filter-log-events and tail name; tail is not in AWS CLI v1",
		want:    oneRow("/aws/ec2/prod-d2-ride-booking-backend-api", "90"),
	},
	{
		section: "PROD 6.1",
		mended:  "B19: terraform output prod_summary is the stack's outputs",
		command: `cloudformation describe-stacks --region ap-southeast-1 --stack-name D2-Prod --query Stacks[0].Outputs[?ends_with(Description,'distribution_id')].Description --output text`,
		want:    oneRow("static_sites.web_admin.distribution_id", "static_sites.web_passenger.distribution_id"),
	},
	{
		section: "PROD 6.1 distribution",
		mended:  "the distribution that the output names is the site's own",
		command: `cloudfront get-distribution --id {static_sites.web_admin.distribution_id} --query Distribution.DistributionConfig.Aliases.Items --output text`,
		want:    oneRow("admin.d2.fikri.dev"),
	},
	{
		section: "PROD 5.5 version",
		mended:  "the parameter that put-parameter overwrites",
		command: `ssm get-parameter --region ap-southeast-1 --name /d2-ride-booking/prod/backend-api/version --query Parameter.[Type,Value] --output text`,
		want:    oneRow("String", "unreleased"),
	},
}

var devLookups = []lookup{
	{
		section: "DEV 1.1",
		command: `ec2 describe-instances --region ap-southeast-1 --filters Name=tag:Environment,Values=dev Name=tag:Project,Values=d2-ride-booking Name=instance-state-name,Values=running --query sort(Reservations[].Instances[].Tags[?Key=='Name'].Value[]) --output text`,
		mended:  "B20: running ones only; the names alone, sorted",
		want:    oneRow("d2-ride-booking-dev-app-host", "d2-ride-booking-dev-bastion"),
	},
	{
		section: "DEV 3.3 bastion",
		command: `ec2 describe-instances --region ap-southeast-1 --filters Name=tag:Service,Values=bastion Name=tag:Environment,Values=dev Name=instance-state-name,Values=running --query Reservations[].Instances[].[InstanceId,Tags[?Key=='Name'].Value|[0]] --output text`,
		want:    oneRow("{bastion.instance_id}", "d2-ride-booking-dev-bastion"),
	},
	{
		section: "DEV 3.3 database",
		command: `rds describe-db-instances --region ap-southeast-1 --query DBInstances[?starts_with(DBInstanceIdentifier,'d2-ride-booking-dev')].Endpoint.Address --output text`,
		want:    oneRow("{rds.address}"),
	},
	{
		section: "DEV 3.6",
		mended:  "B5: the environment's name is in the filter too",
		command: `secretsmanager list-secrets --region ap-southeast-1 --query SecretList[?contains(Name,'dev')&&contains(Name,'rds-master')].ARN --output text`,
		want:    oneRow("{rds.master_secret_arn}"),
	},
	{
		section: "DEV 3.6 password",
		command: `secretsmanager get-secret-value --region ap-southeast-1 --secret-id {rds.master_secret_arn} --query SecretString --output text`,
		want:    masterSecret,
	},
	{
		section: "DEV 5.1",
		command: `ec2 describe-instances --region ap-southeast-1 --filters Name=tag:Service,Values=backend-api Name=tag:Environment,Values=dev Name=instance-state-name,Values=running --query Reservations[].Instances[].[InstanceId,Tags[?Key=='Name'].Value|[0]] --output text`,
		want:    oneRow("{host.instance_id}", "d2-ride-booking-dev-app-host"),
	},
	{
		section: "DEV 5.6",
		command: `logs describe-log-groups --region ap-southeast-1 --log-group-name-prefix /aws/ec2/dev-d2-ride-booking-backend --query logGroups[].[logGroupName,retentionInDays] --output text`,
		mended:  "the group that tail and filter-log-events name; tail is not in AWS CLI v1",
		want:    oneRow("/aws/ec2/dev-d2-ride-booking-backend", "7"),
	},
	{
		section: "DEV 7.1",
		mended:  "B19: terraform output is the stack's outputs",
		command: `cloudformation describe-stacks --region ap-southeast-1 --stack-name D2-Dev --query Stacks[0].Outputs[?starts_with(Description,'cognito')].Description --output text`,
		want:    hasWords("cognito.user_pool_id", "cognito.app_client_id", "cognito.issuer"),
	},
	{
		section: "DEV 7.1 pool",
		command: `cognito-idp describe-user-pool-client --region ap-southeast-1 --user-pool-id {cognito.user_pool_id} --client-id {cognito.app_client_id} --query UserPoolClient.[ClientName,ClientSecret] --output text`,
		mended:  "the client that the output names has no secret",
		want:    oneRow("d2-ride-booking-dev-users-client", "None"),
	},
}

// devLoadBalancerLookup needs enable_alb, which DEV ships without.
var devLoadBalancerLookup = lookup{
	section: "DEV 5.5",
	command: `elbv2 describe-load-balancers --region ap-southeast-1 --query LoadBalancers[?contains(LoadBalancerName,'d2-ride-booking-dev')].DNSName --output text`,
	want:    oneRow("{alb.dns_name}"),
}

func (l lookup) check(t *testing.T, aws func(args ...string) (string, error), outputs map[string]string) {
	t.Run(l.section, func(t *testing.T) {
		var args []string
		for _, word := range strings.Fields(l.command) {
			args = append(args, fill(word, outputs))
		}
		answer, err := aws(args...)
		require.NoError(t, err, "aws %s", strings.Join(args, " "))
		l.want(t, outputs, answer)
	})
}

// fill puts an output's value where {its.key} stands.
func fill(word string, outputs map[string]string) string {
	for key, value := range outputs {
		word = strings.ReplaceAll(word, "{"+key+"}", value)
	}
	return word
}

// oneRow wants exactly these values, in this order, and nothing more.
func oneRow(values ...string) func(*testing.T, map[string]string, string) {
	return func(t *testing.T, outputs map[string]string, answer string) {
		var want []string
		for _, value := range values {
			want = append(want, fill(value, outputs))
		}
		assert.Equal(t, want, strings.Fields(answer))
	}
}

func startsWith(prefix string) func(*testing.T, map[string]string, string) {
	return func(t *testing.T, _ map[string]string, answer string) {
		words := strings.Fields(answer)
		require.Len(t, words, 1)
		assert.True(t, strings.HasPrefix(words[0], prefix), answer)
	}
}

func hasWords(words ...string) func(*testing.T, map[string]string, string) {
	return func(t *testing.T, _ map[string]string, answer string) {
		for _, word := range words {
			assert.True(t, slices.Contains(strings.Fields(answer), word), "%s in %s", word, answer)
		}
	}
}

// masterSecret wants JSON with what runbook DEV 4 (3.3, method 2) takes out of it with jq.
func masterSecret(t *testing.T, outputs map[string]string, answer string) {
	var secret struct {
		Username, Password, Host string
	}
	require.NoError(t, json.Unmarshal([]byte(answer), &secret))
	assert.Equal(t, "admin", secret.Username)
	assert.Len(t, secret.Password, 30)
	assert.Equal(t, outputs["rds.address"], secret.Host)
}
