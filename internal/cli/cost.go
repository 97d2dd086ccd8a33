package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/iostreams"
	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/screen"
)

// assemblyDir is where make synth writes the templates.
const assemblyDir = "cdk.out"

type costOptions struct {
	*App
	planned  bool
	assembly string
}

func newCostCommand(app *App) *cobra.Command {
	o := &costOptions{App: app}
	command := &cobra.Command{
		Use:   "cost",
		Short: "what an environment costs a month, part by part and toggle by toggle",
		Long: `Reckons what stands there, in USD a month: the resources of the deployed stacks
in the sizes of now, or with --planned those of the templates that make synth
has written, without a call of AWS. Then what each toggle adds while it is on,
by the environment's file. Use is not counted; what is charged by use is listed.

Prices are built in and dated (internal/ops/prices.yaml); AWS is not asked for
them. The bill is in the Billing console, by the tag Environment.`,
		Example: "  d2ctl cost -e dev\n  d2ctl cost -e prod --planned\n  d2ctl cost -e prod --jq .usd",
		Args:    takes(),
		RunE:    func(command *cobra.Command, _ []string) error { return o.run(command.Context()) },
	}
	command.Flags().BoolVar(&o.planned, "planned", false, "of the synthesized templates instead of the deployed stacks")
	command.Flags().StringVar(&o.assembly, "assembly", assemblyDir, "the `DIR` of the synthesized templates")
	app.returns(command, ops.Cost{})
	return command
}

func (o *costOptions) run(ctx context.Context) error {
	cost, err := o.reckon(ctx)
	if err != nil {
		return err
	}
	return o.Show(cost, func(d *screen.Document) { drawCost(d, cost) })
}

func (o *costOptions) reckon(ctx context.Context) (*ops.Cost, error) {
	if o.planned {
		env, err := o.Environment()
		if err != nil {
			return nil, err
		}
		return ops.PlanCost(env, o.assembly)
	}
	ctx, cancel := o.Within(ctx, readTime)
	defer cancel()
	env, clients, err := o.Connect(ctx)
	if err != nil {
		return nil, err
	}
	cost, stack, err := ops.ReadCost(ctx, ops.CostAPI{
		Stacks: clients.CloudFormation(), Edge: clients.In(config.EdgeRegion).CloudFormation(),
		Fleets: clients.AutoScaling(), Databases: clients.RDS(),
	}, env)
	if err != nil {
		return nil, err
	}
	if err := stack.Whole(); err != nil {
		o.Say("d2ctl: %v, so this may not be all there is", err)
	}
	return cost, nil
}

func drawCost(d *screen.Document, cost *ops.Cost) {
	d.Line(screen.In(iostreams.Strong, strings.ToUpper(string(cost.Environment))), screen.Text("USD a month of "+cost.Of+", before use"))
	d.Line(screen.In(iostreams.Faint, "prices of "+cost.PricesIn+" as of "+cost.PricesAsOf+", on demand, without taxes and free tiers"))
	drawCostLines(d, cost)
	drawToggles(d, cost)
	table := d.Table("not counted", "CHARGED BY USE")
	for _, use := range cost.NotCounted {
		table.Row(screen.In(iostreams.Faint, use))
	}
}

// drawCostLines has a column for working hours where something is stopped.
func drawCostLines(d *screen.Document, cost *ops.Cost) {
	table := d.Table("parts", "USD", "WORKING HOURS", "PART", "SIZES")
	for _, line := range cost.Lines {
		table.Row(usd(line.USD), working(cost, line.WorkingHoursUSD), line.Part, line.Sizes)
	}
	sum := 0.0
	if cost.WorkingHoursUSD != nil {
		sum = *cost.WorkingHoursUSD
	}
	table.Row(screen.In(iostreams.Strong, usd(cost.USD)), working(cost, sum), screen.In(iostreams.Strong, "sum"), "")
	if more := cost.ExtendedSupport; more != nil {
		table.Note(screen.In(iostreams.Notable, fmt.Sprintf("and %.0f to %.0f for the Extended Support of MySQL 8.0; engine_version: 8.4.10 ends it, after a trial upgrade", more.LeastUSD, more.MostUSD)))
	}
	for _, resource := range cost.NotPriced {
		table.Note(screen.In(iostreams.Bad, "no price is known of "+resource+": it is not in the sum; add it to internal/ops/prices.yaml"))
	}
}

func drawToggles(d *screen.Document, cost *ops.Cost) {
	table := d.Table("toggles", "TOGGLE", "IS", "ADDS", "AND")
	for _, toggle := range cost.Toggles {
		is := screen.In(iostreams.Faint, "off")
		if toggle.On {
			is = screen.In(iostreams.Good, "on")
		}
		table.Row(toggle.Toggle, is, usd(toggle.USD), toggle.Note)
	}
}

func working(cost *ops.Cost, amount float64) string {
	if cost.WorkingHoursUSD == nil {
		return "-"
	}
	return usd(amount)
}

// usd is right-aligned, so that the points of a column stand below one another.
func usd(amount float64) string { return fmt.Sprintf("%7.2f", amount) }
