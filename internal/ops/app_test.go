package ops

import (
	"context"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// fakeShells answer a command by its host and its line, at once.
type fakeShells struct {
	answer func(instance, line string) (out string, exit int)
	mutex  sync.Mutex
	sent   []string
}

func (f *fakeShells) SendCommand(_ context.Context, in *ssm.SendCommandInput, _ ...func(*ssm.Options)) (*ssm.SendCommandOutput, error) {
	line := in.Parameters["commands"][0]
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.sent = append(f.sent, strings.Join(in.InstanceIds, ",")+": "+line)
	return &ssm.SendCommandOutput{Command: &types.Command{CommandId: &line}}, nil
}

func (f *fakeShells) GetCommandInvocation(_ context.Context, in *ssm.GetCommandInvocationInput, _ ...func(*ssm.Options)) (*ssm.GetCommandInvocationOutput, error) {
	out, exit := f.answer(*in.InstanceId, *in.CommandId)
	status := types.CommandInvocationStatusSuccess
	if exit != 0 {
		status = types.CommandInvocationStatusFailed
	}
	return &ssm.GetCommandInvocationOutput{Status: status, ResponseCode: int32(exit), StandardOutputContent: &out}, nil
}

// fakeEstate is a fleet of hosts with their agents, and the variables of the parameter store.
type fakeEstate struct {
	service    string
	hosts      map[string]types.PingStatus
	parameters []types.Parameter
}

func (f fakeEstate) DescribeInstances(context.Context, *ec2.DescribeInstancesInput, ...func(*ec2.Options)) (*ec2.DescribeInstancesOutput, error) {
	var reservation ec2types.Reservation
	for instance := range f.hosts {
		reservation.Instances = append(reservation.Instances, ec2types.Instance{
			InstanceId: aws.String(instance), State: &ec2types.InstanceState{Name: "running"},
			Tags: []ec2types.Tag{{Key: aws.String(config.TagService), Value: &f.service}},
		})
	}
	return &ec2.DescribeInstancesOutput{Reservations: []ec2types.Reservation{reservation}}, nil
}

func (f fakeEstate) DescribeInstanceInformation(context.Context, *ssm.DescribeInstanceInformationInput, ...func(*ssm.Options)) (*ssm.DescribeInstanceInformationOutput, error) {
	out := &ssm.DescribeInstanceInformationOutput{}
	for instance, status := range f.hosts {
		out.InstanceInformationList = append(out.InstanceInformationList, types.InstanceInformation{InstanceId: aws.String(instance), PingStatus: status})
	}
	return out, nil
}

func (f fakeEstate) GetParametersByPath(_ context.Context, in *ssm.GetParametersByPathInput, _ ...func(*ssm.Options)) (*ssm.GetParametersByPathOutput, error) {
	if aws.ToBool(in.WithDecryption) {
		panic("a secret was asked for")
	}
	return &ssm.GetParametersByPathOutput{Parameters: f.parameters}, nil
}

func TestAHostOutOfReachIsNotLeftOutInSilence(t *testing.T) {
	estate := fakeEstate{service: "backend-api", hosts: map[string]types.PingStatus{"i-a": "Online", "i-b": "ConnectionLost"}}
	api, env := AppAPI{Hosts: estate, Agents: estate}, shipped(t, config.Prod)
	_, err := AppHosts(t.Context(), api, env, "backend-api", "")
	assert.EqualError(t, err, "Systems Manager does not reach i-b")
	assert.Equal(t, fault.Unhealthy, fault.CodeOf(err))

	found, err := AppHosts(t.Context(), api, env, "backend-api", "i-a")
	require.NoError(t, err)
	assert.Equal(t, []string{"i-a"}, found)

	_, err = AppHosts(t.Context(), api, env, "backend-api", "i-c")
	assert.EqualError(t, err, "i-c is no running host of backend-api")
	_, err = AppHosts(t.Context(), api, env, "web-driver", "")
	assert.EqualError(t, err, "no running host has web-driver")
	assert.Equal(t, fault.NotFound, fault.CodeOf(err))
}

func TestTheStateOfAnAppIsThatOfItsOwnProcess(t *testing.T) {
	shells := &fakeShells{answer: func(_, line string) (string, int) {
		if line == "pm2 list -m" {
			return "[PM2] a greeting\n+--- web-driver\nstatus : errored\nrestarted : 99\n\n+--- backend-api\nstatus : online\nrestarted : 3\nuptime : 2h\nmemory usage : 84.2mb\n", 0
		}
		return `{"service":"backend-api","running":"v1.0.0","healthy":true,"previous":""}`, 0
	}}
	states, err := ReadAppStates(t.Context(), shells, []string{"i-a"}, "backend-api")
	require.NoError(t, err)
	assert.Equal(t, []AppState{{Instance: "i-a", Service: "backend-api", Version: "v1.0.0", Healthy: true, Process: "online", Restarts: 3, Uptime: "2h", Memory: "84.2mb"}}, states)
	assert.Equal(t, []string{"i-a: d2-release status backend-api", "i-a: pm2 list -m"}, shells.sent)
}

func TestWhatAHostCannotDoIsSaidInItsOwnWords(t *testing.T) {
	shells := &fakeShells{answer: func(_, _ string) (string, int) {
		return "d2-release: backend-api fetches\nd2-release: backend-api: FAILED: the disk is full; nothing runs\n", 6
	}}
	_, err := ReadAppStates(t.Context(), shells, []string{"i-a"}, "backend-api")
	assert.EqualError(t, err, "d2-release status backend-api on i-a: d2-release: backend-api: FAILED: the disk is full; nothing runs")
}

// environment is an .env with every kind of secret, quoted as d2-release does.
const environment = `API_KEY='it'"'"'s
canary-1'
APP_VERSION=v1.0.0
BROKEN_TOKEN="canary-2
canary-3"
MOTTO='two
lines'
PLAIN=canary-4
PORT=3000
database_password=canary-5
`

// TestNoSecretLeavesTheHost runs the very line that hosts run, by the shell and the sed of this machine.
func TestNoSecretLeavesTheHost(t *testing.T) {
	known := map[string]stored{"PLAIN": {secret: true}, "PORT": {value: "3001"}, "MOTTO": {value: "two\nlines"}}
	command := exec.Command("sh", "-c", readEnvironment("-", known))
	command.Stdin = strings.NewReader(environment)
	said, err := command.CombinedOutput()
	require.NoError(t, err, string(said))
	assert.NotContains(t, string(said), "canary")

	assert.Equal(t, []AppVariable{
		{Instance: "i-a", Name: "API_KEY", Hidden: true},
		{Instance: "i-a", Name: "APP_VERSION", Value: "v1.0.0"},
		{Instance: "i-a", Name: "BROKEN_TOKEN", Hidden: true},
		{Instance: "i-a", Name: "MOTTO", Value: "two\nlines"},
		{Instance: "i-a", Name: "PLAIN", Hidden: true},
		{Instance: "i-a", Name: "PORT", Value: "3000", Changed: true},
		{Instance: "i-a", Name: "database_password", Hidden: true},
	}, variablesOf(HostAnswer{Instance: "i-a", Out: strings.TrimSpace(string(said))}, known))
	for _, variable := range variablesOf(HostAnswer{Out: environment}, known) {
		assert.NotContains(t, variable.Value, "canary", "and not by a host that hides nothing")
	}
}

func TestVariablesAreReadWithoutAskingForSecrets(t *testing.T) {
	estate := fakeEstate{parameters: []types.Parameter{
		{Name: aws.String("/d2-ride-booking/prod/backend-api/env/PLAIN"), Value: aws.String("AQICAH"), Type: types.ParameterTypeSecureString},
	}}
	shells := &fakeShells{answer: func(_, _ string) (string, int) { return "PLAIN=<hidden>\nPORT=3000\n", 0 }}
	env := shipped(t, config.Prod)
	variables, err := ReadAppVariables(t.Context(), AppAPI{Commands: shells, Variables: estate}, env, env.Services[0], []string{"i-a"})
	require.NoError(t, err)
	assert.Equal(t, []AppVariable{{Instance: "i-a", Name: "PLAIN", Hidden: true}, {Instance: "i-a", Name: "PORT", Value: "3000"}}, variables)
	assert.Contains(t, shells.sent[0], "(PLAIN|")
}

func TestHostsAreRestartedOneAfterTheOtherUntilOneDoesNotGetHealthy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shells := &fakeShells{answer: func(instance, _ string) (string, int) {
			time.Sleep(20 * time.Second)
			if instance == "i-b" {
				return "d2-release: backend-api: FAILED: v1 is not healthy; v1 runs again", 7
			}
			return "d2-release: backend-api v1 is running", 0
		}}
		env := shipped(t, config.Prod)
		restart := &AppRestart{Service: env.Services[0], Kind: Restart, Instances: []string{"i-a", "i-b", "i-c"}}
		done, err := restart.Do(t.Context(), shells, func(Event) {})
		assert.Equal(t, []Restarted{{Instance: "i-a", Service: "backend-api", Kind: Restart, Said: "d2-release: backend-api v1 is running"}}, done)
		assert.EqualError(t, err, "d2-release restart backend-api on i-b: d2-release: backend-api: FAILED: v1 is not healthy; v1 runs again; left as they are: i-c")
		assert.Equal(t, fault.Unhealthy, fault.CodeOf(err))
		assert.Equal(t, []string{"i-a: d2-release restart backend-api", "i-b: d2-release restart backend-api"}, shells.sent)
	})
}

