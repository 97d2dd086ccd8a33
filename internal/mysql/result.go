package mysql

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// cancelTime is how long KILL QUERY may take before the connection is given up.
const cancelTime = 10 * time.Second

// Kind is how a value is written.
type Kind int

// The kinds. A DECIMAL is text, as no reader of JSON keeps its digits; times are
// text in UTC, as the server says them.
const (
	Null Kind = iota
	Number
	Text
	Binary
)

// Value is one field of a row.
type Value struct {
	// Kind says how to write it.
	Kind Kind
	// Text is the value; of Binary it is hexadecimal after 0x, of Null it is empty.
	Text string
}

// Rows are the rows of a result, one at a time: nothing is kept.
type Rows struct {
	// Columns are the names, in their order; two may be alike.
	Columns []string
	// Change says that the statement had no result, and the one row is how many rows it changed.
	Change bool

	ctx     context.Context
	rows    *sql.Rows
	binary  []bool
	fields  []any
	holders []any
	end     func()
}

// affectedColumn is the one column of a statement that has no result.
const affectedColumn = "rows_affected"

// Query runs one statement. One that returns no rows has a row of its own, which
// says how many it changed. When ctx ends, the statement is cancelled on the server too.
func (c *Conn) Query(ctx context.Context, statement string) (*Rows, error) {
	if ctx.Err() != nil {
		return nil, Explain(ctx.Err())
	}
	running, end := c.killedWith(ctx)
	rows, err := c.conn.QueryContext(running, statement)
	change := false
	if err == nil {
		var names []string
		if names, err = rows.Columns(); err == nil && len(names) == 0 {
			change = true
			if err = rows.Close(); err == nil {
				rows, err = c.conn.QueryContext(running, "SELECT ROW_COUNT() AS "+affectedColumn)
			}
		}
	}
	if err != nil {
		end()
		return nil, ended(ctx, err)
	}
	found, err := newRows(ctx, rows, end)
	if err == nil {
		found.Change = change
	}
	return found, err
}

func newRows(ctx context.Context, rows *sql.Rows, end func()) (*Rows, error) {
	types, err := rows.ColumnTypes()
	if err != nil {
		end()
		return nil, ended(ctx, err)
	}
	r := &Rows{ctx: ctx, rows: rows, end: sync.OnceFunc(end), fields: make([]any, len(types)), holders: make([]any, len(types))}
	for i, each := range types {
		r.Columns = append(r.Columns, each.Name())
		r.binary = append(r.binary, isBinary(each.DatabaseTypeName()))
		r.holders[i] = &r.fields[i]
	}
	return r, nil
}

func isBinary(name string) bool {
	return strings.HasSuffix(name, "BLOB") || slices.Contains([]string{"BINARY", "VARBINARY", "BIT", "GEOMETRY", "VECTOR"}, name)
}

// Next is the next row; nil after the last. It is good until the next call.
func (r *Rows) Next() ([]Value, error) {
	if !r.rows.Next() {
		return nil, ended(r.ctx, r.rows.Err())
	}
	if err := r.rows.Scan(r.holders...); err != nil {
		return nil, ended(r.ctx, err)
	}
	row := make([]Value, len(r.fields))
	for i, field := range r.fields {
		row[i] = valueOf(field, r.binary[i])
	}
	return row, nil
}

// Close gives the connection back to other statements.
func (r *Rows) Close() error {
	err := r.rows.Close()
	r.end()
	return ended(r.ctx, err)
}

// valueOf is a field as the driver gives it: numbers parsed, anything else as the server's bytes.
func valueOf(field any, binary bool) Value {
	switch field := field.(type) {
	case nil:
		return Value{}
	case []byte:
		if binary || !utf8.Valid(field) {
			return Value{Binary, "0x" + strings.ToUpper(hex.EncodeToString(field))}
		}
		return Value{Text, string(field)}
	case float32, float64:
		text, _ := json.Marshal(field) // the shortest that reads back the same; the server has no infinity
		return Value{Number, string(text)}
	case int64, uint64:
		return Value{Number, fmt.Sprint(field)}
	default:
		return Value{Text, fmt.Sprint(field)}
	}
}

// killedWith is a context for the driver, which would only drop the connection
// when ctx ends and leave the statement running: it is killed first.
func (c *Conn) killedWith(ctx context.Context) (running context.Context, end func()) {
	running, abandon := context.WithCancel(context.WithoutCancel(ctx))
	killed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(killed)
		limited, done := context.WithTimeout(context.WithoutCancel(ctx), cancelTime)
		defer done()
		if err := c.Cancel(limited); err != nil {
			abandon()
		}
	})
	return running, func() {
		if !stop() {
			<-killed // or the next statement would be hit
		}
		abandon()
	}
}

// ended is an error in words. When ctx has ended, that is the error, whatever the
// server says: of a statement that is killed it may say that all is well.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return Explain(ctx.Err())
	}
	return Explain(err)
}

// Exec runs one statement of which only the outcome counts.
func (c *Conn) Exec(ctx context.Context, statement string, values ...any) error {
	if ctx.Err() != nil {
		return Explain(ctx.Err())
	}
	running, end := c.killedWith(ctx)
	defer end()
	_, err := c.conn.ExecContext(running, statement, values...)
	return ended(ctx, err)
}

// One reads the first row of a query into the targets; sql.ErrNoRows where there is none.
func (c *Conn) One(ctx context.Context, query string, values []any, targets ...any) error {
	return ended(ctx, c.conn.QueryRowContext(ctx, query, values...).Scan(targets...))
}

// column reads the one column of a query.
func (c *Conn) column(ctx context.Context, query string, values ...any) ([]string, error) {
	rows, err := c.conn.QueryContext(ctx, query, values...)
	if err != nil {
		return nil, ended(ctx, err)
	}
	defer rows.Close()
	var found []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, ended(ctx, err)
		}
		found = append(found, text)
	}
	return found, ended(ctx, rows.Err())
}
