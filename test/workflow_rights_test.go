package test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
)

// need is one action that a command of a workflow performs, and on what.
type need struct {
	action string
	on     func(places) []string
}

// needs are all commands that the workflows run on AWS, with what each performs
// (Service Authorization Reference; for cdk, what its commands were read to do).
var needs = map[string][]need{
	"cdk diff":            {{"sts:AssumeRole", places.bootstrap}},
	"cdk diff --template": {}, // compares two files
	"cdk deploy":          {{"sts:AssumeRole", places.bootstrap}},
	"cdk drift":           {{"sts:AssumeRole", places.bootstrap}}, // as the lookup role

	"aws ssm get-parameter":           {{"ssm:GetParameter", places.versions}},
	"aws ssm put-parameter":           {{"ssm:PutParameter", places.versions}},
	"aws ssm label-parameter-version": {{"ssm:LabelParameterVersion", places.versions}},
	"aws ssm send-command":            {{"ssm:SendCommand", places.host}, {"ssm:SendCommand", places.document}},
	"aws ssm get-command-invocation":  {{"ssm:GetCommandInvocation", places.anything}},
	"aws ec2 describe-instances":      {{"ec2:DescribeInstances", places.anything}},

	"aws s3api put-object": {{"s3:PutObject", places.artifacts}},
	// Without ListBucket, what is missing is "access denied", not "not found".
	"aws s3api get-object":  {{"s3:GetObject", places.artifacts}, {"s3:ListBucket", places.artifactBucket}},
	"aws s3api head-object": {{"s3:GetObject", places.artifacts}, {"s3:ListBucket", places.artifactBucket}},

	"aws autoscaling start-instance-refresh":       {{"autoscaling:StartInstanceRefresh", places.groups}},
	"aws autoscaling cancel-instance-refresh":      {{"autoscaling:CancelInstanceRefresh", places.groups}},
	"aws autoscaling describe-instance-refreshes":  {{"autoscaling:DescribeInstanceRefreshes", places.anything}},
	"aws autoscaling describe-auto-scaling-groups": {{"autoscaling:DescribeAutoScalingGroups", places.anything}},
	"aws autoscaling describe-scaling-activities":  {{"autoscaling:DescribeScalingActivities", places.anything}},
	"aws elbv2 describe-target-health":             {{"elasticloadbalancing:DescribeTargetHealth", places.anything}},

	// A file of more than 8 MB goes in parts, which are taken back when one fails.
	"aws s3 cp":                                  {{"s3:PutObject", places.files}, {"s3:AbortMultipartUpload", places.files}},
	"aws s3api list-objects-v2":                  {{"s3:ListBucket", places.siteBuckets}},
	"aws s3api list-object-versions":             {{"s3:ListBucketVersions", places.siteBuckets}},
	"aws s3api delete-object":                    {{"s3:DeleteObject", places.files}},
	"aws cloudfront create-invalidation":         {{"cloudfront:CreateInvalidation", places.distributions}},
	"aws cloudfront wait invalidation-completed": {{"cloudfront:GetInvalidation", places.distributions}},
}

// places is where the commands work in one environment, as flat writes it.
type places struct {
	t     *testing.T
	env   *config.Environment
	whole Template
}

func (p places) anything() []string { return []string{"*"} }

func (p places) arn(service, resource string) string {
	return "arn:aws:" + service + ":" + p.env.Region + ":" + p.env.Account + ":" + resource
}

// releases are the calls of service-release for this environment, each turned into a place.
func (p places) releases(place func(inputs map[string]string) string) []string {
	var all []string
	for _, each := range calls(p.t, "service-release.yml") {
		if each.inputs["environment"] == string(p.env.Environment) {
			each.inputs["version"] = "v1.0.1"
			all = append(all, place(each.inputs))
		}
	}
	require.NotEmpty(p.t, all)
	return all
}

func (p places) rendered(name string, inputs map[string]string) string {
	return rendered(workflowNamed(p.t, "service-release.yml").Jobs["release"], name, inputs)
}

func (p places) versions() []string {
	return p.releases(func(inputs map[string]string) string {
		return p.arn("ssm", "parameter"+p.rendered("PARAMETER", inputs))
	})
}

func (p places) groups() []string {
	return p.releases(func(inputs map[string]string) string {
		return p.arn("autoscaling", "autoScalingGroup:12345678-90ab:autoScalingGroupName/"+p.rendered("GROUP", inputs))
	})
}

func (p places) artifacts() []string {
	objects := p.releases(func(inputs map[string]string) string { return p.artifactBucket()[0] + "/" + p.rendered("KEY", inputs) })
	for _, each := range objects {
		objects = append(objects, each+".sha256")
	}
	return objects
}

func (p places) artifactBucket() []string {
	return []string{"${" + p.whole.Named(p.t, bucket, p.env.ArtifactBucket()).ID + ".Arn}"}
}

func (p places) siteBuckets() []string {
	var all []string
	for _, each := range calls(p.t, "site-publish.yml") {
		all = append(all, "${"+p.whole.Named(p.t, bucket, p.env.SiteBucket(each.inputs["site"])).ID+".Arn}")
	}
	return all
}

