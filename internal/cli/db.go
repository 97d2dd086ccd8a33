package cli

import (
	"context"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/awsapi"
	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/mysql"
	"github.com/d2-ride-booking/platform/internal/ops"
)

const (
	// dbTime is how long a verb that looks into the database takes at most, tunnel included.
	dbTime = 5 * time.Minute
	// administrator is what --user takes for the database's administrator, whatever it is called.
	administrator = "admin"
	// variableCA names a file of authorities instead of RDS's.
	variableCA = "D2_DB_CA"
)

func newDBCommand(app *App) *cobra.Command {
	command := &cobra.Command{
		Use:   "db",
		Short: "the database: a shell, queries, logins, migrations",
		Long: `Logs in to the environment's database through a tunnel of its own, over TLS that is
verified against RDS's authorities, as the application's user by IAM token or as the
administrator by the master secret. Neither is ever an argument or printed, but by
token and secret --show, whose purpose it is.`,
	}
	command.AddCommand(newDBQueryCommand(app), newDBShellCommand(app), newDBCheckCommand(app), newDBBootstrapCommand(app),
		newDBMigrateCommand(app), newDBTokenCommand(app), newDBSecretCommand(app))
	return command
}

// dbOptions are those of every verb that logs in.
type dbOptions struct {
	*App
	ca string
}

// add gives a verb the flag of every login.
func (o *dbOptions) add(command *cobra.Command) {
	command.Flags().StringVar(&o.ca, "ca", "", "trust the authorities in this PEM `FILE` instead of RDS's (or the variable "+variableCA+")")
}

func (o *dbOptions) authorities() (mysql.Authorities, error) {
	if o.ca != "" {
		return mysql.ReadAuthorities(o.ca)
	}
	return mysql.ReadAuthorities(os.Getenv(variableCA))
}

// database is a way to the environment's database, and its end.
func (a *App) database(ctx context.Context, env *config.Environment, clients *awsapi.Clients) (dial mysql.Dialer, end func() error, err error) {
	tunnel, _, err := a.openTunnel(ctx, env, clients, 0)
	if err != nil {
		return nil, nil, err
	}
	return tunnel.Dial, tunnel.Close, nil
}

// dbLogins are the ways to log in to one database. Passwords and tokens are
// fetched when they are needed, and kept nowhere.
type dbLogins struct {
	env         *config.Environment
	server      *ops.DatabaseServer
	authorities mysql.Authorities
	dial        mysql.Dialer
	token       func(ctx context.Context, user string) (string, error)
	password    func(ctx context.Context) (string, error)
}

// logins finds the environment's database and the ways to log in; nothing is dialled yet.
func (o *dbOptions) logins(ctx context.Context) (*dbLogins, *awsapi.Clients, error) {
	env, clients, err := o.Connect(ctx)
	if err != nil {
		return nil, nil, err
	}
	server, err := ops.FindDatabaseServer(ctx, clients.RDS(), env)
	if err != nil {
		return nil, nil, err
	}
	return &dbLogins{
		env: env, server: server,
		token: func(ctx context.Context, user string) (string, error) {
			return server.LoginToken(ctx, clients.Config(), user)
		},
		password: func(ctx context.Context) (string, error) {
			return server.AdministratorPassword(ctx, clients.Secrets())
		},
	}, clients, nil
}

// reach is logins with a tunnel, which end ends. The authorities are read once it
// stands: those of a local AWS are there since its first session.
func (o *dbOptions) reach(ctx context.Context) (logins *dbLogins, clients *awsapi.Clients, end func(), err error) {
	logins, clients, err = o.logins(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	dial, closeTunnel, err := o.database(ctx, logins.env, clients)
	if err != nil {
		return nil, nil, nil, err
	}
	end = func() { _ = closeTunnel() } // what a session leaves, AWS ends
	if logins.authorities, err = o.authorities(); err != nil {
		end()
		return nil, nil, nil, err
	}
	logins.dial = dial
	return logins, clients, end, nil
}

// isAdministrator says whether a user logs in by the master secret; everybody else does by token.
func (l *dbLogins) isAdministrator(user string) bool {
	return user == administrator || user == l.server.Administrator
}

// userOr is the user that --user names, by its name in the database.
func (l *dbLogins) userOr(user string) string {
	switch {
	case user == "":
		return l.env.Database.AppUser
	case l.isAdministrator(user):
		return l.server.Administrator
	}
	return user
}

// dbAs says how to log in.
type dbAs struct {
	user     string // empty for the application's
	database string // empty for none
	writes   bool
}

// open prepares logins; nothing is connected yet.
func (l *dbLogins) open(as dbAs) (*mysql.DB, error) {
	user := l.userOr(as.user)
	login := mysql.Login{
		Host: l.server.Host, Port: l.server.Port, User: user, Database: as.database,
		Authorities: l.authorities, Dial: l.dial, Writes: as.writes,
		Secret: l.password, ByToken: !l.isAdministrator(user),
	}
	if login.ByToken {
		if !l.server.IAM {
			return nil, fault.New(fault.Failed, "set database.iam_authentication in "+ops.File(l.env)+" and deploy the stack, or log in as the administrator: --user admin",
				"%s takes no IAM tokens, so %s cannot log in", l.server.Identifier, user)
		}
		login.Secret = func(ctx context.Context) (string, error) { return l.token(ctx, user) }
	}
	return mysql.Open(login)
}

// connect logs in once. end ends that connection and all that it opened.
func (l *dbLogins) connect(ctx context.Context, as dbAs) (conn *mysql.Conn, end func(), err error) {
	db, err := l.open(as)
	if err != nil {
		return nil, nil, err
	}
	if conn, err = db.Connect(ctx); err != nil {
		_ = db.Close()
		return nil, nil, err
	}
	return conn, func() { _, _ = conn.Close(), db.Close() }, nil // nothing is left to be lost
}

// userFlag is --user of the verbs that may log in as anybody.
func userFlag(command *cobra.Command, user *string) {
	command.Flags().StringVar(user, "user", "", "log in as this `USER` by IAM token; admin is the administrator, by the master secret (default the application's user)")
	completeFlag(command, "user", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return []string{administrator}, cobra.ShellCompDirectiveNoFileComp
	})
}

// agreeToWrite asks before anything that a person types may change PROD, and
// shows the plan alone with --dry-run.
func (o *dbOptions) agreeToWrite(ctx context.Context, l *dbLogins, user, what string) (bool, error) {
	if l.env.Environment != config.Prod && !o.flags.dryRun {
		return true, nil
	}
	plan := ops.NewPlan(l.env).Do("%s, as %s, who is not held to reading", what, l.userOr(user))
	return o.Agree(ctx, plan.Call("MySQL.query", l.server.Identifier, what))
}
