//go:build unix

package d2ctl

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/cli"
	"github.com/d2-ride-booking/platform/internal/mysql"
	"github.com/d2-ride-booking/platform/internal/ops"
)

// bootstrapped is the platform with the application's user in both databases.
func bootstrapped(t *testing.T) *platform {
	t.Helper()
	p := deployed(t)
	t.Setenv("XDG_STATE_HOME", t.TempDir()) // histories of tests are no person's
	bootstrapOnce.Do(func() {
		for _, flags := range [][]string{{"-e", "dev", "--yes"}, {"-e", "prod", "--yes", "--confirm", "prod"}} {
			made := p.succeeds(t, append([]string{"db", "bootstrap"}, flags...)...)
			assert.Contains(t, made.errors, "USER IF NOT EXISTS")
			assert.Contains(t, made.out, "app_user@%")
		}
	})
	return p
}

var bootstrapOnce sync.Once

func TestBothDatabasesAreWhatTheRunbooksSayOnceTheyAreBootstrapped(t *testing.T) {
	p := bootstrapped(t)
	for _, env := range []string{"dev", "prod"} {
		again := p.succeeds(t, "db", "bootstrap", "-e", env)
		assert.Contains(t, again.errors, "are as the runbook says already", "nothing is asked where nothing is to do")
		var diagnosis ops.Diagnosis
		checked := p.succeeds(t, "db", "check", "-e", env, "--json")
		require.NoError(t, json.Unmarshal([]byte(checked.out), &diagnosis))
		assert.True(t, diagnosis.Healthy)
		assert.Len(t, diagnosis.Findings, 10)
		who := p.succeeds(t, "db", "query", "-e", env, "select current_user()", "-o", "tsv")
		assert.Equal(t, "current_user()\napp_user@%\n", who.out)
	}
	admin := p.succeeds(t, "db", "query", "-e", "prod", "--user", "admin", "select current_user() AS me", "--jq", ".[].me")
	assert.Equal(t, "admin@%\n", admin.out)
}

func TestWhatIsWrongWithTheDatabaseIsFoundAndMended(t *testing.T) {
	p := bootstrapped(t)
	p.succeeds(t, "db", "query", "-e", "dev", "--user", "admin", "--write", "GRANT DROP ON ridebooking.* TO app_user")
	p.succeeds(t, "db", "query", "-e", "dev", "--user", "admin", "--write", "REVOKE DELETE ON ridebooking.* FROM app_user")
	ill := p.d2ctl(t, "db", "check", "-e", "dev")
	assert.Equal(t, 6, ill.code, ill.errors)
	assert.Contains(t, ill.out, "missing: DELETE; too much: DROP on `ridebooking`.*")
	assert.Contains(t, ill.out, "Try: make it what the runbook says: d2ctl db bootstrap -e dev (runbook DEV 3.7)")
	plan := p.succeeds(t, "db", "bootstrap", "-e", "dev", "--dry-run")
	assert.Contains(t, plan.out, "app_user loses DROP on `ridebooking`.*")
	assert.Equal(t, 6, p.d2ctl(t, "db", "check", "-e", "dev").code, "a plan changes nothing")
	p.succeeds(t, "db", "bootstrap", "-e", "dev", "--yes")
	p.succeeds(t, "db", "check", "-e", "dev")
}

func TestTheServerRefusesDDLToTheApplication(t *testing.T) {
	p := bootstrapped(t)
	refused := p.d2ctl(t, "db", "query", "-e", "prod", "--write", "--yes", "--confirm", "prod", "CREATE TABLE mine (n INT)")
	assert.Equal(t, 4, refused.code)
	assert.Contains(t, refused.errors, "CREATE command denied to user 'app_user'")
}

func TestAStatementThatChangesSomethingNeedsWriteAndPRODItsName(t *testing.T) {
	p := bootstrapped(t)
	for why, args := range map[string][]string{
		"add --write":                {"-e", "dev", "DELETE FROM profiles"},
		"add --yes --confirm prod":   {"-e", "prod", "--write", "DELETE FROM profiles"},
		"these are 2 statements":     {"-e", "dev", "SELECT 1; SELECT 2"},
		"two columns are called a":   {"-e", "dev", "SELECT 1 AS a, 2 AS a", "--json"},
		"You have an error in your":  {"-e", "dev", "SELECT FROM"},
		"no way to print":            {"-e", "dev", "SELECT 1", "-o", "xml"},
		"there is no statement":      {"-e", "dev", "# nothing"},
		"--write is there, which as": {"--help"},
	} {
		got := p.d2ctl(t, append([]string{"db", "query"}, args...)...)
		assert.Contains(t, got.errors+got.out, why)
	}
	planned := p.succeeds(t, "db", "query", "-e", "prod", "--write", "--dry-run", "SET PASSWORD = 'canary'")
	assert.Contains(t, planned.out, "SET PASSWORD … (hidden")
	assert.NotContains(t, planned.out, "canary")
}

