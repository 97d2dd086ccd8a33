//go:build unix

package d2ctl

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go/transport/http/protocol/awsjson"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/localaws"
	"github.com/d2-ride-booking/platform/internal/ops"
)

// What goes wrong before anything is named leaves everything as it was.
func TestABadArtifactIsRefusedAndNothingChanges(t *testing.T) {
	p := deployed(t)
	p.startsAfresh(t)
	p.release(t, 0, "deploy", released, artifact(t, "bad-1.0", ""))
	refreshes, dir := p.refreshes(t), t.TempDir()
	write := func(name string, content []byte) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, content, 0o600))
		return file
	}
	whole := packed(t, map[string]string{"ecosystem.config.js": "x"})
	p.upload(t, p.prod, "bad-corrupt", whole, "0123456789abcdef")
	p.upload(t, p.prod, "bad-unsummed", whole, "")
	for name, each := range map[string]struct {
		code int
		args []string
		said string
	}{
		"no gzip":           {2, []string{write(released+"-bad-1.1.tar.gz", []byte("hello"))}, "it is no gzipped tar"},
		"cut off":           {2, []string{write(released+"-bad-1.2.tar.gz", whole[:len(whole)-9])}, "cut off or damaged"},
		"no ecosystem file": {2, []string{write(released+"-bad-1.3.tar.gz", packed(t, map[string]string{"dist/ecosystem.config.js": "x"}))}, "there is no ecosystem.config.js at its top"},
		"another name":      {2, []string{write("build.tar.gz", whole)}, "Try: rename it, or name its version: --version v1.0.1"},
		"no version":        {2, []string{write("build.tar.gz", whole), "--version", "v 1"}, `"v 1" is no version`},
		"no file":           {3, []string{dir + "/" + released + "-none.tar.gz"}, "there is no file"},
		"other content":     {2, []string{write(released+"-bad-1.0.tar.gz", whole)}, "a version is never overwritten"},
		"wrong checksum":    {2, []string{"bad-corrupt"}, "is corrupt: its sha256 is"},
		"no checksum":       {3, []string{"bad-unsummed"}, "with its checksum"},
		"not there":         {3, []string{"bad-none"}, "has no apps/backend/backend-api-bad-none.tar.gz"},
		"no such service":   {3, []string{"bad-1.0"}, "there is no service"},
	} {
		t.Run(name, func(t *testing.T) {
			service := released
			if name == "no such service" {
				service = "backend"
			}
			_, said := p.release(t, each.code, append([]string{"deploy", service}, each.args...)...)
			assert.Contains(t, said, each.said)
		})
	}
	assert.Equal(t, "bad-1.0", p.names(t))
	assert.Equal(t, refreshes, p.refreshes(t))
	_, said := p.release(t, 0, "deploy", released, "bad-1.0")
	assert.Contains(t, said, "backend-api goes from bad-1.0 to bad-1.0", "the same once more is no fault")
}

func TestAnAlarmEndsAReleaseAndTheLastGoodOneRunsAgain(t *testing.T) {
	p := deployed(t)
	p.startsAfresh(t)
	p.succeeds(t, append([]string{"scale", released, "3"}, inPROD...)...)
	p.release(t, 0, "deploy", released, artifact(t, "alarm-1.0", ""))
	alarm := p.prod.ReleaseAlarms(released)[1]
	t.Cleanup(func() { p.sets(t, alarm, cloudwatchtypes.StateValueOk) })

	run := p.begins(t, "deploy", released, artifact(t, "alarm-1.1", ""))
	run.until(t, "refresh: InProgress")
	p.sets(t, alarm, cloudwatchtypes.StateValueAlarm)
	failed, said := p.ended(t, "deploy", 6, run.end(t))
	assert.Equal(t, ops.Restored, failed.Outcome)
	assert.Equal(t, "d2ctl: backend-api alarm-1.1 was not released: the alarm "+alarm+" went on while it was rolled out; alarm-1.0 runs again", lastLine(said))
	assert.Equal(t, []string{"alarm-1.0", "alarm-1.0", "alarm-1.0"}, p.runs(t))

	_, said = p.release(t, 0, "deploy", released, artifact(t, "alarm-1.2", ""))
	assert.Contains(t, said, "the alarm "+alarm+" is on already; it will not stop this", "the release that mends it must get through")
}

