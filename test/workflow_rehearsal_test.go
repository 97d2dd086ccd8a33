package test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rhysd/actionlint"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// These tests run the workflows' own scripts. Most rehearse the job that releases
// a service as a runner of GitHub would: the steps in their order, their
// conditions, bash. AWS is testdata/workflows/aws; the actions of others go well.

// rehearsal is one run of the job.
type rehearsal struct {
	t      *testing.T
	state  string            // a directory: what AWS and the runner remember
	inputs map[string]string // of the workflow
	failed bool
	known  map[string]string // of the steps so far, e.g. steps.back.outcome
	log    strings.Builder
}

// released is the state of an AWS in which backend-api v1.0.0 runs and v2.0.0 is to be released.
func released(t *testing.T, environment string, state map[string]string) *rehearsal {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{
		"version": "v1.0.0", "bad": "none", "worst": "Failed", "status": "Successful", "host": "i-1", "calls": "", "output": "", "env": "",
		"work/release/backend-api-v2.0.0.tar.gz": "what was built", "work/release/backend-api-v2.0.0.tar.gz.sha256": "its checksum",
	}
	maps.Copy(files, state)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "work/release"), 0o700))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "objects"), 0o700))
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	programs, err := filepath.Abs("testdata/workflows")
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "bin"), 0o700))
	require.NoError(t, os.Symlink(filepath.Join(programs, "aws"), filepath.Join(dir, "bin/aws")))
	for _, name := range []string{"sleep", "curl"} { // no time passes, and what is public answers
		require.NoError(t, os.WriteFile(filepath.Join(dir, "bin", name), []byte("#!/bin/sh\n"), 0o700))
	}
	return &rehearsal{t: t, state: dir, known: map[string]string{}, inputs: map[string]string{
		"service": "backend-api", "environment": environment, "version": "v2.0.0", "artifact_prefix": "apps/backend", "again": "false",
	}}
}

// run takes the steps of the job that releases.
func (r *rehearsal) run() *rehearsal {
	r.t.Helper()
	workflow := workflowNamed(r.t, "service-release.yml")
	job := workflow.Jobs["release"]
	for _, step := range job.Steps {
		outcome := "skipped"
		if r.holds(value(step.If)) {
			outcome = r.step(step, workflow.Env, job.Env)
		}
		if step.ID != nil {
			r.known["steps."+step.ID.Value+".outcome"] = outcome
		}
		r.failed = r.failed || outcome == "failure"
	}
	return r
}

// step runs one script and says how it went; an action of others goes well.
func (r *rehearsal) step(step *actionlint.Step, surrounding ...*actionlint.Env) string {
	r.t.Helper()
	if script(step) == "" {
		return "success"
	}
	command := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script(step))
	command.Dir = filepath.Join(r.state, "work", value(step.Exec.(*actionlint.ExecRun).WorkingDirectory))
	command.Env = []string{
		"PATH=" + filepath.Join(r.state, "bin") + ":" + os.Getenv("PATH"), "D2_STATE=" + r.state,
		"GITHUB_OUTPUT=" + filepath.Join(r.state, "output"), "GITHUB_ENV=" + filepath.Join(r.state, "env"),
	}
	for _, env := range append(surrounding, step.Env) {
		if env == nil {
			continue
		}
		for _, each := range env.Vars {
			command.Env = append(command.Env, each.Name.Value+"="+r.written(each.Value.Value))
		}
	}
	command.Env = append(command.Env, r.lines("env")...)
	said, err := command.CombinedOutput()
	fmt.Fprintf(&r.log, "%s\n%s", value(step.Name), said)
	for _, line := range r.lines("output") {
		name, value, _ := strings.Cut(line, "=")
		if step.ID != nil {
			r.known["steps."+step.ID.Value+".outputs."+name] = value
		}
	}
	require.NoError(r.t, os.WriteFile(filepath.Join(r.state, "output"), nil, 0o600))
	if err != nil {
		return "failure"
	}
	return "success"
}

func (r *rehearsal) lines(file string) []string {
	data, err := os.ReadFile(filepath.Join(r.state, file))
	require.NoError(r.t, err)
	return strings.Fields(string(data))
}

var expression = regexp.MustCompile(`\$\{\{ (.*?) \}\}`)

// written is a value with its expressions replaced.
func (r *rehearsal) written(text string) string {
	return expression.ReplaceAllStringFunc(text, func(found string) string {
		inner := expression.FindStringSubmatch(found)[1]
		switch {
		case strings.HasPrefix(inner, "vars."):
			return "a-bucket"
		case strings.Contains(inner, "format("):
			return "https://api.example.com/health"
		case strings.Contains(inner, "=="):
			return fmt.Sprint(r.either(inner))
		default:
			return r.looked(inner)
		}
	})
}

