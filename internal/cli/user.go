package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/awsapi"
	"github.com/d2-ride-booking/platform/internal/iostreams"
	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/screen"
)

// userTime is how long a verb about one user may take: somebody may have to type.
const userTime = 5 * time.Minute

func newUserCommand(app *App) *cobra.Command {
	command := &cobra.Command{
		Use:   "user",
		Short: "users of the user pool: create, password, list, disable, test",
	}
	command.AddCommand(
		newUserCreateCommand(app), newUserPasswordCommand(app), newUserListCommand(app),
		newUserDisableCommand(app), newUserTestCommand(app),
	)
	return command
}

func newUserListCommand(app *App) *cobra.Command {
	command := &cobra.Command{
		Use:   "list",
		Short: "all users, their roles, and whether they may sign in",
		Args:  takes(),
		RunE: func(command *cobra.Command, _ []string) error {
			ctx, cancel := app.Within(command.Context(), readTime)
			defer cancel()
			env, clients, err := app.Connect(ctx)
			if err != nil {
				return err
			}
			users, err := ops.ReadUsers(ctx, clients.Cognito(), env)
			if err != nil {
				return err
			}
			return app.Show(users, func(d *screen.Document) { drawUsers(d, users, time.Now()) })
		},
	}
	app.returns(command, []ops.User{})
	return command
}

func drawUsers(d *screen.Document, users []ops.User, now time.Time) {
	table := d.Table("users", "EMAIL", "ROLE", "STATUS", "CREATED", "MAY SIGN IN")
	for _, user := range users {
		may := screen.In(iostreams.Good, "yes")
		if !user.Enabled {
			may = screen.In(iostreams.Notable, "no, disabled")
		}
		table.Row(user.Email, user.Role, words(user.Status), ago(now, user.Created), may)
	}
	if len(users) == 0 {
		table.Note(screen.In(iostreams.Faint, "nobody yet"))
	}
}

// showUser is one user after a change, with the password where one was made.
func (a *App) showUser(user ops.User) error {
	if user.Password != "" {
		a.Say("the password is shown this once; nothing keeps it")
	}
	return a.Show(user, func(d *screen.Document) {
		drawUsers(d, []ops.User{user}, time.Now())
		if user.Password != "" {
			d.Table("password", "PASSWORD").Row(screen.In(iostreams.Strong, user.Password))
		}
	})
}

func userEmails(ctx context.Context, env *config.Environment, clients *awsapi.Clients) ([]string, error) {
	users, err := ops.ReadUsers(ctx, clients.Cognito(), env)
	var emails []string
	for _, user := range users {
		emails = append(emails, user.Email)
	}
	return emails, err
}
