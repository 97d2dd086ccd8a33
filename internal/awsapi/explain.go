package awsapi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go"

	"github.com/d2-ride-booking/platform/internal/fault"
)

// AWS has no list of its error codes; these are what the services that d2ctl
// calls answer, by their API references.
var (
	expired = []string{"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
	invalid = []string{"InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure", "SignatureDoesNotMatch", "InvalidAccessKeyId", "IncompleteSignature"}
	denied  = []string{"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "NotAuthorized", "Forbidden"}
	absent  = regexp.MustCompile(`NotFound|^NoSuch|DoesNotExist|^InvalidInstanceID`)

	// notAuthorized is how IAM names the action that is missing.
	notAuthorized = regexp.MustCompile(`not authorized to perform:? ([a-z0-9-]+:[A-Za-z*]+)(?: on resource: ([^ ]+))?`)
)

// Explain turns an error of the SDK into one that says what to do. What is
// explained already, and what is no error of AWS, stays as it is.
func Explain(err error) error {
	var known *fault.Error
	if err == nil || errors.As(err, &known) || errors.Is(err, context.Canceled) {
		return err
	}
	if explained := explainAnswer(err); explained != nil {
		return explained
	}
	if explained := explainSilence(err); explained != nil {
		return explained
	}
	return err
}

// explainAnswer is for errors that a service answered; nil for others.
func explainAnswer(err error) error {
	var answer smithy.APIError
	if !errors.As(err, &answer) {
		return nil
	}
	api, code := operation(err), answer.ErrorCode()
	problem := &fault.Error{Code: fault.Failed, What: fmt.Sprintf("%s: %s (%s)", api, message(answer), code), Cause: err}
	switch {
	case slices.Contains(expired, code):
		problem.Code, problem.What, problem.Try = fault.Credentials, "the AWS credentials have expired ("+api+")", tryLogin
	case slices.Contains(invalid, code):
		problem.Code, problem.What, problem.Try = fault.Credentials, "AWS does not know these credentials ("+api+": "+code+")", "see which are used: aws configure list; another profile: --profile NAME"
	case slices.Contains(denied, code):
		problem.Code, problem.What, problem.Try = fault.Credentials, deny(api, answer), "ask for that action in your IAM role, or use a profile that has it: --profile NAME"
	case IsThrottling(err):
		problem.What, problem.Try = fmt.Sprintf("%s was throttled %d times in a row", api, attempts), "wait a minute and run it again; -v shows which calls are slow"
	case absent.MatchString(code):
		problem.Code, problem.Try = fault.NotFound, "see what there is: d2ctl status"
	}
	return problem
}

const tryLogin = "sign in again (aws sso login, or new keys), then run it again"

// explainSilence is for calls that no service answered; nil for others.
func explainSilence(err error) error {
	var (
		profile config.SharedConfigProfileNotExistError
		network net.Error
	)
	switch {
	case errors.As(err, &profile):
		return &fault.Error{Code: fault.Credentials, What: fmt.Sprintf("there is no AWS profile %q", profile.Profile), Try: "see which there are: aws configure list-profiles", Cause: err}
	case errors.Is(err, context.DeadlineExceeded):
		return &fault.Error{Code: fault.TimedOut, What: "AWS did not answer in time" + of(err), Try: "run it again, or give it longer: --timeout 5m", Cause: err}
	case errors.As(err, &network):
		return &fault.Error{Code: fault.Failed, What: "AWS cannot be reached" + of(err) + ": " + innermost(err), Try: "look at the network, the proxy, and AWS_ENDPOINT_URL", Cause: err}
	}
	return nil
}

// explainCredentials is for the credentials that could not even be made up.
func explainCredentials(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return explainSilence(err) // somebody waits no longer; there may be credentials
	}
	text := err.Error()
	if strings.Contains(text, "expired") {
		return &fault.Error{Code: fault.Credentials, What: "the AWS credentials have expired", Try: tryLogin, Cause: err}
	}
	return &fault.Error{
		Code: fault.Credentials, What: "there are no AWS credentials",
		Try:   "name a profile (--profile NAME or AWS_PROFILE), or sign in: aws sso login, aws configure",
		Cause: err,
	}
}

// IsNotFound reports whether a service said that the thing asked for does not exist.
func IsNotFound(err error) bool {
	var answer smithy.APIError
	return errors.As(err, &answer) && absent.MatchString(answer.ErrorCode())
}

// IsThrottling reports whether a service asked for fewer calls.
func IsThrottling(err error) bool {
	var answer smithy.APIError
	if !errors.As(err, &answer) {
		return false
	}
	_, throttling := retry.DefaultThrottleErrorCodes[answer.ErrorCode()]
	return throttling
}

// RequestID is AWS's name for the call that failed; empty where none answered.
func RequestID(err error) string {
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		return response.ServiceRequestID()
	}
	return ""
}

// deny names the action that IAM misses; where the answer does not, the call's own name is close to it.
func deny(api string, answer smithy.APIError) string {
	if found := notAuthorized.FindStringSubmatch(answer.ErrorMessage()); found != nil {
		what := "these credentials may not " + found[1]
		if found[2] != "" {
			what += " on " + strings.TrimRight(found[2], ".,")
		}
		return what
	}
	return "these credentials may not call " + api
}

// operation is service and operation of a failed call.
func operation(err error) string {
	var call *smithy.OperationError
	if errors.As(err, &call) {
		return apiName(call.Service(), call.Operation())
	}
	return "AWS"
}

func of(err error) string {
	if api := operation(err); api != "AWS" {
		return " (" + api + ")"
	}
	return ""
}

func message(answer smithy.APIError) string {
	if text := strings.TrimRight(strings.TrimSpace(answer.ErrorMessage()), "."); text != "" {
		return text
	}
	return "refused without a reason"
}

// innermost is the last cause, which is the system's own word.
func innermost(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err.Error()
		}
		err = next
	}
}
