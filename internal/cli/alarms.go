package cli

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/iostreams"
	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/screen"
)

type alarmsOptions struct {
	*App
	all bool
}

func newAlarmsCommand(app *App) *cobra.Command {
	o := &alarmsOptions{App: app}
	command := &cobra.Command{
		Use:   "alarms",
		Short: "which alarms are on, since when, why, and what to do",
		Long: `Shows the alarms that are on, of the environment's Region and of the sites'. The
exit code is 6 while one is on, else 0. What each alarm watches: docs/alarms.md.`,
		Example: "  d2ctl alarms -e prod\n  d2ctl alarms -e prod --all\n  d2ctl alarms -e prod --jq .[].name",
		Args:    takes(),
		RunE:    func(command *cobra.Command, _ []string) error { return o.run(command.Context()) },
	}
	command.Flags().BoolVar(&o.all, "all", false, "show the quiet ones too")
	app.returns(command, []ops.Alarm{})
	return command
}

func (o *alarmsOptions) run(ctx context.Context) error {
	ctx, cancel := o.Within(ctx, readTime)
	defer cancel()
	env, clients, err := o.Connect(ctx)
	if err != nil {
		return err
	}
	alarms, err := ops.ReadAllAlarms(ctx, clients.CloudWatch(), clients.In(config.EdgeRegion).CloudWatch(), env)
	if err != nil {
		return err
	}
	firing, quiet := 0, 0
	shown := []ops.Alarm{}
	for _, alarm := range alarms {
		if alarm.Firing() {
			firing++
		} else {
			quiet++
		}
		if alarm.Firing() || o.all {
			shown = append(shown, alarm)
		}
	}
	if err := o.Show(shown, func(d *screen.Document) { drawAlarmList(d, env, shown, quiet, time.Now()) }); err != nil {
		return err
	}
	if firing > 0 {
		return fault.New(fault.Unhealthy, "", "%s: %s on", env.Environment, count(firing, "alarm"))
	}
	return nil
}

// drawAlarmList has those that are on first; what to do stands in a table of its
// own, as two long texts in one row cannot both be read.
func drawAlarmList(d *screen.Document, env *config.Environment, alarms []ops.Alarm, quiet int, now time.Time) {
	slices.SortStableFunc(alarms, func(a, b ops.Alarm) int { return cmp.Compare(urgency(a), urgency(b)) })
	table := d.Table("alarms", "ALARM", "STATE", "SINCE", "WHY")
	todo := d.Table("what to do", "ALARM", "MEANING")
	for _, alarm := range alarms {
		name, mood := strings.TrimPrefix(alarm.Name, env.Named("")), iostreams.Plain
		switch {
		case alarm.Firing():
			mood = iostreams.Bad
			todo.Row(name, alarm.Meaning)
		case alarm.State == "INSUFFICIENT_DATA":
			mood = iostreams.Faint
		}
		table.Row(name, screen.In(mood, words(alarm.State)), ago(now, alarm.Since), alarm.Reason)
	}
	table.Note(screen.In(iostreams.Faint, count(quiet, "alarm")+" quiet"))
}

func urgency(alarm ops.Alarm) int {
	return slices.Index([]string{"ALARM", "INSUFFICIENT_DATA", "OK"}, alarm.State)
}
