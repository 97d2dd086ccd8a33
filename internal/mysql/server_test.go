package mysql

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/rds/auth"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/localaws/database"
	"github.com/d2-ride-booking/platform/internal/tooltest"
)

// instance is the database of the tests. Its password is a canary: it is looked for in what is printed.
var instance = database.Instance{
	Identifier: "db", Host: "db.c0.ap-southeast-1.rds.amazonaws.com", Port: 3306,
	User: "admin", Password: `canary's "pass`, Database: "ridebooking", IAM: true,
}

var credentials = aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local", SessionToken: "canary-session"}

// shared is one server for all tests, started by the first that asks.
type shared struct {
	*database.Server
	authority *database.Authority
}

var running = sync.OnceValues(func() (*shared, error) { return start(database.Options{}) })

func start(options database.Options) (s *shared, err error) {
	s = &shared{}
	if s.authority, err = database.NewAuthority(); err != nil {
		return nil, err
	}
	options.Authority, options.Cache = s.authority, filepath.Join("..", "..", ".local", "cache")
	options.Secrets = map[string]string{"local": "local"}
	s.Server, err = database.Start(context.Background(), instance, options)
	return s, err
}

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
	need(t, err)
	return s
}

func need(t *testing.T, err error) {
	t.Helper()
	tooltest.Need(t, errors.Is(err, database.ErrNoServer) || errors.Is(err, database.ErrNoCompiler), err)
}

// another is a server that a test spoils.
func another(t *testing.T, options database.Options) *shared {
	t.Helper()
	s, err := start(options)
	need(t, err)
	t.Cleanup(s.Stop)
	return s
}

func (s *shared) authorities(t *testing.T) Authorities {
	t.Helper()
	a := Authorities{pool: x509.NewCertPool(), pem: s.authority.PEM(), from: "the test's authority"}
	require.True(t, a.pool.AppendCertsFromPEM(a.pem))
	return a
}

// admin logs in by password, writing.
func (s *shared) admin(t *testing.T) Login {
	t.Helper()
	return Login{
		Host: instance.Host, Port: instance.Port, User: instance.User, Database: instance.Database, Writes: true,
		Secret:      func(context.Context) (string, error) { return instance.Password, nil },
		Authorities: s.authorities(t),
		Dial: func(ctx context.Context) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", s.Address())
		},
	}
}

// app logs in by token, reading.
func (s *shared) app(t *testing.T) Login {
	t.Helper()
	login := s.admin(t)
	login.User, login.ByToken, login.Writes = "app_user", true, false
	login.Secret = tokenFor(login.Endpoint(), login.User)
	return login
}

func tokenFor(endpoint, user string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		return auth.BuildAuthToken(ctx, endpoint, "ap-southeast-1", user,
			aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return credentials, nil }))
	}
}

// in opens a connection that ends with the test.
func in(t *testing.T, login Login) *Conn {
	t.Helper()
	conn, err := tryIn(t, login)
	require.NoError(t, err)
	return conn
}

func tryIn(t *testing.T, login Login) (*Conn, error) {
	t.Helper()
	db, err := Open(login)
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	conn, err := db.Connect(t.Context())
	if err == nil {
		t.Cleanup(func() { _ = conn.Close() })
	}
	return conn, err
}

// does runs statements that must succeed.
func (c *Conn) does(t *testing.T, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		require.NoError(t, c.Exec(t.Context(), statement), statement)
	}
}

// bootstrapped makes app_user, if it is not there.
func bootstrapped(t *testing.T) *shared {
	t.Helper()
	s := server(t)
	conn := in(t, s.admin(t))
	account, err := ReadAccount(t.Context(), conn, "app_user", instance.Database)
	require.NoError(t, err)
	for _, change := range account.Changes() {
		conn.does(t, change.Statement)
	}
	return s
}

// written is a result as one of the writers writes it.
func (c *Conn) written(t *testing.T, to func(*strings.Builder) Writer, query string) string {
	t.Helper()
	var b strings.Builder
	rows, err := c.Query(t.Context(), query)
	require.NoError(t, err)
	_, err = Write(rows, to(&b))
	require.NoError(t, err)
	require.NoError(t, rows.Close())
	return b.String()
}