func TestFiveMegabytesComeThroughTheTunnelAsTheyAre(t *testing.T) {
	p := bootstrapped(t)
	began := time.Now()
	result := p.succeeds(t, "db", "query", "-e", "dev", "--json",
		"WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 800) SELECT i, REPEAT(MD5(i), 200) AS text FROM n")
	t.Logf("%d bytes in %s, with the tunnel", len(result.out), time.Since(began).Round(time.Millisecond))
	var rows []struct {
		I    int
		Text string
	}
	require.NoError(t, json.Unmarshal([]byte(result.out), &rows))
	require.Len(t, rows, 800)
	assert.Greater(t, len(result.out), 5_000_000)
	for _, row := range rows {
		require.Len(t, row.Text, 6400)
		require.True(t, strings.Repeat(row.Text[:32], 200) == row.Text)
	}
}

// TestTwentyConnectionsGoThroughOneTunnel also shows that a client of one's own can: by the token that db token prints.
func TestTwentyConnectionsGoThroughOneTunnel(t *testing.T) {
	p := bootstrapped(t)
	ctx, cancel := context.WithCancel(t.Context())
	command := p.command(ctx, "tunnel", "-e", "dev", "--local", "0", "--json")
	out, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Signal(os.Interrupt)
		_ = command.Wait()
		cancel()
	})
	var ready cli.Ready
	require.NoError(t, json.NewDecoder(bufio.NewReader(out)).Decode(&ready))
	token := strings.TrimSpace(p.succeeds(t, "db", "token", "-e", "dev").out)
	authorities, err := mysql.ReadAuthorities(p.server.DatabaseCA())
	require.NoError(t, err)
	db, err := mysql.Open(mysql.Login{
		Host: ready.ServerName, Port: 3306, User: ready.User, Database: ready.Database, ByToken: true, Authorities: authorities,
		Secret: func(context.Context) (string, error) { return token, nil },
		Dial: func(ctx context.Context) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(ready.Host, strconv.Itoa(ready.Port)))
		},
	})
	require.NoError(t, err)
	defer db.Close()
	var together sync.WaitGroup
	var right atomic.Int32
	for i := range 20 {
		together.Go(func() {
			conn, err := db.Connect(ctx)
			if !assert.NoError(t, err) {
				return
			}
			defer conn.Close()
			var text string
			if assert.NoError(t, conn.One(ctx, "SELECT CONCAT(?, REPEAT(MD5(?), 8000), SLEEP(0.5))", []any{i, i}, &text)) && len(text) > 256_000 && strings.HasPrefix(text, strconv.Itoa(i)) {
				right.Add(1)
			}
		})
	}
	together.Wait()
	assert.EqualValues(t, 20, right.Load())
}

func TestMigrationsAreAppliedOnce(t *testing.T) {
	p := bootstrapped(t)
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	write("0001_trips.sql", "CREATE TABLE trips (id INT PRIMARY KEY, at TIMESTAMP NOT NULL);\n")
	planned := p.succeeds(t, "db", "migrate", "-e", "dev", dir, "--dry-run")
	assert.Contains(t, planned.out, "0001_trips.sql")
	p.succeeds(t, "db", "migrate", "-e", "dev", dir, "--yes")
	assert.Contains(t, p.succeeds(t, "db", "migrate", "-e", "dev", dir).errors, "has had all 1 migration already")
	write("0002_more.sql", "ALTER TABLE trips ADD fare DECIMAL(10,2) NULL;\nALTER TABLE nowhere ADD x INT;\n")
	failed := p.d2ctl(t, "db", "migrate", "-e", "dev", dir, "--yes")
	assert.Equal(t, 3, failed.code, failed.errors)
	assert.Contains(t, failed.errors, "0002_more.sql:2:")
	asked := p.d2ctl(t, "db", "migrate", "-e", "dev", dir, "--yes")
	assert.Equal(t, 6, asked.code)
	assert.Contains(t, asked.errors, "--resume 2")
	var after ops.DatabaseMigration
	done := p.succeeds(t, "db", "migrate", "-e", "dev", dir, "--yes", "--resume", "3", "--json")
	require.NoError(t, json.Unmarshal([]byte(done.out), &after))
	require.Len(t, after.Ledger, 2)
	assert.Contains(t, after.Ledger[1].By, "arn:aws:")
	p.succeeds(t, "db", "query", "-e", "dev", "--write", "INSERT INTO trips VALUES (1, NOW(), 12.50)")
	assert.Equal(t, "fare\n12.50\n", p.succeeds(t, "db", "query", "-e", "dev", "SELECT fare FROM trips", "-o", "csv").out)
}

