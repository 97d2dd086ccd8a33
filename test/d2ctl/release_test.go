package d2ctl

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/ops"
)

const (
	// released is the service that the tests release.
	released = "backend-api"
	// sick is the content of a release that answers 503 (internal/localaws/README.md).
	sick = `{"health": "never"}`
)

// inPROD are the words that a change of PROD needs here.
var inPROD = []string{"-e", "prod", "--yes", "--confirm", "prod"}

// TestDeployRollbackAndAFailedDeployLeaveNobodyWithoutService is the life of a
// release on three instances, with somebody who counts healthy targets all along.
func TestDeployRollbackAndAFailedDeployLeaveNobodyWithoutService(t *testing.T) {
	p := deployed(t)
	p.startsAfresh(t)
	p.succeeds(t, append([]string{"scale", released, "3"}, inPROD...)...)
	fewest := p.countsHealthyTargets(t, 3)

	first, _ := p.release(t, 0, "deploy", released, artifact(t, "life-1.0", ""))
	assert.Equal(t, ops.Released, first.Outcome)
	assert.Equal(t, config.Unreleased, first.From)
	p.release(t, 0, "deploy", released, artifact(t, "life-1.1", ""))
	assert.Equal(t, []string{"life-1.1", "life-1.1", "life-1.1"}, p.runs(t))

	back, _ := p.release(t, 0, "rollback", released)
	assert.Equal(t, "life-1.0", back.Version, "the last good one that is not the current")
	assert.Equal(t, []string{"life-1.0", "life-1.0", "life-1.0"}, p.runs(t))

	failed, said := p.release(t, 6, "deploy", released, artifact(t, "life-1.2", sick))
	assert.Equal(t, ops.Restored, failed.Outcome)
	assert.Equal(t, "life-1.0", failed.Runs)
	assert.Regexp(t, `^d2ctl: backend-api life-1\.2 was not released: .*i-\w+.*; life-1\.0 runs again$`, lastLine(said))
	assert.Equal(t, []string{"life-1.0", "life-1.0", "life-1.0"}, p.runs(t))
	assert.GreaterOrEqual(t, fewest(), 3, "healthy targets at any moment")
	p.knowsWhatWasReleased(t)
}

// knowsWhatWasReleased looks at the history that the life above left.
func (p *platform) knowsWhatWasReleased(t *testing.T) {
	t.Helper()
	var history ops.ReleaseHistory
	text := p.succeeds(t, "releases", "-e", "prod", released, "--json").out
	require.NoError(t, check(t, "releases.json", text))
	require.NoError(t, json.Unmarshal([]byte(text), &history))
	var versions []string
	for _, each := range history.Releases[:5] {
		versions = append(versions, each.Version)
		assert.True(t, each.Artifact, each.Version)
		assert.NotNil(t, each.Refresh, each.Version)
	}
	assert.Equal(t, []string{"life-1.0", "life-1.2", "life-1.0", "life-1.1", "life-1.0"}, versions)
	assert.Equal(t, []bool{true, false, true, false, true}, goods(history.Releases[:5]), "what failed, and what was rolled back from, is not good")
	assert.True(t, history.Releases[0].Current)
	assert.Equal(t, "Successful", history.Releases[0].Refresh.Status)
	assert.NotEqual(t, "Successful", history.Releases[1].Refresh.Status)
	assert.Contains(t, p.succeeds(t, "releases", "-e", "prod", released).out, "life-1.0 (now)")

	versions = strings.Fields(p.succeeds(t, "__complete", "rollback", "-e", "prod", released, "--to", "").out)
	assert.Contains(t, versions, "life-1.1")
	assert.NotContains(t, versions, "life-1.0", "it is the current one")
	versions = strings.Fields(p.succeeds(t, "__complete", "deploy", "-e", "prod", released, "life").out)
	assert.Equal(t, []string{"life-1.2", "life-1.1", "life-1.0"}, versions[:3])
}

func goods(releases []ops.PastRelease) []bool {
	var goods []bool
	for _, each := range releases {
		goods = append(goods, each.Good)
	}
	return goods
}

func TestDEVsHostFetchesAReleaseAndGoesBackByItself(t *testing.T) {
	p := deployed(t)
	t.Cleanup(func() { p.succeeds(t, "rollback", "-e", "dev", released, "--to", config.Unreleased, "--yes") })
	p.releaseIn(t, "dev", 0, "deploy", released, artifact(t, "dev-1.0", ""), "--yes")
	p.releaseIn(t, "dev", 0, "deploy", released, artifact(t, "dev-1.1", ""), "--yes")
	failed, said := p.releaseIn(t, "dev", 6, "deploy", released, artifact(t, "dev-1.2", sick), "--yes")
	assert.Equal(t, ops.Restored, failed.Outcome)
	assert.Regexp(t, `was not released: d2-release on i-\w+: dev-1\.2 is not healthy; .*; dev-1\.1 runs again$`, lastLine(said))
	watched, _ := p.releaseIn(t, "dev", 0, "watch", released)
	assert.Equal(t, "dev-1.1", watched.Runs)
	back, _ := p.releaseIn(t, "dev", 0, "rollback", released, "--yes")
	assert.Equal(t, "dev-1.0", back.Runs)
	assert.Equal(t, "not asked: there is no load balancer", back.Public)
}

