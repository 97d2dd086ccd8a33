package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/screen"
)

// restartTime is how long a restart is waited for: each host has release.health_timeout_seconds, 120 by default.
const restartTime = 15 * time.Minute

type appRestartOptions struct {
	appOptions
	kind ops.RestartKind
}

// restartWords are the help of both kinds.
var restartWords = map[ops.RestartKind][2]string{
	ops.Restart: {"start the app again with fresh variables", `Starts the running release of a service again on its hosts, one after the other,
with the variables that the parameter store has now, and waits for its health
check on each.`},
	ops.Reload: {"have PM2 start the app anew, without a gap where it is clustered", `Has PM2 reload a service's app on its hosts, one after the other, with the variables
that it has, and waits for its health check on each. A clustered app answers all
the while.`},
}

func newAppRestartCommand(app *App, kind ops.RestartKind) *cobra.Command {
	o := &appRestartOptions{appOptions: appOptions{App: app}, kind: kind}
	command := o.appVerb(&cobra.Command{
		Use:   string(kind) + " SERVICE",
		Short: restartWords[kind][0],
		Long: restartWords[kind][1] + `
The first host on which the app does not get healthy ends it, and the others are
left as they are.`,
		Example: "  d2ctl app " + string(kind) + " -e dev backend-api",
	}, restartTime, o.run)
	app.returns(command, []ops.Restarted{})
	return command
}

func (o *appRestartOptions) run(ctx context.Context, on appHosts) error {
	restart := &ops.AppRestart{Service: on.service, Kind: o.kind, Instances: on.instances}
	if agreed, err := o.Agree(ctx, restart.Plan(on.env)); !agreed || err != nil {
		return err
	}
	done, err := o.do(ctx, on, restart)
	if err != nil {
		return err
	}
	return o.Show(done, func(d *screen.Document) {
		table := d.Table("restarted", "INSTANCE", "SERVICE", "SAID")
		for _, each := range done {
			table.Row(each.Instance, each.Service, each.Said)
		}
	})
}

func (o *appRestartOptions) do(ctx context.Context, on appHosts, restart *ops.AppRestart) ([]ops.Restarted, error) {
	progress := o.Progress(string(o.kind) + " of " + on.service.Name)
	defer progress.End()
	return restart.Do(ctx, on.api.Commands, progress.Tell)
}
