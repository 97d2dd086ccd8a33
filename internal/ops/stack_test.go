package ops

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// fakeStacks answers every question about a stack alike.
type fakeStacks struct {
	stack types.Stack
	err   error
}

func (f fakeStacks) DescribeStacks(context.Context, *cloudformation.DescribeStacksInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStacksOutput, error) {
	return &cloudformation.DescribeStacksOutput{Stacks: []types.Stack{f.stack}}, f.err
}

func TestOutputsAreCalledByTheirDottedKeys(t *testing.T) {
	api := fakeStacks{stack: types.Stack{StackStatus: types.StackStatusUpdateComplete, Outputs: []types.Output{
		{OutputKey: aws.String("RdsAddress"), Description: aws.String("rds.address"), OutputValue: aws.String("db.example")},
		{OutputKey: aws.String("Rdsish"), Description: aws.String("rdsish"), OutputValue: aws.String("x")},
	}}}
	outputs, stack, err := ReadOutputs(t.Context(), api, shipped(t, config.Prod))
	require.NoError(t, err)
	require.NoError(t, stack.Whole())
	under, err := outputs.Under("rds")
	require.NoError(t, err)
	assert.Equal(t, Outputs{"rds.address": "db.example"}, under)
	_, err = outputs.Under("alb")
	assert.Equal(t, fault.NotFound, fault.CodeOf(err))
}

func TestAStackThatIsNotThereSaysHowToMakeIt(t *testing.T) {
	api := fakeStacks{err: &smithy.GenericAPIError{Code: "ValidationError", Message: "Stack with id D2-Prod does not exist"}}
	_, _, err := ReadOutputs(t.Context(), api, shipped(t, config.Prod))
	var missing *fault.Error
	require.True(t, errors.As(err, &missing))
	assert.Equal(t, "there is no stack D2-Prod in ap-southeast-1", missing.What)
	assert.Equal(t, "deploy it: make deploy ENV=prod", missing.Try)
}

func TestAStackBetweenTwoStatesIsNotWhole(t *testing.T) {
	for status, whole := range map[string]bool{
		"CREATE_COMPLETE": true, "UPDATE_COMPLETE": true, "UPDATE_ROLLBACK_COMPLETE": true, "IMPORT_COMPLETE": true,
		"ROLLBACK_COMPLETE": false, "CREATE_FAILED": false, "UPDATE_ROLLBACK_FAILED": false, "UPDATE_IN_PROGRESS": false,
		"UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": false, "DELETE_FAILED": false,
	} {
		assert.Equal(t, whole, Stack{Status: status}.Whole() == nil, status)
	}
}