func (p places) files() []string {
	var all []string
	for _, each := range p.siteBuckets() {
		all = append(all, each+"/index.html")
	}
	return all
}

func (p places) distributions() []string {
	var all []string
	for _, each := range calls(p.t, "site-publish.yml") {
		made := p.whole.Named(p.t, "AWS::CloudFront::Distribution", each.inputs["site"])
		all = append(all, "arn:aws:cloudfront::"+p.env.Account+":distribution/${"+made.ID+"}")
	}
	return all
}

func (p places) host() []string { return []string{p.arn("ec2", "instance/i-0123456789abcdef0")} }
func (p places) document() []string {
	return []string{"arn:aws:ssm:" + p.env.Region + "::document/AWS-RunShellScript"}
}

func (p places) bootstrap() []string {
	var all []string
	for _, region := range []string{p.env.Region, config.EdgeRegion} {
		for _, does := range []string{"deploy", "file-publishing", "lookup"} {
			all = append(all, "arn:aws:iam::"+p.env.Account+":role/cdk-hnb659fds-"+does+"-role-"+p.env.Account+"-"+region)
		}
	}
	return all
}

var (
	continued = regexp.MustCompile(`\\\n\s*`)
	comment   = regexp.MustCompile(`(?m)^\s*#.*$|\s# .*$`)
	command   = regexp.MustCompile(`\baws (?:cloudfront wait [a-z-]+|[a-z0-9]+ [a-z0-9-]+)|\bcdk [a-z]+[^\n|;]*`)
)

// commands are the calls of aws and cdk in a script, without their options.
func commands(script string) []string {
	var all []string
	script = continued.ReplaceAllString(comment.ReplaceAllString(script, ""), " ")
	for _, found := range command.FindAllString(script, -1) {
		if rest, isCDK := strings.CutPrefix(found, "cdk "); isCDK {
			verb, options, _ := strings.Cut(rest, " ")
			found = "cdk " + verb
			if strings.Contains(options, "--template ") {
				found += " --template"
			}
		}
		all = append(all, found)
	}
	return all
}

// commandsIn are what the workflows run with the role of one environment.
func commandsIn(t *testing.T, stage config.Stage) []string {
	t.Helper()
	found := map[string]bool{}
	for _, each := range jobs(t) {
		if len(each.roles()) == 0 {
			continue
		}
		for _, step := range each.Steps {
			if slices.Contains(restricted(step, each.environments(t)), string(stage)) {
				for _, command := range commands(script(step)) {
					found[command] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// Both ways: what a workflow runs the deploy role of its environment allows, on
// the very things it names; and what the role allows, some workflow runs.
func TestTheDeployRoleAllowsWhatTheWorkflowsRunAndNothingElse(t *testing.T) {
	for _, stage := range []config.Stage{config.Dev, config.Prod} {
		env := environment(t, stage)
		whole := largest(t)[env.StackName()]
		allowed := whole.Allowed(deployRole(t, whole))
		used := map[string]bool{}
		for _, command := range commandsIn(t, stage) {
			known, isKnown := needs[command]
			assert.True(t, isKnown, "%s: %q is not in the table above: say what it performs", stage, command)
			for _, need := range known {
				used[need.action] = true
				for _, resource := range need.on(places{t, env, whole}) {
					assert.True(t, may(allowed, need.action, resource), "%s: %s: %s on %s", stage, command, need.action, resource)
				}
			}
		}
		for _, statement := range allowed {
			for _, action := range statement.Actions {
				assert.True(t, used[action], "%s: no workflow needs %s; take it out", stage, action)
			}
		}
	}
}

// What runs without a role asks AWS nothing: a synthesis, and a comparison of two.
func TestAJobWithoutARoleAsksAWSNothing(t *testing.T) {
	for _, each := range jobs(t) {
		if len(each.roles()) > 0 {
			continue
		}
		for _, step := range each.Steps {
			for _, command := range commands(script(step)) {
				assert.Contains(t, []string{"cdk synth", "cdk diff --template"}, command, each)
			}
		}
	}
}

func TestEveryCommandOfTheTableIsRun(t *testing.T) {
	run := append(commandsIn(t, config.Dev), commandsIn(t, config.Prod)...)
	for command := range needs {
		if command != "cdk diff --template" { // infra-ci's, without a role
			assert.Contains(t, run, command)
		}
	}
}

// The infrastructure is deployed by way of the bootstrap's roles, and by no right of the role's own.
func TestTheDeployRoleAssumesTheBootstrapsRolesOfItsRegionsAlone(t *testing.T) {
	for _, stage := range []config.Stage{config.Dev, config.Prod} {
		env := environment(t, stage)
		whole := largest(t)[env.StackName()]
		var assumed []string
		for _, statement := range whole.Allowed(deployRole(t, whole)) {
			if slices.Contains(statement.Actions, "sts:AssumeRole") {
				assert.Equal(t, []string{"sts:AssumeRole"}, statement.Actions)
				assumed = append(assumed, statement.Resources...)
			}
		}
		assert.ElementsMatch(t, places{t, env, whole}.bootstrap(), assumed, stage)
	}
}
