package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/internal/ops"
)

type userDisableOptions struct {
	*App
	email string
}

func newUserDisableCommand(app *App) *cobra.Command {
	o := &userDisableOptions{App: app}
	command := &cobra.Command{
		Use:               "disable EMAIL",
		Short:             "keep a user from signing in, and end its refresh tokens",
		Example:           "  d2ctl user disable -e prod kim@fikri.dev",
		Args:              takes("EMAIL"),
		ValidArgsFunction: app.completeFromAWS(userEmails),
		RunE: func(command *cobra.Command, args []string) error {
			o.email = args[0]
			return o.run(command.Context())
		},
	}
	app.returns(command, ops.User{})
	return command
}

func (o *userDisableOptions) run(ctx context.Context) error {
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
	if !change.User.Enabled {
		o.Say("%s is disabled already", change.User.Email)
		return o.showUser(change.User)
	}
	if agreed, err := o.Agree(ctx, change.DisablingPlan()); !agreed || err != nil {
		return err
	}
	if err := change.Disable(ctx, clients.Cognito()); err != nil {
		return err
	}
	return o.showUser(change.User)
}
