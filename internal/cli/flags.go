package cli

import (
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/d2-ride-booking/platform/internal/fault"
)

// printsCSV annotates verbs that take -o csv too: what they print is rows of somebody else's.
const printsCSV = "csv"

// globalFlags are those of every verb.
type globalFlags struct {
	env, environments, region, profile string
	output, jq, confirm                string
	json, dryRun, yes, noWait          bool
	noColor, verbose                   bool
	timeout                            time.Duration
}

func (f *globalFlags) add(flags *pflag.FlagSet) {
	flags.StringVarP(&f.env, "env", "e", "", "environment: `dev|prod` (or the variable D2_ENV)")
	flags.StringVar(&f.environments, "environments", "", "read the environments from `DIR` instead of those built in")
	flags.StringVar(&f.region, "region", "", "AWS `Region` instead of the environment's")
	flags.StringVar(&f.profile, "profile", "", "AWS profile `NAME` (or the variable AWS_PROFILE)")
	flags.StringVarP(&f.output, "output", "o", "table", "how data is printed: `table|json|yaml|tsv`")
	flags.BoolVar(&f.json, "json", false, "short for -o json")
	flags.StringVar(&f.jq, "jq", "", "print what the jq expression `EXPR` takes of the JSON")
	flags.BoolVar(&f.dryRun, "dry-run", false, "print the plan and change nothing")
	flags.BoolVar(&f.yes, "yes", false, "do not ask (PROD needs --confirm prod as well)")
	flags.StringVar(&f.confirm, "confirm", "", "the `environment`'s name, in place of typing it")
	flags.DurationVar(&f.timeout, "timeout", 0, "wait no longer than this `duration`, e.g. 10m (each verb has its own)")
	flags.BoolVar(&f.noWait, "no-wait", false, "end when the work is ordered, not when it is done")
	flags.BoolVar(&f.noColor, "no-color", false, "no colours (or the variable NO_COLOR)")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "show each call of AWS with status, time and request id")
}

// settle checks the flags against one another, once they are all read.
func (f *globalFlags) settle(command *cobra.Command) error {
	switch f.output {
	case "table", "json", "yaml", "tsv":
	case "csv":
		if command.Annotations[printsCSV] == "" {
			return fault.New(fault.Usage, "choose one of: table, json, yaml, tsv", "%s prints no csv", command.CommandPath())
		}
	default:
		return fault.New(fault.Usage, "choose one of: table, json, yaml, tsv", "-o %s is no way to print", f.output)
	}
	if f.json || f.jq != "" {
		if command.Flags().Changed("output") && f.output != "json" {
			return fault.New(fault.Usage, "leave one of them out", "-o %s and --json or --jq exclude each other", f.output)
		}
		f.output = "json"
	}
	if f.timeout < 0 {
		return fault.New(fault.Usage, "give a duration such as 90s or 10m", "--timeout %s is in the past", f.timeout)
	}
	return nil
}
