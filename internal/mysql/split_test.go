package mysql

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/d2-ride-booking/platform/internal/fault"
)

func TestStatementsEndWhereTheClientEndsThem(t *testing.T) {
	for text, want := range map[string][]Statement{
		"":                                      nil,
		" ;; -- nothing;\n# nor here;\n":        nil,
		"SELECT 1":                              {{"SELECT 1", 1}},
		"SELECT 1; SELECT 2;":                   {{"SELECT 1", 1}, {"SELECT 2", 1}},
		"SELECT ';';\n\nSELECT \";\"":           {{"SELECT ';'", 1}, {`SELECT ";"`, 3}},
		"SELECT 'it''s; \\'; x';SELECT `a;``b`": {{`SELECT 'it''s; \'; x'`, 1}, {"SELECT `a;``b`", 1}},
		"-- first; one\n/* and\n; this */ SELECT 1 /* in; it */ + 1; -- behind;": {{"SELECT 1 /* in; it */ + 1", 3}},
		"/*!50000 SET @x = 1 */;": {{"/*!50000 SET @x = 1 */", 1}},
		"SELECT 1--1;":            {{"SELECT 1--1", 1}},
		"SELECT 1 --\n;":          {{"SELECT 1 --", 1}},
		"DELIMITER //\nCREATE TRIGGER t BEGIN a; b; END//\ndelimiter ;\nSELECT 1;": {{"CREATE TRIGGER t BEGIN a; b; END", 2}, {"SELECT 1", 4}},
		"DELIMITER $$\nSELECT 1$$": {{"SELECT 1", 2}},
		"SELECT\r\n1;\r\nSELECT 2": {{"SELECT\r\n1", 1}, {"SELECT 2", 3}},
	} {
		found, err := SplitAll(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, found, text)
	}
}

func TestWhatIsNotClosedIsRefusedWithItsLine(t *testing.T) {
	for text, want := range map[string]string{
		"SELECT 1;\nSELECT 'x;\n": "line 2: a ' is opened", "SELECT `x": "line 1: a ` is opened", "\n/* x": "line 2: a /* is opened", `SELECT "\"`: `line 1: a " is opened`,
	} {
		_, err := SplitAll(text)
		assert.ErrorContains(t, err, want)
	}
}

func TestTypingLineByLineEndsInTheSameStatements(t *testing.T) {
	splitter := new(Splitter)
	done, rest, open := splitter.Split("DELIMITER //\nSELECT 1;\n")
	assert.Empty(t, done)
	assert.Equal(t, "SELECT 1;", rest.Text)
	assert.Empty(t, open)
	done, rest, _ = splitter.Split(rest.Text + "\nSELECT '//")
	assert.Empty(t, done)
	assert.NotEmpty(t, rest.Text)
	done, rest, _ = splitter.Split(rest.Text + "'//")
	assert.Equal(t, []Statement{{"SELECT 1;\nSELECT '//'", 1}}, done)
	assert.Empty(t, rest.Text)
}

func TestNoTextMakesTheSplitterFail(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune("a;'\"`\\/*-# \n\r$!é0"))).Draw(t, "text")
		found, err := SplitAll(text)
		if err == nil {
			for _, each := range found {
				assert.NotEmpty(t, each.Text)
			}
		}
	})
}

func TestOnlyWhatLooksIsRunWithoutWrites(t *testing.T) {
	for _, reads := range []string{
		"SELECT 1", "(SELECT 1)", "select\n1", "/* x */ show tables", "WITH a AS (SELECT 1) SELECT * FROM a", "DESC t", "EXPLAIN SELECT 1",
		"START TRANSACTION READ ONLY", "START TRANSACTION", "SET @x = 1", "USE other", "TABLE t", "-- why\nSELECT 1",
	} {
		assert.NoError(t, MustRead(reads), reads)
	}
	for _, changes := range []string{
		"INSERT INTO t VALUES (1)", "KILL 3", "FLUSH PRIVILEGES", "SET GLOBAL x = 1", "SET SESSION TRANSACTION READ WRITE", "START TRANSACTION READ WRITE",
		"/*!50000 SET GLOBAL x = 1 */", "SET @@transaction_read_only = 0", "CALL p()", "SELECTED", "1",
	} {
		assert.Equal(t, fault.Usage, fault.CodeOf(MustRead(changes)), changes)
	}
}

func TestWhatMayHoldASecretIsNotShown(t *testing.T) {
	for _, statement := range []string{"CREATE USER x IDENTIFIED BY 'canary'", "SET PASSWORD = 'canary'", "UPDATE t SET api_token = 'canary'", "ALTER USER x identified with y as 'canary'"} {
		assert.True(t, HoldsSecret(statement), statement)
		assert.NotContains(t, Shown(statement), "canary")
	}
	assert.Equal(t, "UPDATE t SET a = 1", Shown("-- why\nUPDATE t\n  SET a = 1"))
}
