package cli

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/awsapi"
	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/ops"
)

// logLines is how many lines are shown where nothing else is said.
const logLines = 1000

// logTime is how long the lines may take to be read: a filter over a day is slow.
const logTime = 2 * time.Minute

type logsOptions struct {
	*App
	service, group, stream string
	follow                 bool
	since                  since
	query                  ops.LogQuery
}

func newLogsCommand(app *App) *cobra.Command {
	o := &logsOptions{App: app, since: since{time.Hour}}
	command := &cobra.Command{
		Use:   "logs [SERVICE]",
		Short: "what a service wrote on all its hosts, and what it writes now",
		Long: `Shows the newest lines of a service's log, the oldest first, in local time (JSON:
UTC). With -f it goes on until Ctrl-C, or --timeout; JSON is then one event a line.
--group shows another log of the environment in place of a service's.

The filter is a pattern of CloudWatch Logs: ERROR, "two words", ?either ?or,
{ $.level = "error" }.`,
		Example: `  d2ctl logs -e prod backend-api -f
  d2ctl logs -e prod backend-api --filter ERROR --since 1d
  d2ctl logs -e dev backend-api --stream release
  d2ctl logs -e prod --group sessions`,
		Args:              o.takesLog,
		ValidArgsFunction: app.completeFromFile(serviceNames),
		RunE:              func(command *cobra.Command, _ []string) error { return o.run(command.Context()) },
	}
	flags := command.Flags()
	flags.BoolVarP(&o.follow, "follow", "f", false, "go on with what is written from now on")
	flags.Var(&o.since, "since", "how far back: 90s, 15m, 2h or 3d")
	flags.StringVar(&o.query.Filter, "filter", "", "only lines that match the `pattern`")
	flags.StringVar(&o.query.Instance, "instance", "", "only those of one `instance`, e.g. i-0123456789abcdef0")
	flags.StringVar(&o.stream, "stream", "", "only `out|error|release|boot`: the app's two, what d2-release did, the host's boot")
	flags.IntVar(&o.query.Limit, "limit", logLines, "the newest `N` lines; 0 is all")
	flags.StringVar(&o.group, "group", "", "`sessions|flow|database|slowquery` in place of a service")
	completeFlag(command, "instance", app.completeFromAWS(hostIDs))
	completeFlag(command, "stream", cobra.FixedCompletions(streamNames, cobra.ShellCompDirectiveNoFileComp))
	completeFlag(command, "group", app.completeFromFile(logGroupNames))
	app.returns(command, []ops.LogEvent{})
	return command
}

var streamNames = []string{string(config.StreamOut), string(config.StreamError), string(config.StreamRelease), string(config.StreamBoot)}

// takesLog wants a service or --group, and refuses what cannot be shown.
func (o *logsOptions) takesLog(command *cobra.Command, args []string) error {
	switch {
	case o.group != "" && len(args) > 0:
		return fault.New(fault.Usage, "leave one of them out", "a service and --group exclude each other")
	case o.stream != "" && !slices.Contains(streamNames, o.stream):
		return fault.New(fault.Usage, "choose one of: out, error, release, boot", "there is no stream %q", o.stream)
	case o.query.Limit < 0:
		return fault.New(fault.Usage, "give a number of lines; 0 is all", "--limit %d is below 0", o.query.Limit)
	case o.group != "":
		return nil
	}
	if err := takes("SERVICE")(command, args); err != nil {
		return err
	}
	o.service = args[0]
	return nil
}

func (o *logsOptions) run(ctx context.Context) error {
	if o.follow && o.flags.output == "yaml" {
		return fault.New(fault.Usage, "use --json, one event a line", "-f and -o yaml exclude each other: yaml has an end")
	}
	connecting, connected := o.Within(ctx, readTime) // what follows has a time of its own
	defer connected()
	env, clients, err := o.Connect(connecting)
	if err != nil {
		return err
	}
	if o.query.Group, err = ops.FindLogGroup(env, o.service, o.group); err != nil {
		return err
	}
	o.query.Since, o.query.Stream = time.Now().Add(-o.since.Duration), config.LogStream(o.stream)
	if o.follow {
		return o.keepFollowing(ctx, clients.Logs())
	}
	ctx, cancel := o.Within(ctx, logTime)
	defer cancel()
	events, more, err := ops.ReadLogs(ctx, clients.Logs(), o.query)
	if err != nil {
		return err
	}
	if more {
		o.Say("older lines are left out: --limit shows more, --since less")
	}
	return o.showLogs(events)
}

// keepFollowing ends with ctx; the time of --timeout is how long was to be followed, and no failure.
func (o *logsOptions) keepFollowing(ctx context.Context, api ops.LogReader) error {
	if o.flags.timeout > 0 {
		limited, cancel := context.WithTimeout(ctx, o.flags.timeout)
		defer cancel()
		ctx = limited
	}
	err := ops.FollowLogs(ctx, api, o.query, o.showEvent)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil
	}
	return err
}

func hostIDs(ctx context.Context, env *config.Environment, clients *awsapi.Clients) ([]string, error) {
	hosts, err := ops.ReadHosts(ctx, clients.EC2(), env)
	var ids []string
	for _, host := range hosts {
		ids = append(ids, host.Instance)
	}
	return ids, err
}

func logGroupNames(env *config.Environment) []string {
	return slices.Sorted(maps.Keys(ops.LogGroups(env)))
}
