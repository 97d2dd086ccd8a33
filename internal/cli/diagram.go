package cli

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/internal/diagram"
	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/screen"
)

type diagramOptions struct {
	*App
	format, template string
}

func newDiagramCommand(app *App) *cobra.Command {
	o := &diagramOptions{App: app}
	command := &cobra.Command{
		Use:   "diagram",
		Short: "draw an environment from its template: what stands where, who reaches whom",
		Long: `Draws what a synthesized template makes: the VPC with its tiers, what stands in
them, sites and user pool, and an arrow wherever the security groups of both ends
let a connection pass. As Mermaid for a page of Markdown, or as SVG, which takes
the reader's light or dark colours. AWS is not called.`,
		Example: "  d2ctl diagram -e prod --format svg > prod.svg\n  d2ctl diagram --template cdk.out/D2-Dev.template.json",
		Args:    takes(),
		RunE:    func(*cobra.Command, []string) error { return o.run() },
	}
	command.Flags().StringVar(&o.format, "format", "mermaid", "how it is drawn: `mermaid|svg`")
	command.Flags().StringVar(&o.template, "template", "", "draw this `FILE` instead of the environment's template in "+assemblyDir)
	if err := command.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"mermaid", "svg"}, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // a flag that is not there
	}
	app.returns(command, diagram.Picture{})
	return command
}

func (o *diagramOptions) run() error {
	picture, err := o.picture()
	if err != nil {
		return err
	}
	if !o.forPeople() {
		return o.Show(picture, func(d *screen.Document) { drawArrows(d, picture) })
	}
	switch o.format {
	case "mermaid":
		_, err = fmt.Fprint(o.Streams.Out, picture.Mermaid())
	case "svg":
		_, err = fmt.Fprint(o.Streams.Out, picture.SVG())
	default:
		err = fault.New(fault.Usage, "choose one of: mermaid, svg", "--format %s is no way to draw", o.format)
	}
	return err
}

func (o *diagramOptions) picture() (*diagram.Picture, error) {
	path := o.template
	if path == "" {
		env, err := o.Environment()
		if err != nil {
			return nil, err
		}
		path = filepath.Join(assemblyDir, env.StackName()+".template.json")
	}
	read, err := ops.ReadTemplate(path)
	if err != nil {
		return nil, err
	}
	picture, err := diagram.Read(read)
	if err != nil {
		return nil, &fault.Error{Code: fault.Usage, What: path + ": " + err.Error(), Try: "name the template of D2-Prod or D2-Dev", Cause: err}
	}
	return picture, nil
}

// drawArrows is the picture as rows, for -o tsv.
func drawArrows(d *screen.Document, picture *diagram.Picture) {
	table := d.Table("arrows", "FROM", "TO", "BY")
	for _, arrow := range picture.Arrows {
		table.Row(arrow.From, arrow.To, arrow.Label)
	}
}
