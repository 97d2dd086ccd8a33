package cli

import (
	"cmp"
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/awsapi"
	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/iostreams"
	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/screen"
)

// hostTime is how long hosts have to answer a command that only reads.
const hostTime = time.Minute

// appOptions are those of every verb below app.
type appOptions struct {
	*App
	service  string
	instance string // empty for all
}

func newAppCommand(app *App) *cobra.Command {
	command := &cobra.Command{
		Use:   "app",
		Short: "the app on its hosts: state, logs, restart, variables",
		Long: `Asks the hosts of a service by Systems Manager's Run Command, with a fixed list of
commands: nobody has to log in for them.`,
	}
	command.AddCommand(newAppStatusCommand(app), newAppLogsCommand(app), newAppRestartCommand(app, ops.Restart),
		newAppRestartCommand(app, ops.Reload), newAppEnvCommand(app))
	return command
}

// appVerb makes a verb below app: its service is the argument, its hosts are found before it runs.
func (o *appOptions) appVerb(command *cobra.Command, usual time.Duration, run func(context.Context, appHosts) error) *cobra.Command {
	command.Args = takes("SERVICE")
	command.ValidArgsFunction = o.completeFromFile(serviceNames)
	command.Flags().StringVar(&o.instance, "instance", "", "only this `i-...`")
	if err := command.RegisterFlagCompletionFunc("instance", o.completeInstances); err != nil {
		panic(err) // the flag stands in the line above
	}
	command.RunE = func(command *cobra.Command, args []string) error {
		o.service = args[0]
		ctx, cancel := o.Within(command.Context(), usual)
		defer cancel()
		hosts, err := o.hosts(ctx)
		if err != nil {
			return err
		}
		return run(ctx, hosts)
	}
	return command
}

// appHosts is a service with the hosts that a verb is about.
type appHosts struct {
	env       *config.Environment
	api       ops.AppAPI
	service   config.Service
	instances []string
}

func (o *appOptions) hosts(ctx context.Context) (appHosts, error) {
	env, clients, err := o.Connect(ctx)
	if err != nil {
		return appHosts{}, err
	}
	service, err := ops.FindService(env, o.service)
	if err != nil {
		return appHosts{}, err
	}
	api := appAPI(clients)
	instances, err := ops.AppHosts(ctx, api, env, service.Name, o.instance)
	return appHosts{env: env, api: api, service: service, instances: instances}, err
}

func appAPI(clients *awsapi.Clients) ops.AppAPI {
	return ops.AppAPI{Hosts: clients.EC2(), Agents: clients.SSM(), Commands: clients.SSM(), Variables: clients.SSM()}
}

// completeInstances completes --instance with the hosts of the service that was named.
func (o *appOptions) completeInstances(command *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	return o.completeFromAWS(func(ctx context.Context, env *config.Environment, clients *awsapi.Clients) ([]string, error) {
		hosts, err := ops.ReadHosts(ctx, clients.EC2(), env)
		var instances []string
		for _, host := range hosts {
			if host.State == "running" && len(args) > 0 && host.Runs(env, args[0]) {
				instances = append(instances, host.Instance)
			}
		}
		return instances, err
	})(command, nil, typed)
}

func newAppStatusCommand(app *App) *cobra.Command {
	o := &appOptions{App: app}
	command := o.appVerb(&cobra.Command{
		Use:   "status SERVICE",
		Short: "what runs on each host, and whether it is healthy",
		Long: `Shows of each host of a service which version runs, whether its health check
answers on the host itself, and what PM2 says of the process. The exit code is 6
when an app is not healthy.`,
		Example: "  d2ctl app status -e dev backend-api",
	}, hostTime, o.status)
	app.returns(command, []ops.AppState{})
	return command
}

func (o *appOptions) status(ctx context.Context, on appHosts) error {
	states, err := ops.ReadAppStates(ctx, on.api.Commands, on.instances, on.service.Name)
	if err != nil {
		return err
	}
	if err := o.Show(states, func(d *screen.Document) { drawAppStates(d, states) }); err != nil {
		return err
	}
	for _, state := range states {
		if !state.Healthy {
			return fault.New(fault.Unhealthy, "see why: d2ctl app logs "+state.Service, "%s on %s is not healthy", state.Service, state.Instance)
		}
	}
	return nil
}

func drawAppStates(d *screen.Document, states []ops.AppState) {
	table := d.Table("app", "INSTANCE", "VERSION", "HEALTH", "PROCESS", "RESTARTS", "UPTIME", "MEMORY")
	for _, state := range states {
		health := screen.In(iostreams.Good, "healthy")
		if !state.Healthy {
			health = screen.In(iostreams.Bad, "sick")
		}
		process := cmp.Or(state.Process, "-")
		if state.Version == config.Unreleased {
			process = "placeholder"
		}
		table.Row(state.Instance, cmp.Or(state.Version, "nothing"), health, process, state.Restarts, cmp.Or(state.Uptime, "-"), cmp.Or(state.Memory, "-"))
	}
}