// looked is the value of a name, e.g. inputs.version or steps.back.outcome.
func (r *rehearsal) looked(name string) string {
	if input, isInput := strings.CutPrefix(name, "inputs."); isInput {
		require.Contains(r.t, r.inputs, input, name)
		return r.inputs[input]
	}
	require.Regexp(r.t, `^steps\.`, name, "the rehearsal does not know %s", name)
	return r.known[name] // of a step that never ran it is empty, as on GitHub
}

// holds says whether a step runs: without a word about failure, only while nothing has failed.
func (r *rehearsal) holds(condition string) bool {
	condition = expression.ReplaceAllString(condition, "$1")
	if !strings.Contains(condition, "failure()") && r.failed {
		return false
	}
	return condition == "" || r.either(condition)
}

// either is an expression of the few forms that these workflows have.
func (r *rehearsal) either(condition string) bool {
	for one := range strings.SplitSeq(condition, " || ") {
		all := true
		for term := range strings.SplitSeq(one, " && ") {
			all = all && r.term(term)
		}
		if all {
			return true
		}
	}
	return false
}

func (r *rehearsal) term(term string) bool {
	if term == "failure()" {
		return r.failed
	}
	if left, right, is := strings.Cut(term, " == "); is {
		return r.looked(left) == strings.Trim(right, "'")
	}
	if left, right, is := strings.Cut(term, " != "); is {
		return r.looked(left) != strings.Trim(right, "'")
	}
	name, not := strings.CutPrefix(term, "!")
	return (r.looked(name) == "true") != not
}

// changes are the calls that changed something, in order.
func (r *rehearsal) changes() []string {
	data, err := os.ReadFile(filepath.Join(r.state, "calls"))
	require.NoError(r.t, err)
	var all []string
	for line := range strings.Lines(string(data)) {
		if !regexp.MustCompile(`^\w+ (get|describe|head)-`).MatchString(line) {
			all = append(all, strings.TrimSpace(line))
		}
	}
	return all
}

var uploaded = []string{
	"s3api put-object backend-api-v2.0.0.tar.gz.sha256", "s3api put-object backend-api-v2.0.0.tar.gz",
}

func TestAReleaseToPRODIsUploadedNamedRolledAndMarkedAsGood(t *testing.T) {
	went := released(t, "prod", nil).run()
	assert.False(t, went.failed, went.log.String())
	assert.Equal(t, append(uploaded,
		"ssm put-parameter v2.0.0", "autoscaling start-instance-refresh", "ssm label-parameter-version good 7"), went.changes())
}

func TestAReleaseToDEVRunsOnItsHost(t *testing.T) {
	went := released(t, "dev", nil).run()
	assert.False(t, went.failed, went.log.String())
	assert.Equal(t, append(uploaded,
		"ssm put-parameter v2.0.0", `ssm send-command commands=["d2-release backend-api"],executionTimeout=["900"]`,
		"ssm label-parameter-version good 7"), went.changes())
}

func TestAReleaseThatFailsGoesBackToWhatRanBefore(t *testing.T) {
	for how, cancelled := range map[string][]string{
		"Failed":     nil,                                     // by itself
		"InProgress": {"autoscaling cancel-instance-refresh"}, // it never ends
	} {
		went := released(t, "prod", map[string]string{"bad": "v2.0.0", "worst": how}).run()
		assert.True(t, went.failed)
		want := append(uploaded, "ssm put-parameter v2.0.0", "autoscaling start-instance-refresh")
		want = append(want, cancelled...)
		assert.Equal(t, append(want, "ssm put-parameter v1.0.0", "autoscaling start-instance-refresh"), went.changes(), went.log.String())
		assert.Contains(t, went.log.String(), how+". instances are not healthy", "the cause")
		assert.Contains(t, went.log.String(), "backend-api v2.0.0 is not released, for the cause above; v1.0.0 runs again")
	}
}

func TestAReleaseThatFailsOnDEVsHostGoesBack(t *testing.T) {
	went := released(t, "dev", map[string]string{"bad": "v2.0.0"}).run()
	assert.True(t, went.failed)
	run := `ssm send-command commands=["d2-release backend-api"],executionTimeout=["900"]`
	assert.Equal(t, append(uploaded, "ssm put-parameter v2.0.0", run, "ssm put-parameter v1.0.0", run), went.changes(), went.log.String())
	assert.Contains(t, went.log.String(), "::error::i-1, Failed: d2-release: backend-api: FAILED: no answer on /health")
	assert.Contains(t, went.log.String(), "v1.0.0 runs again")
}

