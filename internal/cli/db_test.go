//go:build unix

package cli

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/iostreams"
	"github.com/d2-ride-booking/platform/internal/localaws/database"
	"github.com/d2-ride-booking/platform/internal/mysql"
	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/tooltest"
)

// dbInstance is the database behind the tests of db; its password is a canary.
var dbInstance = database.Instance{
	Identifier: "d2-ride-booking-dev-rds-mysql", Host: "db.c0.ap-southeast-1.rds.amazonaws.com", Port: 3306,
	User: "admin", Password: "canary-password", Database: "ridebooking", IAM: true,
}

type dbServer struct {
	*database.Server
	authority *database.Authority
}

var runningDB = sync.OnceValues(func() (s dbServer, err error) {
	if s.authority, err = database.NewAuthority(); err != nil {
		return s, err
	}
	s.Server, err = database.Start(context.Background(), dbInstance, database.Options{
		Authority: s.authority, Secrets: map[string]string{"local": "local"}, Cache: filepath.Join("..", "..", ".local", "cache"),
	})
	return s, err
})

func TestMain(m *testing.M) {
	code := m.Run()
	if s, err := runningDB(); err == nil {
		s.Stop()
	}
	os.Exit(code)
}

// dbLoginsTo are logins to the tests' database, as if a tunnel led there.
func dbLoginsTo(t *testing.T, stage config.Stage) *dbLogins {
	t.Helper()
	s, err := runningDB()
	tooltest.Need(t, errors.Is(err, database.ErrNoServer) || errors.Is(err, database.ErrNoCompiler), err)
	env, err := config.Shipped(stage)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, s.authority.PEM(), 0o600))
	authorities, err := mysql.ReadAuthorities(file)
	require.NoError(t, err)
	server := &ops.DatabaseServer{Identifier: dbInstance.Identifier, Host: dbInstance.Host, Port: dbInstance.Port, Administrator: "admin", IAM: true}
	credentials := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local", SessionToken: "canary-session"}, nil
	})
	return &dbLogins{
		env: env, server: server, authorities: authorities,
		dial: func(ctx context.Context) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", s.Address())
		},
		token: func(ctx context.Context, user string) (string, error) {
			return server.LoginToken(ctx, aws.Config{Region: env.Region, Credentials: credentials}, user)
		},
		password: func(context.Context) (string, error) { return dbInstance.Password, nil },
	}
}

// dbAdmin runs statements as the administrator.
func dbAdmin(t *testing.T, l *dbLogins, statements ...string) {
	t.Helper()
	conn, end, err := l.connect(t.Context(), dbAs{user: administrator, writes: true})
	require.NoError(t, err)
	defer end()
	for _, statement := range statements {
		require.NoError(t, conn.Exec(t.Context(), statement), statement)
	}
}

// recordedApp is an App with flags, and what it writes.
func recordedApp(in string) (app *App, out, talk *bytes.Buffer) {
	streams, out, talk := iostreams.Recorded(in)
	app = NewApp(streams)
	app.flags.output = "table"
	return app, out, talk
}

func TestBootstrapMakesTheApplicationsUserAndSaysSo(t *testing.T) {
	l := dbLoginsTo(t, config.Dev)
	dbAdmin(t, l, "DROP USER IF EXISTS app_user")
	app, out, talk := recordedApp("")
	o := &dbBootstrapOptions{dbOptions{App: app}}
	err := o.bootstrap(t.Context(), l)
	assert.Equal(t, fault.Usage, fault.CodeOf(err), "nobody can be asked")

	app.flags.dryRun = true
	require.NoError(t, o.bootstrap(t.Context(), l))
	golden(t, "db-bootstrap-plan.txt", out)
	app.flags.dryRun, app.flags.yes = false, true
	out.Reset()
	require.NoError(t, o.bootstrap(t.Context(), l))
	assert.Contains(t, out.String(), "app_user@%")
	app.flags.yes = false
	require.NoError(t, o.bootstrap(t.Context(), l), "where nothing is to do nothing is asked")
	assert.Contains(t, talk.String(), "are as the runbook says already")
	assert.NotContains(t, out.String()+talk.String(), "canary")
}

