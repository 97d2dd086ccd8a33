package ops

import (
	"context"

	"github.com/d2-ride-booking/platform/internal/awsapi"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// patience is how many looks in a row may fail: what rolls does not care whether it is seen.
const patience = 5

// patiently makes a look that may fail now and then, but not by credentials. It is
// for looks that are nothing else.
func patiently(tell Listener, look func(context.Context) (bool, error)) func(context.Context) (bool, error) {
	failed := 0
	return func(ctx context.Context) (bool, error) {
		done, err := look(ctx)
		if err == nil || isVerdict(err) || ctx.Err() != nil {
			failed = 0
			return done, err
		}
		err = awsapi.Explain(err)
		if failed++; failed >= patience || fault.CodeOf(err) == fault.Credentials {
			return false, err
		}
		tell(Event{Subject: "AWS", State: err.Error(), Failed: true})
		return false, nil
	}
}

// despiteThrottling has a look that was throttled looked again at the next interval: a
// wait of many looks must not end because AWS was busy at one of them. It forgives
// nothing else, unlike patiently: such a look may also give an order or write what
// it found, and an order that is refused, or a pipe that is closed, is the end.
func despiteThrottling(look func(context.Context) (bool, error)) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		done, err := look(ctx)
		if awsapi.IsThrottling(err) {
			return false, nil
		}
		return done, err
	}
}