func TestAPersonTypesSQL(t *testing.T) {
	p := bootstrapped(t)
	state := os.Getenv("XDG_STATE_HOME")
	screen := p.onTerminal(t, "XDG_STATE_HOME="+state, "db", "shell", "-e", "dev", "--user", "admin", "--write")
	keys := func(text string) {
		_, err := screen.WriteString(text)
		require.NoError(t, err)
	}
	screen.until(t, "dev admin writes> ")
	keys("SELECT 'one' AS first,\r")
	screen.until(t, "-> ")
	keys("'tw' 'o' AS second;\r")
	screen.until(t, "1 row,")
	assert.Contains(t, screen.seen, "two")
	keys("SELECT 'dropped'\x03")
	keys("SELECT BENCHMARK(1000000000000, MD5(1));\r")
	time.Sleep(time.Second)
	keys("\x03")
	screen.until(t, "cancelled")
	assert.NotContains(t, screen.seen, "\r\ndropped")
	keys("CREATE USER somebody IDENTIFIED BY\r'canary-typed';\r")
	screen.until(t, "done,")
	keys("\\x\r")
	keys("SELECT NULL AS nothing UNION SELECT 1;\r")
	screen.until(t, "2 rows,")
	assert.Contains(t, screen.seen, "row 2")
	time.Sleep(200 * time.Millisecond) // until it is a line that Ctrl-C drops, and no statement
	keys("\x1b[A\x1b[A")               // twice up
	time.Sleep(200 * time.Millisecond)
	keys("\x03\\q\r")
	assert.Zero(t, screen.end(), screen.seen)
	assert.Equal(t, 2, strings.Count(screen.seen, "SELECT BENCHMARK"), "the secret statement between is not kept:\n%q", screen.seen)
	history := filepath.Join(state, "d2ctl", "db-history-dev")
	text, err := os.ReadFile(history)
	require.NoError(t, err)
	assert.Contains(t, string(text), "BENCHMARK")
	assert.NotContains(t, string(text), "canary-typed")
	assert.NotContains(t, string(text), "somebody")
	info, err := os.Stat(history)
	require.NoError(t, err)
	assert.Equal(t, "-rw-------", info.Mode().String())
}

func TestCtrlCEndsTheStatementInTheDatabaseToo(t *testing.T) {
	p := bootstrapped(t)
	screen := p.onTerminal(t, "db", "query", "-e", "dev", "SELECT BENCHMARK(1000000000000, MD5(2))")
	const running = "SELECT COUNT(*) AS n FROM information_schema.processlist WHERE info LIKE 'SELECT BENCHMARK(1%MD5(2))'"
	count := func() string {
		return p.succeeds(t, "db", "query", "-e", "dev", "--user", "admin", running, "--jq", ".[].n").out
	}
	require.Eventually(t, func() bool { return count() == "1\n" }, 20*time.Second, 100*time.Millisecond)
	began := time.Now()
	_, err := screen.Write([]byte{3}) // as the key does, which the tunnel's process gets too
	require.NoError(t, err)
	assert.Equal(t, 130, screen.end(), screen.seen)
	assert.Less(t, time.Since(began), 5*time.Second)
	assert.Equal(t, "0\n", count())
}

func TestAPipeIsRunStatementByStatement(t *testing.T) {
	p := bootstrapped(t)
	ran := p.fed(t, "-- report\nSELECT 1 AS a;\nSELECT 'x;y' AS b;\n", "db", "shell", "-e", "dev", "-o", "csv")
	assert.Zero(t, ran.code, ran.errors)
	assert.Equal(t, "a\n1\nb\nx;y\n", ran.out)
	failed := p.fed(t, "SELECT 1 AS a;\n\nDROP TABLE x;\nSELECT 2", "db", "shell", "-e", "dev", "-o", "csv")
	assert.Equal(t, 2, failed.code)
	assert.Equal(t, "a\n1\n", failed.out)
	assert.Contains(t, failed.errors, "line 3: DROP is no statement that only reads")
}

