// Package local walks one life of the platform on the local AWS: what stands when
// its templates are deployed, operated, updated and destroyed. It is a package of
// its own so that it runs beside the tests that only read templates.
package local

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
)

// TestBothEnvironmentsLiveOnTheLocalAWS walks one life of the platform, put there
// by the unmodified CDK command line: deployed, looked at through the service
// APIs, operated by the runbooks' commands, updated, and destroyed. Each step
// stands on the one before it, and the first that fails ends the walk.
func TestBothEnvironmentsLiveOnTheLocalAWS(t *testing.T) {
	p := newPlatform(t)
	for _, step := range []struct {
		name string
		do   func(*testing.T)
	}{
		{"a deploy puts both environments in place", p.deploys},
		{"every resource is what its template says", p.stands},
		{"each lookup of the runbooks finds the one right thing", p.answersTheRunbooks},
		{"an unreleased fleet is healthy", p.isHealthyUnreleased},
		{"a release reaches every instance of the fleet", p.isReleased},
		{"a release that cannot boot fails, and the old one stays", p.keepsWhatRuns},
		{"a rollback by the runbook ends on the version before", p.isRolledBack},
		{"a release reaches DEV's host in place", p.isReleasedInPlace},
		{"the runbooks' other commands do what they say", p.isOperated},
		{"a second deploy changes nothing and undoes nothing", p.isStable},
		{"one edited value is one difference", p.showsOneDifference},
		{"a changed alarm threshold changes that alarm alone", p.changesOneAlarm},
		{"DEV takes everything on, then everything off, in place", p.takesEveryToggle},
		{"a broken resource fails the deploy and says which", p.failsHonestly},
		{"a destroy is refused by PROD, and keeps what must be kept", p.isDestroyed},
	} {
		if !t.Run(step.name, step.do) {
			t.FailNow()
		}
	}
}

func (p *platform) deploys(t *testing.T) {
	p.deploy(t, p.synth(t, p.dev, p.prod))
	for _, stack := range []struct{ name, region string }{
		{"D2-Dev", p.dev.Region}, {"D2-Prod", p.prod.Region},
		{"D2-Dev-Edge", config.EdgeRegion}, {"D2-Prod-Edge", config.EdgeRegion},
	} {
		assert.Equal(t, "CREATE_COMPLETE", p.query(t, "cloudformation describe-stacks --region "+stack.region+" --stack-name "+stack.name, "Stacks[0].StackStatus"))
	}
}

// stands asks the services, not CloudFormation, what there is.
func (p *platform) stands(t *testing.T) {
	for name, each := range map[string]struct{ command, query, want string }{
		"the VPC of PROD":                             {"ec2 describe-vpcs --filters Name=tag:Environment,Values=prod", "Vpcs[].CidrBlock", "10.30.0.0/16"},
		"the VPC of DEV":                              {"ec2 describe-vpcs --filters Name=tag:Environment,Values=dev", "Vpcs[].CidrBlock", "10.20.0.0/16"},
		"one NAT gateway a zone":                      {"ec2 describe-nat-gateways --filter Name=state,Values=available", "length(NatGateways)", "2"},
		"the database of PROD":                        {"rds describe-db-instances --db-instance-identifier d2-ride-booking-prod-rds-mysql", "DBInstances[0].[MultiAZ,StorageEncrypted,BackupRetentionPeriod,DeletionProtection,IAMDatabaseAuthenticationEnabled,EngineVersion]", "True True 7 True True " + p.prod.Database.EngineVersion},
		"TLS required":                                {"rds describe-db-parameters --db-parameter-group-name " + p.physical(t, "D2-Prod", "AWS::RDS::DBParameterGroup"), "Parameters[?ParameterName=='require_secure_transport'].ParameterValue", "ON"},
		"the artifact bucket":                         {"s3api get-bucket-versioning --bucket " + p.prod.ArtifactBucket(), "Status", "Enabled"},
		"a site's bucket is closed":                   {"s3api get-public-access-block --bucket " + p.prod.SiteBucket("web-admin"), "values(PublicAccessBlockConfiguration)", "True True True True"},
		"the balancer is protected":                   {"elbv2 describe-load-balancer-attributes --load-balancer-arn " + p.physical(t, "D2-Prod", "AWS::ElasticLoadBalancingV2::LoadBalancer"), "Attributes[?Key=='deletion_protection.enabled'].Value", "true"},
		"the fleet's health check":                    {"autoscaling describe-auto-scaling-groups", "AutoScalingGroups[].[HealthCheckType,HealthCheckGracePeriod]", "ELB 600"},
		"the log keeps 90 days":                       {"logs describe-log-groups --log-group-name-prefix /aws/ec2/prod", "logGroups[].retentionInDays", "90"},
		"the session log is kept too":                 {"logs describe-log-groups --log-group-name-prefix " + p.prod.SessionLogGroup(), "logGroups[].retentionInDays", "90"},
		"the budget":                                  {"budgets describe-budgets --region us-east-1 --account-id " + p.prod.Account, "sort(Budgets[].BudgetName)", "d2-ride-booking-dev-monthly d2-ride-booking-prod-monthly"},
		"DEV's working hours":                         {"scheduler list-schedules", "length(Schedules)", "4"},
		"CloudFront has the edge stack's certificate": {"cloudfront list-distributions", "DistributionList.Items[].ViewerCertificate.ACMCertificateArn|length(@)", "2"},
		"the DNS names": {"route53 list-resource-record-sets --hosted-zone-id " + p.prod.Domain.ZoneID,
			"sort(ResourceRecordSets[?Type=='A'].Name)", "admin.d2.fikri.dev. api.d2.fikri.dev. passenger.d2.fikri.dev."},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, strings.Fields(each.want), strings.Fields(p.query(t, each.command, each.query)))
		})
	}
	p.alarmsStand(t, "D2-Prod", p.prod.Region)
	p.alarmsStand(t, "D2-Dev", p.dev.Region)
	host := p.query(t, "ssm get-parameter --name /d2-ride-booking/prod/backend-api/env/DB_HOST", "Parameter.Value")
	assert.Equal(t, p.outputs(t, "D2-Prod")["rds.address"], host, "the service is told where its database is")
}

