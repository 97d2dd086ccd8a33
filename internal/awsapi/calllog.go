package awsapi

import (
	"context"
	"errors"
	"strings"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Call is one finished call of an AWS API, for -v. It holds neither what was
// asked nor what was answered, in which secrets may be.
type Call struct {
	// API is service and operation, e.g. "AutoScaling.SetDesiredCapacity".
	API string
	// Status is the HTTP status; 0 when nothing answered.
	Status int
	// RequestID is AWS's name for the call, which its support asks for.
	RequestID string
	// Took is the time of all attempts together.
	Took time.Duration
	// Attempts is how often it was tried.
	Attempts int
}

// apiName is service and operation as one word; the SDK's "Auto Scaling" is two.
func apiName(service, operation string) string {
	return strings.ReplaceAll(service, " ", "") + "." + operation
}

// logCalls tells of every call when it has ended, well or not.
func logCalls(tell func(Call)) func(*middleware.Stack) error {
	logger := middleware.InitializeMiddlewareFunc("d2ctl.CallLog", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		started := time.Now()
		out, metadata, err := next.HandleInitialize(ctx, in)
		call := Call{
			API:  apiName(awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx)),
			Took: time.Since(started),
		}
		call.answer(metadata, err)
		tell(call)
		return out, metadata, err
	})
	return func(stack *middleware.Stack) error {
		return stack.Initialize.Add(logger, middleware.After)
	}
}

// answer notes who answered: an error carries its response, a success its metadata.
func (c *Call) answer(metadata middleware.Metadata, err error) {
	if results, ok := retry.GetAttemptResults(metadata); ok {
		c.Attempts = len(results.Results)
	}
	var failed *awshttp.ResponseError
	if errors.As(err, &failed) {
		c.Status, c.RequestID = failed.HTTPStatusCode(), failed.ServiceRequestID()
		return
	}
	if response, ok := awsmiddleware.GetRawResponse(metadata).(*smithyhttp.Response); ok {
		c.Status = response.StatusCode
	}
	c.RequestID, _ = awsmiddleware.GetRequestIDMetadata(metadata)
}
