package database

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"errors"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/rds/auth"
	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/tooltest"
)

var instance = Instance{
	Identifier: "db", Host: "db.c0.ap-southeast-1.rds.amazonaws.com", Port: 3306,
	User: "admin", Password: `it's "a \ pass`, Database: "app", IAM: true,
}

var local = aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}

// shared is one server for all tests, with what it told of refused tokens.
type shared struct {
	*Server
	authority *Authority
	mu        sync.Mutex
	refused   []string
}

func (s *shared) lastRefusal() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.refused, "\n")
}

var running = sync.OnceValues(func() (*shared, error) {
	authority, err := NewAuthority()
	if err != nil {
		return nil, err
	}
	s := &shared{authority: authority}
	s.Server, err = Start(context.Background(), instance, Options{
		Authority: authority, Secrets: map[string]string{"local": "local"}, Cache: "../../../.local/cache",
		Log: func(line string) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.refused = append(s.refused, line)
		},
	})
	return s, err
})

func TestMain(m *testing.M) {
	code := m.Run()
	if s, err := running(); err == nil {
		s.Stop()
	}
	os.Exit(code)
}

func server(t *testing.T) *shared {
	t.Helper()
	s, err := running()
	tooltest.Need(t, errors.Is(err, ErrNoServer) || errors.Is(err, ErrNoCompiler), err)
	return s
}

// open is how a client connects; change makes it another way.
func (s *shared) open(t *testing.T, user, password string, change func(*mysql.Config)) *sql.DB {
	t.Helper()
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(s.authority.PEM()))
	settings := mysql.NewConfig()
	settings.User, settings.Passwd, settings.Net, settings.Addr, settings.DBName = user, password, "tcp", s.Address(), instance.Database
	settings.TLS, settings.AllowCleartextPasswords = &tls.Config{RootCAs: pool, ServerName: instance.Host}, true
	if change != nil {
		change(settings)
	}
	connector, err := mysql.NewConnector(settings)
	require.NoError(t, err)
	db := sql.OpenDB(connector)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return db
}

// login tells how a login went.
func (s *shared) login(t *testing.T, user, password string, change func(*mysql.Config)) error {
	t.Helper()
	return s.open(t, user, password, change).PingContext(t.Context())
}

// as runs statements as a user.
func (s *shared) as(t *testing.T, user, password string, statements ...string) error {
	t.Helper()
	db := s.open(t, user, password, nil)
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			return err
		}
	}
	return nil
}

func token(t *testing.T, endpoint, user string, credentials aws.Credentials) string {
	t.Helper()
	made, err := auth.BuildAuthToken(t.Context(), endpoint, "ap-southeast-1", user,
		aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return credentials, nil }))
	require.NoError(t, err)
	return made
}

// runbookUser is what the runbooks make (PROD 3.4): the statements run word for word.
var runbookUser = []string{
	"CREATE USER IF NOT EXISTS 'app_user'@'%' IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL",
	"GRANT SELECT, INSERT, UPDATE, DELETE ON app.* TO 'app_user'@'%'",
}

func TestTheAdministratorAndATokenLogIn(t *testing.T) {
	s := server(t)
	require.NoError(t, s.as(t, instance.User, instance.Password, runbookUser...))
	require.NoError(t, s.login(t, "app_user", token(t, instance.Endpoint(), "app_user", local), nil))
	temporary := local
	temporary.SessionToken = strings.Repeat("t/+=", 300)
	assert.NoError(t, s.login(t, "app_user", token(t, instance.Endpoint(), "app_user", temporary), nil), "temporary credentials sign too")
	require.NoError(t, s.as(t, instance.User, instance.Password, "CREATE TABLE IF NOT EXISTS t (n INT)"))
	user := token(t, instance.Endpoint(), "app_user", local)
	assert.NoError(t, s.as(t, "app_user", user, "INSERT INTO t VALUES (1)"))
	assert.ErrorContains(t, s.as(t, "app_user", user, "CREATE TABLE u (n INT)"), "CREATE command denied to user")
}

