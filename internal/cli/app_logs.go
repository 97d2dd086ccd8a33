package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/iostreams"
	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/screen"
)

// mostLines keeps an answer within what Systems Manager returns, 24,000 characters.
const mostLines = 1000

type appLogsOptions struct {
	appOptions
	stream string
	lines  int
}

func newAppLogsCommand(app *App) *cobra.Command {
	o := &appLogsOptions{appOptions: appOptions{App: app}}
	command := o.appVerb(&cobra.Command{
		Use:   "logs SERVICE",
		Short: "the end of the app's log files on its hosts",
		Long: `Prints the last lines of an app's standard output and error from the files that
PM2 writes on each host: what is there before CloudWatch has it. For older lines,
and to follow, use d2ctl logs.`,
		Example: "  d2ctl app logs -e dev backend-api\n  d2ctl app logs -e dev backend-api --stream error --lines 200",
	}, hostTime, o.run)
	command.Flags().StringVar(&o.stream, "stream", "", "`out|error|release|boot|all` instead of out and error")
	command.Flags().IntVar(&o.lines, "lines", 50, "how many lines of each file")
	if err := command.RegisterFlagCompletionFunc("stream", cobra.FixedCompletions([]string{"out", "error", "release", "boot", "all"}, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // the flag stands above
	}
	app.returns(command, []ops.AppLog{})
	return command
}

func (o *appLogsOptions) run(ctx context.Context, on appHosts) error {
	if o.lines < 1 || o.lines > mostLines {
		return fault.New(fault.Usage, "give a number from 1 to 1000, or see all of them: d2ctl logs "+o.service, "--lines %d is too few or too many", o.lines)
	}
	streams, err := ops.LogStreams(o.stream)
	if err != nil {
		return err
	}
	logs, err := ops.ReadAppLogs(ctx, on.api.Commands, on.instances, on.service, streams, o.lines)
	if err != nil {
		return err
	}
	for _, log := range logs {
		if log.Cut {
			o.Say("d2ctl: %s of %s is cut at 24,000 characters; ask for fewer lines", log.Stream, log.Instance)
		}
	}
	return o.Show(logs, func(d *screen.Document) { drawAppLogs(d, logs) })
}

func drawAppLogs(d *screen.Document, logs []ops.AppLog) {
	for _, log := range logs {
		d.Line(screen.In(iostreams.Strong, log.Instance), screen.In(iostreams.Faint, log.File))
		if len(log.Lines) == 0 {
			d.Line(screen.In(iostreams.Faint, "nothing was written"))
		}
		for _, line := range log.Lines {
			d.Line(screen.Text(strings.TrimRight(line, "\r")))
		}
	}
}
