package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/localaws"
	"github.com/d2-ride-booking/platform/internal/tooltest"
)

func TestUpKeepsItsOwnArgumentsAndPassesTheRestOn(t *testing.T) {
	for _, test := range []struct {
		arguments []string
		want      upOptions
	}{
		{nil, upOptions{environments: config.DefaultDir}},
		{[]string{"--port", "5000", "--verbose"}, upOptions{port: 5000, verbose: true, environments: config.DefaultDir}},
		{[]string{"--port=5000", "-v"}, upOptions{port: 5000, verbose: true, environments: config.DefaultDir}},
		{
			[]string{"-c", "environments=/my/envs", "D2-Dev", "--", "--exclusively"},
			upOptions{environments: "/my/envs", cdk: []string{"-c", "environments=/my/envs", "D2-Dev", "--exclusively"}},
		},
		{
			[]string{"--context", "environments=envs"},
			upOptions{environments: "envs", cdk: []string{"--context", "environments=envs"}},
		},
	} {
		got, err := parseUp(test.arguments)
		require.NoError(t, err, test.arguments)
		assert.Equal(t, test.want, got, test.arguments)
	}
	for _, arguments := range [][]string{{"--port"}, {"--port", "x"}, {"--port=0"}, {"--port", "70000"}} {
		_, err := parseUp(arguments)
		assert.ErrorContains(t, err, "give a port from 1 to 65535", arguments)
	}
}

func TestAllStacksAreDeployedUnlessSomeAreNamed(t *testing.T) {
	for _, arguments := range [][]string{nil, {"-c", "a=b"}, {"--context", "a=b", "--force"}} {
		assert.False(t, namesStack(arguments), arguments)
	}
	for _, arguments := range [][]string{{"D2-Dev"}, {"-c", "a=b", "D2-Dev"}, {"--all"}} {
		assert.True(t, namesStack(arguments), arguments)
	}
}

func TestEnvironmentsOfTwoAccountsAreRefused(t *testing.T) {
	dev, prod := &config.Environment{Account: "111122223333"}, &config.Environment{Account: "444455556666"}
	_, err := oneAccount([]*config.Environment{dev, prod})
	assert.ErrorContains(t, err, "-c environments=DIR")
	prod.Account = dev.Account
	account, err := oneAccount([]*config.Environment{dev, prod})
	require.NoError(t, err)
	assert.Equal(t, dev.Account, account)
}

const saidByCDK = `D2-Dev: creating CloudFormation changeset...
D2-Dev |  1/9 | 6:00:00 AM | CREATE_COMPLETE      | AWS::SNS::Topic     | Alerts/Topic (AlertsTopic1)
D2-Prod |   4 | 6:00:00 AM | CREATE_FAILED        | AWS::S3::Bucket     | Logs (Logs1) PutBucketLogging: no
 ✅  D2-Dev (no changes)
D2-Prod | 5/9 | 6:00:01 AM | DELETE_COMPLETE      | AWS::SNS::Topic     | Alerts/Topic (AlertsTopic1)
❌  D2-Prod failed to deploy
‣ DeploymentError: Resource updates failed:
  the reason
`

func TestElsewhereThanOnATerminalProgressIsPlainLines(t *testing.T) {
	var out bytes.Buffer
	s := &session{screen: newScreen(&out)}
	failure := s.tell(strings.NewReader(saidByCDK), false)
	assert.Regexp(t, `^ +\ds  deployed D2-Dev \(no changes\)\n$`, out.String())
	assert.Contains(t, failure, "CREATE_FAILED")
	assert.Contains(t, failure, "the reason")
	assert.NotContains(t, failure, "DELETE_COMPLETE", "what was taken back says nothing about why")
}

func TestOnATerminalOneLineIsWrittenAnew(t *testing.T) {
	var out bytes.Buffer
	s := &session{screen: newScreen(&out)}
	s.screen.terminal = true
	s.tell(strings.NewReader(saidByCDK), false)
	assert.Contains(t, out.String(), "D2-Dev 1/9 CREATE_COMPLETE Alerts/Topic (AlertsTopic1)\r\x1b[K")
	assert.True(t, strings.HasSuffix(out.String(), "\r\x1b[K"), "the last line is taken away")
}

func TestWithoutAFailureTheEndIsWhatWasSaid(t *testing.T) {
	s := &session{screen: newScreen(&bytes.Buffer{})}
	assert.Equal(t, "config/environments/prod.yaml:3 wrong", s.tell(strings.NewReader("config/environments/prod.yaml:3 wrong\n"), false))
}

func TestWrongVerbsAreTold(t *testing.T) {
	var stdout, stderr bytes.Buffer
	assert.Equal(t, 1, run(t.Context(), []string{"sideways"}, &stdout, &stderr))
	assert.Contains(t, stderr.String(), `there is no "sideways"`)
	assert.Equal(t, 0, run(t.Context(), []string{"--help"}, &stdout, &stderr))
	assert.Equal(t, 0, run(t.Context(), []string{"up", "--help"}, &stdout, &stderr))
	assert.Contains(t, stdout.String(), "usage: go run ./cmd/local up")
	stderr.Reset()
	assert.Equal(t, 1, run(t.Context(), []string{"down", "now"}, &stdout, &stderr))
	assert.Contains(t, stderr.String(), "down takes no arguments")
}

// TestUpDeploysBothEnvironmentsInPlaceAndDownEndsThem is the main job, whole:
// every stack of the shipped environments, by the unmodified CDK CLI.
func TestUpDeploysBothEnvironmentsInPlaceAndDownEndsThem(t *testing.T) {
	root, err := localaws.Root()
	require.NoError(t, err)
	var stdout, progress bytes.Buffer
	// Directories of its own: somebody may be at work in .local.
	s := &session{
		root: root, dir: filepath.Join(t.TempDir(), "aws"), output: filepath.Join(t.TempDir(), "cdk.out"),
		stdout: &stdout, screen: newScreen(&progress),
	}
	work := func(verb func(context.Context, *session, []string) error, arguments ...string) {
		t.Helper()
		stdout.Reset()
		progress.Reset()
		err := verb(t.Context(), s, arguments)
		if err != nil {
			t.Log(progress.String())
		}
		tooltest.Need(t, localaws.IsMissing(err), err)
	}
	t.Cleanup(func() { assert.NoError(t, down(context.Background(), s, nil)) })

	require.ErrorIs(t, status(t.Context(), s, nil), localaws.ErrNotRunning)
	work(up)
	for _, stack := range []string{"D2-Dev", "D2-Dev-Edge", "D2-Prod", "D2-Prod-Edge"} {
		assert.Regexp(t, `stack +`+stack+` +CREATE_COMPLETE`, stdout.String())
	}
	assert.Regexp(t, `database +\S+-prod-rds-mysql +available`, stdout.String())
	assert.Contains(t, stdout.String(), "export AWS_ENDPOINT_URL=http://localhost:")

	work(up)
	assert.Contains(t, progress.String(), "the local AWS runs already")
	for _, stack := range []string{"D2-Dev", "D2-Dev-Edge", "D2-Prod", "D2-Prod-Edge"} {
		assert.Contains(t, progress.String(), "deployed "+stack+" (no changes)")
	}
	work(status)
	assert.Regexp(t, `stack +D2-Prod +CREATE_COMPLETE`, stdout.String())

	work(down)
	assert.Contains(t, stdout.String(), "ended the local AWS")
	work(down)
	assert.Contains(t, stdout.String(), "no local AWS is running")
}
