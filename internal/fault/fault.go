// Package fault is how d2ctl fails: every error that a person is to read says
// what happened and what to do, and carries the exit code that a script reads.
package fault

import (
	"errors"
	"fmt"
)

// Code is an exit code of d2ctl.
type Code int

// The exit codes, as docs/d2ctl-reference.md lists them.
const (
	// OK is success, and a plan that --dry-run printed.
	OK Code = 0
	// Failed is a failure that none of the others names.
	Failed Code = 1
	// Usage is a wrong command line, a refused value, or a question answered with no.
	Usage Code = 2
	// NotFound is that what was named does not exist, or that more than one thing answers to it.
	NotFound Code = 3
	// Credentials is that there are none, that they have expired or may not do this, or that they are another account's.
	Credentials Code = 4
	// TimedOut is that d2ctl waits no longer; the operation goes on in AWS.
	TimedOut Code = 5
	// Unhealthy is that an operation ended in failure, or that status or doctor found something broken.
	Unhealthy Code = 6
	// Interrupted is Ctrl-C.
	Interrupted Code = 130
)

// Codes are all exit codes with what each means, in order, for help and reference.
func Codes() []struct {
	Code    Code
	Meaning string
} {
	return []struct {
		Code    Code
		Meaning string
	}{
		{OK, "done, or the plan that --dry-run printed"},
		{Failed, "failed"},
		{Usage, "wrong command line, a refused value, or a question answered with no"},
		{NotFound, "what was named does not exist, or more than one thing answers to it"},
		{Credentials, "no credentials, expired or denied ones, or another account's"},
		{TimedOut, "d2ctl waits no longer; the operation goes on in AWS"},
		{Unhealthy, "the operation ended in failure, or status or doctor found something broken"},
		{Interrupted, "interrupted by Ctrl-C"},
	}
}

// Error is a failure that a person can act on.
type Error struct {
	// Code is what the program ends with.
	Code Code
	// What happened, and where: a clause without a full stop.
	What string
	// Try is what to do, an imperative clause; empty where there is nothing to advise.
	Try string
	// Cause is the error below it, for errors.As and for -v; may be nil.
	Cause error
}

// Error is what happened, without the advice.
func (e *Error) Error() string { return e.What }

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Cause }

// New makes an Error without a cause.
func New(code Code, try, what string, values ...any) *Error {
	return &Error{Code: code, What: fmt.Sprintf(what, values...), Try: try}
}

// CodeOf is the exit code of an error: its own, or Failed where it has none.
func CodeOf(err error) Code {
	var known *Error
	switch {
	case err == nil:
		return OK
	case errors.As(err, &known):
		return known.Code
	default:
		return Failed
	}
}
