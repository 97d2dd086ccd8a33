package mysql

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestGrantsAreReadAsBothServersWriteThem: the lines of MySQL are its manual's, as none runs here.
func TestGrantsAreReadAsBothServersWriteThem(t *testing.T) {
	const ours = "GRANT SELECT, INSERT, UPDATE, DELETE ON `ridebooking`.* TO `app_user`@`%`"
	for name, each := range map[string]struct {
		lines   []string
		missing []string
		excess  []string
	}{
		"MySQL 8":             {[]string{"GRANT USAGE ON *.* TO `app_user`@`%`", ours}, nil, nil},
		"MariaDB":             {[]string{"GRANT USAGE ON *.* TO `app_user`@`%` IDENTIFIED VIA AWSAuthenticationPlugin USING 'RDS' REQUIRE SSL", ours}, nil, nil},
		"MySQL 5.7's quotes":  {[]string{"GRANT SELECT, INSERT, UPDATE, DELETE ON `ridebooking`.* TO 'app_user'@'%' REQUIRE SSL"}, nil, nil},
		"nothing yet":         {[]string{"GRANT USAGE ON *.* TO `app_user`@`%`"}, AppPrivileges, nil},
		"no DELETE":           {[]string{"GRANT SELECT, INSERT, UPDATE ON `ridebooking`.* TO `app_user`@`%`"}, []string{"DELETE"}, nil},
		"DDL too":             {[]string{"GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP ON `ridebooking`.* TO `app_user`@`%`"}, nil, []string{"CREATE on `ridebooking`.*", "DROP on `ridebooking`.*"}},
		"everything":          {[]string{"GRANT ALL PRIVILEGES ON `ridebooking`.* TO `app_user`@`%`"}, AppPrivileges, []string{"ALL PRIVILEGES on `ridebooking`.*"}},
		"everywhere":          {[]string{"GRANT SELECT ON *.* TO `app_user`@`%`", ours}, nil, []string{"SELECT on *.*"}},
		"to hand on":          {[]string{ours + " WITH GRANT OPTION"}, nil, []string{"GRANT OPTION on `ridebooking`.*"}},
		"MariaDB, to hand on": {[]string{ours + " WITH MAX_USER_CONNECTIONS 3 GRANT OPTION"}, nil, []string{"GRANT OPTION on `ridebooking`.*"}},
		"another schema":      {[]string{ours, "GRANT SELECT (`a`, `b`), INSERT ON `other`.`t` TO `app_user`@`%`"}, nil, []string{"SELECT (`a`, `b`) on `other`.`t`", "INSERT on `other`.`t`"}},
		"a procedure":         {[]string{ours, "GRANT EXECUTE ON PROCEDURE `ridebooking`.`p` TO `app_user`@`%`"}, nil, []string{"EXECUTE on PROCEDURE `ridebooking`.`p`"}},
		"a role":              {[]string{ours, "GRANT `boss`@`%`,`other`@`%` TO `app_user`@`%`"}, nil, []string{"`boss`@`%`", "`other`@`%`"}},
		"MariaDB's role":      {[]string{ours, "GRANT `boss` TO `app_user`@`%`"}, nil, []string{"`boss`"}},
		"a proxy":             {[]string{ours, "GRANT PROXY ON ''@'%' TO 'app_user'@'%' WITH GRANT OPTION"}, nil, []string{"PROXY on ''@'%'", "GRANT OPTION on ''@'%'"}},
		"dynamic privileges":  {[]string{ours, "GRANT CONNECTION_ADMIN,ROLE_ADMIN ON *.* TO `app_user`@`%`"}, nil, []string{"CONNECTION_ADMIN on *.*", "ROLE_ADMIN on *.*"}},
		"not understood":      {[]string{ours, "REVOKE SELECT ON `x`.* FROM `app_user`@`%`"}, nil, []string{"REVOKE SELECT ON `x`.* FROM `app_user`@`%`"}},
	} {
		account := Account{User: "app_user", Schema: "ridebooking"}
		for _, line := range each.lines {
			account.Grants = append(account.Grants, ParseGrant(line))
		}
		var excess []string
		for _, found := range account.Excess() {
			excess = append(excess, found.String())
		}
		assert.ElementsMatch(t, each.missing, account.Missing(), name)
		assert.Equal(t, each.excess, excess, name)
	}
}

func TestAnUnderscoreIsNoPattern(t *testing.T) {
	account := Account{User: "app_user", Schema: "ride_booking", Exists: true, Plugin: Plugin, RequiresTLS: true, Charset: Charset}
	require.Len(t, account.Changes(), 1)
	assert.Equal(t, "GRANT SELECT, INSERT, UPDATE, DELETE ON `ride\\_booking`.* TO 'app_user'@'%'", account.Changes()[0].Statement)
	account.Grants = []Grant{ParseGrant("GRANT SELECT, INSERT, UPDATE, DELETE ON `ride\\_booking`.* TO `app_user`@`%`")}
	assert.Empty(t, account.Changes())
}

func TestWhateverTheAccountIsTheChangesMakeItTheRunbooks(t *testing.T) {
	s := server(t)
	admin := in(t, s.admin(t))
	for i, before := range [][]string{
		nil,
		{"CREATE USER %s IDENTIFIED BY 'canary'", "GRANT SELECT, CREATE, DROP, INDEX ON ridebooking.* TO %s WITH GRANT OPTION"},
		{"CREATE USER %s IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS'", "GRANT SELECT, DROP ON ridebooking.* TO %s", "GRANT SELECT ON *.* TO %s"},
		{"CREATE USER %s IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL", "CREATE OR REPLACE TABLE ridebooking.t (a INT, b INT)", "GRANT UPDATE (a, b) ON ridebooking.t TO %s"},
		{"CREATE USER %s IDENTIFIED BY 'canary'", "CREATE ROLE IF NOT EXISTS boss", "GRANT boss TO %s"},
	} {
		name := fmt.Sprintf("app%d", i)
		admin.does(t, "DROP USER IF EXISTS '"+name+"'@'%'")
		for _, statement := range before {
			admin.does(t, strings.ReplaceAll(statement, "%s", "'"+name+"'@'%'"))
		}
		account, err := ReadAccount(t.Context(), admin, name, instance.Database)
		require.NoError(t, err)
		for _, change := range account.Changes() {
			assert.NotContains(t, change.Why+change.Statement, "canary")
			admin.does(t, change.Statement)
		}
		account, err = ReadAccount(t.Context(), admin, name, instance.Database)
		require.NoError(t, err)
		assert.Empty(t, account.Changes(), "%d: a second time changes nothing", i)
		assert.Empty(t, account.Unknown())
		assert.True(t, account.Exists && account.RequiresTLS && account.Plugin == Plugin, "%d: %+v", i, account)
		assert.Empty(t, account.Missing())
		assert.Empty(t, DDLOf(account.Grants))
	}
}

func TestASecondUserOfTheSameNameIsSeen(t *testing.T) {
	s := server(t)
	admin := in(t, s.admin(t))
	admin.does(t, "CREATE USER IF NOT EXISTS 'twice'@'10.%' IDENTIFIED BY 'canary'")
	account, err := ReadAccount(t.Context(), admin, "twice", "nowhere")
	require.NoError(t, err)
	assert.False(t, account.Exists)
	assert.Equal(t, []string{"10.%"}, account.OtherHosts)
	assert.Empty(t, account.Charset)
}
