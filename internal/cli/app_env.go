package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/internal/iostreams"
	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/screen"
)

func newAppEnvCommand(app *App) *cobra.Command {
	o := &appOptions{App: app}
	command := o.appVerb(&cobra.Command{
		Use:   "env SERVICE",
		Short: "the variables that the app runs with, secrets hidden",
		Long: `Shows the variables of the running release on each host. The values of
SecureString parameters, and of names that look like a secret's, do not leave the
host. What the parameter store has changed since is marked: the next start takes it.`,
		Example: "  d2ctl app env -e dev backend-api",
	}, hostTime, o.env)
	app.returns(command, []ops.AppVariable{})
	return command
}

func (o *appOptions) env(ctx context.Context, on appHosts) error {
	variables, err := ops.ReadAppVariables(ctx, on.api, on.env, on.service, on.instances)
	if err != nil {
		return err
	}
	return o.Show(variables, func(d *screen.Document) { drawAppVariables(d, variables) })
}

func drawAppVariables(d *screen.Document, variables []ops.AppVariable) {
	table := d.Table("variables", "INSTANCE", "NAME", "VALUE")
	for _, variable := range variables {
		value := screen.Text(variable.Value)
		switch {
		case variable.Hidden:
			value = screen.In(iostreams.Faint, "hidden")
		case variable.Changed:
			value = screen.In(iostreams.Notable, variable.Value+" (changed since: d2ctl app restart takes it)")
		}
		table.Row(variable.Instance, variable.Name, value)
	}
}
