package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/screen"
)

type dbBootstrapOptions struct{ dbOptions }

func newDBBootstrapCommand(app *App) *cobra.Command {
	o := &dbBootstrapOptions{dbOptions{App: app}}
	command := &cobra.Command{
		Use:   "bootstrap",
		Short: "make schema and user of the application, with exactly the runbook's grants",
		Long: `Makes, as the administrator, the application's schema and its user, who logs in by IAM
token over TLS alone and has exactly the grants of runbook DEV 3.7: what is missing is
granted, what is too much is revoked, and both stand in the plan. Then it logs in as
that user. Where all is right already it changes nothing.`,
		Example: "  d2ctl db bootstrap -e dev\n  d2ctl db bootstrap -e prod --dry-run",
		Args:    takes(),
		RunE:    func(command *cobra.Command, _ []string) error { return o.run(command.Context()) },
	}
	o.add(command)
	app.returns(command, ops.DatabaseBootstrap{})
	return command
}

func (o *dbBootstrapOptions) run(ctx context.Context) error {
	ctx, cancel := o.Within(ctx, dbTime)
	defer cancel()
	logins, _, end, err := o.reach(ctx)
	if err != nil {
		return err
	}
	defer end()
	return o.bootstrap(ctx, logins)
}

func (o *dbBootstrapOptions) bootstrap(ctx context.Context, logins *dbLogins) error {
	admin, end, err := logins.connect(ctx, dbAs{user: administrator, writes: !o.flags.dryRun})
	if err != nil {
		return err
	}
	defer end()
	bootstrap, err := ops.PlanDatabaseBootstrap(ctx, admin, logins.env)
	if err != nil {
		return err
	}
	if len(bootstrap.Changes) == 0 && !o.flags.dryRun {
		o.Say("%s and the schema %s are as the runbook says already", bootstrap.User, bootstrap.Schema)
		for _, line := range bootstrap.Left {
			o.Say("left alone: %s", line)
		}
	} else if agreed, err := o.Agree(ctx, bootstrap.Plan(logins.env)); !agreed || err != nil {
		return err
	}
	if err := bootstrap.Do(ctx, admin); err != nil {
		return err
	}
	app, err := logins.openApp()
	if err != nil {
		return err
	}
	defer app.Close()
	if err := bootstrap.LogIn(ctx, app); err != nil {
		return err
	}
	return o.Show(bootstrap, func(d *screen.Document) { drawBootstrap(d, bootstrap) })
}

func drawBootstrap(d *screen.Document, bootstrap *ops.DatabaseBootstrap) {
	table := d.Table("bootstrap", "SCHEMA", "LOGGED IN AS", "CHANGES", "TLS")
	table.Row(bootstrap.Schema, bootstrap.LoggedInAs, len(bootstrap.Changes), bootstrap.TLS)
}
