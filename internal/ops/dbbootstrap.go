package ops

import (
	"context"
	"strings"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/mysql"
)

// DatabaseBootstrap makes schema and user of the application what the runbooks say (DEV 3.7, 4.5).
type DatabaseBootstrap struct {
	// Database is the RDS instance.
	Database string `json:"database"`
	// Schema of the application.
	Schema string `json:"schema"`
	// User of the application.
	User string `json:"user"`
	// Changes are the statements, in their order; none where all is right already.
	Changes []DatabaseChange `json:"changes"`
	// Left are oddities that are for a person to judge.
	Left []string `json:"left,omitempty"`
	// LoggedInAs is who the database took the application for, by IAM token; empty before that was tried.
	LoggedInAs string `json:"logged_in_as,omitempty"`
	// TLS is version and verified name of that login.
	TLS string `json:"tls,omitempty"`
}

// DatabaseChange is one statement, and why.
type DatabaseChange struct {
	// Why says what will be different.
	Why string `json:"why"`
	// Statement is run as the administrator.
	Statement string `json:"statement"`
}

// PlanDatabaseBootstrap looks at what is there, as the administrator.
func PlanDatabaseBootstrap(ctx context.Context, admin *mysql.Conn, env *config.Environment) (*DatabaseBootstrap, error) {
	account, err := mysql.ReadAccount(ctx, admin, env.Database.AppUser, env.Database.Name)
	if err != nil {
		return nil, err
	}
	bootstrap := &DatabaseBootstrap{Database: env.DatabaseIdentifier(), Schema: account.Schema, User: account.User, Changes: []DatabaseChange{}}
	for _, change := range account.Changes() {
		bootstrap.Changes = append(bootstrap.Changes, DatabaseChange(change))
	}
	for _, line := range account.Unknown() {
		bootstrap.Left = append(bootstrap.Left, "a grant that d2ctl does not know: "+line)
	}
	if len(account.OtherHosts) > 0 {
		bootstrap.Left = append(bootstrap.Left, otherHosts(account))
	}
	return bootstrap, nil
}

func otherHosts(account *mysql.Account) string {
	return account.User + " exists a second time, for " + listed(account.OtherHosts) + ", which the server takes first"
}

// Plan is what Do will do.
func (b *DatabaseBootstrap) Plan(env *config.Environment) *Plan {
	plan := NewPlan(env)
	for _, change := range b.Changes {
		plan.Do("%s", change.Why)
		verb, rest, _ := strings.Cut(change.Statement, " ")
		plan.Call("MySQL."+verb, b.Database, rest)
	}
	for _, line := range b.Left {
		plan.Do("left alone: %s", line)
	}
	return plan
}

// Do runs the statements.
func (b *DatabaseBootstrap) Do(ctx context.Context, admin *mysql.Conn) error {
	for i, change := range b.Changes {
		if err := admin.Exec(ctx, change.Statement); err != nil {
			return &fault.Error{
				Code: fault.CodeOf(err), Cause: err, Try: "mend that and run it again: it does what is left",
				What: "after " + counted(i, "change") + ", " + change.Statement + ": " + err.Error(),
			}
		}
	}
	return nil
}

// LogIn has the application log in by token, which is what it is all for.
func (b *DatabaseBootstrap) LogIn(ctx context.Context, app *mysql.DB) error {
	conn, err := app.Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	b.TLS = app.TLS()
	return conn.One(ctx, "SELECT CURRENT_USER()", nil, &b.LoggedInAs)
}
