package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/awsapi"
	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/screen"
)

// readTime is how long a verb that only reads waits for AWS.
const readTime = 30 * time.Second

type outputsOptions struct {
	*App
	key string // empty for all
}

func newOutputsCommand(app *App) *cobra.Command {
	o := &outputsOptions{App: app}
	command := &cobra.Command{
		Use:   "outputs [KEY]",
		Short: "names and ids of what is deployed, by dotted keys",
		Long: `Prints the outputs of the environment's stack by their dotted keys: what
terraform output was. With a whole key it prints the value alone; with the
beginning of keys, up to a dot, those below it.`,
		Example: `  d2ctl outputs -e prod
  d2ctl outputs -e prod static_sites.web_admin.bucket_name
  d2ctl outputs -e dev cognito`,
		Args:              takesUpTo(1),
		ValidArgsFunction: app.completeFromAWS(outputKeys),
		RunE: func(command *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.key = args[0]
			}
			return o.run(command.Context())
		},
	}
	app.returns(command, ops.Outputs{})
	return command
}

func (o *outputsOptions) run(ctx context.Context) error {
	ctx, cancel := o.Within(ctx, readTime)
	defer cancel()
	env, clients, err := o.Connect(ctx)
	if err != nil {
		return err
	}
	outputs, stack, err := ops.ReadOutputs(ctx, clients.CloudFormation(), env)
	if err != nil {
		return err
	}
	if err := stack.Whole(); err != nil {
		o.Say("d2ctl: %v, so these may not be true", err)
	}
	if o.key != "" {
		if outputs, err = outputs.Under(o.key); err != nil {
			return err
		}
	}
	if value, whole := outputs[o.key]; whole && o.forPeople() {
		_, err := fmt.Fprintln(o.Streams.Out, value)
		return err
	}
	return o.Show(outputs, func(d *screen.Document) {
		table := d.Table("outputs", "KEY", "VALUE")
		for _, key := range outputs.Keys() {
			table.Row(key, outputs[key])
		}
	})
}

func outputKeys(ctx context.Context, env *config.Environment, clients *awsapi.Clients) ([]string, error) {
	outputs, _, err := ops.ReadOutputs(ctx, clients.CloudFormation(), env)
	return outputs.Keys(), err
}
