package mysql

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Grant is one line of SHOW GRANTS.
type Grant struct {
	// Privileges in the server's words, e.g. SELECT or "INSERT (`a`)"; a role's name for a role.
	Privileges []string
	// On is what they are for, e.g. "`ridebooking`.*"; empty for a role.
	On string
	// Option says that they may be handed on.
	Option bool
	// Line is the whole line.
	Line string
}

var (
	grantLine = regexp.MustCompile("^GRANT (.+?) ON (.+?) TO .+?( WITH (?:.* )?GRANT OPTION.*)?$")
	roleLine  = regexp.MustCompile("^GRANT (`[^`]+`(?:@`[^`]*`)?(?:, ?`[^`]+`(?:@`[^`]*`)?)*) TO ")
)

// ParseGrant reads a line of SHOW GRANTS as MySQL 8.0, 8.4 and MariaDB write it.
// A line that it does not know is a Grant of everything that the line says, so
// that nothing is taken for harmless because it was not understood.
func ParseGrant(line string) Grant {
	if found := roleLine.FindStringSubmatch(line); found != nil {
		return Grant{Privileges: splitPrivileges(found[1]), Line: line}
	}
	found := grantLine.FindStringSubmatch(line)
	if found == nil {
		return Grant{Privileges: []string{line}, Line: line}
	}
	return Grant{Privileges: splitPrivileges(found[1]), On: unescaped(found[2]), Option: found[3] != "", Line: line}
}

// splitPrivileges cuts at commas outside of the parentheses of column lists.
func splitPrivileges(text string) []string {
	var privileges []string
	depth, begin := 0, 0
	for i, each := range text + "," {
		switch each {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				privileges = append(privileges, strings.TrimSpace(text[begin:i]))
				begin = i + 1
			}
		}
	}
	return privileges
}

// unescaped takes the backslashes away that keep _ from being a pattern.
func unescaped(on string) string { return strings.ReplaceAll(on, `\_`, `_`) }

// AppPrivileges are what the runbooks grant the application's user (DEV 3.7), on its schema alone.
var AppPrivileges = []string{"SELECT", "INSERT", "UPDATE", "DELETE"}

// changesSchema are privileges of DDL; any of them lets a statement such as CREATE or DROP through.
var changesSchema = []string{
	"ALL PRIVILEGES", "CREATE", "ALTER", "DROP", "INDEX", "REFERENCES", "TRIGGER", "EVENT", "CREATE VIEW", "CREATE ROUTINE",
	"ALTER ROUTINE", "CREATE TEMPORARY TABLES", "CREATE TABLESPACE", "DELETE HISTORY", "CREATE ROLE", "DROP ROLE", "CREATE USER",
}

// Excess is a privilege that the application's user should not have.
type Excess struct {
	// Privilege and On in the server's words.
	Privilege, On string
	// Revoke is the statement that takes it.
	Revoke string
}

// String is e.g. "DROP on `ridebooking`.*".
func (e Excess) String() string {
	if e.On == "" {
		return e.Privilege
	}
	return e.Privilege + " on " + e.On
}

// compareGrants are what is missing to exactly the runbook's grants, and what is too much.
func compareGrants(grants []Grant, schema, account string) (missing []string, excess []Excess) {
	missing = slices.Clone(AppPrivileges)
	on := unescaped(onSchema(schema))
	for _, grant := range grants {
		for _, privilege := range grant.Privileges {
			switch {
			case privilege == "USAGE": // is none at all
			case grant.On == on && slices.Contains(AppPrivileges, privilege):
				missing = slices.DeleteFunc(missing, func(each string) bool { return each == privilege })
			default:
				excess = append(excess, Excess{privilege, grant.On, revoke(grant, privilege, account)})
			}
		}
		if grant.Option {
			excess = append(excess, Excess{"GRANT OPTION", grant.On, revoke(grant, "GRANT OPTION", account)})
		}
	}
	return missing, excess
}

// revoke is empty for a line that was not understood: a person has to look.
func revoke(grant Grant, privilege, account string) string {
	switch {
	case grant.On == "" && privilege == grant.Line:
		return ""
	case grant.On == "":
		return fmt.Sprintf("REVOKE %s FROM %s", privilege, account)
	case strings.HasPrefix(privilege, "PROXY"):
		return fmt.Sprintf("REVOKE PROXY ON %s FROM %s", grant.On, account)
	}
	return fmt.Sprintf("REVOKE %s ON %s FROM %s", privilege, escaped(grant.On), account)
}

// escaped is what GRANT and REVOKE want for a schema's name with an underscore, which is a pattern there.
func escaped(on string) string {
	schema, rest, isSchema := strings.Cut(on, "`.")
	if !isSchema || rest != "*" {
		return on
	}
	return strings.ReplaceAll(schema, "_", `\_`) + "`.*"
}

// onSchema is everything in a schema, as GRANT wants it: _ would be a pattern.
func onSchema(schema string) string { return escaped(quoteName(schema) + ".*") }

// DDLOf are the privileges among the grants that let a user change the schema.
func DDLOf(grants []Grant) []string {
	var found []string
	for _, grant := range grants {
		for _, privilege := range grant.Privileges {
			if slices.Contains(changesSchema, privilege) || grant.On == "" {
				found = append(found, privilege)
			}
		}
	}
	return found
}

func quoteName(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

func quoteText(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(text) + "'"
}
