package mysql

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/d2-ride-booking/platform/internal/fault"
)

// migrationName is e.g. 0012_add_rides_index.sql.
var migrationName = regexp.MustCompile(`^([0-9]{4})_([a-z0-9][a-z0-9_]*)\.sql$`)

// Migration is one file: statements that are run once, in the order of the files' numbers.
type Migration struct {
	// Version is the number in its name, from 1.
	Version int
	// Name of the file.
	Name string
	// SHA256 of its text, with line feeds as line ends, in hexadecimal.
	SHA256 string
	// Statements in it.
	Statements []Statement
}

// ReadMigrations reads a directory: files NNNN_name.sql, numbered from 0001
// without a gap. Other files that end in .sql are refused, the rest is ignored.
func ReadMigrations(dir fs.FS) ([]Migration, error) {
	entries, err := fs.ReadDir(dir, ".")
	if err != nil {
		return nil, fault.New(fault.Usage, "name a directory of files NNNN_name.sql", "the migrations cannot be read: %v", err)
	}
	var found []Migration
	for _, entry := range entries {
		if !strings.HasSuffix(strings.ToLower(entry.Name()), ".sql") {
			continue
		}
		migration, err := readMigration(dir, entry.Name())
		if err != nil {
			return nil, err
		}
		found = append(found, migration)
	}
	slices.SortFunc(found, func(a, b Migration) int { return cmp.Compare(a.Version, b.Version) })
	return found, inARow(found)
}

func readMigration(dir fs.FS, name string) (Migration, error) {
	parts := migrationName.FindStringSubmatch(name)
	if parts == nil {
		return Migration{}, fault.New(fault.Usage, "name it NNNN_what_it_does.sql, in small letters", "%s is no name of a migration", name)
	}
	text, err := fs.ReadFile(dir, name)
	if err != nil {
		return Migration{}, err
	}
	// A checkout on Windows has other line ends, and is the same migration.
	plain := strings.ReplaceAll(string(text), "\r\n", "\n")
	statements, err := SplitAll(plain)
	var known *fault.Error
	switch {
	case errors.As(err, &known):
		return Migration{}, fault.New(known.Code, known.Try, "%s: %s", name, known.What)
	case len(statements) == 0:
		return Migration{}, fault.New(fault.Usage, "take it out, or write what it is to do", "%s has no statement in it", name)
	}
	version, _ := strconv.Atoi(parts[1]) // four digits
	return Migration{Version: version, Name: name, SHA256: sum(plain), Statements: statements}, nil
}

// inARow refuses gaps and duplicates: two branches that were merged have the same number.
func inARow(migrations []Migration) error {
	for i, each := range migrations {
		switch {
		case i > 0 && each.Version == migrations[i-1].Version:
			return fault.New(fault.Usage, "give the later one the next number", "%s and %s have the same number", migrations[i-1].Name, each.Name)
		case each.Version != i+1:
			return fault.New(fault.Usage, "number the files from 0001 without a gap", "%04d is missing before %s", i+1, each.Name)
		}
	}
	return nil
}

// begins is the sum of the first statements of a migration: what was done of one
// that failed must not be edited.
func (m Migration) begins(statements int) string {
	var text strings.Builder
	for _, each := range m.Statements[:min(statements, len(m.Statements))] {
		text.WriteString(each.Text + "\x00")
	}
	return sum(text.String())
}

func sum(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// Pending is what is left to do of a directory.
type Pending struct {
	// Migrations to run, in order.
	Migrations []Migration
	// Begin is the statement, counted from 1, with which the first of them begins: not 1 for one that is resumed.
	Begin int
	// Applied is how many are in the ledger as done.
	Applied int
}

// Compare holds a directory against the ledger. resume is the number of the
// statement with which to go on in a migration that failed; 0 goes on in none.
func Compare(migrations []Migration, ledger []Entry, resume int) (*Pending, error) {
	pending := &Pending{Begin: 1}
	for i, entry := range ledger {
		if i >= len(migrations) || migrations[i].Version != entry.Version {
			return nil, fault.New(fault.Usage, "take the directory of the newest release", "the database has %s, which is not in the directory", entry.Name)
		}
		migration := migrations[i]
		if entry.State != Done {
			return pending, pending.goOn(migrations[i:], entry, resume)
		}
		if entry.SHA256 != migration.SHA256 {
			return nil, fault.New(fault.Usage, "put the file back as it was (git log), and write what is to change as a new one",
				"%s was edited after it was applied on %s by %s", migration.Name, entry.At, entry.By)
		}
		pending.Applied++
	}
	if resume > 0 {
		return nil, fault.New(fault.Usage, "run it without --resume", "no migration has failed, so there is none to go on with")
	}
	pending.Migrations = migrations[pending.Applied:]
	return pending, nil
}

// goOn is about a migration that failed half-way: MySQL cannot take back what its
// DDL did, so a person says whether the statement that failed has taken effect.
func (p *Pending) goOn(left []Migration, entry Entry, resume int) error {
	migration, next := left[0], entry.Statements+1
	if entry.Begun != migration.begins(entry.Statements) || next > len(migration.Statements)+1 {
		return fault.New(fault.Usage, "put back its first statements as they were; what stands behind them may be changed",
			"%s failed behind its statement %d, and what was done of it has been edited since", migration.Name, entry.Statements)
	}
	if resume == 0 || resume < next || resume > next+1 {
		return failedBefore(migration, entry, next)
	}
	p.Migrations, p.Begin = left, resume
	return nil
}

// failedBefore says what to look at, and the two ways on.
func failedBefore(migration Migration, entry Entry, next int) error {
	what := fmt.Sprintf("%s failed on %s, run by %s, behind %d of its %d statements: %s",
		migration.Name, entry.At, entry.By, entry.Statements, len(migration.Statements), cmp.Or(entry.Error, "it broke off"))
	if next > len(migration.Statements) {
		return fault.New(fault.Unhealthy, fmt.Sprintf("all its statements are done: go on with --resume %d", next), "%s", what)
	}
	statement := migration.Statements[next-1]
	return fault.New(fault.Unhealthy,
		fmt.Sprintf("look whether statement %d took effect (line %d: %s). If not, mend the cause and go on with it: --resume %d. If it did, go on behind it: --resume %d",
			next, statement.Line, beginning(statement.Text), next, next+1),
		"%s", what)
}

// beginning is as much of a statement as tells which it is.
func beginning(statement string) string {
	shown := []rune(Shown(statement))
	if len(shown) > 60 {
		return string(shown[:60]) + "…"
	}
	return string(shown)
}

// Run applies what is pending, one after the other, and tells of each before it
// begins. The ledger must be locked by the connection.
func (l *Ledger) Run(ctx context.Context, pending *Pending, by string, tell func(Migration)) error {
	begin := pending.Begin
	for _, migration := range pending.Migrations {
		tell(migration)
		if err := l.run(ctx, migration, begin, by); err != nil {
			return err
		}
		begin = 1
	}
	return nil
}
