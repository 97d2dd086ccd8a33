package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/awsapi"
	"github.com/d2-ride-booking/platform/internal/ops"
)

type rollbackOptions struct {
	*App
	service, to string
}

func newRollbackCommand(app *App) *cobra.Command {
	o := &rollbackOptions{App: app}
	command := &cobra.Command{
		Use:   "rollback SERVICE [--to VERSION]",
		Short: "put an earlier release of a service back",
		Long: `Goes back to the last release that was good and is not the current one, or to
the version named. Names it in the version parameter, cancels an instance refresh
that is at work and waits until it is Cancelled, and rolls out. The release that
it leaves is good no more. With --no-wait it still waits for Cancelled.`,
		Example:           "  d2ctl rollback -e prod backend-api\n  d2ctl rollback -e prod backend-api --to v1.0.0",
		Args:              takes("SERVICE"),
		ValidArgsFunction: app.completeFromFile(serviceNames),
		RunE: func(command *cobra.Command, args []string) error {
			o.service = args[0]
			return o.run(command.Context())
		},
	}
	command.Flags().StringVar(&o.to, "to", "", "go to `VERSION`")
	app.completeFlag(command, "to", earlierVersions)
	app.returns(command, ops.Rollout{})
	return command
}

func (o *rollbackOptions) run(ctx context.Context) error {
	ctx, cancel := o.Within(ctx, deployTime)
	defer cancel()
	env, clients, err := o.Connect(ctx)
	if err != nil {
		return err
	}
	rollback, err := ops.PlanRollback(ctx, releaseAPI(clients), env, o.service, o.to)
	if err != nil {
		return err
	}
	if agreed, err := o.Agree(ctx, rollback.Plan()); !agreed || err != nil {
		return err
	}
	return o.rollOut(ctx, "rolling "+rollback.Service+" back to "+rollback.Version, &rollback.Rollout, rollback.Do, rollback.Await)
}

// earlierVersions complete a version that was named before, the good ones first.
func earlierVersions(ctx context.Context, env *config.Environment, clients *awsapi.Clients, service string) ([]string, error) {
	history, err := ops.ReadHistory(ctx, clients.SSM(), env, service)
	if err != nil {
		return nil, err
	}
	return history.Earlier(), nil
}