// sets puts an alarm into a state, as its metric would.
func (p *platform) sets(t *testing.T, alarm string, state cloudwatchtypes.StateValue) {
	t.Helper()
	// The local AWS reads CloudWatch's JSON, not the SDK's usual CBOR (internal/awsapi).
	api := cloudwatch.NewFromConfig(p.aws(), func(o *cloudwatch.Options) { o.Protocol = awsjson.New10(schemas.GraniteServiceVersion20100801) })
	_, err := api.SetAlarmState(context.Background(), &cloudwatch.SetAlarmStateInput{AlarmName: &alarm, StateValue: state, StateReason: aws.String("a test")})
	require.NoError(t, err)
}

func TestTwoDeploysAtOnceAreOne(t *testing.T) {
	p := deployed(t)
	p.startsAfresh(t)
	run := p.begins(t, "deploy", released, artifact(t, "two-1.0", ""))
	run.until(t, "refresh: InProgress")
	_, said := p.release(t, 1, "deploy", released, artifact(t, "two-1.1", ""))
	assert.Regexp(t, `another release of backend-api is at work: instance refresh \S+ of \S+ is InProgress, \d+ % done, begun 20.*; two-1\.0 was named by \S+ at 20`, said)
	assert.Contains(t, said, "Try: watch it: d2ctl watch -e prod backend-api")
	p.ended(t, "deploy", 0, run.end(t))
	assert.Equal(t, []string{"two-1.0"}, p.runs(t))
}

func TestAVersionThatSomebodyNamedMeanwhileIsLeftToThem(t *testing.T) {
	p := deployed(t)
	p.startsAfresh(t)
	p.release(t, 0, "deploy", released, artifact(t, "race-1.0", ""))
	refreshes := p.refreshes(t)
	p.faulty(t, localaws.Fault{Service: "s3", Operation: "PutObject", LatencyMS: 1500})
	run := p.begins(t, "deploy", released, artifact(t, "race-1.1", ""))
	run.until(t, "artifact: uploads")
	p.wants(t, p.prod, "race-9")
	_, said := p.ended(t, "deploy", 1, run.end(t))
	assert.Regexp(t, `/backend-api/version was changed to race-9 by \S+ at \S+ \S+ while this began; it names that again, and nothing was rolled out`, said)
	assert.Equal(t, "race-9", p.names(t))
	assert.Equal(t, refreshes, p.refreshes(t))
}

func TestThrottlingOfThreeCallsInTenStopsNoRelease(t *testing.T) {
	p := deployed(t)
	p.startsAfresh(t)
	p.faulty(t, localaws.Fault{Error: "ThrottlingException", Rate: 0.3})
	p.release(t, 0, "deploy", released, artifact(t, "throttled-1.0", ""))
	failed, _ := p.release(t, 6, "deploy", released, artifact(t, "throttled-1.1", sick))
	assert.Equal(t, ops.Restored, failed.Outcome)
	assert.Equal(t, []string{"throttled-1.0"}, p.runs(t))
}

func TestCredentialsThatExpireHalfWaySayWhatGoesOn(t *testing.T) {
	p := deployed(t)
	p.startsAfresh(t)
	run := p.begins(t, "deploy", released, artifact(t, "expired-1.0", ""))
	run.until(t, "refresh: InProgress")
	p.faulty(t, localaws.Fault{Error: "ExpiredToken"})
	begun, said := p.ended(t, "deploy", 4, run.end(t))
	assert.Equal(t, ops.Begun, begun.Outcome)
	assert.Contains(t, said, "the AWS credentials have expired")
	assert.Contains(t, said, "the release of backend-api expired-1.0 goes on\nTry: sign in again")
	assert.Contains(t, said, "d2ctl watch -e prod backend-api")
	require.NoError(t, p.server.ClearFaults(t.Context()))
	watched, _ := p.release(t, 0, "watch", released)
	assert.Equal(t, "expired-1.0", watched.Runs)
	assert.True(t, p.isGood(t), "watch marks what deploy could not")
}

