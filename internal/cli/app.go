// Package cli is d2ctl as people meet it: one file a verb, and beside them what
// all verbs share. A verb checks what it is given, shows a plan and asks where
// it writes, has internal/ops do the work, and shows the answer.
package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/awsapi"
	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/iostreams"
)

// App is what every verb is handed: the streams, the global flags, and what they
// lead to. Nothing is read or called before a verb asks for it, so that --help
// is immediate.
type App struct {
	// Streams are where the verb reads and writes.
	Streams *iostreams.Streams

	flags   globalFlags
	started bool                   // the command line was understood, so errors are no longer about it
	refused error                  // a word behind a noun that is none of its verbs
	results map[*cobra.Command]any // what each verb prints as JSON, as a zero value
}

// NewApp is an App that writes to the streams.
func NewApp(streams *iostreams.Streams) *App {
	return &App{Streams: streams, results: map[*cobra.Command]any{}}
}

// Run is the whole program; its answer is the exit code.
func Run(ctx context.Context, streams *iostreams.Streams, args []string) fault.Code {
	app := NewApp(streams)
	root := NewRoot(app)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	return app.report(ctx, cmp.Or(err, app.refused))
}

// Environment is the one that -e or D2_ENV names. There is no default: a
// command typed for DEV must not reach PROD because nothing was said.
func (a *App) Environment() (*config.Environment, error) {
	stage, err := a.stage()
	if err != nil {
		return nil, err
	}
	env, err := a.load(stage)
	var problems config.Problems
	if errors.As(err, &problems) {
		return nil, &fault.Error{Code: fault.Usage, What: problems.Error(), Cause: err}
	}
	if err != nil {
		return nil, err
	}
	if a.flags.region != "" {
		env.Region = a.flags.region
	}
	return env, nil
}

func (a *App) stage() (config.Stage, error) {
	named, origin := a.flags.env, "-e"
	if named == "" {
		named, origin = os.Getenv("D2_ENV"), "D2_ENV"
	}
	switch stage := config.Stage(named); stage {
	case config.Dev, config.Prod:
		return stage, nil
	case "":
		return "", fault.New(fault.Usage, "name it: -e dev, -e prod, or the variable D2_ENV", "no environment was named")
	default:
		return "", fault.New(fault.Usage, "name one of: dev, prod", "%s names %q, which is no environment", origin, named)
	}
}

func (a *App) load(stage config.Stage) (*config.Environment, error) {
	if a.flags.environments == "" {
		return config.Shipped(stage)
	}
	return config.LoadStage(a.flags.environments, stage)
}

// Connect is how every verb that calls AWS begins: the environment, and its AWS
// once the caller is known to be in the environment's account.
func (a *App) Connect(ctx context.Context) (*config.Environment, *awsapi.Clients, error) {
	env, err := a.Environment()
	if err != nil {
		return nil, nil, err
	}
	clients, err := awsapi.New(ctx, awsapi.Options{Region: env.Region, Profile: a.flags.profile, Log: a.callLog()})
	if err != nil {
		return nil, nil, err
	}
	identity, err := clients.Whoami(ctx)
	if err != nil {
		return nil, nil, err
	}
	return env, clients, identity.MustBeIn(env.Account, string(env.Environment))
}

// Within gives ctx the time of --timeout, or the verb's own where none was given.
func (a *App) Within(ctx context.Context, usual time.Duration) (context.Context, context.CancelFunc) {
	if a.flags.timeout > 0 {
		usual = a.flags.timeout
	}
	return context.WithTimeout(ctx, usual)
}

// Waits is false with --no-wait: the verb ends when the work is ordered, not when it is done.
func (a *App) Waits() bool { return !a.flags.noWait }

// Say tells people something, on stderr.
func (a *App) Say(format string, values ...any) {
	fmt.Fprintf(a.Streams.Err, format+"\n", values...)
}

// callLog prints each call of AWS with -v; nil without.
func (a *App) callLog() func(awsapi.Call) {
	if !a.flags.verbose {
		return nil
	}
	return func(call awsapi.Call) {
		line := fmt.Sprintf("aws %s %d %d ms %s", call.API, call.Status, call.Took.Milliseconds(), cmp.Or(call.RequestID, "-"))
		if call.Attempts > 1 {
			line += fmt.Sprintf(" (%d attempts)", call.Attempts)
		}
		a.Say("%s", a.Streams.Err.Paint(iostreams.Faint, line))
	}
}

// report prints why the program fails, and says with which code it ends.
func (a *App) report(ctx context.Context, err error) fault.Code {
	if err == nil {
		return fault.OK
	}
	err = awsapi.Explain(err)
	var known *fault.Error
	switch {
	case errors.As(err, &known):
	case ctx.Err() != nil:
		known = fault.New(fault.Interrupted, "", "interrupted")
	case !a.started:
		known = fault.New(fault.Usage, "see what there is: d2ctl --help", "%v", err)
	default:
		known = fault.New(fault.Failed, "", "%v", err)
	}
	if known.What == "" {
		return known.Code // a command that was run for somebody failed, and has said so itself
	}
	a.Say("%s %s", a.Streams.Err.Paint(iostreams.Bad, "d2ctl:"), known.What)
	if known.Try != "" {
		a.Say("Try: %s", known.Try)
	}
	if id := awsapi.RequestID(err); id != "" && a.flags.verbose {
		a.Say("AWS request id: %s", id)
	}
	return known.Code
}