// physical is the id of the one resource of a type in a stack.
func (p *platform) physical(t *testing.T, stack, resourceType string) string {
	t.Helper()
	return p.query(t, "cloudformation describe-stack-resources --stack-name "+stack,
		"StackResources[?ResourceType=='"+resourceType+"'].PhysicalResourceId")
}

// alarmsStand holds CloudWatch's alarms against the template's, both ways.
func (p *platform) alarmsStand(t *testing.T, stack, region string) {
	want := map[string]string{}
	for _, resource := range readTemplate(t, p.assembly, stack).Resources {
		if resource.Type == "AWS::CloudWatch::Alarm" {
			want[resource.Properties["AlarmName"].(string)] = fmt.Sprintf("%g", resource.Properties["Threshold"])
		}
	}
	require.NotEmpty(t, want)
	assert.Equal(t, want, p.thresholds(t, strings.ToLower(strings.TrimPrefix(stack, "D2-")), region))
}

// thresholds are those of an environment's alarms, by name.
func (p *platform) thresholds(t *testing.T, stage, region string) map[string]string {
	var alarms struct {
		MetricAlarms []struct {
			AlarmName string
			Threshold float64
		}
	}
	answer := p.ask(t, "cloudwatch describe-alarms --output json --alarm-name-prefix d2-ride-booking-"+stage+"- --region "+region)
	require.NoError(t, json.Unmarshal([]byte(answer), &alarms))
	found := map[string]string{}
	for _, alarm := range alarms.MetricAlarms {
		found[alarm.AlarmName] = fmt.Sprintf("%g", alarm.Threshold)
	}
	return found
}

func (p *platform) answersTheRunbooks(t *testing.T) {
	prod, dev := p.outputs(t, "D2-Prod"), p.outputs(t, "D2-Dev")
	for _, lookup := range prodLookups {
		lookup.check(t, p.aws, prod)
	}
	for _, lookup := range devLookups {
		lookup.check(t, p.aws, dev)
	}
}

// isOperated runs the commands that change something, as the runbooks write them.
func (p *platform) isOperated(t *testing.T) {
	t.Run("PROD 4.2 scales down and up and down", p.scales)
	t.Run("PROD 6.2 publishes a site", p.publishes)
	t.Run("PROD 8.2 and 8.3 make a user who signs in", func(t *testing.T) {
		p.signsIn(t, "D2-Prod", "admin@fikri.dev", "SecurePassword123!")
	})
	t.Run("DEV 7.2 and 7.3 make a user who signs in", func(t *testing.T) {
		p.signsIn(t, "D2-Dev", "admin@demo.fikri.dev", "Password123!")
	})
	t.Run("PROD 9.1 filters the log", func(t *testing.T) {
		p.ask(t, "logs filter-log-events --log-group-name /aws/ec2/prod-d2-ride-booking-backend-api --filter-pattern ERROR --max-items 50")
	})
	t.Run("DEV 6.2 stops and starts", p.stopsAndStarts)
}

