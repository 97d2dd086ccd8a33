package test

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/d2-ride-booking/platform/config"
)

// An invariant holds for every template of every environment that config lets
// through. It returns what breaks it, a line each.
type invariant struct {
	name  string
	check func(whole Template) []string
}

var invariants = []invariant{
	{"the internet comes in at the load balancer's 80 and 443 alone", openDoors},
	{"nobody may do anything on everything", unlimited},
	{"an instance of a PROD fleet has no public address", publicFleets},
	{"a bucket is closed, encrypted, versioned and refuses plain text", openBuckets},
	{"a volume and a database are encrypted", plainStorage},
	{"a log is forgotten in time", endlessLogs},
	{"a key rotates", stillKeys},
	{"there is no Lambda and no custom resource", code},
	{"no secret stands in plain text", plainSecrets},
	{"an alarm tells somebody", silentAlarms},
	{"what takes tags has all six", untagged},
	{"a queue or topic is encrypted and refuses plain text", openTopics},
	{"PROD keeps what holds data", forgetful},
}

// keepsInvariants checks all of them; it takes rapid's T as well as testing's.
func keepsInvariants(t assert.TestingT, stack string, whole Template) {
	for _, each := range invariants {
		assert.Empty(t, each.check(whole), "%s: %s", stack, each.name)
	}
}

func TestTheShippedAndTheLargestTemplatesKeepTheInvariants(t *testing.T) {
	for _, templates := range []map[string]Template{shippedTemplates(t), largest(t)} {
		for stack, whole := range templates {
			keepsInvariants(t, stack, whole)
		}
	}
}

// TestAnyEnvironmentThatConfigLetsThroughKeepsTheInvariants: zones, services,
// sites, sizes and toggles by chance. What config refuses is drawn again.
func TestAnyEnvironmentThatConfigLetsThroughKeepsTheInvariants(t *testing.T) {
	const cases = 10
	for seed := range cases {
		env := rapid.Custom(anyEnvironment).Filter(func(e *config.Environment) bool { return e.Validate() == nil }).Example(seed)
		t.Run(fmt.Sprintf("%s %d", env.Environment, seed), func(t *testing.T) {
			for stack, whole := range synthesized(t, env) {
				keepsInvariants(t, stack, whole)
				refersToItself(t, stack, whole)
			}
		})
	}
}

func anyEnvironment(t *rapid.T) *config.Environment {
	env := config.Defaults(rapid.SampledFrom([]config.Stage{config.Dev, config.Prod}).Draw(t, "stage"))
	env.Account, env.Domain.ZoneID, env.GitHubRepo = "111122223333", "Z0123456789EXAMPLE", "owner/name"
	draw := func(name string) bool { return rapid.Bool().Draw(t, name) }
	if env.Environment == config.Dev {
		for _, toggle := range toggles {
			*toggle.of(&env) = draw(toggle.key)
		}
	}
	env.EnableSSMVPCEndpoints, env.EnableBastion = draw("endpoints"), draw("bastion")
	env.EnableWAF = env.EnableALB && draw("waf")
	env.EnableGitHubActionsDeployRole = draw("deploy role")
	grown(rapid.IntRange(1, 5).Draw(t, "services"), rapid.IntRange(0, 4).Draw(t, "sites"))(&env)
	zones(&env, rapid.IntRange(2, 4).Draw(t, "zones"))
	env.Database.EngineVersion = rapid.SampledFrom([]string{"8.0.46", "8.4.10"}).Draw(t, "engine")
	env.Observability.LogRetentionDays = rapid.SampledFrom([]int{1, 7, 90, 365}).Draw(t, "retention")
	env.Observability.AlarmEmail = rapid.SampledFrom([]string{"", "oncall@example.com"}).Draw(t, "email")
	env.Runtime.AMIID = rapid.SampledFrom([]string{"", "ami-0123456789abcdef0"}).Draw(t, "image")
	return &env
}

func zones(e *config.Environment, count int) {
	octet := e.Network.VPCCIDR.Addr().As4()[1]
	for i := 2; i < count; i++ {
		block := func(tier int) netip.Prefix {
			return netip.MustParsePrefix(fmt.Sprintf("10.%d.%d.0/24", octet, tier+1+i))
		}
		e.Network.Zones = append(e.Network.Zones, config.Zone{
			AvailabilityZone: e.Region + string(rune('a'+i)), Public: block(0), App: block(10), Database: block(20),
		})
	}
}

