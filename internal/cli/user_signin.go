package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/iostreams"
	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/screen"
)

type userTestOptions struct {
	*App
	email      string
	stdin      bool
	showTokens bool
}

func newUserTestCommand(app *App) *cobra.Command {
	o := &userTestOptions{App: app}
	command := &cobra.Command{
		Use:   "test EMAIL",
		Short: "sign in as a user, and show what its tokens say",
		Long: `Signs in as the apps do (USER_PASSWORD_AUTH) and shows the claims of the tokens.
They are decoded; their signature is not verified here, which is the API's to do.
The tokens themselves are shown with --show-tokens alone: whoever has them is
that user until they expire. The exit code is 6 when the pool lets nobody in.`,
		Example:           "  d2ctl user test -e prod admin@fikri.dev\n  d2ctl user test -e dev admin@fikri.dev --jq '.claims[\"custom:role\"]'",
		Args:              takes("EMAIL"),
		ValidArgsFunction: app.completeFromAWS(userEmails),
		RunE: func(command *cobra.Command, args []string) error {
			o.email = args[0]
			return o.run(command.Context())
		},
	}
	command.Flags().BoolVar(&o.stdin, "password-stdin", false, "read the password from standard input")
	command.Flags().BoolVar(&o.showTokens, "show-tokens", false, "show the tokens themselves too")
	app.returns(command, ops.SignIn{})
	return command
}

func (o *userTestOptions) run(ctx context.Context) error {
	if !o.stdin && !o.Streams.CanAsk() {
		return fault.New(fault.Usage, "add --password-stdin", "no password can be asked for here: this is no terminal")
	}
	ctx, cancel := o.Within(ctx, userTime)
	defer cancel()
	env, clients, err := o.Connect(ctx)
	if err != nil {
		return err
	}
	password, err := o.password(ctx)
	if err != nil {
		return err
	}
	signIn, err := ops.TrySignIn(ctx, ops.SignInAPI{Stacks: clients.CloudFormation(), Pool: clients.Cognito()}, env, o.email, password)
	if err != nil {
		return err
	}
	if !o.showTokens {
		signIn.Tokens = nil
	}
	return o.Show(signIn, func(d *screen.Document) { drawSignIn(d, signIn) })
}

func (o *userTestOptions) password(ctx context.Context) (string, error) {
	if o.stdin {
		return o.Streams.ReadSecret(ctx)
	}
	return o.Streams.AskSecret(ctx, "Password of "+o.email+": ")
}

func drawSignIn(d *screen.Document, signIn *ops.SignIn) {
	d.Line(screen.Text(signIn.Email), screen.In(iostreams.Good, "is signed in"),
		screen.Text(fmt.Sprintf("for %s", time.Duration(signIn.ExpiresInSeconds)*time.Second)))
	d.Line(screen.In(iostreams.Faint, "the tokens are decoded, their signature is not verified"))
	drawClaims(d, "id token", signIn.Claims)
	drawClaims(d, "access token", signIn.AccessClaims)
	if tokens := signIn.Tokens; tokens != nil {
		table := d.Table("tokens", "KIND", "TOKEN")
		table.Row("id", tokens.ID)
		table.Row("access", tokens.Access)
		table.Row("refresh", tokens.Refresh)
	}
}

func drawClaims(d *screen.Document, title string, claims map[string]any) {
	table := d.Table(title, "CLAIM", "VALUE")
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		table.Row(name, claim(name, claims[name]))
	}
}

// claim is a value as people read it: times in local time, lists as JSON.
func claim(name string, value any) string {
	switch value := value.(type) {
	case string:
		return value
	case float64:
		if slices.Contains([]string{"exp", "iat", "auth_time"}, name) {
			return time.Unix(int64(value), 0).Format("2006-01-02 15:04:05 MST")
		}
	}
	encoded, _ := json.Marshal(value) // it came from JSON
	return string(encoded)
}