func TestAReloadIsOverWhenTheAppIsHealthy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		shells := &fakeShells{answer: func(_, line string) (string, int) {
			if strings.HasPrefix(line, "d2-release status") && time.Since(began) > 10*time.Second {
				return `{"service":"backend-api","running":"v1","healthy":true}`, 0
			}
			return `{"service":"backend-api","running":"v1","healthy":false}`, 0
		}}
		env := shipped(t, config.Prod)
		reload := &AppRestart{Service: env.Services[0], Kind: Reload, Instances: []string{"i-a"}}
		_, err := reload.Do(t.Context(), shells, func(Event) {})
		require.NoError(t, err)
		assert.Equal(t, 12*time.Second, time.Since(began))

		began = time.Now().Add(time.Hour)
		_, err = reload.Do(t.Context(), shells, func(Event) {})
		assert.EqualError(t, err, "backend-api on i-a does not answer its health check after the reload")
	})
}

func TestALogThatWasCutSaysSo(t *testing.T) {
	shells := &fakeShells{answer: func(_, line string) (string, int) {
		if strings.HasSuffix(line, "-error.log") {
			return "", 0
		}
		return "first\nsecond\n--output truncated--", 0
	}}
	env := shipped(t, config.Prod)
	streams, err := LogStreams("")
	require.NoError(t, err)
	logs, err := ReadAppLogs(t.Context(), shells, []string{"i-a"}, env.Services[0], streams, 100)
	require.NoError(t, err)
	require.Len(t, logs, 2)
	assert.True(t, logs[0].Cut)
	assert.Equal(t, AppLog{Instance: "i-a", Stream: config.StreamError, File: "/home/appuser/.pm2/logs/backend-api-error.log", Lines: []string{}}, logs[1])
	_, err = LogStreams("stdout")
	assert.EqualError(t, err, `there is no stream "stdout"`)
}
