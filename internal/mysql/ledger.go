package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/d2-ride-booking/platform/internal/fault"
)

// ledgerTable is where a schema says which migrations it has had. It lies in the
// schema itself, so that a dump and a restore carry both.
const ledgerTable = "d2_migrations"

const (
	// lockTime is how long a second run waits for the first.
	lockTime = 10 * time.Second
	// noteTime is how long there is to note a failure when the run was interrupted.
	noteTime = 15 * time.Second
)

// State is how far a migration is.
type State string

// The states of a migration in the ledger.
const (
	Running State = "running" // also of one that broke off without a word
	Done    State = "done"
	Failed  State = "failed"
)

// Entry is a line of the ledger.
type Entry struct {
	// Version and Name of the migration.
	Version int    `json:"version"`
	Name    string `json:"name"`
	// SHA256 of the file as it was when it was run last.
	SHA256 string `json:"sha256"`
	// State is done, failed, or running.
	State State `json:"state"`
	// Statements is how many of its statements are done.
	Statements int `json:"statements"`
	// Begun is the sum of those statements.
	Begun string `json:"-"`
	// Error is what the server said when it failed.
	Error string `json:"error,omitempty"`
	// By is who ran it: the ARN of the AWS identity.
	By string `json:"by"`
	// At is when it was begun, in UTC.
	At string `json:"at"`
	// Milliseconds that it took.
	Milliseconds int64 `json:"ms"`
}

// Ledger is the table of a schema, on one connection of the administrator.
type Ledger struct {
	conn   *Conn
	schema string
	wait   time.Duration // for the lock
}

// OpenLedger is the ledger of a schema; it need not exist yet.
func OpenLedger(conn *Conn, schema string) *Ledger { return &Ledger{conn, schema, lockTime} }

func (l *Ledger) table() string { return quoteName(l.schema) + "." + ledgerTable }

func (l *Ledger) lockName() string { return "d2ctl.migrate." + l.schema }

// Read is the whole ledger; empty where there is none yet.
func (l *Ledger) Read(ctx context.Context) ([]Entry, error) {
	rows, err := l.conn.conn.QueryContext(ctx, "SELECT version, name, sha256, state, statements, begun, error, applied_by, DATE_FORMAT(begun_at, '%Y-%m-%d %H:%i'), ms FROM "+l.table()+" ORDER BY version")
	if isOneOf(err, errNoSuchTable) {
		return nil, nil
	}
	if err != nil {
		return nil, ended(ctx, err)
	}
	defer rows.Close()
	var entries []Entry
	for rows.Next() {
		var e Entry
		if err := rows.Scan(&e.Version, &e.Name, &e.SHA256, &e.State, &e.Statements, &e.Begun, &e.Error, &e.By, &e.At, &e.Milliseconds); err != nil {
			return nil, ended(ctx, err)
		}
		entries = append(entries, e)
	}
	return entries, ended(ctx, rows.Err())
}

// Lock keeps everybody else from migrating the schema until unlock, or until the
// connection ends, and makes the table.
func (l *Ledger) Lock(ctx context.Context) (unlock func(), err error) {
	var got sql.NullInt64
	if err := l.conn.One(ctx, "SELECT GET_LOCK(?, ?)", []any{l.lockName(), int(l.wait.Seconds())}, &got); err != nil {
		return nil, err
	}
	if got.Int64 != 1 {
		return nil, l.held(ctx)
	}
	unlock = func() {
		limited, end := context.WithTimeout(context.WithoutCancel(ctx), noteTime)
		defer end()
		_ = l.conn.Exec(limited, "DO RELEASE_LOCK(?)", l.lockName()) // the end of the connection releases it too
	}
	if err := l.conn.Exec(ctx, `CREATE TABLE IF NOT EXISTS `+l.table()+` (
  version INT UNSIGNED NOT NULL PRIMARY KEY,
  name VARCHAR(255) NOT NULL,
  sha256 CHAR(64) NOT NULL,
  state VARCHAR(16) NOT NULL,
  statements INT UNSIGNED NOT NULL,
  begun CHAR(64) NOT NULL,
  error TEXT NOT NULL,
  applied_by VARCHAR(2048) NOT NULL,
  begun_at DATETIME(3) NOT NULL,
  ms BIGINT NOT NULL
) ENGINE = InnoDB CHARACTER SET `+Charset); err != nil {
		unlock()
		return nil, err
	}
	return unlock, nil
}

