package ops

import (
	"context"
	"errors"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

var morning = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// patient is a doctor of an environment whose hosts answer as the shells do.
func patient(t *testing.T, stage config.Stage, shells *fakeShells, hosts ...Host) *doctor {
	t.Helper()
	return &doctor{
		env: shipped(t, stage), now: morning, api: DoctorAPI{Commands: shells},
		appHosts: func() ([]Host, error) { return hosts, nil },
	}
}

// fakeGroup is an Auto Scaling group with its last refresh and its activities.
type fakeGroup struct {
	fakeFleet
	refresh    types.InstanceRefresh
	activities []types.Activity
}

func (f *fakeGroup) DescribeInstanceRefreshes(context.Context, *autoscaling.DescribeInstanceRefreshesInput, ...func(*autoscaling.Options)) (*autoscaling.DescribeInstanceRefreshesOutput, error) {
	return &autoscaling.DescribeInstanceRefreshesOutput{InstanceRefreshes: []types.InstanceRefresh{f.refresh}}, nil
}

func (f *fakeGroup) DescribeScalingActivities(context.Context, *autoscaling.DescribeScalingActivitiesInput, ...func(*autoscaling.Options)) (*autoscaling.DescribeScalingActivitiesOutput, error) {
	return &autoscaling.DescribeScalingActivitiesOutput{Activities: f.activities}, nil
}

func TestARefreshIsWrongWhenItFailedOrIsStuck(t *testing.T) {
	for name, each := range map[string]struct {
		refresh types.InstanceRefresh
		verdict Verdict
		saw     string
	}{
		"under way":  {types.InstanceRefresh{Status: "InProgress", PercentageComplete: aws.Int32(40), StartTime: aws.Time(morning.Add(-20 * time.Minute))}, Fine, "InProgress 40% "},
		"stuck":      {types.InstanceRefresh{Status: "InProgress", StartTime: aws.Time(morning.Add(-2 * time.Hour)), StatusReason: aws.String("waiting for i-a")}, Wrong, "InProgress 0% for 2h0m0s waiting for i-a"},
		"failed":     {types.InstanceRefresh{Status: "Failed", EndTime: &morning, StatusReason: aws.String("i-a did not become healthy")}, Wrong, "the last one is Failed: i-a did not become healthy"},
		"cancelled":  {types.InstanceRefresh{Status: "Cancelled", EndTime: &morning}, Wrong, "the last one is Cancelled: no reason given"},
		"successful": {types.InstanceRefresh{Status: "Successful", EndTime: &morning}, Fine, "the last one was Successful"},
	} {
		t.Run(name, func(t *testing.T) {
			d := patient(t, config.Prod, nil)
			d.api.Fleets = &fakeGroup{refresh: each.refresh}
			found, err := d.lookRefresh(t.Context(), d.env.Services[0])
			require.NoError(t, err)
			assert.Equal(t, each.verdict, found.verdict)
			assert.Equal(t, each.saw, found.saw)
			assert.Equal(t, each.verdict == Wrong, found.fix != "", "what is wrong has a fix")
		})
	}
}

func TestAnActivityThatFailedIsToldInAWSsWords(t *testing.T) {
	failed := types.Activity{StatusCode: "Failed", Description: aws.String("Launching a new EC2 instance"), StatusMessage: aws.String("VcpuLimitExceeded")}
	done := types.Activity{StatusCode: "Successful"}
	for verdict, activities := range map[Verdict][]types.Activity{Wrong: {failed, done}, Fine: {done, failed}} {
		d := patient(t, config.Prod, nil)
		d.api.Fleets = &fakeGroup{activities: activities}
		found, err := d.lookActivities(t.Context(), d.env.Services[0])
		require.NoError(t, err)
		assert.Equal(t, verdict, found.verdict)
		assert.Contains(t, found.saw, "Launching a new EC2 instance: VcpuLimitExceeded")
	}
}

func TestABootIsDoneOrSaysWhereItIs(t *testing.T) {
	for log, each := range map[string]outcome{
		"d2-boot: 0.0 s: packages\nd2-boot: 95.2 s: done\n": {Fine, "d2-boot: 95.2 s: done", ""},
		"d2-boot: 0.0 s: packages\nError: no route\n":       {Wrong, "i-a is at: d2-boot: 0.0 s: packages", "wait for it; a boot takes 5 to 10 minutes"},
		"cloud-init\n": {Wrong, "i-a is at: the beginning", "wait for it; a boot takes 5 to 10 minutes"},
		"d2-boot: 3.0 s: tools\nd2-boot: 9.0 s: FAILED at: tools\n": {Wrong, "i-a: d2-boot: 9.0 s: FAILED at: tools",
			"see the lines above it: d2ctl connect i-a, /var/log/cloud-init-output.log; then replace the instance"},
	} {
		shells := &fakeShells{answer: func(_, _ string) (string, int) { return log, 0 }}
		found, err := patient(t, config.Prod, shells, Host{Instance: "i-a", Agent: Online}).lookBoot(t.Context())
		require.NoError(t, err)
		assert.Equal(t, each, found)
	}
}

func TestTheFirstHostThatIsNotWellIsTold(t *testing.T) {
	shells := &fakeShells{answer: func(instance, _ string) (string, int) {
		return map[string]string{"i-a": "v20.1.0", "i-b": "v18.1.0"}[instance], 0
	}}
	d := patient(t, config.Prod, shells, Host{Instance: "i-a", Agent: Online}, Host{Instance: "i-b", Agent: Online})
	found, err := d.version("node --version", "v20.")(t.Context())
	require.NoError(t, err)
	assert.Equal(t, Wrong, found.verdict)
	assert.Equal(t, "i-b: v18.1.0; v20. was expected", found.saw)
}

func TestADiskIsWrongFromWhereItsAlarmIsOn(t *testing.T) {
	for used, verdict := range map[string]Verdict{"84": Fine, "85": Wrong} {
		shells := &fakeShells{answer: func(_, _ string) (string, int) {
			return "Filesystem 1K-blocks Used Available Use% Mounted on\n/dev/vda 100 80 20  " + used + "% /\n", 0
		}}
		found, err := patient(t, config.Prod, shells, Host{Instance: "i-a", Agent: Online}).lookDisk(t.Context())
		require.NoError(t, err)
		assert.Equal(t, verdict, found.verdict, used)
	}
}

func TestDEVThatIsStoppedIsNotIll(t *testing.T) {
	d := patient(t, config.Dev, nil)
	for _, topic := range []Topic{TopicHost, TopicTargets} {
		for _, each := range d.probes(topic) {
			found, err := each.look(t.Context())
			require.NoError(t, err)
			assert.Equal(t, Skipped, found.verdict, each.name)
		}
	}
	found, err := patient(t, config.Prod, nil).lookAgents(t.Context())
	require.NoError(t, err)
	assert.Equal(t, Wrong, found.verdict, "but PROD without a host is")
}

func TestARuleLetsOneGroupInOnOnePort(t *testing.T) {
	rule := func(from, to int32, group, cidr string) []ec2types.IpPermission {
		return []ec2types.IpPermission{{
			IpProtocol: aws.String("tcp"), FromPort: &from, ToPort: &to,
			UserIdGroupPairs: []ec2types.UserIdGroupPair{{GroupId: &group}}, IpRanges: []ec2types.IpRange{{CidrIp: &cidr}},
		}}
	}
	assert.True(t, lets(rule(3000, 3000, "sg-alb", ""), []string{"sg-alb"}, 3000))
	assert.True(t, lets(rule(0, 65535, "", "0.0.0.0/0"), []string{"sg-alb"}, 3000))
	assert.False(t, lets(rule(3000, 3000, "sg-alb", ""), []string{"sg-alb"}, 3001))
	assert.False(t, lets(rule(3000, 3000, "sg-bastion", "10.30.0.0/16"), []string{"sg-alb"}, 3000))
	assert.True(t, lets([]ec2types.IpPermission{{IpProtocol: aws.String("-1"), IpRanges: []ec2types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}}}}, nil, 3000))
}