func TestAWayBackThatFailsSaysSo(t *testing.T) {
	went := released(t, "prod", map[string]string{"version": "v0.0.1", "bad": "v0.0.1"})
	went.inputs["version"] = "v0.0.1" // neither the new nor the old one gets healthy
	went.inputs["again"] = "true"
	for _, name := range []string{"objects/backend-api-v0.0.1.tar.gz", "objects/backend-api-v0.0.1.tar.gz.sha256"} {
		require.NoError(t, os.WriteFile(filepath.Join(went.state, name), nil, 0o600))
	}
	went.run()
	assert.True(t, went.failed)
	assert.Contains(t, went.log.String(), "and the way back to v0.0.1 failed too")
}

func TestAVersionIsUploadedOnceAndTheSameOneIsTakenAgain(t *testing.T) {
	for checksum, accepted := range map[string]bool{"its checksum": true, "of another build": false} {
		went := released(t, "prod", map[string]string{
			"objects/backend-api-v2.0.0.tar.gz": "what was built", "objects/backend-api-v2.0.0.tar.gz.sha256": checksum,
		}).run()
		assert.Equal(t, accepted, !went.failed, went.log.String())
		if !accepted {
			assert.Empty(t, went.changes(), "nothing is named")
			assert.Contains(t, went.log.String(), "a version is released once")
		}
	}
}

func TestAReleaseAgainUploadsNothingAndNeedsItsArtifact(t *testing.T) {
	went := released(t, "prod", nil)
	went.inputs["again"] = "true"
	assert.True(t, went.run().failed, "there is none")
	assert.Empty(t, went.changes())
}

func TestNothingIsChangedWhileAnotherRollIsAtWorkOrTheHostSleeps(t *testing.T) {
	for environment, state := range map[string]map[string]string{"prod": {"status": "InProgress"}, "dev": {"host": "None"}} {
		went := released(t, environment, state).run()
		assert.True(t, went.failed)
		assert.Empty(t, went.changes(), went.log.String())
	}
}

func TestANameThatIsNoneStopsTheRelease(t *testing.T) {
	went := released(t, "prod", nil)
	went.inputs["version"] = "v1 --value evil"
	assert.True(t, went.run().failed)
	assert.Equal(t, "Check the names\n::error::service 'backend-api' or version 'v1 --value evil' has characters that a name here does not have\n", went.log.String())
}

// The step that compares a pull request with the branch it goes into, with the
// real CDK command line, on templates that differ in one place.
func TestAPullRequestThatReplacesAResourceIsCalledDestructive(t *testing.T) {
	modules, err := filepath.Abs(filepath.Join(root, "node_modules"))
	require.NoError(t, err)
	if _, err := os.Stat(modules); err != nil {
		onPath(t, filepath.Join(modules, ".bin/cdk"), "npm ci")
	}
	var compare string
	for _, step := range workflowNamed(t, "infra-ci.yml").Jobs["diff"].Steps {
		if value(step.Name) == "Compare" {
			compare = script(step)
		}
	}
	shipped, err := os.ReadFile(filepath.Join(appOnce(t).out, "D2-Prod.template.json"))
	require.NoError(t, err)
	for change, destructive := range map[[2]string]string{
		{`"DBInstanceIdentifier": "d2-ride-booking-prod-rds-mysql"`, `"DBInstanceIdentifier": "before"`}: "true",
		{`"MaxAllocatedStorage": 100`, `"MaxAllocatedStorage": 90`}:                                      "false",
	} {
		dir := t.TempDir()
		require.NoError(t, os.CopyFS(filepath.Join(dir, "assemblies/after"), os.DirFS(appOnce(t).out)))
		require.NoError(t, os.Mkdir(filepath.Join(dir, "assemblies/before"), 0o700))
		before := strings.Replace(string(shipped), change[0], change[1], 1)
		require.NotEqual(t, string(shipped), before, change)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "assemblies/before/D2-Prod.template.json"), []byte(before), 0o600))
		require.NoError(t, os.Symlink(modules, filepath.Join(dir, "node_modules")))
		output := filepath.Join(dir, "output")
		answer, err := run(dir, nowhere("CI=true", "GITHUB_OUTPUT="+output, "GITHUB_STEP_SUMMARY="+filepath.Join(dir, "summary")),
			"bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", compare)
		require.NoError(t, err)
		require.Zero(t, answer.code, answer.err)
		said, err := os.ReadFile(output)
		require.NoError(t, err)
		assert.Equal(t, "destructive="+destructive+"\n", string(said))
		comment, err := os.ReadFile(filepath.Join(dir, "comment.md"))
		require.NoError(t, err)
		assert.Contains(t, string(comment), "AWS::RDS::DBInstance")
		assert.Equal(t, destructive == "true", strings.Contains(string(comment), "destructive-change"))
	}
}
