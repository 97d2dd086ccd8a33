package local

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
)

// released is the service that the steps of this file release.
const released = "backend-api"

// fleetSize is how many instances a release is rolled over: fleet.max_size of the shipped PROD.
const fleetSize = 3

func (p *platform) isHealthyUnreleased(t *testing.T) {
	p.targets = p.physical(t, "D2-Prod", "AWS::ElasticLoadBalancingV2::TargetGroup")
	p.settles(t, 1, config.Unreleased)
}

// isReleased goes by runbook PROD 5: the artifact, the version, the bare refresh.
func (p *platform) isReleased(t *testing.T) {
	p.uploads(t, p.prod, "v1.0.0")
	p.wants(t, p.prod, "v1.0.0")
	p.sizes(t, fleetSize)
	p.settles(t, fleetSize, config.Unreleased, "v1.0.0") // a parameter alone changes nothing that runs

	before := p.inService(t)
	refresh := p.refreshes(t)
	_, err := p.aws(strings.Fields(startRefresh(p.prod))...)
	require.ErrorContains(t, err, "InstanceRefreshInProgress", "one at a time")
	looks := 0
	for p.refreshStatus(t, refresh) == "InProgress" {
		assert.GreaterOrEqual(t, len(p.inService(t)), fleetSize)
		assert.GreaterOrEqual(t, count(p.health(t), "healthy"), fleetSize)
		looks++
	}
	assert.Positive(t, looks, "nobody looked while it was going on")
	require.Equal(t, "Successful", p.refreshStatus(t, refresh))
	p.settles(t, fleetSize, "v1.0.0")
	for _, instance := range p.inService(t) {
		assert.NotContains(t, before, instance, "every instance is new")
	}
	assert.Equal(t, "100\t0", p.query(t, describeRefresh(p.prod, refresh), "InstanceRefreshes[0].[PercentageComplete,InstancesToUpdate]"))
	causes := p.query(t, "autoscaling describe-scaling-activities --auto-scaling-group-name "+p.prod.FleetName(released), "Activities[].Cause")
	assert.Equal(t, fleetSize, strings.Count(causes, "taken out of service in response to an instance refresh"))
}

// keepsWhatRuns wants a version whose artifact nobody uploaded.
func (p *platform) keepsWhatRuns(t *testing.T) {
	before := p.inService(t)
	p.wants(t, p.prod, "v1.1.0")
	refresh := p.refreshes(t)
	until(t, "Failed", func() string { return p.refreshStatus(t, refresh) })
	assert.Contains(t, p.query(t, describeRefresh(p.prod, refresh), "InstanceRefreshes[0].StatusReason"), "did not become healthy")
	assert.ElementsMatch(t, before, p.inService(t))
	p.settles(t, fleetSize, "v1.0.0")
}

// isRolledBack runs the three commands of runbook PROD 5.5, while the release that they take back is rolled out.
func (p *platform) isRolledBack(t *testing.T) {
	p.uploads(t, p.prod, "v1.1.0")
	refresh := p.refreshes(t)
	p.ask(t, "autoscaling cancel-instance-refresh --auto-scaling-group-name "+p.prod.FleetName(released))
	until(t, "Cancelled", func() string { return p.refreshStatus(t, refresh) })
	p.wants(t, p.prod, "v1.0.0")
	refresh = p.refreshes(t)
	until(t, "Successful", func() string { return p.refreshStatus(t, refresh) })
	p.settles(t, fleetSize, "v1.0.0")
}

// isReleasedInPlace lets DEV's one host fetch a release, as its workflow does: no instance is replaced.
func (p *platform) isReleasedInPlace(t *testing.T) {
	p.uploads(t, p.dev, "v1.0.0")
	p.wants(t, p.dev, "v1.0.0")
	host := []string{p.outputs(t, "D2-Dev")["host.instance_id"]}
	assert.Equal(t, []string{config.Unreleased}, p.running(t, p.dev, host))
	assert.Equal(t, []string{"d2-release: backend-api v1.0.0 is running"}, p.runs(t, p.dev, host, "d2-release "+released))
	assert.Equal(t, []string{"v1.0.0"}, p.running(t, p.dev, host))
}

// uploads puts the artifact of a version and its checksum, as a release workflow does.
func (p *platform) uploads(t *testing.T, env *config.Environment, version string) {
	t.Helper()
	i := slices.IndexFunc(env.Services, func(s config.Service) bool { return s.Name == released })
	key, dir := env.Services[i].ArtifactKey(version), t.TempDir()
	packed := artifact(t, map[string]string{"ecosystem.config.js": "module.exports = {apps: []}", "VERSION": version})
	sum := fmt.Sprintf("%x  %s\n", sha256.Sum256(packed), path.Base(key))
	for name, content := range map[string][]byte{key: packed, key + ".sha256": []byte(sum)} {
		file := filepath.Join(dir, path.Base(name))
		require.NoError(t, os.WriteFile(file, content, 0o600))
		p.ask(t, "s3 cp "+file+" s3://"+env.ArtifactBucket()+"/"+name)
	}
}

