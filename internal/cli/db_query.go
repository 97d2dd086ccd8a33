package cli

import (
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/mysql"
)

type dbQueryOptions struct {
	dbOptions
	user, database string
	writes         bool
	statement      string
}

func newDBQueryCommand(app *App) *cobra.Command {
	o := &dbQueryOptions{dbOptions: dbOptions{App: app}}
	command := &cobra.Command{
		Use:   "query SQL",
		Short: "run one statement and print its rows",
		Long: `Runs one statement and prints its rows while they come, as a table, json (an array of
objects, keys in the order of the columns), yaml, tsv or csv; - reads the statement
from standard input. It only reads unless --write is there, which asks in PROD.

Whole numbers are numbers in JSON; decimals and times are texts, as the database
says them, times in UTC; binary values are texts like 0x00FF. In csv NULL is nothing
and an empty text is "". Ctrl-C and --timeout end the statement in the database too.`,
		Example: `  d2ctl db query -e dev "SELECT COUNT(*) FROM profiles"
  d2ctl db query -e prod "SELECT * FROM profiles LIMIT 10" -o csv > profiles.csv
  d2ctl db query -e prod --user admin "SHOW PROCESSLIST"
  d2ctl db query -e dev --write - < fix.sql`,
		Args:              takes("SQL"),
		ValidArgsFunction: cobra.NoFileCompletions,
		Annotations:       map[string]string{printsCSV: "yes"},
		RunE: func(command *cobra.Command, args []string) error {
			o.statement = args[0]
			return o.run(command.Context())
		},
	}
	o.add(command)
	userFlag(command, &o.user)
	command.Flags().StringVar(&o.database, "database", "", "begin in this `SCHEMA` (default the application's)")
	command.Flags().BoolVar(&o.writes, "write", false, "let the statement change something")
	app.returns(command, []map[string]any{})
	return command
}

func (o *dbQueryOptions) run(ctx context.Context) error {
	ctx, cancel := o.Within(ctx, dbTime)
	defer cancel()
	if err := o.read(); err != nil {
		return err
	}
	if o.flags.dryRun && o.writes { // nothing is opened for a plan
		logins, _, err := o.logins(ctx)
		if err != nil {
			return err
		}
		_, err = o.agreeToWrite(ctx, logins, o.user, mysql.Shown(o.statement))
		return err
	}
	logins, _, end, err := o.reach(ctx)
	if err != nil {
		return err
	}
	defer end()
	if o.writes {
		if agreed, err := o.agreeToWrite(ctx, logins, o.user, mysql.Shown(o.statement)); !agreed || err != nil {
			return err
		}
	}
	return o.query(ctx, logins)
}

// read takes the statement, which must be one: the second of two would be run without having been looked at.
func (o *dbQueryOptions) read() error {
	if o.statement == "-" {
		text, err := io.ReadAll(o.Streams.In)
		if err != nil {
			return err
		}
		o.statement = string(text)
	}
	statements, err := mysql.SplitAll(o.statement)
	switch {
	case err != nil:
		return err
	case len(statements) == 0:
		return fault.New(fault.Usage, `give one: d2ctl db query "SELECT 1"`, "there is no statement")
	case len(statements) > 1:
		return fault.New(fault.Usage, "run them one by one, or give them to d2ctl db shell", "these are %d statements, and query runs one", len(statements))
	}
	o.statement = statements[0].Text
	if o.writes {
		return nil
	}
	return mysql.MustRead(o.statement)
}

func (o *dbQueryOptions) query(ctx context.Context, logins *dbLogins) error {
	database := o.database
	if database == "" {
		database = logins.env.Database.Name
	}
	conn, end, err := logins.connect(ctx, dbAs{o.user, database, o.writes})
	if err != nil {
		return err
	}
	defer end()
	began := time.Now()
	rows, err := conn.Query(ctx, o.statement)
	if err != nil {
		return err
	}
	if err := o.writeResult(rows, false, began); err != nil {
		_ = rows.Close()
		return err
	}
	return rows.Close()
}