func openDoors(whole Template) []string {
	var doors []string
	rules := map[string][]any{}
	for _, own := range whole.All("AWS::EC2::SecurityGroup") {
		list, _ := own.At("SecurityGroupIngress").([]any)
		rules[own.Tag(config.TagService)] = append(rules[own.Tag(config.TagService)], list...)
	}
	for _, own := range whole.All("AWS::EC2::SecurityGroupIngress") {
		service := whole.Resources[target(own.At("GroupId"))].Tag(config.TagService)
		rules[service] = append(rules[service], own.Properties)
	}
	for service, list := range rules {
		for _, rule := range list {
			world := text(at(rule, "CidrIp")) == "0.0.0.0/0" || at(rule, "CidrIpv6") != nil
			ports := text(at(rule, "FromPort")) + "-" + text(at(rule, "ToPort"))
			if world && (service != config.ServiceLoadBalancer || ports != "80-80" && ports != "443-443") {
				doors = append(doors, service+" "+ports)
			}
		}
	}
	return doors
}

func unlimited(whole Template) []string {
	var found []string
	for _, policy := range whole.policies() {
		for _, statement := range statements(policy.At("PolicyDocument")) {
			for _, action := range statement.Actions {
				if statement.Effect == "Allow" && (strings.HasSuffix(action, "*") || slices.Contains(statement.Resources, "*") && unbounded[action] == "") {
					found = append(found, policy.ID+" "+action)
				}
			}
		}
	}
	for _, role := range whole.All(iamRole) {
		for _, policy := range texts(role.At("ManagedPolicyArns")) {
			if strings.Contains(policy, "AdministratorAccess") || strings.Contains(policy, "FullAccess") {
				found = append(found, role.ID+" "+policy)
			}
		}
	}
	return found
}

func publicFleets(whole Template) []string {
	var found []string
	for _, fleet := range whole.All(group) {
		host := whole.Resources[target(fleet.At("LaunchTemplate.LaunchTemplateId"))]
		if text(host.At("LaunchTemplateData.NetworkInterfaces.0.AssociatePublicIpAddress")) != "false" {
			found = append(found, fleet.ID)
		}
	}
	return found
}

func openBuckets(whole Template) []string {
	policies := map[string][]Statement{}
	for _, policy := range whole.All("AWS::S3::BucketPolicy") {
		policies[target(policy.At("Bucket"))] = statements(policy.At("PolicyDocument"))
	}
	var found []string
	for _, each := range whole.All(bucket) {
		closed := each.At("PublicAccessBlockConfiguration")
		for _, door := range []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} {
			if at(closed, door) != true {
				found = append(found, each.ID+" "+door)
			}
		}
		if !deniesPlainText(policies[each.ID]) {
			found = append(found, each.ID+" takes plain text")
		}
		if each.At("BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault.SSEAlgorithm") == nil {
			found = append(found, each.ID+" is not encrypted")
		}
		if each.At("VersioningConfiguration.Status") != "Enabled" {
			found = append(found, each.ID+" is not versioned")
		}
	}
	return found
}

func plainStorage(whole Template) []string {
	var found []string
	for _, host := range whole.All(launchTemplate) {
		volumes, _ := host.At("LaunchTemplateData.BlockDeviceMappings").([]any)
		if len(volumes) == 0 {
			found = append(found, host.ID+" leaves its volume to the image")
		}
		for _, volume := range volumes {
			if at(volume, "Ebs.Encrypted") != true {
				found = append(found, host.ID)
			}
		}
	}
	for _, each := range whole.All(database) {
		if each.At("StorageEncrypted") != true {
			found = append(found, each.ID)
		}
	}
	return append(found, ids(whole.All("AWS::EC2::Volume"))...)
}

func endlessLogs(whole Template) []string {
	var found []string
	for _, each := range whole.All(logGroup) {
		if days, given := each.At("RetentionInDays").(float64); !given || days <= 0 {
			found = append(found, each.ID)
		}
	}
	return found
}

func stillKeys(whole Template) []string {
	var found []string
	for _, key := range whole.All("AWS::KMS::Key") {
		if key.At("EnableKeyRotation") != true {
			found = append(found, key.ID)
		}
	}
	return found
}

