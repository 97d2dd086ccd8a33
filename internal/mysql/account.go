package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
)

const (
	// Plugin is by which RDS takes an IAM token for a password (runbook DEV 3.7).
	Plugin = "AWSAuthenticationPlugin"
	// Charset of the schema: all of Unicode. MySQL 8's own default.
	Charset = "utf8mb4"
	// anyHost is where users may come from; the security groups say who reaches the port.
	anyHost = "%"
)

// Account is the application's user and its schema, as the database has them.
type Account struct {
	// User and Schema that were looked for.
	User, Schema string
	// Exists says that the user is there, for any host.
	Exists bool
	// Plugin is how it logs in, e.g. AWSAuthenticationPlugin.
	Plugin string
	// RequiresTLS says that it is REQUIRE SSL or stricter.
	RequiresTLS bool
	// Locked says that it may not log in. Only MySQL tells.
	Locked bool
	// OtherHosts are hosts for which a second user of the same name exists, which would be taken first.
	OtherHosts []string
	// Grants are its privileges.
	Grants []Grant
	// Charset of the schema; empty where there is none.
	Charset string
}

// ReadAccount looks at a user and a schema, as the administrator.
func ReadAccount(ctx context.Context, admin *Conn, user, schema string) (*Account, error) {
	account := &Account{User: user, Schema: schema}
	for _, read := range []func(context.Context, *Conn) error{account.readUser, account.readHosts, account.readGrants, account.readSchema} {
		if err := read(ctx, admin); err != nil {
			return nil, err
		}
	}
	return account, nil
}

// Name is the user as statements name it: 'app_user'@'%'.
func (a *Account) Name() string { return quoteText(a.User) + "@" + quoteText(anyHost) }

func (a *Account) readUser(ctx context.Context, admin *Conn) error {
	var tls string
	err := admin.One(ctx, "SELECT plugin, ssl_type FROM mysql.user WHERE user = ? AND host = ?", []any{a.User, anyHost}, &a.Plugin, &tls)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	a.Exists, a.RequiresTLS = true, tls != ""
	var locked string
	err = admin.One(ctx, "SELECT account_locked FROM mysql.user WHERE user = ? AND host = ?", []any{a.User, anyHost}, &locked)
	if isOneOf(err, errUnknownColumn) { // MariaDB
		return nil
	}
	a.Locked = locked == "Y"
	return err
}

func (a *Account) readHosts(ctx context.Context, admin *Conn) (err error) {
	a.OtherHosts, err = admin.column(ctx, "SELECT host FROM mysql.user WHERE user = ? AND host <> ? ORDER BY host", a.User, anyHost)
	return err
}

func (a *Account) readGrants(ctx context.Context, admin *Conn) (err error) {
	if !a.Exists {
		return nil
	}
	a.Grants, err = admin.grants(ctx, "SHOW GRANTS FOR "+a.Name())
	return err
}

func (a *Account) readSchema(ctx context.Context, admin *Conn) error {
	err := admin.One(ctx, "SELECT default_character_set_name FROM information_schema.schemata WHERE schema_name = ?", []any{a.Schema}, &a.Charset)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}

func (c *Conn) grants(ctx context.Context, show string) ([]Grant, error) {
	lines, err := c.column(ctx, show)
	var grants []Grant
	for _, line := range lines {
		grants = append(grants, ParseGrant(line))
	}
	return grants, err
}

// OwnGrants are those of the user who is logged in.
func OwnGrants(ctx context.Context, conn *Conn) ([]Grant, error) {
	return conn.grants(ctx, "SHOW GRANTS")
}

// Missing are the runbook's privileges that the user lacks, and Excess what it has beyond them.
func (a *Account) Missing() []string {
	missing, _ := compareGrants(a.Grants, a.Schema, a.Name())
	return missing
}

// Excess is what the user may beyond the runbook's privileges.
func (a *Account) Excess() []Excess {
	_, excess := compareGrants(a.Grants, a.Schema, a.Name())
	return excess
}

// Change is one statement of Changes, and why.
type Change struct {
	// Why is a clause: "the schema `ridebooking` is made".
	Why string
	// Statement is what is run; there is no secret in it.
	Statement string
}

// Changes make the account what the runbooks say (DEV 3.7, 4.5); none where it is
// that already. Users of the same name for other hosts are left alone.
func (a *Account) Changes() []Change {
	var changes []Change
	add := func(why, statement string) { changes = append(changes, Change{why, statement}) }
	if a.Charset == "" {
		add("the schema "+a.Schema+" is made", "CREATE DATABASE IF NOT EXISTS "+quoteName(a.Schema)+" CHARACTER SET "+Charset)
	}
	const byToken = " IDENTIFIED WITH " + Plugin + " AS 'RDS' REQUIRE SSL"
	switch {
	case !a.Exists:
		add(a.User+" is made, who logs in by IAM token over TLS alone", "CREATE USER IF NOT EXISTS "+a.Name()+byToken)
	case a.Plugin != Plugin:
		add(a.User+" logs in by IAM token from now on, and no longer by "+a.Plugin, "ALTER USER "+a.Name()+byToken)
	case !a.RequiresTLS:
		add(a.User+" is refused without TLS from now on", "ALTER USER "+a.Name()+" REQUIRE SSL")
	}
	if a.Locked {
		add(a.User+" may log in again", "ALTER USER "+a.Name()+" ACCOUNT UNLOCK")
	}
	for _, each := range a.Excess() {
		if each.Revoke != "" {
			add(a.User+" loses "+each.String(), each.Revoke)
		}
	}
	if missing := a.Missing(); len(missing) > 0 {
		add(a.User+" may "+strings.Join(missing, ", ")+" in "+a.Schema, fmt.Sprintf("GRANT %s ON %s TO %s", strings.Join(missing, ", "), onSchema(a.Schema), a.Name()))
	}
	return changes
}

// Unknown are grants that are not understood, and that Changes therefore leaves.
func (a *Account) Unknown() []string {
	var lines []string
	for _, each := range slices.DeleteFunc(a.Excess(), func(e Excess) bool { return e.Revoke != "" }) {
		lines = append(lines, each.Privilege)
	}
	return lines
}