func TestWhatCannotBeRolledIsNotNamed(t *testing.T) {
	p := deployed(t)
	p.startsAfresh(t)
	p.release(t, 0, "deploy", released, artifact(t, "denied-1.0", ""))
	p.faulty(t, localaws.Fault{Service: "autoscaling", Operation: "StartInstanceRefresh", Error: "AccessDenied"})
	_, said := p.release(t, 4, "deploy", released, artifact(t, "denied-1.1", ""))
	assert.Contains(t, said, "these credentials may not autoscaling:StartInstanceRefresh; nothing was released, and the version parameter names denied-1.0 again")
	assert.Equal(t, "denied-1.0", p.names(t))

	p.faulty(t, localaws.Fault{Service: "ssm", Operation: "PutParameter", Error: "ExpiredToken"})
	_, said = p.release(t, 4, "deploy", released, artifact(t, "denied-1.2", ""))
	assert.Contains(t, said, "the AWS credentials have expired (SSM.PutParameter); nothing was released\nTry: sign in again")
	assert.Equal(t, "denied-1.0", p.names(t))
}

// TestCredentialsThatExpireBetweenNamingAndRollingSayWhatStands hits every second write of the parameter: the taking back.
func TestCredentialsThatExpireBetweenNamingAndRollingSayWhatStands(t *testing.T) {
	p := deployed(t)
	p.startsAfresh(t)
	p.faulty(t, localaws.Fault{Service: "autoscaling", Operation: "StartInstanceRefresh", Error: "ExpiredToken"},
		localaws.Fault{Service: "ssm", Operation: "PutParameter", Error: "ExpiredToken", Rate: 0.5})
	file := artifact(t, "between-1.0", "")
	_, said := p.release(t, 4, "deploy", released, file)
	assert.Contains(t, said, "the version parameter names between-1.0, which nothing rolls out\nTry: sign in again")
	assert.Contains(t, said, "put the old one back: d2ctl rollback -e prod backend-api --to unreleased")
	require.NoError(t, p.server.ClearFaults(t.Context()))
	again, _ := p.release(t, 0, "deploy", released, file)
	assert.Equal(t, "between-1.0", again.Runs)
}

func TestCtrlCOnATerminalLeavesTheReleaseRunning(t *testing.T) {
	p := deployed(t)
	p.startsAfresh(t)
	screen := p.onTerminal(t, "deploy", "-e", "prod", released, artifact(t, "typed-1.0", ""))
	screen.until(t, "Type prod to go on: ")
	_, err := screen.WriteString("prod\n")
	require.NoError(t, err)
	screen.until(t, "  refresh  InProgress")
	_, err = screen.Write([]byte{3})
	require.NoError(t, err)
	assert.Equal(t, 130, screen.end(), screen.seen)
	assert.Contains(t, screen.seen, "the release of backend-api typed-1.0 goes on")
	p.release(t, 0, "watch", released)
}

func TestTwoReleasesOfDEVsHostAreOne(t *testing.T) {
	p := deployed(t)
	t.Cleanup(func() { p.succeeds(t, "rollback", "-e", "dev", released, "--to", config.Unreleased, "--yes") })
	p.releaseIn(t, "dev", 0, "deploy", released, artifact(t, "pair-1.0", sick), "--yes", "--no-wait")
	_, said := p.releaseIn(t, "dev", 1, "deploy", released, artifact(t, "pair-1.1", ""), "--yes")
	assert.Regexp(t, `another release of backend-api is at work: d2-release backend-api runs on i-\w+ since 20.*; pair-1\.0 was named by \S+ at 20`, said)
	_, said = p.releaseIn(t, "dev", 6, "watch", released)
	assert.Contains(t, said, "pair-1.0 is not healthy")
	assert.Contains(t, said, "Try: put the last good one back: d2ctl rollback -e dev backend-api")
}

