package cli

import (
	"context"
	"os"
	"reflect"
	"time"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/mysql"
	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/screen"
)

// migrateTime is how long migrations may take: an ALTER copies a large table.
const migrateTime = 4 * time.Hour

type dbMigrateOptions struct {
	dbOptions
	dir    string
	resume int
}

func newDBMigrateCommand(app *App) *cobra.Command {
	o := &dbMigrateOptions{dbOptions: dbOptions{App: app}}
	command := &cobra.Command{
		Use:   "migrate DIR",
		Short: "apply the SQL files of a directory, each once and in order",
		Long: `Applies files NNNN_name.sql, numbered from 0001 without a gap, to the application's
schema, as the administrator. A table in the schema, d2_migrations, remembers each
with its checksum, by whom, when and how long; a file that was edited after it was
applied is refused, and so is a second run while one is going on.

MySQL takes no DDL back, so a file that fails half-way stays so. The next run says
which statement to look at and how to go on: --resume N begins with statement N of it.`,
		Example: "  d2ctl db migrate -e dev migrations --dry-run\n  d2ctl db migrate -e prod migrations\n  d2ctl db migrate -e dev migrations --resume 3",
		Args:    takes("DIR"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(command *cobra.Command, args []string) error {
			o.dir = args[0]
			return o.run(command.Context())
		},
	}
	o.add(command)
	command.Flags().IntVar(&o.resume, "resume", 0, "go on with statement `N` of the file that failed")
	app.returns(command, ops.DatabaseMigration{})
	return command
}

func (o *dbMigrateOptions) run(ctx context.Context) error {
	ctx, cancel := o.Within(ctx, migrateTime)
	defer cancel()
	files, err := mysql.ReadMigrations(os.DirFS(o.dir))
	if err != nil {
		return err
	}
	logins, clients, end, err := o.reach(ctx)
	if err != nil {
		return err
	}
	defer end()
	identity, err := clients.Whoami(ctx)
	if err != nil {
		return err
	}
	return o.migrate(ctx, logins, files, identity.ARN)
}

func (o *dbMigrateOptions) migrate(ctx context.Context, logins *dbLogins, files []mysql.Migration, by string) error {
	admin, end, err := logins.connect(ctx, dbAs{user: administrator, database: logins.env.Database.Name, writes: !o.flags.dryRun})
	if err != nil {
		return err
	}
	defer end()
	ledger := mysql.OpenLedger(admin, logins.env.Database.Name)
	migration, err := ops.PlanDatabaseMigration(ctx, ledger, logins.env, files, o.resume)
	if err != nil {
		return err
	}
	if len(migration.Pending) == 0 {
		o.Say("the schema %s has had all %s already", migration.Schema, count(migration.Applied, "migration"))
		return o.show(migration)
	}
	if agreed, err := o.Agree(ctx, migration.Plan(logins.env)); !agreed || err != nil {
		return err
	}
	if err := o.do(ctx, ledger, logins.env, files, migration, by); err != nil {
		return err
	}
	return o.show(migration)
}

// do runs what was agreed to, if it is still what there is to do once nobody else can migrate.
func (o *dbMigrateOptions) do(ctx context.Context, ledger *mysql.Ledger, env *config.Environment, files []mysql.Migration, agreed *ops.DatabaseMigration, by string) error {
	unlock, err := ledger.Lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	again, err := ops.PlanDatabaseMigration(ctx, ledger, env, files, o.resume)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(again.Pending, agreed.Pending) {
		return fault.New(fault.Failed, "run it again and read the new plan", "somebody else migrated the schema %s meanwhile; nothing was done", env.Database.Name)
	}
	progress := o.Progress("migrating " + env.Database.Name)
	defer progress.End()
	return agreed.Do(ctx, by, progress.Tell)
}

func (o *dbMigrateOptions) show(migration *ops.DatabaseMigration) error {
	return o.Show(migration, func(d *screen.Document) {
		table := d.Table("migrations", "MIGRATION", "STATE", "AT (UTC)", "MS", "BY")
		for _, entry := range migration.Ledger {
			table.Row(entry.Name, string(entry.State), entry.At, entry.Milliseconds, entry.By)
		}
	})
}
