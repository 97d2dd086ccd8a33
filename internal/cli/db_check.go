package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/mysql"
	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/screen"
)

type dbCheckOptions struct{ dbOptions }

func newDBCheckCommand(app *App) *cobra.Command {
	o := &dbCheckOptions{dbOptions{App: app}}
	command := &cobra.Command{
		Use:   "check",
		Short: "whether both logins work, and the application may what it should and no more",
		Long: `Goes through what runbook DEV 3.7 and 4.2 to 4.5 look at: the way to the database, TLS,
the version, both logins, the schema, the application's user and its grants. It
changes nothing; that DDL is refused it reads from the grants and does not try. The
exit code is 6 when something is wrong or could not be looked at.`,
		Example: "  d2ctl db check -e dev\n  d2ctl db check -e prod --json",
		Args:    takes(),
		RunE:    func(command *cobra.Command, _ []string) error { return o.run(command.Context()) },
	}
	o.add(command)
	app.returns(command, ops.Diagnosis{})
	return command
}

func (o *dbCheckOptions) run(ctx context.Context) error {
	ctx, cancel := o.Within(ctx, dbTime)
	defer cancel()
	logins, _, end, err := o.reach(ctx)
	if err != nil {
		return err
	}
	defer end()
	return o.check(ctx, logins)
}

func (o *dbCheckOptions) check(ctx context.Context, logins *dbLogins) error {
	admin, err := logins.open(dbAs{user: administrator})
	if err != nil {
		return err
	}
	defer admin.Close()
	app, err := logins.openApp()
	if err != nil {
		return err
	}
	defer app.Close()
	diagnosis := ops.CheckDatabase(ctx, logins.env, logins.dial, admin, app, time.Now().Truncate(time.Second))
	if err := o.Show(diagnosis, func(d *screen.Document) { drawDiagnosis(d, diagnosis) }); err != nil {
		return err
	}
	if !diagnosis.Healthy {
		return fault.New(fault.Unhealthy, "", "the database of %s is not as it should be: %s", logins.env.Environment, count(len(diagnosis.Ill()), "finding"))
	}
	return nil
}

// openApp is the application's own login.
func (l *dbLogins) openApp() (*mysql.DB, error) {
	return l.open(dbAs{database: l.env.Database.Name})
}
