package mysql

import (
	"context"
	"fmt"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/fault"
)

// files are a directory, from names and texts in turn.
func files(namesAndTexts ...string) fstest.MapFS {
	dir := fstest.MapFS{}
	for i := 0; i < len(namesAndTexts); i += 2 {
		dir[namesAndTexts[i]] = &fstest.MapFile{Data: []byte(namesAndTexts[i+1])}
	}
	return dir
}

// bench is a schema of its own for one test, migrated by as many runs as it likes.
type bench struct {
	server *shared
	schema string
	conn   *Conn
}

func newBench(t *testing.T, schema string) *bench {
	t.Helper()
	s := server(t)
	in(t, s.admin(t)).does(t, "DROP DATABASE IF EXISTS "+schema, "CREATE DATABASE "+schema)
	b := &bench{server: s, schema: schema}
	b.conn = b.connect(t)
	return b
}

func (b *bench) connect(t *testing.T) *Conn {
	t.Helper()
	login := b.server.admin(t)
	login.Database = b.schema
	return in(t, login)
}

// run is what d2ctl does; its answer is which files were run.
func (b *bench) run(ctx context.Context, dir fstest.MapFS, resume int) (ran []string, err error) {
	migrations, err := ReadMigrations(dir)
	if err != nil {
		return nil, err
	}
	ledger := OpenLedger(b.conn, b.schema)
	ledger.wait = time.Second
	unlock, err := ledger.Lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	entries, err := ledger.Read(ctx)
	if err != nil {
		return nil, err
	}
	pending, err := Compare(migrations, entries, resume)
	if err != nil {
		return nil, err
	}
	return ran, ledger.Run(ctx, pending, "arn:aws:iam::111122223333:user/ann", func(m Migration) { ran = append(ran, m.Name) })
}

func (b *bench) entries(t *testing.T) []Entry {
	t.Helper()
	entries, err := OpenLedger(b.conn, b.schema).Read(t.Context())
	require.NoError(t, err)
	return entries
}

const first, second = "0001_rides.sql", "0002_drivers.sql"

func TestEachMigrationIsAppliedOnceAndInOrder(t *testing.T) {
	b := newBench(t, "m_once")
	assert.Empty(t, b.entries(t), "no ledger is an empty one")
	dir := files(second, "ALTER TABLE rides ADD driver INT NULL", first, "CREATE TABLE rides (id INT);\nINSERT INTO rides VALUES (1);\n", "README.md", "x")
	ran, err := b.run(t.Context(), dir, 0)
	require.NoError(t, err)
	assert.Equal(t, []string{first, second}, ran)
	ran, err = b.run(t.Context(), dir, 0)
	require.NoError(t, err)
	assert.Empty(t, ran)
	dir["0003_more.sql"] = &fstest.MapFile{Data: []byte("DELIMITER //\nCREATE TRIGGER t BEFORE INSERT ON rides FOR EACH ROW BEGIN SET NEW.driver = 1; SET NEW.id = 7; END//\nDELIMITER ;\nINSERT INTO rides (id) VALUES (2);")}
	ran, err = b.run(t.Context(), dir, 0)
	require.NoError(t, err)
	assert.Equal(t, []string{"0003_more.sql"}, ran)
	entries := b.entries(t)
	require.Len(t, entries, 3)
	assert.Equal(t, Done, entries[2].State)
	assert.Equal(t, 2, entries[2].Statements)
	assert.Equal(t, "arn:aws:iam::111122223333:user/ann", entries[0].By)
	assert.Len(t, entries[0].SHA256, 64)
	var id, driver int
	require.NoError(t, b.conn.One(t.Context(), "SELECT MAX(id), MAX(driver) FROM rides", nil, &id, &driver))
	assert.Equal(t, []int{7, 1}, []int{id, driver}, "the trigger works")
}

