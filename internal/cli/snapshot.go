package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/iostreams"
	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/screen"
)

// snapshotTime is how long a snapshot is waited for: the first copies all that is stored.
const snapshotTime = 45 * time.Minute

func newSnapshotCommand(app *App) *cobra.Command {
	command := &cobra.Command{
		Use:   "snapshot",
		Short: "snapshots of the database: create one before a major change, list them",
	}
	command.AddCommand(newSnapshotCreateCommand(app), newSnapshotListCommand(app))
	return command
}

type snapshotCreateOptions struct {
	*App
	name string
}

func newSnapshotCreateCommand(app *App) *cobra.Command {
	o := &snapshotCreateOptions{App: app}
	command := &cobra.Command{
		Use:   "create",
		Short: "take a snapshot of the database, and wait until it can be restored from",
		Long: `Takes a manual snapshot, named after the environment and the time in UTC or
--name. It outlives the automatic ones and the database; d2ctl deletes none.`,
		Example: "  d2ctl snapshot create -e prod\n  d2ctl snapshot create -e prod --name before-v2",
		Args:    takes(),
		RunE:    func(command *cobra.Command, _ []string) error { return o.run(command.Context()) },
	}
	command.Flags().StringVar(&o.name, "name", "", "`NAME` behind the environment's prefix, in place of the time")
	app.returns(command, ops.Snapshot{})
	return command
}

func (o *snapshotCreateOptions) run(ctx context.Context) error {
	ctx, cancel := o.Within(ctx, snapshotTime)
	defer cancel()
	env, clients, err := o.Connect(ctx)
	if err != nil {
		return err
	}
	databases := clients.RDS()
	snapshot, err := ops.PlanSnapshot(ctx, databases, env, o.name, time.Now())
	if err != nil {
		return err
	}
	if agreed, err := o.Agree(ctx, snapshot.Plan(env)); !agreed || err != nil {
		return err
	}
	if err := snapshot.Do(ctx, databases, env); err != nil {
		return err
	}
	if err := o.await(ctx, databases, env, snapshot); err != nil {
		return err
	}
	return o.Show(snapshot, func(d *screen.Document) { drawSnapshots(d, []ops.Snapshot{*snapshot}, time.Now()) })
}

func (o *snapshotCreateOptions) await(ctx context.Context, api ops.SnapshotReader, env *config.Environment, snapshot *ops.Snapshot) error {
	if !o.Waits() {
		return nil
	}
	progress := o.Progress("taking the snapshot")
	defer progress.End()
	return snapshot.Await(ctx, api, env, progress.Tell)
}

func newSnapshotListCommand(app *App) *cobra.Command {
	command := &cobra.Command{
		Use:   "list",
		Short: "the database's snapshots, the automatic ones too, the newest first",
		Args:  takes(),
		RunE: func(command *cobra.Command, _ []string) error {
			ctx, cancel := app.Within(command.Context(), readTime)
			defer cancel()
			env, clients, err := app.Connect(ctx)
			if err != nil {
				return err
			}
			snapshots, err := ops.ReadSnapshots(ctx, clients.RDS(), env)
			if err != nil {
				return err
			}
			return app.Show(snapshots, func(d *screen.Document) { drawSnapshots(d, snapshots, time.Now()) })
		},
	}
	app.returns(command, []ops.Snapshot{})
	return command
}

func drawSnapshots(d *screen.Document, snapshots []ops.Snapshot, now time.Time) {
	table := d.Table("snapshots", "KIND", "TAKEN", "SIZE", "STATUS", "SNAPSHOT")
	for _, snapshot := range snapshots {
		status := screen.In(iostreams.Good, snapshot.Status)
		if snapshot.Status != "available" {
			status = screen.In(iostreams.Notable, fmt.Sprintf("%s %d%%", snapshot.Status, snapshot.Percent))
		}
		table.Row(snapshot.Kind, ago(now, snapshot.Created), fmt.Sprintf("%d GiB", snapshot.SizeGiB), status, snapshot.Identifier)
	}
	if len(snapshots) == 0 {
		table.Note(screen.In(iostreams.Faint, "none yet"))
	}
}
