package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/internal/ops"
)

type watchOptions struct {
	*App
	service string
}

func newWatchCommand(app *App) *cobra.Command {
	o := &watchOptions{App: app}
	command := &cobra.Command{
		Use:   "watch SERVICE",
		Short: "see the last release of a service to its end",
		Long: `Attaches to the release that was begun last, by whomever: shows what deploy
shows, looks at targets and instances in the end, and ends as deploy does. A
release that is well is marked as good; one that is not is left as it is, and
the exit code is 6.`,
		Example:           "  d2ctl watch -e prod backend-api",
		Args:              takes("SERVICE"),
		ValidArgsFunction: app.completeFromFile(serviceNames),
		RunE: func(command *cobra.Command, args []string) error {
			o.service = args[0]
			return o.run(command.Context())
		},
	}
	app.returns(command, ops.Rollout{})
	return command
}

func (o *watchOptions) run(ctx context.Context) error {
	ctx, cancel := o.Within(ctx, deployTime)
	defer cancel()
	env, clients, err := o.Connect(ctx)
	if err != nil {
		return err
	}
	watch, err := ops.FindRollout(ctx, releaseAPI(clients), env, o.service)
	if err != nil {
		return err
	}
	return o.rollOut(ctx, "watching "+watch.Service+" "+watch.Version, &watch.Rollout, watch.Await)
}
