package mysql

import (
	"context"
	"crypto/tls"
	"database/sql"
	"net"
	"strconv"
	"sync"
	"time"

	driver "github.com/go-sql-driver/mysql"
)

// loginTime is how long one login may take; through a tunnel it is a second.
const loginTime = 30 * time.Second

// Dialer makes a connection to the database's port, by whatever way there is.
type Dialer func(context.Context) (net.Conn, error)

// Login is who logs in where.
type Login struct {
	// Host and Port are the database's endpoint: what its certificate and a token are for.
	Host string
	Port int
	// User that logs in, and the schema it begins in; empty for none.
	User, Database string
	// Secret is asked for a token or a password once for each connection.
	Secret func(context.Context) (string, error)
	// ByToken says that Secret gives IAM tokens, which go in clear within TLS (AWSAuthenticationPlugin).
	ByToken bool
	// Authorities verify the server's certificate.
	Authorities Authorities
	// Dial makes the connections.
	Dial Dialer
	// Writes lifts the read-only transactions that every connection has otherwise.
	Writes bool
}

// DB is a database that somebody logs in to.
type DB struct {
	pool  *sql.DB
	login Login

	mutex sync.Mutex
	last  string               // the token or password of the last login, to say why it was refused
	tls   *tls.ConnectionState // of the last login
}

// Conn is one connection, on which session state such as the schema stays.
type Conn struct {
	conn *sql.Conn
	db   *DB
	id   int64
}

// Open prepares logins; nothing is connected yet.
func Open(login Login) (*DB, error) {
	db := &DB{login: login}
	settings := driver.NewConfig()
	settings.User, settings.DBName = login.User, login.Database
	settings.Net, settings.Addr = "tcp", net.JoinHostPort(login.Host, strconv.Itoa(login.Port))
	settings.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) { return login.Dial(ctx) }
	settings.TLS = db.verified()
	settings.AllowCleartextPasswords = login.ByToken // TLS is verified above, always
	settings.Timeout = loginTime
	settings.Logger = &driver.NopLogger{}                        // what is worth saying comes back as an error
	settings.Collation = "utf8mb4_general_ci"                    // both MySQL and MariaDB have it
	settings.Params = map[string]string{"time_zone": "'+00:00'"} // a time means the same wherever it is read
	if err := settings.Apply(driver.BeforeConnect(db.fetchSecret)); err != nil {
		return nil, err
	}
	connector, err := driver.NewConnector(settings)
	if err != nil {
		return nil, err
	}
	db.pool = sql.OpenDB(connector)
	db.pool.SetMaxIdleConns(-1) // a connection that is kept would keep its session's state
	return db, nil
}

// verified checks the certificate against the endpoint, never against the local end of a tunnel.
func (db *DB) verified() *tls.Config {
	return &tls.Config{
		RootCAs: db.login.Authorities.pool, ServerName: db.login.Host, MinVersion: tls.VersionTLS12,
		VerifyConnection: func(state tls.ConnectionState) error {
			db.mutex.Lock()
			defer db.mutex.Unlock()
			db.tls = &state
			return nil
		},
	}
}

func (db *DB) fetchSecret(ctx context.Context, settings *driver.Config) error {
	secret, err := db.login.Secret(ctx)
	if err != nil {
		return err
	}
	settings.Passwd = secret
	if db.login.ByToken {
		db.mutex.Lock()
		defer db.mutex.Unlock()
		db.last = secret
	}
	return nil
}

// Connect logs in. Its errors say in words why that failed.
func (db *DB) Connect(ctx context.Context) (*Conn, error) {
	plain, err := db.pool.Conn(ctx)
	if err != nil {
		return nil, db.explainLogin(ctx, err)
	}
	conn := &Conn{conn: plain, db: db}
	if err := conn.begin(ctx); err != nil {
		_ = plain.Close()
		return nil, Explain(err)
	}
	return conn, nil
}

// begin makes a new connection what the login says, and asks for its number, by which it can be cancelled.
func (c *Conn) begin(ctx context.Context) error {
	if !c.db.login.Writes {
		if _, err := c.conn.ExecContext(ctx, "SET SESSION TRANSACTION READ ONLY"); err != nil {
			return err
		}
	}
	return c.conn.QueryRowContext(ctx, "SELECT CONNECTION_ID()").Scan(&c.id)
}

// Broken says whether the connection is gone.
func (c *Conn) Broken(ctx context.Context) bool {
	limited, end := context.WithTimeout(ctx, cancelTime)
	defer end()
	return c.conn.PingContext(limited) != nil
}

// Cancel ends the statement that runs on the connection, by a second one; the
// connection itself goes on.
func (c *Conn) Cancel(ctx context.Context) error {
	second, err := c.db.pool.Conn(ctx)
	if err != nil {
		return c.db.explainLogin(ctx, err)
	}
	defer second.Close()
	_, err = second.ExecContext(ctx, "KILL QUERY "+strconv.FormatInt(c.id, 10))
	return Explain(err)
}

// Close ends all its connections.
func (db *DB) Close() error { return db.pool.Close() }

// Close ends the connection.
func (c *Conn) Close() error { return c.conn.Close() }

// TLS is version and verified name of the last login, e.g. "TLS 1.3, db.example.com"; empty before.
func (db *DB) TLS() string {
	db.mutex.Lock()
	defer db.mutex.Unlock()
	if db.tls == nil {
		return ""
	}
	return tls.VersionName(db.tls.Version) + ", " + db.tls.ServerName
}

// Endpoint is host and port.
func (l Login) Endpoint() string { return net.JoinHostPort(l.Host, strconv.Itoa(l.Port)) }

// asksForToken says whether the server asks for a password in clear, as it does
// of users of AWSAuthenticationPlugin alone. Nothing secret is sent for the answer.
func (db *DB) asksForToken(ctx context.Context) bool {
	probe := db.login
	probe.ByToken = false
	probe.Secret = func(context.Context) (string, error) { return "", nil }
	other, err := Open(probe)
	if err != nil {
		return false
	}
	defer other.Close()
	return isCleartextAsked(other.pool.PingContext(ctx))
}