func TestADirectoryThatIsNoHistoryIsRefused(t *testing.T) {
	for want, dir := range map[string]fstest.MapFS{
		"0002 is missing before 0003_c.sql":           files("0001_a.sql", "DO 1", "0003_c.sql", "DO 1"),
		"0001 is missing before 0002_b.sql":           files("0002_b.sql", "DO 1"),
		"0001_a.sql and 0001_b.sql have the same":     files("0001_a.sql", "DO 1", "0001_b.sql", "DO 1"),
		"1_a.sql is no name of a migration":           files("1_a.sql", "DO 1"),
		"0001_A.SQL is no name of a migration":        files("0001_A.SQL", "DO 1"),
		"0001_a.sql has no statement in it":           files("0001_a.sql", "-- later\n"),
		"0001_a.sql: line 2: a ' is opened and never": files("0001_a.sql", "DO 1;\nDO 'x;"),
	} {
		_, err := ReadMigrations(dir)
		assert.ErrorContains(t, err, want)
		assert.Equal(t, fault.Usage, fault.CodeOf(err), want)
	}
}

func TestEditedHistoryIsRefused(t *testing.T) {
	b := newBench(t, "m_edited")
	_, err := b.run(t.Context(), files(first, "CREATE TABLE rides (id INT);\n", second, "DO 1"), 0)
	require.NoError(t, err)
	_, err = b.run(t.Context(), files(first, "CREATE TABLE rides (id BIGINT);\n", second, "DO 1"), 0)
	assert.ErrorContains(t, err, first+" was edited after it was applied on ")
	_, err = b.run(t.Context(), files(first, "CREATE TABLE rides (id INT);\n"), 0)
	assert.ErrorContains(t, err, "the database has "+second+", which is not in the directory")
	_, err = b.run(t.Context(), files(first, "CREATE TABLE rides (id INT);\r\n", second, "DO 1"), 0)
	assert.NoError(t, err, "a checkout on Windows is the same")
	_, err = b.run(t.Context(), files(first, "CREATE TABLE rides (id INT);\n", second, "DO 1"), 1)
	assert.ErrorContains(t, err, "no migration has failed")
}

func TestAMigrationThatFailsHalfWayIsGoneOnWith(t *testing.T) {
	b := newBench(t, "m_failed")
	broken := "CREATE TABLE rides (id INT);\nINSERT INTO nowhere VALUES (1);\nINSERT INTO rides VALUES (3);\n"
	_, err := b.run(t.Context(), files(first, broken, second, "INSERT INTO rides VALUES (4)"), 0)
	assert.ErrorContains(t, err, "0001_rides.sql:2: the database says: Table 'm_failed.nowhere' doesn't exist (1146); 1 of its 3 statements are done")
	entries := b.entries(t)
	require.Len(t, entries, 1)
	assert.Equal(t, Failed, entries[0].State)

	_, err = b.run(t.Context(), files(first, broken, second, "INSERT INTO rides VALUES (4)"), 0)
	var known *fault.Error
	require.ErrorAs(t, err, &known)
	assert.Equal(t, fault.Unhealthy, known.Code)
	assert.Contains(t, known.What, "behind 1 of its 3 statements: the database says")
	assert.Contains(t, known.Try, "look whether statement 2 took effect (line 2: INSERT INTO nowhere VALUES (1))")
	assert.Contains(t, known.Try, "--resume 2. If it did, go on behind it: --resume 3")

	for _, resume := range []int{1, 4} {
		_, err = b.run(t.Context(), files(first, broken), resume)
		assert.Equal(t, fault.Unhealthy, fault.CodeOf(err), resume)
	}
	_, err = b.run(t.Context(), files(first, "CREATE TABLE rides (id BIGINT);\nDO 1"), 2)
	assert.ErrorContains(t, err, "what was done of it has been edited since")

	mended := "CREATE TABLE rides (id INT);\nINSERT INTO rides VALUES (1);\nINSERT INTO rides VALUES (3);\n"
	ran, err := b.run(t.Context(), files(first, mended, second, "INSERT INTO rides VALUES (4)"), 2)
	require.NoError(t, err)
	assert.Equal(t, []string{first, second}, ran)
	rows, err := b.conn.column(t.Context(), "SELECT id FROM rides ORDER BY id")
	require.NoError(t, err)
	assert.Equal(t, []string{"1", "3", "4"}, rows)
	for _, entry := range b.entries(t) {
		assert.Equal(t, Done, entry.State)
		assert.Empty(t, entry.Error)
	}
}