func (p *platform) scales(t *testing.T) {
	for _, size := range []string{"1", "3", "1"} {
		p.ask(t, "autoscaling set-desired-capacity --auto-scaling-group-name d2-ride-booking-prod-backend-api-asg --desired-capacity "+size)
		assert.Equal(t, size, p.query(t, "autoscaling describe-auto-scaling-groups", "length(AutoScalingGroups[0].Instances[?LifecycleState=='InService'])"))
	}
}

func (p *platform) publishes(t *testing.T) {
	outputs := p.outputs(t, "D2-Prod")
	dist := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dist, "index.html"), []byte("<!doctype html>"), 0o600))
	bucket := outputs["static_sites.web_admin.bucket_name"]
	p.ask(t, "s3 sync "+dist+" s3://"+bucket+"/ --delete")
	assert.Equal(t, "index.html", p.query(t, "s3api list-objects-v2 --bucket "+bucket, "Contents[].Key"))
	p.ask(t, "cloudfront create-invalidation --paths /* --distribution-id "+outputs["static_sites.web_admin.distribution_id"])
}

func (p *platform) signsIn(t *testing.T, stack, username, password string) {
	outputs := p.outputs(t, stack)
	pool := outputs["cognito.user_pool_id"]
	p.ask(t, "cognito-idp admin-create-user --user-pool-id "+pool+" --username "+username+" --user-attributes Name=email,Value="+username+" Name=email_verified,Value=true")
	p.ask(t, "cognito-idp admin-set-user-password --permanent --user-pool-id "+pool+" --username "+username+" --password "+password)
	answer := p.query(t, "cognito-idp initiate-auth --auth-flow USER_PASSWORD_AUTH --client-id "+outputs["cognito.app_client_id"]+" --auth-parameters USERNAME="+username+",PASSWORD="+password,
		"AuthenticationResult.[IdToken,AccessToken,RefreshToken]|length(@)")
	assert.Equal(t, "3", answer)
}

func (p *platform) stopsAndStarts(t *testing.T) {
	host := p.outputs(t, "D2-Dev")["host.instance_id"]
	state := func() string {
		return p.query(t, "ec2 describe-instances --instance-ids "+host, "Reservations[].Instances[].State.Name")
	}
	database := func() string {
		return p.query(t, "rds describe-db-instances --db-instance-identifier d2-ride-booking-dev-rds-mysql", "DBInstances[0].DBInstanceStatus")
	}
	p.ask(t, "ec2 stop-instances --instance-ids "+host)
	p.ask(t, "rds stop-db-instance --db-instance-identifier d2-ride-booking-dev-rds-mysql")
	assert.Equal(t, []string{"stopped", "stopped"}, []string{state(), database()})
	p.ask(t, "ec2 start-instances --instance-ids "+host)
	p.ask(t, "rds start-db-instance --db-instance-identifier d2-ride-booking-dev-rds-mysql")
	assert.Equal(t, []string{"running", "available"}, []string{state(), database()})
}

func (p *platform) isStable(t *testing.T) {
	before := p.physicalIDs(t)
	said := p.deploy(t, p.assembly)
	assert.Equal(t, 4, strings.Count(said, "(no changes)"), said)
	assert.Equal(t, before, p.physicalIDs(t))
	assert.Equal(t, "v1.0.0", p.query(t, "ssm get-parameter --name /d2-ride-booking/prod/backend-api/version", "Parameter.Value"), "a deploy undoes no release")
	said, err := p.cdk(p.assembly, "diff", "--all", "--fail")
	require.NoError(t, err, said)
	assert.Contains(t, said, "Number of stacks with differences: 0")
}

// physicalIDs are all resources of the main stacks, by logical id.
func (p *platform) physicalIDs(t *testing.T) map[string]string {
	ids := map[string]string{}
	for _, stack := range []string{"D2-Dev", "D2-Prod"} {
		answer := p.query(t, "cloudformation describe-stack-resources --stack-name "+stack, "StackResources[].[LogicalResourceId,PhysicalResourceId]")
		for _, line := range strings.Split(answer, "\n") {
			logical, physical, _ := strings.Cut(line, "\t")
			ids[stack+" "+logical] = physical
		}
	}
	return ids
}

func (p *platform) showsOneDifference(t *testing.T) {
	edited := environment(t, config.Prod, func(e *config.Environment) { e.Identity.PasswordMinLength = 14 })
	said, err := p.cdk(p.synth(t, p.dev, edited), "diff", "--all")
	require.NoError(t, err, said)
	assert.Contains(t, said, "Number of stacks with differences: 1")
	assert.Equal(t, 1, strings.Count(said, "[~] AWS::"), said)
	assert.Zero(t, strings.Count(said, "[+] AWS::")+strings.Count(said, "[-] AWS::"), said)
	assert.Contains(t, said, "[-] 12")
	assert.Contains(t, said, "[+] 14")
}

