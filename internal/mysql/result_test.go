package mysql

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/fault"
)

const everyKind = `SELECT 1 AS n, 18446744073709551615 AS big, CAST(-1.50 AS DECIMAL(30,2)) AS price, 0.1E0 AS ratio, 1e300 AS huge,
	NULL AS nothing, '' AS empty, 'é "x", <y>' AS words, x'00FF' AS bin, x'4142' AS looks, TIMESTAMP'2026-11-22 12:00:00.123456' AS at, TIME'838:59:59' AS span, DATE'0000-00-00' AS never`

func TestValuesArriveExactly(t *testing.T) {
	conn := in(t, server(t).admin(t))
	conn.does(t, "SET SESSION sql_mode = ''")
	asJSON := func(b *strings.Builder) Writer { return NewJSON(b) }
	assert.Equal(t, `[
  {"n": 1, "big": 18446744073709551615, "price": "-1.50", "ratio": 0.1, "huge": 1e+300, "nothing": null, "empty": "", "words": "é \"x\", <y>", "bin": "0x00FF", "looks": "0x4142", "at": "2026-11-22 12:00:00.123456", "span": "838:59:59", "never": "0000-00-00"}
]
`, conn.written(t, asJSON, everyKind))
	assert.Equal(t, "n,big,price,ratio,huge,nothing,empty,words,bin,looks,at,span,never\n"+
		`1,18446744073709551615,-1.50,0.1,1e+300,,"","é ""x"", <y>",0x00FF,0x4142,2026-11-22 12:00:00.123456,838:59:59,0000-00-00`+"\n",
		conn.written(t, func(b *strings.Builder) Writer { return NewCSV(b) }, everyKind))
	assert.Equal(t, "a\tb\nNULL\tx\\ty\\nz\\\\\n", conn.written(t, func(b *strings.Builder) Writer { return NewTSV(b) }, `SELECT NULL AS a, 'x\ty\nz\\' AS b`))
	assert.Equal(t, "- {\"a\": 1}\n- {\"a\": 2}\n", conn.written(t, func(b *strings.Builder) Writer { return NewYAML(b) }, "SELECT 1 AS a UNION SELECT 2"))
	assert.Equal(t, "zone\n+00:00\n", conn.written(t, func(b *strings.Builder) Writer { return NewTSV(b) }, "SELECT @@SESSION.time_zone AS zone"), "a time means the same wherever it is read")
	assert.Equal(t, "[]\n", conn.written(t, asJSON, "SELECT 1 AS a FROM DUAL WHERE 1 = 0"))
}

func TestAnObjectHasNoTwoValuesOfOneName(t *testing.T) {
	rows, err := in(t, server(t).admin(t)).Query(t.Context(), "SELECT 1 AS a, 2 AS a")
	require.NoError(t, err)
	defer rows.Close()
	_, err = Write(rows, NewJSON(io.Discard))
	assert.ErrorContains(t, err, "two columns are called a")
}

func TestFiveMegabytesStream(t *testing.T) {
	conn := in(t, server(t).admin(t))
	out := conn.written(t, func(b *strings.Builder) Writer { return NewJSON(b) },
		"WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 800) SELECT i, REPEAT(CHAR(65 + i % 26 USING utf8mb4), 6400) AS text FROM n")
	var rows []struct {
		I    int
		Text string
	}
	require.NoError(t, json.Unmarshal([]byte(out), &rows))
	require.Len(t, rows, 800)
	assert.Greater(t, len(out), 5_000_000)
	for _, row := range rows {
		require.True(t, strings.Repeat(string(rune('A'+row.I%26)), 6400) == row.Text, "row %d", row.I)
	}
}

func TestOneRowOfSixteenMegabytesFits(t *testing.T) {
	conn := in(t, server(t).admin(t))
	var length int
	err := conn.One(t.Context(), "SELECT LENGTH(REPEAT('x', 15000000))", nil, &length)
	require.NoError(t, err)
	assert.Equal(t, 15_000_000, length)
	assert.Len(t, conn.written(t, func(b *strings.Builder) Writer { return NewTSV(b) }, "SELECT REPEAT('x', 15000000) AS t"), 15_000_003)
}

