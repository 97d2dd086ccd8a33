package ops

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// commandLook is how often a command's answer is looked for.
const commandLook = 300 * time.Millisecond

// HostCommander is what running a command on hosts needs of Systems Manager.
type HostCommander interface {
	SendCommand(context.Context, *ssm.SendCommandInput, ...func(*ssm.Options)) (*ssm.SendCommandOutput, error)
	GetCommandInvocation(context.Context, *ssm.GetCommandInvocationInput, ...func(*ssm.Options)) (*ssm.GetCommandInvocationOutput, error)
}

// HostAnswer is what a command left on one host.
type HostAnswer struct {
	// Instance it ran on.
	Instance string `json:"instance"`
	// Status is Systems Manager's: Success, Failed, TimedOut, Cancelled.
	Status string `json:"status"`
	// Exit is the exit code; -1 when the command did not end by itself.
	Exit int `json:"exit"`
	// Out is what it wrote to stdout, at most 24,000 characters of it (Systems Manager's limit).
	Out string `json:"out"`
	// Err is what it wrote to stderr, at most 8,000 characters of it.
	Err string `json:"err"`
}

// RunOnHosts runs one fixed line as root on each host and waits for all answers.
// The end of ctx ends the wait, not the command; the answers that came are returned with the error.
func RunOnHosts(ctx context.Context, api HostCommander, instances []string, line string) ([]HostAnswer, error) {
	if len(instances) == 0 {
		return nil, nil
	}
	command, err := sendToHosts(ctx, api, instances, line)
	if err != nil {
		return nil, err
	}
	var answers []HostAnswer
	for _, instance := range instances {
		answer, err := awaitAnswer(ctx, api, command, instance)
		if err != nil {
			return answers, err
		}
		answers = append(answers, answer)
	}
	return answers, nil
}

// sendToHosts has the hosts run a line, and returns the command's id at once.
func sendToHosts(ctx context.Context, api HostCommander, instances []string, line string) (string, error) {
	sent, err := api.SendCommand(ctx, &ssm.SendCommandInput{
		DocumentName: aws.String("AWS-RunShellScript"), InstanceIds: instances,
		Parameters: map[string][]string{"commands": {line}}, Comment: aws.String("d2ctl"),
	})
	if err != nil {
		return "", err
	}
	return aws.ToString(sent.Command.CommandId), nil
}

func awaitAnswer(ctx context.Context, api HostCommander, command, instance string) (HostAnswer, error) {
	var answer HostAnswer
	err := Poll(ctx, commandLook, func(ctx context.Context) (bool, error) {
		got, err := api.GetCommandInvocation(ctx, &ssm.GetCommandInvocationInput{CommandId: &command, InstanceId: &instance})
		var early *types.InvocationDoesNotExist
		if errors.As(err, &early) {
			return false, nil // not there yet: Systems Manager is consistent a moment later
		}
		if err != nil {
			return false, err
		}
		answer = HostAnswer{
			Instance: instance, Status: string(got.Status), Exit: int(got.ResponseCode),
			Out: strings.TrimSpace(aws.ToString(got.StandardOutputContent)),
			Err: strings.TrimSpace(aws.ToString(got.StandardErrorContent)),
		}
		return hasEnded(got.Status), nil
	})
	return answer, err
}

func hasEnded(status types.CommandInvocationStatus) bool {
	switch status {
	case types.CommandInvocationStatusPending, types.CommandInvocationStatusInProgress, types.CommandInvocationStatusDelayed, types.CommandInvocationStatusCancelling:
		return false
	}
	return true
}
