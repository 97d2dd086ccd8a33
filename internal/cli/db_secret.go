package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/screen"
)

type dbSecretOptions struct {
	dbOptions
	show bool
}

func newDBSecretCommand(app *App) *cobra.Command {
	o := &dbSecretOptions{dbOptions: dbOptions{App: app}}
	command := &cobra.Command{
		Use:   "secret",
		Short: "the administrator's login: who, where its secret is, how old",
		Long: `Says who the administrator is, which secret has the password, and when that was
changed last. --show prints the password instead, alone: for a client that asks for it.`,
		Example: "  d2ctl db secret -e prod\n  d2ctl db secret -e dev --show",
		Args:    takes(),
		RunE:    func(command *cobra.Command, _ []string) error { return o.run(command.Context()) },
	}
	command.Flags().BoolVar(&o.show, "show", false, "print the password, and nothing else")
	app.returns(command, ops.AdministratorSecret{})
	return command
}

func (o *dbSecretOptions) run(ctx context.Context) error {
	ctx, cancel := o.Within(ctx, readTime)
	defer cancel()
	logins, clients, err := o.logins(ctx)
	if err != nil {
		return err
	}
	if o.show {
		password, err := logins.password(ctx)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(o.Streams.Out, password)
		return err
	}
	secret, err := logins.server.ReadAdministratorSecret(ctx, clients.Secrets())
	if err != nil {
		return err
	}
	return o.Show(secret, func(d *screen.Document) {
		rotation := "by hand"
		if secret.Rotates {
			rotation = "by itself"
		}
		table := d.Table("secret", "USER", "CHANGED", "ROTATION", "SECRET")
		table.Row(secret.User, ago(time.Now(), secret.Changed), rotation, secret.ARN)
	})
}
