package awsapi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/fault"
)

// answered is an error as the SDK wraps what a service answers.
func answered(code, message string) error {
	return &smithy.OperationError{
		ServiceID: "Auto Scaling", OperationName: "SetDesiredCapacity",
		Err: &smithy.GenericAPIError{Code: code, Message: message},
	}
}

func TestEachKindOfFailureSaysWhatToDo(t *testing.T) {
	for name, each := range map[string]struct {
		err  error
		code fault.Code
		what string
		try  string
	}{
		"expired": {
			answered("ExpiredToken", "The security token included in the request is expired"), fault.Credentials,
			"the AWS credentials have expired (AutoScaling.SetDesiredCapacity)", "sign in again",
		},
		"unknown keys": {
			answered("InvalidClientTokenId", "The security token included in the request is invalid."), fault.Credentials,
			"AWS does not know these credentials (AutoScaling.SetDesiredCapacity: InvalidClientTokenId)", "aws configure list",
		},
		"denied, with the action": {
			answered("AccessDenied", "User: arn:aws:iam::111122223333:user/kim is not authorized to perform: autoscaling:SetDesiredCapacity on resource: arn:aws:autoscaling:x because no identity-based policy allows it"), fault.Credentials,
			"these credentials may not autoscaling:SetDesiredCapacity on arn:aws:autoscaling:x", "ask for that action",
		},
		"denied, without it": {
			answered("UnauthorizedOperation", "You are not authorized to perform this operation."), fault.Credentials,
			"these credentials may not call AutoScaling.SetDesiredCapacity", "ask for that action",
		},
		"throttled": {
			answered("ThrottlingException", "Rate exceeded"), fault.Failed,
			"AutoScaling.SetDesiredCapacity was throttled 5 times in a row", "wait a minute",
		},
		"not found": {
			answered("DBInstanceNotFound", "DBInstance db-1 not found."), fault.NotFound,
			"AutoScaling.SetDesiredCapacity: DBInstance db-1 not found (DBInstanceNotFound)", "d2ctl status",
		},
		"anything else keeps AWS's words": {
			answered("ScalingActivityInProgress", "Activity in progress."), fault.Failed,
			"AutoScaling.SetDesiredCapacity: Activity in progress (ScalingActivityInProgress)", "",
		},
		"too slow": {
			&smithy.OperationError{ServiceID: "EC2", OperationName: "DescribeInstances", Err: context.DeadlineExceeded}, fault.TimedOut,
			"AWS did not answer in time (EC2.DescribeInstances)", "--timeout",
		},
		"no way there": {
			&smithy.OperationError{ServiceID: "STS", OperationName: "GetCallerIdentity", Err: &net.OpError{Op: "dial", Err: errors.New("no such host")}}, fault.Failed,
			"AWS cannot be reached (STS.GetCallerIdentity): no such host", "network",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var explained *fault.Error
			require.ErrorAs(t, Explain(each.err), &explained)
			assert.Equal(t, each.code, explained.Code)
			assert.Equal(t, each.what, explained.What)
			assert.Contains(t, explained.Try, each.try)
			assert.ErrorIs(t, explained, each.err)
		})
	}
}

func TestWhatIsExplainedOrNoneOfAWSStaysAsItIs(t *testing.T) {
	own := fault.New(fault.Usage, "say another", "no")
	for _, err := range []error{nil, own, fmt.Errorf("wrapped: %w", own), errors.New("a full disk"), context.Canceled} {
		assert.Equal(t, err, Explain(err))
	}
}

func TestExpiredSignInIsNotTakenForNoneAtAll(t *testing.T) {
	assert.EqualError(t, explainCredentials(errors.New("the SSO session has expired or is invalid")), "the AWS credentials have expired")
	assert.EqualError(t, explainCredentials(errors.New("no EC2 IMDS role found")), "there are no AWS credentials")
}

func TestATimeThatEndsWhileCredentialsAreFetchedSaysNothingAboutThem(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	credentials := aws.NewCredentialsCache(aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		<-ctx.Done()
		return aws.Credentials{}, ctx.Err()
	}))
	_, err := (&Clients{config: aws.Config{Credentials: credentials}}).Whoami(ctx)
	assert.EqualError(t, err, "AWS did not answer in time")
	assert.Equal(t, fault.TimedOut, fault.CodeOf(err))
}

func TestAnotherAccountIsRefusedAndBothAreNamed(t *testing.T) {
	caller := Identity{Account: "444455556666", ARN: "arn:aws:sts::444455556666:assumed-role/kim"}
	assert.NoError(t, caller.MustBeIn("444455556666", "dev"))
	err := caller.MustBeIn("111122223333", "prod")
	assert.EqualError(t, err, "wrong account: prod lives in 111122223333, but the credentials are of 444455556666 (arn:aws:sts::444455556666:assumed-role/kim)")
	assert.Equal(t, fault.Credentials, fault.CodeOf(err))
}