func TestAStatementThatTookEffectIsSteppedOver(t *testing.T) {
	b := newBench(t, "m_over")
	dir := files(first, "CREATE TABLE rides (id INT);\nCREATE TABLE rides (id INT)")
	_, err := b.run(t.Context(), dir, 0)
	require.Error(t, err)
	_, err = b.run(t.Context(), dir, 3)
	require.NoError(t, err)
	assert.Equal(t, 2, b.entries(t)[0].Statements)
}

func TestWhatATransactionTakesBackIsNotCounted(t *testing.T) {
	b := newBench(t, "m_back")
	_, err := b.run(t.Context(), files(first, "CREATE TABLE rides (id INT);\nSTART TRANSACTION;\nINSERT INTO rides VALUES (1);\nINSERT INTO nowhere VALUES (1);\nCOMMIT;"), 0)
	assert.ErrorContains(t, err, "1 of its 5 statements are done")
	_, err = b.run(t.Context(), files(first, "CREATE TABLE rides (id INT);\nSTART TRANSACTION;\nINSERT INTO rides VALUES (1)"), 2)
	require.NoError(t, err)
	other := b.connect(t)
	var n int
	require.NoError(t, other.One(t.Context(), "SELECT COUNT(*) FROM rides", nil, &n))
	assert.Equal(t, 1, n, "a transaction that is left open is ended")
}

func TestASecondRunIsToldWhoMigrates(t *testing.T) {
	b := newBench(t, "m_lock")
	unlock, err := OpenLedger(b.connect(t), b.schema).Lock(t.Context())
	require.NoError(t, err)
	began := time.Now()
	_, err = b.run(t.Context(), files(first, "DO 1"), 0)
	assert.ErrorContains(t, err, "the schema m_lock is being migrated by connection ")
	assert.ErrorContains(t, err, " of admin from ")
	assert.WithinDuration(t, began.Add(time.Second), time.Now(), 900*time.Millisecond)
	unlock()
	_, err = b.run(t.Context(), files(first, "DO 1"), 0)
	assert.NoError(t, err)
}

func TestARunThatIsInterruptedOrBreaksOffSaysHowToGoOn(t *testing.T) {
	for schema, stop := range map[string]func(*bench, context.CancelFunc){
		"m_interrupted": func(_ *bench, cancel context.CancelFunc) { cancel() },
		"m_broke": func(b *bench, _ context.CancelFunc) {
			_, _ = b.conn.db.pool.ExecContext(context.Background(), fmt.Sprintf("KILL %d", b.conn.id))
		},
	} {
		b := newBench(t, schema)
		dir := files(first, "CREATE TABLE rides (id INT);\nDO BENCHMARK(1000000000000, MD5(1));\nDO 1")
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(300*time.Millisecond, func() { stop(b, cancel) })
		_, err := b.run(ctx, dir, 0)
		require.Error(t, err, schema)
		cancel()
		b.conn = b.connect(t)
		_, err = b.run(t.Context(), dir, 0)
		assert.ErrorContains(t, err, "behind 1 of its 3 statements", schema)
		_, err = b.run(t.Context(), dir, 3)
		assert.NoError(t, err, schema)
	}
}

func TestTheLedgerKeepsNoSecret(t *testing.T) {
	b := newBench(t, "m_secret")
	_, err := b.run(t.Context(), files(first, "CREATE USER 'x'@'%' IDENTIFIED BY canary"), 0)
	assert.NotContains(t, err.Error(), "canary")
	assert.NotContains(t, b.entries(t)[0].Error, "canary")
}