// timings are the parts of a check's screen that differ from run to run.
var timings = regexp.MustCompile(`after \d+ ms|1\d\.\d+\.\d+-MariaDB\S*`)

func TestCheckSaysWhatIsWrongAndHowToMendIt(t *testing.T) {
	l := dbLoginsTo(t, config.Dev)
	dbAdmin(t, l, "DROP USER IF EXISTS app_user")
	check := func(name string, healthy bool) {
		app, out, talk := recordedApp("")
		err := (&dbCheckOptions{dbOptions{App: app}}).check(t.Context(), l)
		assert.Equal(t, healthy, err == nil, err)
		shown := bytes.NewBuffer(timings.ReplaceAll(out.Bytes(), []byte("~")))
		golden(t, name, shown)
		assert.NotContains(t, out.String()+talk.String(), "canary")
	}
	check("db-check-empty.txt", false)
	dbAdmin(t, l, "CREATE USER app_user IDENTIFIED BY 'canary'", "GRANT SELECT, CREATE, DROP ON ridebooking.* TO app_user", "CREATE USER IF NOT EXISTS app_user@'10.%'")
	check("db-check-wrong.txt", false)
	dbAdmin(t, l, "DROP USER app_user@'10.%'")
	app, _, _ := recordedApp("")
	app.flags.yes = true
	require.NoError(t, (&dbBootstrapOptions{dbOptions{App: app}}).bootstrap(t.Context(), l))
	check("db-check-well.txt", true)

	l.password = func(context.Context) (string, error) { return "canary-wrong", nil }
	check("db-check-no-admin.txt", false)
}

func TestQueryPrintsRowsAsAsked(t *testing.T) {
	l := dbLoginsTo(t, config.Dev)
	const statement = "SELECT 1 AS id, NULL AS nothing, CONCAT('a\\nb', CHAR(27 USING utf8mb4), '[31m') AS text UNION ALL SELECT 2, 'x', 'é'"
	for output, file := range map[string]string{"table": "db-query.txt", "json": "db-query.json", "csv": "db-query.csv", "tsv": "db-query.tsv", "yaml": "db-query.yaml"} {
		app, out, talk := recordedApp("")
		app.flags.output = output
		o := &dbQueryOptions{dbOptions: dbOptions{App: app}, user: administrator, statement: statement}
		require.NoError(t, o.read())
		require.NoError(t, o.query(t.Context(), l))
		golden(t, file, out)
		assert.Equal(t, output == "table", strings.Contains(talk.String(), "2 rows, "), output)
	}
	app, out, _ := recordedApp("")
	app.flags.output, app.flags.jq = "json", ".[] | .id"
	o := &dbQueryOptions{dbOptions: dbOptions{App: app}, user: administrator, statement: statement}
	require.NoError(t, o.query(t.Context(), l))
	assert.Equal(t, "1\n2\n", out.String())
}

func TestOnATerminalATableIsDrawn(t *testing.T) {
	l := dbLoginsTo(t, config.Dev)
	for name, vertical := range map[string]bool{"db-query-terminal.txt": false, "db-query-vertical.txt": true} {
		app, out, _ := recordedApp("")
		app.Streams.Out = iostreams.AsTerminal(out, 80, true)
		conn, end, err := l.connect(t.Context(), dbAs{user: administrator})
		require.NoError(t, err)
		rows, err := conn.Query(t.Context(), "SELECT 1 AS id, NULL AS nothing, REPEAT('word ', 30) AS text UNION ALL SELECT 22, 'x', ''")
		require.NoError(t, err)
		require.NoError(t, app.writeResult(rows, vertical, time.Now()))
		require.NoError(t, rows.Close())
		end()
		golden(t, name, out)
	}
}

func TestALongTableComesInParts(t *testing.T) {
	l := dbLoginsTo(t, config.Dev)
	app, out, talk := recordedApp("")
	o := &dbQueryOptions{dbOptions: dbOptions{App: app}, user: administrator, statement: "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT a.i FROM n a, n b WHERE b.i <= 12"}
	require.NoError(t, o.query(t.Context(), l))
	assert.Equal(t, 10_800+2, strings.Count(out.String(), "\n"), "two headers")
	assert.Contains(t, talk.String(), "10800 rows")
}

