package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/screen"
)

// longestMetrics is how long CloudWatch keeps what it has measured (CloudWatch User Guide, "Metrics retention").
const longestMetrics = 455 * 24 * time.Hour

type metricsOptions struct {
	*App
	parts []string // empty for all
	since since
}

func newMetricsCommand(app *App) *cobra.Command {
	o := &metricsOptions{App: app, since: since{time.Hour}}
	command := &cobra.Command{
		Use:   "metrics [fleet|alb|rds|host]",
		Short: "load, latency, errors and room of fleets, load balancer, database and hosts",
		Long: `Shows what CloudWatch measured: the last value, the average and the highest of
the time looked at, and on a terminal how it went.`,
		Example:           "  d2ctl metrics -e prod\n  d2ctl metrics -e prod rds --since 1d\n  d2ctl metrics -e dev host --json",
		Args:              takesUpTo(1),
		ValidArgsFunction: app.completeFromFile(ops.MetricParts),
		RunE: func(command *cobra.Command, args []string) error {
			o.parts = args
			return o.run(command.Context())
		},
	}
	command.Flags().Var(&o.since, "since", "how far back: 90m, 6h or 3d")
	app.returns(command, []ops.Metric{})
	return command
}

func (o *metricsOptions) run(ctx context.Context) error {
	if o.since.Duration > longestMetrics {
		return fault.New(fault.Usage, "CloudWatch keeps 455 days: --since 455d", "--since %s is longer than metrics are kept", o.since.String())
	}
	ctx, cancel := o.Within(ctx, readTime)
	defer cancel()
	env, clients, err := o.Connect(ctx)
	if err != nil {
		return err
	}
	api := ops.MetricsAPI{Metrics: clients.CloudWatch(), Hosts: clients.EC2(), Targets: clients.ELB()}
	metrics, err := o.read(ctx, api, env, time.Now())
	if err != nil {
		return err
	}
	return o.Show(metrics, func(d *screen.Document) { drawMetrics(d, env, metrics, o.Streams.Out.Terminal) })
}

func (o *metricsOptions) read(ctx context.Context, api ops.MetricsAPI, env *config.Environment, now time.Time) ([]ops.Metric, error) {
	parts := o.parts
	if len(parts) == 0 {
		parts = ops.MetricParts(env)
	}
	metrics := []ops.Metric{}
	for _, part := range parts {
		found, err := ops.ReadMetrics(ctx, api, env, part, now.Add(-o.since.Duration), now)
		if err != nil {
			return nil, err
		}
		metrics = append(metrics, found...)
	}
	return metrics, nil
}
