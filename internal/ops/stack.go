package ops

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// StackReader is what is asked of CloudFormation.
type StackReader interface {
	DescribeStacks(context.Context, *cloudformation.DescribeStacksInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStacksOutput, error)
}

// Stack is one CloudFormation stack of the environment.
type Stack struct {
	// Name is D2-Dev, D2-Prod, or one of these with -Edge.
	Name string `json:"name"`
	// Region it is in.
	Region string `json:"region"`
	// Status is CloudFormation's, e.g. UPDATE_COMPLETE.
	Status string `json:"status"`
	// Reason says why it is in that status; often empty.
	Reason string `json:"reason,omitempty"`
	// Updated is when it was last changed.
	Updated time.Time `json:"updated"`
	// Drift is CloudFormation's last finding: IN_SYNC, DRIFTED, or NOT_CHECKED.
	Drift string `json:"drift"`

	outputs Outputs
}

// Outputs are a stack's outputs by their dotted keys, e.g. static_sites.web_admin.bucket_name.
type Outputs map[string]string

// ReadStack asks for one stack of the environment; api is of that region.
func ReadStack(ctx context.Context, api StackReader, env *config.Environment, name, region string) (Stack, error) {
	answer, err := api.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if isNoStack(err) || (err == nil && len(answer.Stacks) == 0) {
		return Stack{}, &fault.Error{
			Code: fault.NotFound, What: "there is no stack " + name + " in " + region,
			Try: "deploy it: make deploy ENV=" + string(env.Environment), Cause: err,
		}
	}
	if err != nil {
		return Stack{}, err
	}
	return stackFrom(answer.Stacks[0], region), nil
}

func stackFrom(found types.Stack, region string) Stack {
	stack := Stack{
		Name: aws.ToString(found.StackName), Region: region,
		Status: string(found.StackStatus), Reason: aws.ToString(found.StackStatusReason),
		Updated: aws.ToTime(found.CreationTime), Drift: string(types.StackDriftStatusNotChecked),
		outputs: Outputs{},
	}
	if found.LastUpdatedTime != nil {
		stack.Updated = *found.LastUpdatedTime
	}
	if found.DriftInformation != nil {
		stack.Drift = string(found.DriftInformation.StackDriftStatus)
	}
	// The dotted key stands in the description (stacks/outputs.go): CloudFormation's own key takes no dots.
	for _, output := range found.Outputs {
		stack.outputs[aws.ToString(output.Description)] = aws.ToString(output.OutputValue)
	}
	return stack
}

// Whole is nil when the last deploy of the stack is over and all that it made
// stands. A stack between two states has outputs that may not be true.
func (s Stack) Whole() error {
	switch {
	case strings.HasSuffix(s.Status, "_IN_PROGRESS"):
		return fault.New(fault.Failed, "wait for it, then run this again: d2ctl status --watch",
			"stack %s is being deployed (%s)", s.Name, s.Status)
	case strings.HasSuffix(s.Status, "_FAILED"), s.Status == string(types.StackStatusRollbackComplete):
		return fault.New(fault.Failed, "deploy it again, or see its events: aws cloudformation describe-stack-events --stack-name "+s.Name+" --region "+s.Region,
			"stack %s is half deployed (%s)", s.Name, s.Status)
	}
	return nil
}

// ReadOutputs are the outputs of the environment's main stack, and the stack they are of.
func ReadOutputs(ctx context.Context, api StackReader, env *config.Environment) (Outputs, Stack, error) {
	stack, err := ReadStack(ctx, api, env, env.StackName(), env.Region)
	return stack.outputs, stack, err
}

// Under are the outputs of a key: the one that is called so, or all below it.
func (o Outputs) Under(key string) (Outputs, error) {
	found := Outputs{}
	for each, value := range o {
		if each == key || strings.HasPrefix(each, key+".") {
			found[each] = value
		}
	}
	if len(found) == 0 {
		return nil, fault.New(fault.NotFound, "see all: d2ctl outputs", "there is no output %s", key)
	}
	return found, nil
}

// Keys are the dotted keys in order.
func (o Outputs) Keys() []string { return slices.Sorted(maps.Keys(o)) }

// isNoStack: CloudFormation answers ValidationError for a stack that is not there.
func isNoStack(err error) bool {
	var answer smithy.APIError
	return errors.As(err, &answer) && answer.ErrorCode() == "ValidationError" && strings.Contains(answer.ErrorMessage(), "does not exist")
}
