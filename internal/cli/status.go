package cli

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/awsapi"
	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/screen"
)

// watchEvery is the interval of --watch without a value.
const watchEvery = 5 * time.Second

type statusOptions struct {
	*App
	watch time.Duration // 0 looks once
}

func newStatusCommand(app *App) *cobra.Command {
	o := &statusOptions{App: app}
	command := &cobra.Command{
		Use:   "status [--watch [INTERVAL]]",
		Short: "everything that stands, on one screen, and whether it is healthy",
		Long: `Shows stacks, hosts, fleets, targets, releases, database, sites, user pool,
alarms, certificates and DEV's schedule. What cannot be read says why in its
place. The exit code is 0 for healthy and 6 for anything else; DEV stopped
outside its working hours is healthy.

With --watch it looks again each interval until Ctrl-C: on a terminal the screen
is redrawn, elsewhere it is printed again when something has changed.`,
		Example: "  d2ctl status -e prod\n  d2ctl status -e prod --watch 10s\n  d2ctl status -e dev --jq .problems[]",
		Args:    o.takesInterval,
		RunE:    func(command *cobra.Command, _ []string) error { return o.run(command.Context()) },
	}
	command.Flags().DurationVar(&o.watch, "watch", 0, "look again each `interval`")
	command.Flags().Lookup("watch").NoOptDefVal = watchEvery.String()
	app.returns(command, ops.Status{})
	return command
}

// takesInterval lets --watch 10s mean --watch=10s: to pflag the value of a flag
// that may stand alone is a word of its own.
func (o *statusOptions) takesInterval(command *cobra.Command, args []string) (err error) {
	if len(args) != 1 || o.watch == 0 {
		return takes()(command, args)
	}
	if o.watch, err = time.ParseDuration(args[0]); err != nil || o.watch <= 0 {
		return fault.New(fault.Usage, "give an interval such as 10s", "%q is no interval", args[0])
	}
	return nil
}

func (o *statusOptions) run(ctx context.Context) error {
	connecting, connected := o.Within(ctx, readTime) // each look has a time of its own
	defer connected()
	env, clients, err := o.Connect(connecting)
	if err != nil {
		return err
	}
	api := statusAPI(clients)
	if o.watch > 0 {
		return o.keepWatching(ctx, api, env)
	}
	status := o.look(ctx, api, env)
	if err := o.Show(status, func(d *screen.Document) { drawStatus(d, status) }); err != nil {
		return err
	}
	if !status.Healthy {
		return fault.New(fault.Unhealthy, "", "%s is not healthy: %s", env.Environment, count(len(status.Problems), "problem"))
	}
	return nil
}

func (o *statusOptions) look(ctx context.Context, api ops.StatusAPI, env *config.Environment) *ops.Status {
	ctx, cancel := o.Within(ctx, readTime)
	defer cancel()
	return ops.ReadStatus(ctx, api, env, time.Now().Truncate(time.Second))
}

// keepWatching ends with ctx. Where nothing can be redrawn, a screen that says
// what the last one said is not printed.
func (o *statusOptions) keepWatching(ctx context.Context, api ops.StatusAPI, env *config.Environment) error {
	var last []byte
	return ops.Poll(ctx, o.watch, func(ctx context.Context) (bool, error) {
		status := o.look(ctx, api, env)
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		if o.Streams.Out.Live && o.forPeople() {
			fmt.Fprint(o.Streams.Out, "\x1b[H\x1b[2J") // home, and erase the screen
		} else if now := withoutTime(status); bytes.Equal(now, last) {
			return false, nil
		} else {
			last = now
		}
		return false, o.Show(status, func(d *screen.Document) { drawStatus(d, status) })
	})
}

func statusAPI(clients *awsapi.Clients) ops.StatusAPI {
	edge := clients.In(config.EdgeRegion)
	return ops.StatusAPI{
		Stacks: clients.CloudFormation(), EdgeStacks: edge.CloudFormation(),
		Hosts: clients.EC2(), Agents: clients.SSM(), Commands: clients.SSM(), Parameters: clients.SSM(),
		Fleets: clients.AutoScaling(), Targets: clients.ELB(), Databases: clients.RDS(),
		Distributions: clients.CloudFront(), Pools: clients.Cognito(),
		Alarms: clients.CloudWatch(), EdgeAlarms: edge.CloudWatch(),
		Certificates: clients.ACM(), EdgeCertificates: edge.ACM(), Schedules: clients.Scheduler(),
	}
}