func TestAPolicyAllowsOnlyWhatItNames(t *testing.T) {
	document := func(effect, action, resource string) string {
		return url.QueryEscape(`{"Statement":[{"Effect":"` + effect + `","Action":` + action + `,"Resource":["arn:aws:rds-db:x:1` + resource + `"]}]}`)
	}
	user := ":dbuser:db-1/app_user"
	assert.True(t, allows(document("Allow", `"rds-db:connect"`, user), "rds-db:connect", user))
	assert.True(t, allows(document("Allow", `["s3:GetObject","rds-db:connect"]`, user), "rds-db:connect", user))
	assert.False(t, allows(document("Deny", `"rds-db:connect"`, user), "rds-db:connect", user))
	assert.False(t, allows(document("Allow", `"rds-db:connect"`, ":dbuser:db-2/app_user"), "rds-db:connect", user))
	assert.False(t, allows("%%", "rds-db:connect", user))
}

// fakeNetwork answers every URL with one status, or not at all.
type fakeNetwork struct {
	Internet
	status int
	err    error
}

func (f *fakeNetwork) Get(context.Context, string) (int, error) { return f.status, f.err }

func TestAnEndpointIsAskedAsUsersDo(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	for saw, network := range map[string]*fakeNetwork{
		"https://api.d2.fikri.dev/health answers 200":         {status: 200},
		"https://api.d2.fikri.dev/health answers 503":         {status: 503},
		"https://api.d2.fikri.dev/health: connection refused": {err: refused},
	} {
		d := patient(t, config.Prod, nil)
		d.api.Network = network
		found, err := d.lookURL(t.Context(), "https://api.d2.fikri.dev/health")
		require.NoError(t, err)
		assert.Equal(t, saw, found.saw)
		assert.Equal(t, network.status == 200, found.verdict == Fine)
	}
	found, err := patient(t, config.Prod, nil).lookURL(t.Context(), "https://api.d2.fikri.dev/health")
	require.NoError(t, err)
	assert.Equal(t, Skipped, found.verdict, "on a local AWS")
}

