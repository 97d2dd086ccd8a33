package cli

import (
	"context"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/screen"
)

// scaleTime is how long a scaling is waited for: a cold boot takes 5 to 10 minutes (facts 10.6).
const scaleTime = 20 * time.Minute

type scaleOptions struct {
	*App
	service   string
	instances int
}

func newScaleCommand(app *App) *cobra.Command {
	o := &scaleOptions{App: app}
	command := &cobra.Command{
		Use:   "scale SERVICE N",
		Short: "set how many instances a service's fleet has",
		Long: `Sets the desired capacity of a service's Auto Scaling group and waits until that
many instances serve. Target tracking may change it again by load.`,
		Example:           "  d2ctl scale -e prod backend-api 3",
		Args:              takes("SERVICE", "N"),
		ValidArgsFunction: app.completeFromFile(serviceNames),
		RunE: func(command *cobra.Command, args []string) (err error) {
			o.service = args[0]
			if o.instances, err = strconv.Atoi(args[1]); err != nil {
				return fault.New(fault.Usage, "give a number of instances, e.g. 3", "%q is no number", args[1])
			}
			return o.run(command.Context())
		},
	}
	app.returns(command, ops.Scaling{})
	return command
}

func (o *scaleOptions) run(ctx context.Context) error {
	ctx, cancel := o.Within(ctx, scaleTime)
	defer cancel()
	env, clients, err := o.Connect(ctx)
	if err != nil {
		return err
	}
	fleet := clients.AutoScaling()
	scaling, err := ops.PlanScaling(ctx, fleet, env, o.service, o.instances)
	if err != nil {
		return err
	}
	if scaling.From == scaling.To {
		o.Say("%s has %d instances already", scaling.Service, scaling.To)
		return o.show(scaling)
	}
	if agreed, err := o.Agree(ctx, scaling.Plan(env)); !agreed || err != nil {
		return err
	}
	if err := scaling.Do(ctx, fleet); err != nil {
		return err
	}
	if err := o.await(ctx, fleet, env, scaling); err != nil {
		return err
	}
	return o.show(scaling)
}

func (o *scaleOptions) await(ctx context.Context, fleet ops.FleetReader, env *config.Environment, scaling *ops.Scaling) error {
	if !o.Waits() {
		return nil
	}
	progress := o.Progress("scaling " + scaling.Service + " to " + strconv.Itoa(scaling.To))
	defer progress.End()
	return scaling.Await(ctx, fleet, env, progress.Tell)
}

func (o *scaleOptions) show(scaling *ops.Scaling) error {
	return o.Show(scaling, func(d *screen.Document) {
		table := d.Table("fleet", "SERVICE", "FROM", "TO", "IN SERVICE", "GROUP")
		table.Row(scaling.Service, scaling.From, scaling.To, scaling.InService, scaling.Group)
	})
}