// artifact is a tar.gz of these files.
func artifact(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	archive := tar.NewWriter(zipped)
	for name, content := range files {
		require.NoError(t, archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))}))
		_, err := archive.Write([]byte(content))
		require.NoError(t, err)
	}
	require.NoError(t, archive.Close())
	require.NoError(t, zipped.Close())
	return packed.Bytes()
}

// wants writes the version parameter (runbook PROD 5.5).
func (p *platform) wants(t *testing.T, env *config.Environment, version string) {
	t.Helper()
	p.ask(t, "ssm put-parameter --name "+env.VersionParameter(released)+" --type String --overwrite --value "+version)
}

func startRefresh(env *config.Environment) string {
	return "autoscaling start-instance-refresh --region " + env.Region + " --auto-scaling-group-name " + env.FleetName(released)
}

func describeRefresh(env *config.Environment, id string) string {
	return "autoscaling describe-instance-refreshes --auto-scaling-group-name " + env.FleetName(released) + " --instance-refresh-ids " + id
}

// refreshes starts a refresh, bare as runbook PROD 5.5 writes it, and returns its id.
func (p *platform) refreshes(t *testing.T) string {
	t.Helper()
	return p.query(t, startRefresh(p.prod), "InstanceRefreshId")
}

func (p *platform) refreshStatus(t *testing.T, id string) string {
	t.Helper()
	return p.query(t, describeRefresh(p.prod, id), "InstanceRefreshes[0].Status")
}

func (p *platform) sizes(t *testing.T, size int) {
	t.Helper()
	p.ask(t, fmt.Sprintf("autoscaling set-desired-capacity --auto-scaling-group-name %s --desired-capacity %d", p.prod.FleetName(released), size))
}

// inService are the instances of PROD's fleet that Auto Scaling has in service.
func (p *platform) inService(t *testing.T) []string {
	t.Helper()
	return strings.Fields(p.query(t, "autoscaling describe-auto-scaling-groups --auto-scaling-group-names "+p.prod.FleetName(released),
		"AutoScalingGroups[0].Instances[?LifecycleState=='InService'].InstanceId"))
}

// health is the states of PROD's targets but those that drain, in one line.
func (p *platform) health(t *testing.T) string {
	t.Helper()
	return p.query(t, "elbv2 describe-target-health --target-group-arn "+p.targets,
		"join(' ',TargetHealthDescriptions[?TargetHealth.State!='draining'].TargetHealth.State)")
}

// settles waits until every target is healthy, and wants exactly these versions to run on the fleet.
func (p *platform) settles(t *testing.T, size int, versions ...string) {
	t.Helper()
	until(t, strings.TrimSpace(strings.Repeat("healthy ", size)), func() string { return p.health(t) })
	running := p.running(t, p.prod, p.inService(t))
	require.Len(t, running, size)
	slices.Sort(running)
	assert.ElementsMatch(t, versions, slices.Compact(running))
}

// running is what each instance says that it runs.
func (p *platform) running(t *testing.T, env *config.Environment, instances []string) []string {
	t.Helper()
	var versions []string
	for _, line := range p.runs(t, env, instances, "d2-release status "+released) {
		var status struct {
			Running string
			Healthy bool
		}
		require.NoError(t, json.Unmarshal([]byte(line), &status), line)
		assert.True(t, status.Healthy, line)
		versions = append(versions, status.Running)
	}
	return versions
}

// runs runs a command on instances by Systems Manager, and returns what each printed.
func (p *platform) runs(t *testing.T, env *config.Environment, instances []string, command string) []string {
	t.Helper()
	id := p.query(t, "ssm send-command --document-name AWS-RunShellScript --region "+env.Region+" --instance-ids "+strings.Join(instances, " "),
		"Command.CommandId", "--parameters", `{"commands":["`+command+`"]}`)
	printed := ""
	until(t, strings.Join(slices.Repeat([]string{"Success"}, len(instances)), " "), func() string {
		statuses, outputs, _ := strings.Cut(p.query(t, "ssm list-command-invocations --details --command-id "+id,
			"[join(' ',CommandInvocations[].Status),join('',CommandInvocations[].CommandPlugins[0].Output)]"), "\t")
		printed = outputs
		return statuses
	})
	return strings.Split(strings.TrimSpace(printed), "\n")
}

// count is how often a word stands in a line; healthy is not in unhealthy.
func count(line, word string) int {
	return len(slices.DeleteFunc(strings.Fields(line), func(each string) bool { return each != word }))
}

// until looks until it sees what is wanted, for at most half a minute.
func until(t *testing.T, want string, look func() string) {
	t.Helper()
	seen := ""
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		if seen = look(); seen == want {
			return
		}
	}
	require.Equal(t, want, seen)
}
