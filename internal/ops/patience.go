package ops

import (
	"context"

	"github.com/d2-ride-booking/platform/internal/awsapi"
)

// patiently has a look that was throttled looked again at the next interval: a
// wait of many looks must not end because AWS was busy at one of them.
func patiently(look func(context.Context) (bool, error)) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		done, err := look(ctx)
		if awsapi.IsThrottling(err) {
			return false, nil
		}
		return done, err
	}
}