func (p *platform) changesOneAlarm(t *testing.T) {
	const alarm = "d2-ride-booking-prod-rds-cpu-high"
	ids, before := p.physicalIDs(t), p.thresholds(t, "prod", p.prod.Region)
	require.Equal(t, "80", before[alarm])
	edited := p.synth(t, p.dev, p.prod)
	editTemplate(t, edited, "D2-Prod", func(resources map[string]any) {
		for _, resource := range resources {
			properties, _ := resource.(map[string]any)["Properties"].(map[string]any)
			if properties["AlarmName"] == alarm {
				properties["Threshold"] = 70
			}
		}
	})
	p.deploy(t, edited, "D2-Prod")
	before[alarm] = "70"
	assert.Equal(t, before, p.thresholds(t, "prod", p.prod.Region))
	assert.Equal(t, ids, p.physicalIDs(t), "nothing was replaced")
}

// editTemplate changes the resources of one template of an assembly, and its hash wherever the
// assembly names it: the CDK command line uploads each hash once.
func editTemplate(t *testing.T, assembly, stack string, edit func(map[string]any)) {
	t.Helper()
	file := filepath.Join(assembly, stack+".template.json")
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	var template map[string]any
	require.NoError(t, json.Unmarshal(data, &template))
	edit(template["Resources"].(map[string]any))
	edited, err := json.Marshal(template)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, edited, 0o600))
	before, after := fmt.Sprintf("%x", sha256.Sum256(data)), fmt.Sprintf("%x", sha256.Sum256(edited))
	for _, name := range []string{stack + ".assets.json", "manifest.json"} {
		index := filepath.Join(assembly, name)
		data, err := os.ReadFile(index)
		require.NoError(t, err)
		require.Contains(t, string(data), before, "the template's hash in %s", name)
		require.NoError(t, os.WriteFile(index, []byte(strings.ReplaceAll(string(data), before, after)), 0o600))
	}
}

func (p *platform) takesEveryToggle(t *testing.T) {
	everything := environment(t, config.Dev, allToggles(true))
	p.deploy(t, p.synth(t, everything, p.prod), "D2-Dev")
	devLoadBalancerLookup.check(t, p.aws, p.outputs(t, "D2-Dev"))
	kept := p.physicalIDs(t)

	nothing := environment(t, config.Dev, allToggles(false))
	p.deploy(t, p.synth(t, nothing, p.prod), "D2-Dev")
	assert.Empty(t, p.query(t, "rds describe-db-instances", "DBInstances[?starts_with(DBInstanceIdentifier,'d2-ride-booking-dev')].DBInstanceIdentifier"))
	assert.Empty(t, p.query(t, "elbv2 describe-load-balancers", "LoadBalancers[?contains(LoadBalancerName,'d2-ride-booking-dev')].DNSName"))
	assert.Empty(t, p.query(t, "ec2 describe-instances --filters Name=tag:Environment,Values=dev Name=instance-state-name,Values=running", "Reservations[].Instances[].InstanceId"))
	for logical, physical := range p.physicalIDs(t) {
		assert.Equal(t, kept[logical], physical, "%s is what it was", logical)
	}
}

// allToggles switches everything of runbook DEV 6.1 on or off.
func allToggles(on bool) func(*config.Environment) {
	return func(e *config.Environment) {
		for _, toggle := range []*bool{
			&e.EnableEC2Backend, &e.EnableRDS, &e.EnableNATGateway, &e.EnableALB, &e.EnableSSMVPCEndpoints,
			&e.EnableBastion, &e.EnableWebAdmin, &e.EnableWebPassenger, &e.EnableWebDriver,
		} {
			*toggle = on
		}
	}
}

func (p *platform) failsHonestly(t *testing.T) {
	broken := p.synth(t, environment(t, config.Dev, allToggles(false)), p.prod)
	editTemplate(t, broken, "D2-Dev", func(resources map[string]any) {
		resources["Impossible"] = map[string]any{
			"Type": "AWS::SNS::Subscription", "Properties": map[string]any{
				"TopicArn": "arn:aws:sns:ap-southeast-1:111122223333:no-such-topic", "Protocol": "email", "Endpoint": "nobody@example.com",
			},
		}
	})
	said, err := p.cdk(broken, "deploy", "--require-approval", "never", "D2-Dev")
	require.Error(t, err, said)
	assert.Contains(t, said, "Impossible")
	assert.Equal(t, "UPDATE_ROLLBACK_COMPLETE", p.query(t, "cloudformation describe-stacks --stack-name D2-Dev", "Stacks[0].StackStatus"))
}