func TestAChangeSaysHowManyRows(t *testing.T) {
	conn := in(t, server(t).admin(t))
	conn.does(t, "CREATE OR REPLACE TABLE counted (n INT)")
	asJSON := func(b *strings.Builder) Writer { return NewJSON(b) }
	assert.Equal(t, "[\n  {\"rows_affected\": 3}\n]\n", conn.written(t, asJSON, "INSERT INTO counted VALUES (1), (2), (3)"))
	assert.Equal(t, "[\n  {\"rows_affected\": 2}\n]\n", conn.written(t, asJSON, "DELETE FROM counted WHERE n > 1"))
}

func TestNothingIsChangedWithoutWrites(t *testing.T) {
	s := bootstrapped(t)
	in(t, s.admin(t)).does(t, "CREATE OR REPLACE TABLE kept (n INT)", "INSERT INTO kept VALUES (1)")
	reader := s.admin(t) // who may everything
	reader.Writes = false
	conn := in(t, reader)
	for _, statement := range []string{
		"INSERT INTO kept VALUES (2)", "DELETE FROM kept", "DROP TABLE kept", "CREATE TABLE other (n INT)", "ALTER TABLE kept ADD m INT",
		"TRUNCATE kept", "GRANT SELECT ON *.* TO 'app_user'@'%'", "CREATE USER 'x'@'%'",
	} {
		err := conn.Exec(t.Context(), statement)
		assert.Equal(t, fault.Usage, fault.CodeOf(err), "%s: %v", statement, err)
		assert.ErrorContains(t, err, "this connection only reads", statement)
	}
	var n int
	require.NoError(t, conn.One(t.Context(), "SELECT COUNT(*) FROM kept", nil, &n))
	assert.Equal(t, 1, n)
}

func TestTheApplicationChangesNoSchema(t *testing.T) {
	login := bootstrapped(t).app(t)
	login.Writes = true
	err := in(t, login).Exec(t.Context(), "CREATE TABLE forbidden (n INT)")
	assert.Equal(t, fault.Credentials, fault.CodeOf(err))
	assert.ErrorContains(t, err, "CREATE command denied to user 'app_user'")
}

// TestTheEndOfAContextEndsTheStatementOnTheServer: what a client left behind would hold locks and time.
func TestTheEndOfAContextEndsTheStatementOnTheServer(t *testing.T) {
	s := server(t)
	conn, other := in(t, s.admin(t)), in(t, s.admin(t))
	for want, begin := range map[error]func() (context.Context, context.CancelFunc){
		context.Canceled: func() (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(100*time.Millisecond, cancel)
			return ctx, cancel
		},
		context.DeadlineExceeded: func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(t.Context(), 100*time.Millisecond)
		},
	} {
		ctx, cancel := begin()
		started := time.Now()
		err := conn.Exec(ctx, "DO BENCHMARK(1000000000000, MD5(1))")
		assert.Less(t, time.Since(started), 5*time.Second)
		assert.True(t, errors.Is(err, want), err)
		cancel()
		assert.Eventually(t, func() bool { // the server answers a moment before it takes the statement from its list
			var left int
			return other.One(t.Context(), "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'DO BENCH%'", nil, &left) == nil && left == 0
		}, time.Second, 10*time.Millisecond)
		require.NoError(t, conn.Exec(t.Context(), "DO 1"), "the connection goes on")
	}
}

func TestAConnectionThatBreaksOffSaysSo(t *testing.T) {
	s := server(t)
	conn, other := in(t, s.admin(t)), in(t, s.admin(t))
	time.AfterFunc(100*time.Millisecond, func() { _, _ = other.conn.ExecContext(context.Background(), "KILL ?", conn.id) })
	err := conn.Exec(t.Context(), "DO BENCHMARK(1000000000000, MD5(1))")
	assert.ErrorContains(t, err, "broke off")
}