func TestNobodyElseLogsIn(t *testing.T) {
	s := server(t)
	require.NoError(t, s.as(t, instance.User, instance.Password, runbookUser...))
	good := func() string { return token(t, instance.Endpoint(), "app_user", local) }
	other, err := NewAuthority()
	require.NoError(t, err)
	for name, each := range map[string]struct {
		user, password string
		change         func(*mysql.Config)
		want, logged   string
	}{
		"a wrong password":   {instance.User, "wrong", nil, "Access denied", ""},
		"no password":        {instance.User, "", nil, "Access denied", ""},
		"MariaDB's own root": {"root", "", nil, "Access denied", ""},
		"nobody":             {"", "", nil, "Access denied", ""},
		"no token":           {"app_user", "", nil, "Access denied", ""},
		"a token of another": {"app_user", token(t, instance.Endpoint(), "admin", local), nil, "Access denied", `the token is for user "admin"`},
		"a token for elsewhere": {
			"app_user", token(t, "other.rds.amazonaws.com:3306", "app_user", local), nil, "Access denied", "the token is for other.rds.amazonaws.com:3306"},
		"a token signed by nobody": {
			"app_user", token(t, instance.Endpoint(), "app_user", aws.Credentials{AccessKeyID: "local", SecretAccessKey: "x"}), nil, "Access denied", "does not match"},
		"a token in clear":      {"app_user", good(), func(c *mysql.Config) { c.TLS = nil }, "Access denied", ""},
		"a password in clear":   {instance.User, instance.Password, func(c *mysql.Config) { c.TLS = nil }, "Access denied", ""},
		"cleartext not allowed": {"app_user", good(), func(c *mysql.Config) { c.AllowCleartextPasswords = false }, "requires clear text authentication", ""},
		"another server name":   {"app_user", good(), func(c *mysql.Config) { c.TLS.ServerName = "127.0.0.1" }, "cannot validate certificate for 127.0.0.1", ""},
		"another authority": {"app_user", good(), func(c *mysql.Config) {
			c.TLS.RootCAs = x509.NewCertPool()
			c.TLS.RootCAs.AppendCertsFromPEM(other.PEM())
		}, "certificate signed by unknown authority", ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := s.login(t, each.user, each.password, each.change)
			assert.ErrorContains(t, err, each.want)
			assert.Contains(t, s.lastRefusal(), each.logged)
		})
	}
}

func TestATokenIsVerifiedToTheLastLetter(t *testing.T) {
	v := verifier{instance.Endpoint(), map[string]string{"local": "local"}}
	good, now := token(t, instance.Endpoint(), "app_user", local), time.Now()
	require.NoError(t, v.Verify(good, "app_user", now))
	require.NoError(t, v.Verify(good, "app_user", now.Add(14*time.Minute)))
	with := func(name, value string) string {
		host, query, _ := strings.Cut(good, "?")
		asked, err := url.ParseQuery(query)
		require.NoError(t, err)
		asked.Set(name, value)
		return host + "?" + asked.Encode()
	}
	for name, each := range map[string]struct {
		token, user string
		at          time.Time
		want        string
	}{
		"old":                  {good, "app_user", now.Add(16 * time.Minute), "the token expired"},
		"of the future":        {good, "app_user", now.Add(-6 * time.Minute), "of the future"},
		"made to last":         {with("X-Amz-Expires", "90000"), "app_user", now, "the token expired"},
		"of another user":      {good, "admin", now, "not \"admin\""},
		"rewritten":            {with("DBUser", "admin"), "admin", now, "does not match"},
		"for another action":   {with("Action", "disconnect"), "app_user", now, "disconnect"},
		"by an unknown key":    {with("X-Amz-Credential", "x/20260101/r/rds-db/aws4_request"), "app_user", now, "x is not known"},
		"for another service":  {with("X-Amz-Credential", "local/20260101/r/s3/aws4_request"), "app_user", now, "of s3"},
		"a password":           {"secret", "app_user", now, "not an address"},
		"with no time":         {with("X-Amz-Date", "soon"), "app_user", now, "no time"},
		"with a session added": {with("X-Amz-Security-Token", "x"), "app_user", now, "does not match"},
	} {
		assert.ErrorContains(t, v.Verify(each.token, each.user, each.at), each.want, name)
	}
}

func TestAStoppedServerLeavesNothing(t *testing.T) {
	server(t) // for its tools
	authority, err := NewAuthority()
	require.NoError(t, err)
	plain := instance
	plain.IAM = false
	s, err := Start(t.Context(), plain, Options{Authority: authority})
	require.NoError(t, err)
	assert.NoFileExists(t, s.path("init.sql"), "it has the password in it")
	s.Stop()
	assert.NoDirExists(t, s.dir)
	_, err = net.Dial("tcp", s.Address())
	assert.Error(t, err)
}