// destroysDev goes the README's way: an access log that arrives late keeps its
// bucket, and nothing else, which is then emptied and destroyed.
func (p *platform) destroysDev(t *testing.T) {
	p.empty(t, p.dev.ArtifactBucket())
	said, err := p.cdk(p.assembly, "destroy", "--force", "D2-Dev")
	if err != nil {
		require.Contains(t, said, "failed to delete: [AccessLogs8B620ECA]", said)
		p.empty(t, p.dev.AccessLogBucket())
		said, err = p.cdk(p.assembly, "destroy", "--force", "D2-Dev")
	}
	require.NoError(t, err, said)
}

// empty deletes every version of every object.
func (p *platform) empty(t *testing.T, bucket string) {
	var listed struct {
		Versions []struct {
			Key     string
			Version string `json:"VersionId"`
		}
	}
	answer := p.ask(t, "s3api list-object-versions --output json --bucket "+bucket)
	require.NoError(t, json.Unmarshal([]byte(answer), &listed))
	for _, object := range listed.Versions {
		p.ask(t, "s3api delete-object --bucket "+bucket+" --key "+object.Key+" --version-id "+object.Version)
	}
}

func (p *platform) isDestroyed(t *testing.T) {
	said, err := p.cdk(p.assembly, "destroy", "--force", "D2-Prod")
	require.Error(t, err, "PROD must refuse: %s", said)
	assert.Contains(t, said, "TerminationProtection")

	prod, key := p.outputs(t, "D2-Prod"), p.physical(t, "D2-Prod", "AWS::KMS::Key")
	p.ask(t, "cloudformation update-termination-protection --no-enable-termination-protection --stack-name D2-Prod")
	p.ask(t, "rds modify-db-instance --db-instance-identifier d2-ride-booking-prod-rds-mysql --no-deletion-protection --apply-immediately")
	p.ask(t, "elbv2 modify-load-balancer-attributes --attributes Key=deletion_protection.enabled,Value=false --load-balancer-arn "+p.physical(t, "D2-Prod", "AWS::ElasticLoadBalancingV2::LoadBalancer"))
	said, err = p.cdk(p.assembly, "destroy", "--force", "D2-Prod")
	require.NoError(t, err, said)
	p.destroysDev(t)
	for what, gone := range map[string]string{
		"hosts":     p.query(t, "ec2 describe-instances --filters Name=instance-state-name,Values=running", "Reservations[].Instances[].InstanceId"),
		"balancers": p.query(t, "elbv2 describe-load-balancers", "LoadBalancers[].LoadBalancerName"),
		"databases": p.query(t, "rds describe-db-instances", "DBInstances[].DBInstanceIdentifier"),
		"networks":  p.query(t, "ec2 describe-vpcs --filters Name=tag:Project,Values=d2-ride-booking", "Vpcs[].VpcId"),
		"DEV's log": p.query(t, "logs describe-log-groups --log-group-name-prefix /aws/ec2/dev", "logGroups[].logGroupName"),
	} {
		assert.Empty(t, gone, what)
	}
	for what, kept := range map[string]string{
		p.prod.ArtifactBucket():               p.query(t, "s3api list-buckets", "Buckets[?Name=='"+p.prod.ArtifactBucket()+"'].Name"),
		p.prod.SiteBucket("web-admin"):        p.query(t, "s3api list-buckets", "Buckets[?Name=='"+p.prod.SiteBucket("web-admin")+"'].Name"),
		p.prod.UserPoolName():                 p.query(t, "cognito-idp describe-user-pool --user-pool-id "+prod["cognito.user_pool_id"], "UserPool.Name"),
		p.prod.MasterSecretName():             p.query(t, "secretsmanager list-secrets", "SecretList[?Name=='"+p.prod.MasterSecretName()+"'].Name"),
		p.prod.ServiceLogGroup("backend-api"): p.query(t, "logs describe-log-groups --log-group-name-prefix "+p.prod.ServiceLogGroup("backend-api"), "logGroups[].logGroupName"),
		"Enabled":                             p.query(t, "kms describe-key --key-id "+key, "KeyMetadata.KeyState"),
	} {
		assert.Equal(t, what, kept)
	}
	assert.Contains(t, strings.Fields(p.query(t, "rds describe-db-snapshots", "DBSnapshots[].DBInstanceIdentifier")),
		"d2-ride-booking-prod-rds-mysql", "the database left a snapshot")
}
