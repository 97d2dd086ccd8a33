package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/internal/fault"
)

// Groups of verbs, in the order of the help.
const (
	groupSee    = "see"
	groupChange = "change"
	groupHelp   = "help"
)

// verb is one command under d2ctl, or a noun with its own verbs below.
type verb struct {
	group string
	make  func(*App) *cobra.Command
}

// verbs are all there are, in the order of the help. A new one is one line here.
func verbs() []verb {
	return []verb{
		{groupSee, newStatusCommand},
		{groupSee, newOutputsCommand},
		{groupSee, newReleasesCommand},
		{groupSee, newWatchCommand},
		{groupSee, newLogsCommand},
		{groupSee, newMetricsCommand},
		{groupSee, newAlarmsCommand},
		{groupSee, newDoctorCommand},
		{groupSee, newCostCommand},
		{groupSee, newDiagramCommand},
		{groupSee, newConnectCommand},
		{groupSee, newTunnelCommand},
		{groupChange, newDeployCommand},
		{groupChange, newRollbackCommand},
		{groupChange, newScaleCommand},
		{groupChange, newAppCommand},
		{groupChange, newSiteCommand},
		{groupChange, newUserCommand},
		{groupChange, newDBCommand},
		{groupChange, newSnapshotCommand},
		{groupChange, newStopCommand},
		{groupChange, newStartCommand},
		{groupHelp, newRunbookCommand},
		{groupHelp, newVersionCommand},
	}
}

// NewRoot is d2ctl with all its verbs.
func NewRoot(app *App) *cobra.Command {
	root := &cobra.Command{
		Use:   "d2ctl",
		Short: "operate DEV and PROD of D2 Ride Booking: the two runbooks as one program",
		Long: `d2ctl operates DEV and PROD of D2 Ride Booking: the two runbooks as one program.

Data goes to stdout, talk to stderr. What changes something shows its plan first
and asks; --dry-run shows the plan alone.`,
		SilenceErrors: true, // App.report says it better
		SilenceUsage:  true,
		PersistentPreRunE: func(command *cobra.Command, _ []string) error {
			if err := app.flags.settle(command); err != nil {
				return err
			}
			app.started = true
			if app.flags.noColor {
				app.Streams.Monochrome()
			}
			return nil
		},
	}
	root.SetIn(app.Streams.In)
	root.SetOut(app.Streams.Out)
	root.SetErr(app.Streams.Err)
	app.flags.add(root.PersistentFlags())
	completeFlags(root)
	root.SetFlagErrorFunc(func(command *cobra.Command, err error) error {
		return &fault.Error{Code: fault.Usage, What: err.Error(), Try: "see its flags: " + command.CommandPath() + " --help", Cause: err}
	})
	root.AddGroup(
		&cobra.Group{ID: groupSee, Title: "See:"},
		&cobra.Group{ID: groupChange, Title: "Change:"},
		&cobra.Group{ID: groupHelp, Title: "Find your way:"},
	)
	root.SetHelpCommandGroupID(groupHelp)
	root.SetCompletionCommandGroupID(groupHelp)
	for _, each := range verbs() {
		command := each.make(app)
		command.GroupID = each.group
		root.AddCommand(command)
	}
	nameRunbooks(root)
	root.SetHelpFunc(app.helpOrRefusal(root.HelpFunc()))
	return root
}

// helpOrRefusal shows the help, but not to who names a verb that a noun does not
// have: cobra knows only that a noun does nothing by itself, shows its help, and
// calls that a success.
func (a *App) helpOrRefusal(help func(*cobra.Command, []string)) func(*cobra.Command, []string) {
	return func(command *cobra.Command, args []string) {
		word := command.Flags().Arg(0)
		if word == "" || !command.HasParent() || command.Runnable() {
			help(command, args)
			return
		}
		var verbs []string
		for _, each := range command.Commands() {
			verbs = append(verbs, each.Name())
		}
		a.refused = fault.New(fault.Usage, "name one of: "+strings.Join(verbs, ", "), "%q is no verb of %s", word, command.CommandPath())
	}
}

// returns notes what a verb prints as JSON, by a zero value of its type: the
// schemas of docs/schemas are made from it.
func (a *App) returns(command *cobra.Command, zero any) { a.results[command] = zero }

// Result is what a command prints as JSON, as a zero value; nil for one that prints none.
func (a *App) Result(command *cobra.Command) any { return a.results[command] }

// takes refuses any other number of arguments than the names given, and says which are meant.
func takes(names ...string) cobra.PositionalArgs {
	return func(command *cobra.Command, args []string) error {
		if len(args) == len(names) {
			return nil
		}
		try := "run it as: " + command.UseLine()
		if len(args) > len(names) {
			return fault.New(fault.Usage, try, "%s is one word too many", args[len(names)])
		}
		return fault.New(fault.Usage, try, "%s is missing", names[len(args)])
	}
}

// takesUpTo is takes for arguments that may be left out.
func takesUpTo(most int) cobra.PositionalArgs {
	return func(command *cobra.Command, args []string) error {
		if len(args) <= most {
			return nil
		}
		return fault.New(fault.Usage, "run it as: "+command.UseLine(), "%s is one word too many", args[most])
	}
}