func TestLoginsForOtherClients(t *testing.T) {
	p := bootstrapped(t)
	token := p.succeeds(t, "db", "token", "-e", "dev")
	assert.Regexp(t, `^\S+:3306\?Action=connect&DBUser=app_user&\S+\n$`, token.out)
	assert.Contains(t, token.errors, "15 minutes")
	state := t.TempDir()
	line := p.succeeds(t, "XDG_STATE_HOME="+state, "D2_DB_CA=", "db", "token", "-e", "dev", "--for", "mysql")
	assert.Equal(t, fmt.Sprintf("MYSQL_PWD=\"$(d2ctl db token -e dev)\" mysql --host=127.0.0.1 --port=3306 --user=app_user --enable-cleartext-plugin --ssl-mode=VERIFY_CA --ssl-ca='%s/d2ctl/rds-ca.pem' ridebooking\n", state), line.out)
	assert.FileExists(t, filepath.Join(state, "d2ctl", "rds-ca.pem"))
	assert.Contains(t, p.succeeds(t, "db", "token", "-e", "prod", "--for", "powershell").out, "$env:MYSQL_PWD = d2ctl db token -e prod; mysql ")
	secret := p.succeeds(t, "db", "secret", "-e", "prod")
	assert.Contains(t, secret.out, p.prod.MasterSecretName())
	shown := p.succeeds(t, "db", "secret", "-e", "prod", "--show")
	assert.Regexp(t, `^\S{30}\n$`, shown.out)
	assert.NotContains(t, secret.out+secret.errors, strings.TrimSpace(shown.out))
	assert.Equal(t, 2, p.d2ctl(t, "db", "token", "-e", "dev", "--user", "admin").code)
}

func TestAnotherAuthorityIsNotTrusted(t *testing.T) {
	p := bootstrapped(t)
	refused := p.d2ctl(t, "D2_DB_CA=", "db", "query", "-e", "dev", "SELECT 1")
	assert.Equal(t, 1, refused.code)
	assert.Contains(t, refused.errors, "which is none of RDS's authorities (built in): nothing was sent")
}

// TestNoSecretOfTheDatabaseIsSeen runs every verb of db but the two whose purpose
// it is, with -v, and looks for the administrator's password, the session token and
// any login token in what is printed, in argument lists, in the ledger, and in the
// state directory.
func TestNoSecretOfTheDatabaseIsSeen(t *testing.T) {
	p := bootstrapped(t)
	w := newWatch(t, p)
	w.canaries = append(w.canaries, "X-Amz-Signature", "canary-in-a-migration")
	dir, state := t.TempDir(), os.Getenv("XDG_STATE_HOME")
	env := "prod"
	failing := filepath.Join(dir, "0001_fails.sql")
	require.NoError(t, os.WriteFile(failing, []byte("ALTER USER nobody_there IDENTIFIED BY 'canary-in-a-migration'"), 0o600))
	for _, line := range []string{
		"db bootstrap --yes --confirm prod", "db bootstrap --dry-run", "db check", "db query SELECT/**/1", "db query --user admin SHOW/**/PROCESSLIST",
		"db secret", "db shell", "db migrate " + dir + " --dry-run", "db migrate " + dir + " --yes --confirm prod", "db migrate " + dir,
		"db query --user admin SELECT/**/*/**/FROM/**/d2_migrations", "db query --user nobody SELECT/**/1",
	} {
		ended := make(chan struct{})
		var watching sync.WaitGroup
		watching.Go(func() { w.watchProcesses(ended) })
		got := p.d2ctl(t, append([]string{"AWS_SESSION_TOKEN=" + canaryToken}, append(strings.Fields(line), "-v", "-e", env)...)...)
		close(ended)
		watching.Wait()
		w.look("stdout of "+line, got.out)
		w.look("stderr of "+line, got.errors)
		assert.NotContains(t, got.errors, "unknown", line)
	}
	require.NoError(t, filepath.WalkDir(state, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			text, _ := os.ReadFile(path)
			w.look(path, string(text))
		}
		return err
	}))
	assert.Empty(t, w.seen)
	assert.NotEmpty(t, w.canaries)
}
