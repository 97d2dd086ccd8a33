package ops

import (
	"context"
	"fmt"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/mysql"
)

// DatabaseMigration is a run of migrations (docs/application.md).
type DatabaseMigration struct {
	// Schema that is migrated.
	Schema string `json:"schema"`
	// Applied is how many were done before.
	Applied int `json:"applied"`
	// Pending are the files to run, in their order.
	Pending []PendingMigration `json:"pending"`
	// Ledger is what the database has had, as last read.
	Ledger []mysql.Entry `json:"ledger"`

	pending *mysql.Pending
	ledger  *mysql.Ledger
}

// PendingMigration is a file to run.
type PendingMigration struct {
	// Name of the file.
	Name string `json:"name"`
	// SHA256 of it.
	SHA256 string `json:"sha256"`
	// Statements in it, and the first of them that is run: not 1 where a failed one is gone on with.
	Statements int `json:"statements"`
	From       int `json:"from"`
}

// PlanDatabaseMigration holds the files against the ledger. Lock first where it is to be done.
func PlanDatabaseMigration(ctx context.Context, ledger *mysql.Ledger, env *config.Environment, files []mysql.Migration, resume int) (*DatabaseMigration, error) {
	entries, err := ledger.Read(ctx)
	if err != nil {
		return nil, err
	}
	pending, err := mysql.Compare(files, entries, resume)
	if err != nil {
		return nil, err
	}
	migration := &DatabaseMigration{
		Schema: env.Database.Name, Applied: pending.Applied, Ledger: entries, Pending: []PendingMigration{},
		pending: pending, ledger: ledger,
	}
	if entries == nil {
		migration.Ledger = []mysql.Entry{}
	}
	from := pending.Begin
	for _, each := range pending.Migrations {
		migration.Pending = append(migration.Pending, PendingMigration{Name: each.Name, SHA256: each.SHA256, Statements: len(each.Statements), From: from})
		from = 1
	}
	return migration, nil
}

// Plan is what Do will do.
func (m *DatabaseMigration) Plan(env *config.Environment) *Plan {
	plan := NewPlan(env).Do("the schema %s gets %s; it has had %d", m.Schema, counted(len(m.Pending), "migration"), m.Applied)
	plan.Do("MySQL takes no DDL back, a snapshot does: d2ctl snapshot create -e %s", env.Environment)
	for _, each := range m.Pending {
		with := counted(each.Statements, "statement")
		switch {
		case each.From > each.Statements:
			with = "no statement, it is noted as done"
		case each.From > 1:
			with = fmt.Sprintf("from statement %d of %d", each.From, each.Statements)
		}
		plan.Call("MySQL.migrate", each.Name, with+", sha256 "+each.SHA256[:12])
	}
	return plan
}

// Do runs what is pending, as the identity by, and reads the ledger again.
func (m *DatabaseMigration) Do(ctx context.Context, by string, tell Listener) error {
	err := m.ledger.Run(ctx, m.pending, by, func(each mysql.Migration) {
		tell(Event{Subject: each.Name, State: counted(len(each.Statements), "statement")})
	})
	if err != nil {
		return err
	}
	m.Ledger, err = m.ledger.Read(ctx)
	return err
}