// held says who migrates just now.
func (l *Ledger) held(ctx context.Context) error {
	who := "somebody else"
	var id, seconds sql.NullInt64
	var user, host sql.NullString
	err := l.conn.One(ctx, "SELECT id, user, host, time FROM information_schema.processlist WHERE id = IS_USED_LOCK(?)", []any{l.lockName()}, &id, &user, &host, &seconds)
	if err == nil {
		who = fmt.Sprintf("connection %d of %s from %s", id.Int64, user.String, host.String)
	}
	if entries, err := l.Read(ctx); err == nil && len(entries) > 0 {
		if last := entries[len(entries)-1]; last.State == Running {
			who += fmt.Sprintf(", which runs %s for %s since %s", last.Name, last.By, last.At)
		}
	}
	return fault.New(fault.Failed, "wait until it is done; a connection that hangs is ended by: CALL mysql.rds_kill("+fmt.Sprint(id.Int64)+")",
		"the schema %s is being migrated by %s", l.schema, who)
}

// run applies one migration from the given statement on. The ledger is told of
// every statement, on the same connection: what a transaction in the file takes
// back, it takes back there too.
func (l *Ledger) run(ctx context.Context, migration Migration, begin int, by string) error {
	started := time.Now()
	if err := l.begin(ctx, migration, begin-1, by); err != nil {
		return err
	}
	done := begin - 1
	for _, statement := range migration.Statements[begin-1:] {
		if err := l.conn.Exec(ctx, statement.Text); err != nil {
			return l.fail(ctx, migration, done, statement, time.Since(started), err)
		}
		done++
		if err := l.note(ctx, migration, Running, done, "", time.Since(started)); err != nil {
			return err
		}
	}
	return l.note(ctx, migration, Done, done, "", time.Since(started))
}

func (l *Ledger) begin(ctx context.Context, migration Migration, done int, by string) error {
	return l.conn.Exec(ctx, "REPLACE INTO "+l.table()+" (version, name, sha256, state, statements, begun, error, applied_by, begun_at, ms) VALUES (?, ?, ?, ?, ?, ?, '', ?, UTC_TIMESTAMP(3), 0)",
		migration.Version, migration.Name, migration.SHA256, Running, done, migration.begins(done), by)
}

// note writes what has happened, so an interruption does not keep it from that. The
// end of a migration ends a transaction that its file left open.
func (l *Ledger) note(ctx context.Context, migration Migration, state State, done int, problem string, took time.Duration) error {
	noting, end := context.WithTimeout(context.WithoutCancel(ctx), noteTime)
	defer end()
	err := l.conn.Exec(noting, "UPDATE "+l.table()+" SET state = ?, statements = ?, begun = ?, error = ?, ms = ? WHERE version = ?",
		state, done, migration.begins(done), problem, took.Milliseconds(), migration.Version)
	if err != nil || state == Running {
		return err
	}
	return l.conn.Exec(noting, "COMMIT")
}

// fail notes a failure and says how to go on. After a ROLLBACK the ledger says
// itself how many statements are done.
func (l *Ledger) fail(ctx context.Context, migration Migration, done int, statement Statement, took time.Duration, cause error) error {
	noting, end := context.WithTimeout(context.WithoutCancel(ctx), noteTime)
	defer end()
	said := cause.Error()
	if HoldsSecret(statement.Text) {
		said = fmt.Sprintf("error %d (what the server said is not kept: the statement may hold a secret)", errorNumber(cause))
	}
	noted := l.conn.Exec(noting, "ROLLBACK")
	if noted == nil {
		noted = l.conn.One(noting, "SELECT statements FROM "+l.table()+" WHERE version = ?", []any{migration.Version}, &done)
	}
	if noted == nil {
		noted = l.note(ctx, migration, Failed, done, said, took)
	}
	problem := &fault.Error{
		Code: fault.CodeOf(cause), Cause: cause,
		What: fmt.Sprintf("%s:%d: %s; %d of its %d statements are done", migration.Name, statement.Line, strings.TrimSuffix(said, "."), done, len(migration.Statements)),
		Try:  "run d2ctl db migrate again: it says what to look at, and how to go on",
	}
	if noted != nil && !errors.Is(noted, context.Canceled) {
		problem.What += "; that could not be noted: " + noted.Error()
	}
	return problem
}
