package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/mysql"
)

// DatabaseToken is a login token; it is as good as a password until it expires.
type DatabaseToken struct {
	// User that it is for.
	User string `json:"user"`
	// Endpoint that it is for.
	Endpoint string `json:"endpoint"`
	// Token is the password of one login.
	Token string `json:"token"`
	// Expires is when it is no longer taken.
	Expires time.Time `json:"expires"`
}

type dbTokenOptions struct {
	dbOptions
	user, client string
	port         int
}

func newDBTokenCommand(app *App) *cobra.Command {
	o := &dbTokenOptions{dbOptions: dbOptions{App: app}}
	command := &cobra.Command{
		Use:   "token",
		Short: "a login token for a client of one's own",
		Long: `Prints an IAM token for one login, good for 15 minutes. With --for it prints a command
line instead, for MySQL's own client through d2ctl tunnel: the token goes by a variable
and never by an argument, and TLS is verified against the authorities in a file.`,
		Example: `  d2ctl db token -e dev
  d2ctl db token -e dev --for mysql
  d2ctl db token -e prod --for powershell --port 3307`,
		Args: takes(),
		RunE: func(command *cobra.Command, _ []string) error { return o.run(command.Context()) },
	}
	o.add(command)
	command.Flags().StringVar(&o.user, "user", "", "the `USER` that logs in (default the application's)")
	command.Flags().StringVar(&o.client, "for", "", "print a command line for a client: `mysql|powershell`")
	command.Flags().IntVar(&o.port, "port", config.DatabasePort, "with --for, the tunnel's `port` on this machine")
	completeFlag(command, "for", cobra.FixedCompletions([]string{"mysql", "powershell"}, cobra.ShellCompDirectiveNoFileComp))
	app.returns(command, DatabaseToken{})
	return command
}

func (o *dbTokenOptions) run(ctx context.Context) error {
	switch o.client {
	case "":
		return o.print(ctx)
	case "mysql", "powershell":
		return o.line()
	}
	return fault.New(fault.Usage, "name one of: mysql, powershell", "--for %s is no client that d2ctl knows", o.client)
}

func (o *dbTokenOptions) print(ctx context.Context) error {
	ctx, cancel := o.Within(ctx, readTime)
	defer cancel()
	logins, _, err := o.logins(ctx)
	if err != nil {
		return err
	}
	if logins.isAdministrator(o.user) {
		return fault.New(fault.Usage, "d2ctl db secret --show", "the administrator logs in by password, not by token")
	}
	user := logins.userOr(o.user)
	made := time.Now().Truncate(time.Second)
	token, err := logins.token(ctx, user)
	if err != nil {
		return err
	}
	o.Say("a password for %s at %s, good until %s (15 minutes)", user, logins.server.Host, made.Add(mysql.TokenLife).Local().Format(time.TimeOnly))
	if o.forPeople() || o.flags.output == "tsv" {
		_, err = fmt.Fprintln(o.Streams.Out, token)
		return err
	}
	endpoint := logins.server.Host + ":" + strconv.Itoa(logins.server.Port)
	return o.Show(DatabaseToken{user, endpoint, token, made.Add(mysql.TokenLife)}, nil)
}

// line prints a command line that has no secret in it: it fetches the token itself.
func (o *dbTokenOptions) line() error {
	env, err := o.Environment()
	if err != nil {
		return err
	}
	file, err := o.authoritiesFile()
	if err != nil {
		return err
	}
	user := o.user
	if user == "" {
		user = env.Database.AppUser
	}
	self := "d2ctl db token -e " + string(env.Environment)
	if o.user != "" {
		self += " --user " + o.user
	}
	// VERIFY_IDENTITY would hold the certificate against 127.0.0.1.
	client := fmt.Sprintf("mysql --host=127.0.0.1 --port=%d --user=%s --enable-cleartext-plugin --ssl-mode=VERIFY_CA --ssl-ca=%s %s", o.port, user, quotedForShell(o.client, file), env.Database.Name)
	line := fmt.Sprintf(`MYSQL_PWD="$(%s)" %s`, self, client)
	if o.client == "powershell" {
		line = fmt.Sprintf(`$env:MYSQL_PWD = %s; %s; Remove-Item Env:MYSQL_PWD`, self, client)
	}
	o.Say("run it beside a tunnel: d2ctl tunnel -e %s --local %d", env.Environment, o.port)
	_, err = fmt.Fprintln(o.Streams.Out, line)
	return err
}

// authoritiesFile is --ca or D2_DB_CA, or else a file with RDS's authorities, which is written for the client to read.
func (o *dbTokenOptions) authoritiesFile() (string, error) {
	for _, named := range []string{o.ca, os.Getenv(variableCA)} {
		if named != "" {
			return filepath.Abs(named)
		}
	}
	built, err := mysql.ReadAuthorities("")
	if err != nil {
		return "", err
	}
	dir, err := stateDir()
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "rds-ca.pem")
	return file, os.WriteFile(file, built.PEM(), 0o600)
}

// quotedForShell keeps a path with blanks in one word.
func quotedForShell(client, path string) string {
	if client == "powershell" {
		return `"` + path + `"`
	}
	return "'" + path + "'"
}