func TestMigrateShowsItsPlanAndItsLedger(t *testing.T) {
	l := dbLoginsTo(t, config.Prod)
	env := *l.env
	env.Database.Name, l.env = "migrated", &env
	dbAdmin(t, l, "DROP DATABASE IF EXISTS migrated", "CREATE DATABASE migrated")
	files, err := mysql.ReadMigrations(fstest.MapFS{
		"0001_trips.sql": {Data: []byte("CREATE TABLE trips (id INT);\nINSERT INTO trips VALUES (1);\n")}, "0002_fares.sql": {Data: []byte("ALTER TABLE trips ADD fare INT")},
	})
	require.NoError(t, err)
	app, out, talk := recordedApp("")
	o := &dbMigrateOptions{dbOptions: dbOptions{App: app}}
	assert.Equal(t, fault.Usage, fault.CodeOf(o.migrate(t.Context(), l, files, "arn")), "PROD asks, and nobody is there")
	app.flags.dryRun = true
	require.NoError(t, o.migrate(t.Context(), l, files, "arn"))
	golden(t, "db-migrate-plan.txt", out)
	app.flags.dryRun, app.flags.yes, app.flags.confirm, app.flags.output = false, true, "prod", "tsv"
	out.Reset()
	require.NoError(t, o.migrate(t.Context(), l, files, "arn:aws:iam::111122223333:user/ann"))
	shown := regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d\t\d+`).ReplaceAllString(out.String(), "TIME\tMS")
	assert.Equal(t, "MIGRATION\tSTATE\tAT (UTC)\tMS\tBY\n0001_trips.sql\tdone\tTIME\tMS\tarn:aws:iam::111122223333:user/ann\n0002_fares.sql\tdone\tTIME\tMS\tarn:aws:iam::111122223333:user/ann\n", shown)
	require.NoError(t, o.migrate(t.Context(), l, files, "arn"))
	assert.Contains(t, talk.String(), "has had all 2 migrations already")
}

func TestAPipedShellKeepsItsSession(t *testing.T) {
	l := dbLoginsTo(t, config.Dev)
	app, out, _ := recordedApp("SET @x = 41;\nSELECT @x + 1 AS answer;\nUSE information_schema;\nSELECT DATABASE() AS d")
	app.flags.output = "tsv"
	shell := &dbShell{dbShellOptions: &dbShellOptions{dbOptions: dbOptions{App: app}, user: administrator}, logins: l}
	defer shell.leave()
	require.NoError(t, shell.runPipe(t.Context()))
	assert.Equal(t, "rows_affected\n0\nanswer\n42\nrows_affected\n0\nd\ninformation_schema\n", out.String())
}

func TestTheHistoryKeepsNoSecretAndIsNobodyElses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "history")
	h := openHistory(file)
	h.keep("SELECT 1;")
	h.keep("CREATE USER x\nIDENTIFIED BY 'canary';")
	h.keep("SELECT a,\n  b;")
	h.keep("SELECT 'a -- b'\n, 2;")
	h.Add("password line, which the line editor tells of")
	again := openHistory(file)
	assert.Equal(t, []string{"SELECT 1;", "SELECT a,   b;", "SELECT 'a -- b'", ", 2;"}, again.entries)
	assert.Equal(t, ", 2;", again.At(0))
	assert.Equal(t, 4, again.Len())
	info, err := os.Stat(file)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode())
	for range historyMost + 5 {
		h.keep("SELECT 2;")
		h.keep("SELECT 3;")
	}
	assert.Equal(t, historyMost, openHistory(file).Len())
}

func TestCSVIsForRowsAlone(t *testing.T) {
	streams, _, talk := iostreams.Recorded("")
	assert.Equal(t, fault.Usage, Run(t.Context(), streams, []string{"status", "-e", "dev", "-o", "csv"}))
	assert.Contains(t, talk.String(), "d2ctl status prints no csv")
}
