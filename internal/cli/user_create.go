package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/internal/ops"
)

type userCreateOptions struct {
	*App
	email, role string
	password    newPassword
}

func newUserCreateCommand(app *App) *cobra.Command {
	o := &userCreateOptions{App: app}
	command := &cobra.Command{
		Use:   "create EMAIL",
		Short: "make a user with a lasting password and, with --role, a role",
		Long: `Makes a user whose address counts as confirmed, gives it the role as custom:role
and as group, and sets a lasting password. No mail is sent. The password is
asked for without being shown, read from standard input, or made.`,
		Example: "  d2ctl user create -e prod admin@fikri.dev --role ADMIN\n  d2ctl user create -e dev kim@fikri.dev --role DRIVER --generate",
		Args:    takes("EMAIL"),
		RunE: func(command *cobra.Command, args []string) error {
			o.email = args[0]
			return o.run(command.Context())
		},
	}
	command.Flags().StringVar(&o.role, "role", "", "`ADMIN|DRIVER|PASSENGER`; without one the app decides")
	completeFlag(command, "role", cobra.FixedCompletions(ops.Roles, cobra.ShellCompDirectiveNoFileComp))
	o.password.add(command)
	app.returns(command, ops.User{})
	return command
}

func (o *userCreateOptions) run(ctx context.Context) error {
	ctx, cancel := o.Within(ctx, userTime)
	defer cancel()
	env, clients, err := o.Connect(ctx)
	if err != nil {
		return err
	}
	change, err := ops.PlanUserCreation(ctx, clients.Cognito(), env, o.email, o.role)
	if err != nil {
		return err
	}
	password, agreed, err := o.password.after(ctx, o.App, env, change.CreationPlan())
	if !agreed || err != nil {
		return err
	}
	if err := change.Create(ctx, clients.Cognito(), password); err != nil {
		return err
	}
	return o.showUser(o.password.noted(change.User, password))
}