func TestCtrlCAtEachStageLeavesNothingHalfDone(t *testing.T) {
	p := deployed(t)
	p.startsAfresh(t)
	p.release(t, 0, "deploy", released, artifact(t, "stopped-1.0", ""))
	refreshes := p.refreshes(t)

	p.faulty(t, localaws.Fault{Service: "s3", Operation: "PutObject", LatencyMS: 3000})
	file := artifact(t, "stopped-1.1", "")
	run := p.begins(t, "deploy", released, file)
	run.until(t, "artifact: uploads")
	run.interrupt(t)
	_, said := p.ended(t, "deploy", 130, run.end(t))
	assert.Contains(t, said, "d2ctl: interrupted; nothing was released\nTry: run it again\n")
	assert.Equal(t, "stopped-1.0", p.names(t))
	assert.Equal(t, refreshes, p.refreshes(t))

	p.faulty(t, localaws.Fault{Service: "ssm", Operation: "PutParameter", LatencyMS: 2000})
	run = p.begins(t, "deploy", released, file)
	run.until(t, "version: names stopped-1.1")
	run.interrupt(t)
	p.goesOn(t, run, "stopped-1.1", refreshes+1)

	require.NoError(t, p.server.ClearFaults(t.Context()))
	run = p.begins(t, "deploy", released, artifact(t, "stopped-1.2", ""))
	run.until(t, "refresh: InProgress")
	run.interrupt(t)
	p.goesOn(t, run, "stopped-1.2", refreshes+2)
}

// goesOn wants an interrupted release to be rolled out all the same, and watches it to its end.
func (p *platform) goesOn(t *testing.T, run *run, version string, refreshes int) {
	t.Helper()
	begun, said := p.ended(t, "deploy", 130, run.end(t))
	assert.Equal(t, ops.Begun, begun.Outcome)
	assert.Contains(t, said, "interrupted; the release of backend-api "+version+" goes on\nTry: watch it: d2ctl watch -e prod backend-api; take it back: d2ctl rollback -e prod backend-api")
	assert.Equal(t, version, p.names(t))
	assert.Equal(t, refreshes, p.refreshes(t))
	watched, _ := p.release(t, 0, "watch", released)
	assert.Equal(t, version, watched.Runs)
}

func TestARollbackCancelsTheReleaseThatIsAtWork(t *testing.T) {
	p := deployed(t)
	p.startsAfresh(t)
	p.succeeds(t, append([]string{"scale", released, "3"}, inPROD...)...)
	p.release(t, 0, "deploy", released, artifact(t, "cancel-1.0", ""))
	begun, said := p.release(t, 0, "deploy", released, artifact(t, "cancel-1.1", ""), "--no-wait")
	assert.Equal(t, ops.Begun, begun.Outcome)
	assert.Contains(t, said, "d2ctl watch -e prod backend-api")
	back, said := p.release(t, 0, "rollback", released)
	assert.Contains(t, said, "AutoScaling.CancelInstanceRefresh")
	assert.Equal(t, "cancel-1.0", back.Runs)
	assert.Equal(t, []string{"cancel-1.0", "cancel-1.0", "cancel-1.0"}, p.runs(t))
}

// isGood says that the current revision is marked so.
func (p *platform) isGood(t *testing.T) bool {
	t.Helper()
	return strings.TrimSpace(p.succeeds(t, "releases", "-e", "prod", released, "--jq", ".releases[0].good").out) == "true"
}

// faulty sets the faults of the local AWS until the test ends.
func (p *platform) faulty(t *testing.T, faults ...localaws.Fault) {
	t.Helper()
	require.NoError(t, p.server.SetFaults(t.Context(), faults))
	t.Cleanup(func() { _ = p.server.ClearFaults(context.Background()) })
}

// run is the program at work in PROD, whose talk can be read meanwhile.
type run struct {
	command *exec.Cmd
	out     bytes.Buffer
	talk    talk
}

// talk is what has been said up to now.
type talk struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (w *talk) Write(p []byte) (int, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.text.Write(p)
}

func (w *talk) String() string {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.text.String()
}

func (p *platform) begins(t *testing.T, args ...string) *run {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	run := &run{command: p.command(ctx, append(append(args, "--json"), inPROD...)...)}
	run.command.Stdout, run.command.Stderr = &run.out, &run.talk
	require.NoError(t, run.command.Start())
	return run
}

// until waits until something is said.
func (r *run) until(t *testing.T, text string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !strings.Contains(r.talk.String(), text); time.Sleep(20 * time.Millisecond) {
		require.True(t, time.Now().Before(deadline), "waiting for %q in:\n%s", text, r.talk.String())
	}
}

func (r *run) interrupt(t *testing.T) {
	t.Helper()
	require.NoError(t, r.command.Process.Signal(syscall.SIGINT))
}

func (r *run) end(t *testing.T) outcome {
	t.Helper()
	_ = r.command.Wait() // its exit code says more
	return outcome{r.command.ProcessState.ExitCode(), r.out.String(), r.talk.String()}
}
