package ops

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/awsapi"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// rollLook is how often a release is looked at while it rolls: an alarm must not wait.
const rollLook = 2 * time.Second

// carrier brings the release that a version parameter names to the hosts of its
// service: by an instance refresh in PROD, by d2-release on the host in DEV.
type carrier interface {
	// look finds the hosts, and notes how they are before anything begins.
	look(context.Context) error
	// atWork says what brings a release at this moment; empty for nothing.
	atWork(context.Context) (string, error)
	// plan adds what start will do.
	plan(*Plan)
	// start begins, and returns at once.
	start(context.Context) error
	// resume attaches to what was begun last, by whomever; its version is the one given.
	resume(context.Context) error
	// stop ends what is at work and waits until it has ended.
	stop(context.Context) error
	// await returns when what was begun has ended: nil, or a verdict.
	await(context.Context, Listener) error
	// instances are those that are to run the release now; a verdict when some are missing.
	instances(context.Context) ([]string, error)
	// id is AWS's name of what was begun; may be empty.
	id() string
}

func newCarrier(api ReleaseAPI, env *config.Environment, service config.Service) carrier {
	if env.Environment == config.Dev {
		return &hostCarrier{api: api, env: env, service: service}
	}
	return &fleetCarrier{api: api, env: env, service: service}
}

// verdict is that a release is bad, as opposed to that nobody can tell.
func verdict(what string, values ...any) error {
	return fault.New(fault.Unhealthy, "", what, values...)
}

func isVerdict(err error) bool { return fault.CodeOf(err) == fault.Unhealthy }

// wholeTime is how long the few calls may take that belong together.
const wholeTime = 2 * time.Minute

// whole does what must not be left half done: Ctrl-C waits for its end, and does
// not begin it.
func whole(ctx context.Context, do func(context.Context) error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), wholeTime)
	defer cancel()
	return do(ctx)
}

// unfinished says of work that ended early how things stand, and how to go on.
func unfinished(err error, stands, try string) error {
	var known *fault.Error
	switch explained := awsapi.Explain(err); {
	case errors.Is(err, context.Canceled):
		return &fault.Error{Code: fault.Interrupted, What: "interrupted; " + stands, Try: try, Cause: err}
	case errors.Is(err, context.DeadlineExceeded):
		return &fault.Error{Code: fault.TimedOut, What: "this was to wait no longer; " + stands, Try: try, Cause: err}
	case errors.As(explained, &known) && known.Code == fault.Credentials:
		first, login := strings.CutSuffix(known.Try, "run it again")
		if !login {
			first += "; then "
		}
		return &fault.Error{Code: known.Code, What: known.What + "; " + stands, Try: first + try, Cause: err}
	case known != nil:
		return &fault.Error{Code: known.Code, What: known.What + "; " + stands, Try: try, Cause: err}
	default:
		return &fault.Error{Code: fault.Failed, What: err.Error() + "; " + stands, Try: try, Cause: err}
	}
}

// after is an error of the way back, behind why it was gone.
func after(failed string, err error) error {
	var known *fault.Error
	if !errors.As(err, &known) {
		return verdict("%s; %v", failed, err)
	}
	return &fault.Error{Code: known.Code, What: failed + "; " + known.What, Try: known.Try, Cause: known.Cause}
}
