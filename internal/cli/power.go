package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/internal/iostreams"
	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/screen"
)

// powerTime is how long a stop or start is waited for: the database takes ten
// minutes, and what it is in the middle of may take as long again.
const powerTime = 45 * time.Minute

type powerOptions struct {
	*App
	on bool
}

func newStopCommand(app *App) *cobra.Command {
	return newPowerCommand(&powerOptions{App: app}, &cobra.Command{
		Use:   "stop",
		Short: "stop DEV: its host, the bastion and the database",
		Long: `Stops DEV's host, the bastion and the database, one after the other, and waits
for each. What stands still costs its storage only. RDS starts a stopped database
again by itself after seven days, and DEV's working hours start all of it: the
plan says when. PROD is never stopped (runbook PROD 11.2).`,
		Example: "  d2ctl stop -e dev\n  d2ctl stop -e dev --dry-run",
	})
}

func newStartCommand(app *App) *cobra.Command {
	return newPowerCommand(&powerOptions{App: app, on: true}, &cobra.Command{
		Use:   "start",
		Short: "start DEV: the database, its host and the bastion",
		Long: `Starts DEV's database, the host and the bastion, one after the other, and waits
until the host's services answer their health checks. DEV's working hours stop
all of it again: the plan says when.`,
		Example: "  d2ctl start -e dev --yes",
	})
}

func newPowerCommand(o *powerOptions, command *cobra.Command) *cobra.Command {
	command.Args = takes()
	command.RunE = func(command *cobra.Command, _ []string) error { return o.run(command.Context()) }
	o.returns(command, ops.Power{})
	return command
}

func (o *powerOptions) run(ctx context.Context) error {
	ctx, cancel := o.Within(ctx, powerTime)
	defer cancel()
	env, err := o.Environment()
	if err != nil {
		return err
	}
	if err := ops.MayBePowered(env); err != nil { // before any call: no credentials make it right
		return err
	}
	env, clients, err := o.Connect(ctx)
	if err != nil {
		return err
	}
	api := ops.PowerAPI{
		Hosts: clients.EC2(), Database: clients.RDS(), Agents: clients.SSM(), Commands: clients.SSM(), Schedules: clients.Scheduler(),
	}
	power, err := ops.PlanPower(ctx, api, env, o.on, time.Now())
	if err != nil {
		return err
	}
	if power.Done() && !o.flags.dryRun {
		o.Say("%s is %s already", env.Environment, map[bool]string{true: "running", false: "stopped"}[o.on])
	} else if agreed, err := o.Agree(ctx, power.Plan()); !agreed || err != nil {
		return err
	}
	if err := o.do(ctx, api, power); err != nil {
		return err
	}
	return o.Show(power, func(d *screen.Document) { drawPower(d, power) })
}

func (o *powerOptions) do(ctx context.Context, api ops.PowerAPI, power *ops.Power) error {
	if !o.Waits() {
		return power.Order(ctx, api)
	}
	progress := o.Progress(map[bool]string{true: "starting DEV", false: "stopping DEV"}[o.on])
	defer progress.End()
	if !power.Done() {
		if err := power.Do(ctx, api, progress.Tell); err != nil {
			return err
		}
	}
	if !o.on {
		return nil
	}
	return power.AwaitAnswer(ctx, api, progress.Tell)
}

func drawPower(d *screen.Document, power *ops.Power) {
	if !power.RestartsBy.IsZero() {
		d.Line(screen.In(iostreams.Notable, "RDS starts the database again by itself by "+power.RestartsBy.Format("Mon 2006-01-02 15:04 MST")))
	}
	parts := d.Table("parts", "PART", "ID", "WAS", "IS")
	for _, part := range power.Parts {
		parts.Row(part.Kind, part.ID, part.From, part.State)
	}
	services := d.Table("services", "SERVICE", "RUNS", "HEALTHY")
	for _, running := range power.Running {
		healthy := screen.In(iostreams.Good, "yes")
		if !running.Healthy {
			healthy = screen.In(iostreams.Bad, "no")
		}
		services.Row(running.Service, running.Version, healthy)
	}
	drawWorkingHours(d.Table("schedule", "WHAT", "NEXT", "EXPRESSION"), power.Schedules)
}