func TestWhatCannotBeLookedAtIsNotCalledFine(t *testing.T) {
	var finding Finding
	finding.take(outcome{verdict: Fine, saw: "all is well"}, fault.New(fault.Credentials, "ask for it", "denied"))
	assert.Equal(t, Finding{Verdict: Unknown, Saw: "denied", Fix: "ask for it"}, finding)
	assert.Len(t, (&Diagnosis{Findings: []Finding{finding, {Verdict: Skipped}, {Verdict: Fine}, {Verdict: Wrong}}}).Ill(), 2)
}

func TestTheProbesOfATopicAreToldInTheirOrder(t *testing.T) {
	env := shipped(t, config.Prod)
	estate := fakeEstate{service: "backend-api", hosts: map[string]ssmtypes.PingStatus{"i-a": "Online"}}
	shells := &fakeShells{answer: func(_, line string) (string, int) { return "d2-boot: 1.0 s: done", 0 }}
	diagnosis := Diagnose(t.Context(), DoctorAPI{Hosts: estate, Agents: estate, Commands: shells}, env, []Topic{TopicHost}, morning)
	assert.Equal(t, "reached by Systems Manager", diagnosis.Findings[0].Probe)
	assert.Equal(t, "1 of 1", diagnosis.Findings[0].Saw)
	assert.Equal(t, Fine, diagnosis.Findings[1].Verdict)
	assert.False(t, diagnosis.Healthy, "that host has no Node.js")
}
