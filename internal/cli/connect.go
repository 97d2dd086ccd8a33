package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/awsapi"
	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/session"
)

// findTime is how long the end of a session may take to be found.
const findTime = time.Minute

type connectOptions struct {
	*App
	target  string
	command string
	any     bool
}

func newConnectCommand(app *App) *cobra.Command {
	o := &connectOptions{App: app}
	command := &cobra.Command{
		Use:   "connect [bastion|SERVICE|INSTANCE] [-- COMMAND...]",
		Short: "a shell on a host, or one command there",
		Long: `Opens a shell on the bastion, on a host of a service, or on an instance, through
Systems Manager: no key, no open port, no plugin. Each key goes to the host, Ctrl-C
too; the shell ends with exit or Ctrl-D. All of it is logged.

With a COMMAND it runs that alone, in the same logged shell, and ends with its exit
code. One word is a line for the shell, several are quoted. It has no input, and
what it writes to stderr comes on stdout, as a terminal has one output.`,
		Example: `  d2ctl connect -e dev
  d2ctl connect -e prod backend-api --any
  d2ctl connect -e prod i-0123456789abcdef0
  d2ctl connect -e dev backend-api -- 'df -h / | tail -n 1'`,
		ValidArgsFunction: app.completeFromAWS(sessionTargets),
		RunE: func(command *cobra.Command, args []string) error {
			words := args
			if dash := command.ArgsLenAtDash(); dash >= 0 {
				words, args = args[:dash], args[dash:]
				if len(args) == 0 {
					return fault.New(fault.Usage, "give a command, or leave -- out", "nothing stands after --")
				}
				o.command = session.Line(args)
			}
			if err := takesUpTo(1)(command, words); err != nil {
				return err
			}
			o.target = config.ServiceBastion
			if len(words) == 1 {
				o.target = words[0]
			}
			return o.run(command.Context())
		},
	}
	app.returns(command, ops.Plan{}) // with --dry-run; a session itself is no data
	command.Flags().BoolVar(&o.any, "any", false, "of several hosts take one that Systems Manager reaches, without asking")
	return command
}

// sessionTargets are what connect can be given.
func sessionTargets(ctx context.Context, env *config.Environment, clients *awsapi.Clients) ([]string, error) {
	hosts, err := ops.ReadHosts(ctx, clients.EC2(), env)
	return ops.SessionTargets(env, hosts), err
}

func (o *connectOptions) run(ctx context.Context) error {
	person := o.Streams.In.Terminal && o.Streams.Out.Terminal
	if o.command == "" && !o.flags.dryRun && !person {
		return fault.New(fault.Usage, "give it a command: d2ctl connect … -- COMMAND", "a shell needs a terminal, and this is none")
	}
	host, env, clients, err := o.find(ctx)
	if err != nil {
		return err
	}
	if o.flags.dryRun {
		_, err := o.Agree(ctx, ops.PlanShell(env, host, o.command))
		return err
	}
	o.Say("%s: %s (%s); what is typed and shown is logged in %s", stageName(env), host.Instance, host.Name, env.SessionLogGroup())
	shell := session.ShellOptions{
		Caller: sessionCaller(clients), Instance: host.Instance, Document: env.SessionDocumentName(), Why: whyNoSession(env, clients, host.Instance),
	}
	if o.command != "" {
		if o.flags.timeout > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, o.flags.timeout)
			defer cancel()
		}
		code, err := session.Run(ctx, shell, o.command, o.Streams.Out)
		if err != nil {
			return err
		}
		return endsWith(code)
	}
	said, err := session.Shell(ctx, shell)
	if said != "" {
		o.Say("the session ended: %s", said)
	}
	return err
}

// find finds the one host that is meant.
func (o *connectOptions) find(ctx context.Context) (host ops.Host, env *config.Environment, clients *awsapi.Clients, err error) {
	ctx, cancel := o.Within(ctx, findTime)
	defer cancel()
	if env, clients, err = o.Connect(ctx); err != nil {
		return host, env, clients, err
	}
	hosts, err := ops.ReachableHosts(ctx, clients.EC2(), env, o.target)
	if err != nil {
		return host, env, clients, err
	}
	if len(hosts) > 1 {
		if err := ops.ReadAgents(ctx, clients.SSM(), hosts); err != nil {
			return host, env, clients, err
		}
	}
	host, err = o.choose(ctx, hosts)
	return host, env, clients, err
}

// choose takes one of several hosts: any that is reached, or the one that the person names.
func (o *connectOptions) choose(ctx context.Context, hosts []ops.Host) (ops.Host, error) {
	if len(hosts) == 1 {
		return hosts[0], nil
	}
	if o.any {
		at := slices.IndexFunc(hosts, func(host ops.Host) bool { return host.Agent == ops.Online })
		return hosts[max(at, 0)], nil
	}
	if !o.Streams.CanAsk() || o.flags.dryRun {
		return ops.Host{}, fault.New(fault.NotFound, "name one, or add --any", "%d hosts answer to %s: %s", len(hosts), o.target, strings.Join(ops.InstanceIDs(hosts), ", "))
	}
	for i, host := range hosts {
		o.Say("%d  %s  %s  %s  up since %s  %s", i+1, host.Instance, host.Name, host.Zone, host.Launched.Local().Format(time.DateTime), host.Agent)
	}
	typed, err := o.Ask(ctx, fmt.Sprintf("Which? [1-%d] ", len(hosts)))
	if err != nil {
		return ops.Host{}, err
	}
	number, err := strconv.Atoi(typed)
	if err != nil || number < 1 || number > len(hosts) {
		return ops.Host{}, fault.New(fault.Usage, "", "%q is none of them; nothing was opened", typed)
	}
	return hosts[number-1], nil
}

// sessionCaller opens sessions as d2ctl calls.
func sessionCaller(clients *awsapi.Clients) session.Caller {
	return session.Caller{API: clients.SSM(), Config: clients.Config()}
}

// whyNoSession looks at the host when AWS refuses a session.
func whyNoSession(env *config.Environment, clients *awsapi.Clients, instance string) func(context.Context, error) error {
	api := ops.ReachAPI{Hosts: clients.EC2(), Agents: clients.SSM(), Database: clients.RDS()}
	return func(ctx context.Context, err error) error { return ops.WhyNoSession(ctx, api, env, instance, err) }
}

// stageName is the environment as it is said aloud.
func stageName(env *config.Environment) string {
	if env.Environment == config.Prod {
		return "PROD"
	}
	return "DEV"
}

// endsWith is the error that ends d2ctl with a command's exit code, and says nothing: the command has.
func endsWith(code int) error {
	if code == 0 {
		return nil
	}
	return &fault.Error{Code: fault.Code(code)}
}
