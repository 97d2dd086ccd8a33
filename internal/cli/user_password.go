package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/ops"
)

type userPasswordOptions struct {
	*App
	email    string
	password newPassword
}

func newUserPasswordCommand(app *App) *cobra.Command {
	o := &userPasswordOptions{App: app}
	command := &cobra.Command{
		Use:   "password EMAIL",
		Short: "set a user's lasting password",
		Long: `Sets a lasting password, which is asked for twice without being shown, read from
standard input, or made. It is never an argument: arguments stand in the shell's
history and in the list of processes.`,
		Example:           "  d2ctl user password -e prod admin@fikri.dev\n  pass show d2/admin | d2ctl user password -e dev admin@fikri.dev --password-stdin --yes",
		Args:              takes("EMAIL"),
		ValidArgsFunction: app.completeFromAWS(userEmails),
		RunE: func(command *cobra.Command, args []string) error {
			o.email = args[0]
			return o.run(command.Context())
		},
	}
	o.password.add(command)
	app.returns(command, ops.User{})
	return command
}

func (o *userPasswordOptions) run(ctx context.Context) error {
	ctx, cancel := o.Within(ctx, userTime)
	defer cancel()
	env, clients, err := o.Connect(ctx)
	if err != nil {
		return err
	}
	change, err := ops.PlanUserChange(ctx, clients.Cognito(), env, o.email)
	if err != nil {
		return err
	}
	password, agreed, err := o.password.after(ctx, o.App, env, change.PasswordPlan())
	if !agreed || err != nil {
		return err
	}
	if err := change.SetPassword(ctx, clients.Cognito(), password); err != nil {
		return err
	}
	return o.showUser(o.password.noted(change.User, password))
}

// newPassword says where a new password comes from: it is typed where neither is given.
type newPassword struct{ stdin, generate bool }

func (n *newPassword) add(command *cobra.Command) {
	command.Flags().BoolVar(&n.stdin, "password-stdin", false, "read the password from standard input")
	command.Flags().BoolVar(&n.generate, "generate", false, "make a password and show it once")
	command.PreRunE = func(*cobra.Command, []string) error {
		if n.stdin && n.generate {
			return fault.New(fault.Usage, "leave one of them out", "--password-stdin and --generate exclude each other")
		}
		return nil
	}
}

// after shows the plan, asks, and then has the password: nobody types one for a
// plan that is declined.
func (n *newPassword) after(ctx context.Context, app *App, env *config.Environment, plan *ops.Plan) (string, bool, error) {
	if !n.stdin && !n.generate && !app.flags.dryRun && !app.Streams.CanAsk() {
		return "", false, fault.New(fault.Usage, "add --password-stdin or --generate", "no password can be asked for here: this is no terminal")
	}
	if agreed, err := app.Agree(ctx, plan); !agreed || err != nil {
		return "", false, err
	}
	password, err := n.read(ctx, app, env)
	if err == nil {
		err = ops.CheckPassword(env, password)
	}
	return password, err == nil, err
}

func (n *newPassword) read(ctx context.Context, app *App, env *config.Environment) (string, error) {
	switch {
	case n.generate:
		return ops.NewPassword(env), nil
	case n.stdin:
		return app.Streams.ReadSecret(ctx)
	}
	password, err := app.Streams.AskSecret(ctx, "New password: ")
	if err != nil {
		return "", err
	}
	again, err := app.Streams.AskSecret(ctx, "Once more: ")
	if err == nil && again != password {
		err = fault.New(fault.Usage, "run it again", "the two passwords differ; nothing was changed")
	}
	return password, err
}

// noted is the user with the password, where it was made and has to be handed on.
func (n *newPassword) noted(user ops.User, password string) ops.User {
	if n.generate {
		user.Password = password
	}
	return user
}