func TestTheDryRunOfADeployNamesEveryCall(t *testing.T) {
	p := deployed(t)
	file := artifact(t, "dry-1.0", "")
	result := p.succeeds(t, "deploy", "-e", "prod", released, file, "--dry-run", "--json")
	require.NoError(t, check(t, "plan.json", result.out))
	var plan ops.Plan
	require.NoError(t, json.Unmarshal([]byte(result.out), &plan))
	var calls []string
	for _, call := range plan.Calls {
		calls = append(calls, call.API)
	}
	assert.Equal(t, []string{"S3.PutObject", "S3.PutObject", "SSM.PutParameter", "AutoScaling.StartInstanceRefresh", "SSM.LabelParameterVersion"}, calls)
	assert.Equal(t, 3, p.d2ctl(t, "deploy", "-e", "prod", released, "dry-1.0", "--dry-run").code, "nothing was uploaded")
}

// release runs deploy, rollback or watch in PROD, wants the exit code, and
// returns what was printed as JSON, held against its schema, and what was said.
func (p *platform) release(t *testing.T, code int, args ...string) (ops.Rollout, string) {
	t.Helper()
	if args[0] != "watch" {
		args = append(args, inPROD[2:]...)
	}
	return p.releaseIn(t, "prod", code, args...)
}

func (p *platform) releaseIn(t *testing.T, stage string, code int, args ...string) (ops.Rollout, string) {
	t.Helper()
	return p.ended(t, args[0], code, p.d2ctl(t, append(args, "-e", stage, "--json")...))
}

// ended reads what a release printed.
func (p *platform) ended(t *testing.T, verb string, code int, result outcome) (ops.Rollout, string) {
	t.Helper()
	require.Equal(t, code, result.code, result.errors)
	var rollout ops.Rollout
	if result.out != "" {
		require.NoError(t, check(t, verb+".json", result.out))
		require.NoError(t, json.Unmarshal([]byte(result.out), &rollout))
	}
	return rollout, result.errors
}

// artifact is a file with a release of the service; a fault makes it a bad one.
func artifact(t *testing.T, version, fault string) string {
	t.Helper()
	files := map[string]string{"ecosystem.config.js": "module.exports = {apps: []}", "VERSION": version}
	if fault != "" {
		files["d2-fault.json"] = fault
	}
	file := filepath.Join(t.TempDir(), released+"-"+version+".tar.gz")
	require.NoError(t, os.WriteFile(file, packed(t, files), 0o600))
	return file
}

func packed(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var content bytes.Buffer
	zipped := gzip.NewWriter(&content)
	archive := tar.NewWriter(zipped)
	for name, text := range files {
		require.NoError(t, archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}))
		_, err := archive.Write([]byte(text))
		require.NoError(t, err)
	}
	require.NoError(t, archive.Close())
	require.NoError(t, zipped.Close())
	return content.Bytes()
}

// startsAfresh has the test leave PROD as it found it: unreleased, on one instance.
func (p *platform) startsAfresh(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		require.NoError(t, p.server.ClearFaults(context.Background()))
		p.succeeds(t, append([]string{"rollback", released, "--to", config.Unreleased}, inPROD...)...)
		p.succeeds(t, append([]string{"scale", released, "1"}, inPROD...)...)
	})
}

// runs are the versions that PROD's instances say they run.
func (p *platform) runs(t *testing.T) []string {
	t.Helper()
	status, _ := status(t, p, "-e", "prod")
	var versions []string
	for _, running := range status.Running {
		versions = append(versions, running.Version)
	}
	return versions
}

// countsHealthyTargets waits until there are as many as there can be, and looks
// at PROD's targets until the answer is asked for: the fewest that were healthy at any look.
func (p *platform) countsHealthyTargets(t *testing.T, most int) (fewest func() int) {
	t.Helper()
	api := elb.NewFromConfig(p.aws())
	service := p.prod.EnabledServices()[0]
	require.Eventually(t, func() bool {
		targets, err := ops.ReadTargetsOf(t.Context(), api, p.prod, service)
		return err == nil && healthy(targets) == most
	}, 20*time.Second, 100*time.Millisecond, "the new instances boot")
	var counts []int
	var looking sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	looking.Go(func() {
		for ctx.Err() == nil {
			targets, err := ops.ReadTargetsOf(ctx, api, p.prod, service)
			if err == nil {
				counts = append(counts, healthy(targets))
			}
			time.Sleep(50 * time.Millisecond)
		}
	})
	t.Cleanup(stop)
	return func() int {
		stop()
		looking.Wait()
		t.Logf("%d looks at the targets", len(counts))
		require.Greater(t, len(counts), 50)
		return slices.Min(counts)
	}
}

func healthy(targets []ops.Target) int {
	return len(slices.DeleteFunc(targets, func(each ops.Target) bool { return each.State != "healthy" }))
}

// names is what PROD's version parameter names.
func (p *platform) names(t *testing.T) string {
	t.Helper()
	history, err := ops.ReadHistory(t.Context(), ssm.NewFromConfig(p.aws()), p.prod, released)
	require.NoError(t, err)
	return history.Current().Version
}

// refreshes are how many instance refreshes PROD's fleet has seen.
func (p *platform) refreshes(t *testing.T) int {
	t.Helper()
	answer, err := autoscaling.NewFromConfig(p.aws()).DescribeInstanceRefreshes(t.Context(), &autoscaling.DescribeInstanceRefreshesInput{
		AutoScalingGroupName: aws.String(p.prod.FleetName(released)),
	})
	require.NoError(t, err)
	return len(answer.InstanceRefreshes)
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
