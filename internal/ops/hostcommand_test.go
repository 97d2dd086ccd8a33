package ops

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
)

// fakeCommander answers each instance after it was asked a few times, as Systems Manager does.
type fakeCommander struct {
	answers map[string]string
	asked   map[string]int
	sentTo  []string
}

func (f *fakeCommander) SendCommand(_ context.Context, in *ssm.SendCommandInput, _ ...func(*ssm.Options)) (*ssm.SendCommandOutput, error) {
	f.sentTo, f.asked = in.InstanceIds, map[string]int{}
	return &ssm.SendCommandOutput{Command: &types.Command{CommandId: aws.String("c-1")}}, nil
}

func (f *fakeCommander) GetCommandInvocation(_ context.Context, in *ssm.GetCommandInvocationInput, _ ...func(*ssm.Options)) (*ssm.GetCommandInvocationOutput, error) {
	f.asked[*in.InstanceId]++
	switch f.asked[*in.InstanceId] {
	case 1:
		return nil, &types.InvocationDoesNotExist{}
	case 2:
		return &ssm.GetCommandInvocationOutput{Status: types.CommandInvocationStatusInProgress}, nil
	}
	out, known := f.answers[*in.InstanceId]
	if !known {
		return &ssm.GetCommandInvocationOutput{Status: types.CommandInvocationStatusFailed, ResponseCode: 127, StandardErrorContent: aws.String("d2-release: not found")}, nil
	}
	return &ssm.GetCommandInvocationOutput{Status: types.CommandInvocationStatusSuccess, StandardOutputContent: &out}, nil
}

func TestHostsSayWhatTheyRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &fakeCommander{answers: map[string]string{
			"i-a": "Welcome\n" + `{"service":"backend-api","running":"v1.0.0","healthy":true,"previous":"v0.9.0"}` + "\n" + `{"service":"web-driver","running":"","healthy":false,"previous":""}`,
		}}
		env := shipped(t, config.Prod)
		running, err := ReadRunning(t.Context(), api, env, []Host{
			{Instance: "i-a", Agent: Online}, {Instance: "i-b", Agent: Online},
			{Instance: "i-lost", Agent: "ConnectionLost"}, {Instance: "i-bastion", Name: env.BastionName(), Agent: Online},
		})
		assert.Equal(t, []string{"i-a", "i-b"}, api.sentTo)
		assert.Equal(t, []Running{
			{Instance: "i-a", Service: "backend-api", Version: "v1.0.0", Healthy: true, Previous: "v0.9.0"},
			{Instance: "i-a", Service: "web-driver"},
		}, running)
		require.EqualError(t, err, "d2-release status on i-b: d2-release: not found")
	})
}