func code(whole Template) []string {
	var found []string
	for id, resource := range whole.Resources {
		if strings.HasPrefix(resource.Type, "Custom::") || strings.HasPrefix(resource.Type, "AWS::Lambda::") ||
			resource.Type == "AWS::CloudFormation::CustomResource" || resource.Type == "AWS::CloudFormation::Stack" {
			found = append(found, id)
		}
	}
	return found
}

// secretShapes are what keys and tokens look like.
var secretShapes = regexp.MustCompile(`AKIA[0-9A-Z]{16}|ASIA[0-9A-Z]{16}|-----BEGIN|gh[pousr]_[A-Za-z0-9]{30}|eyJ[A-Za-z0-9_-]{20,}\.|xox[abp]-`)

// secretKey names a property that would hold a secret.
var secretKey = regexp.MustCompile(`(?i)(password|secret|token|credential|private_?key|api_?key)$`)

func plainSecrets(whole Template) []string {
	var found []string
	for id, resource := range whole.Resources {
		walk(resource.Properties, "", func(path string, value string) {
			if strings.Contains(path, ".TokenValidityUnits.") {
				return // how long a token lives
			}
			key := path[strings.LastIndex(path, ".")+1:]
			if secretShapes.MatchString(value) || secretKey.MatchString(key) && !strings.Contains(value, "{{resolve:") {
				found = append(found, id+path)
			}
		})
		if name := text(resource.At("Name")); resource.Type == parameter && secretKey.MatchString(name) {
			found = append(found, id+" is a parameter in plain text")
		}
	}
	return found
}

// walk visits every text of a value; joined texts are one.
func walk(value any, path string, visit func(path, value string)) {
	switch value := value.(type) {
	case string:
		visit(path, value)
	case map[string]any:
		if value["Fn::Join"] != nil || value["Ref"] != nil || value["Fn::GetAtt"] != nil {
			visit(path, flat(value))
			return
		}
		for key, each := range value {
			walk(each, path+"."+key, visit)
		}
	case []any:
		for i, each := range value {
			walk(each, fmt.Sprintf("%s.%d", path, i), visit)
		}
	}
}

func silentAlarms(whole Template) []string {
	var found []string
	for _, each := range whole.All(alarm) {
		for _, when := range []string{"AlarmActions", "OKActions"} {
			told := targets(each.At(when))
			if len(told) != 1 || whole.Resources[told[0]].Type != topic || each.At("ActionsEnabled") == false {
				found = append(found, each.ID+" "+when)
			}
		}
	}
	return found
}

func untagged(whole Template) []string {
	var found []string
	for id, resource := range whole.Resources {
		if slices.Contains(untaggable, resource.Type) || resource.Type == "AWS::IAM::ManagedPolicy" {
			continue
		}
		if missing := missingTags(resource); len(missing) > 0 && !lasting(resource, missing) {
			found = append(found, id+" lacks "+strings.Join(missing, ", "))
		}
	}
	return found
}

// lasting says whether it is a version parameter without Domain, which may
// change: a changed tag would have CloudFormation write the parameter again.
func lasting(resource Resource, missing []string) bool {
	return resource.Type == parameter && strings.HasSuffix(text(resource.At("Name")), "/version") && slices.Equal(missing, []string{config.TagDomain})
}

func openTopics(whole Template) []string {
	var found []string
	policies := map[string][]Statement{}
	for _, policy := range whole.All("AWS::SNS::TopicPolicy") {
		for _, id := range targets(policy.At("Topics")) {
			policies[id] = statements(policy.At("PolicyDocument"))
		}
	}
	for _, each := range whole.All(topic) {
		if each.At("KmsMasterKeyId") == nil || !deniesPlainText(policies[each.ID]) {
			found = append(found, each.ID)
		}
	}
	return append(found, ids(whole.All("AWS::SQS::Queue"))...)
}

// stateful are the types that hold what nobody can make again.
var stateful = []string{
	bucket, database, pool, logGroup, "AWS::KMS::Key", "AWS::SecretsManager::Secret",
}

func forgetful(whole Template) []string {
	var found []string
	for id, resource := range whole.Resources {
		kept := slices.Contains([]string{"Retain", "Snapshot"}, resource.DeletionPolicy) && resource.UpdateReplacePolicy == resource.DeletionPolicy
		if slices.Contains(stateful, resource.Type) && resource.Tag(config.TagEnvironment) == string(config.Prod) && !kept {
			found = append(found, id)
		}
	}
	return found
}

func ids(resources []Resource) []string {
	var all []string
	for _, resource := range resources {
		all = append(all, resource.ID)
	}
	return all
}
