package cli

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/iostreams"
	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/screen"
)

// Agree shows what is about to happen and reports whether to go on. With
// --dry-run the plan is the answer and nothing is asked. PROD asks for its
// name; without a terminal it needs --yes and --confirm prod, as a --yes that
// stands in a script for DEV must not do for PROD.
func (a *App) Agree(ctx context.Context, plan *ops.Plan) (bool, error) {
	if a.flags.dryRun {
		return false, a.Show(plan, func(d *screen.Document) { drawPlan(d, plan) })
	}
	var document screen.Document
	drawPlan(&document, plan)
	if err := document.Write(a.Streams.Err); err != nil {
		return false, err
	}
	if settled, err := a.settledByFlags(plan.Environment); settled || err != nil {
		return settled, err
	}
	return true, a.ask(ctx, plan.Environment)
}

func drawPlan(d *screen.Document, plan *ops.Plan) {
	d.Line(screen.In(iostreams.Strong, strings.ToUpper(string(plan.Environment))), screen.Text("account "+plan.Account))
	for _, sentence := range plan.Does {
		d.Line(screen.Text("- " + sentence))
	}
	table := d.Table("calls", "API CALL", "ON", "WITH")
	for _, call := range plan.Calls {
		table.Row(call.API, call.On, call.With)
	}
}

// settledByFlags is whether --yes and --confirm answer for the person. A
// question stands where they do not and there is somebody to ask.
func (a *App) settledByFlags(stage config.Stage) (bool, error) {
	if given := a.flags.confirm; given != "" && given != string(stage) {
		return false, fault.New(fault.Usage, "name the environment that is meant, in both", "--confirm says %s, but this would change %s", given, stage)
	}
	confirmed := stage == config.Dev || a.flags.confirm == string(stage)
	switch {
	case a.flags.yes && confirmed:
		return true, nil
	case a.Streams.CanAsk():
		return false, nil
	case stage == config.Dev:
		return false, fault.New(fault.Usage, "add --yes", "nobody can be asked here: this is no terminal")
	case a.flags.yes:
		return false, fault.New(fault.Usage, "add --confirm prod", "--yes alone does not change PROD: it must be named")
	default:
		return false, fault.New(fault.Usage, "add --yes --confirm prod", "nobody can be asked here: this is no terminal")
	}
}

// ask is nil when the person agrees.
func (a *App) ask(ctx context.Context, stage config.Stage) error {
	question, wanted := "Go on? [y/N] ", []string{"y", "yes"}
	if stage == config.Prod {
		question, wanted = "Type prod to go on: ", []string{"prod"}
	}
	answer, err := a.Ask(ctx, question)
	if err != nil {
		return err
	}
	for _, each := range wanted {
		if strings.EqualFold(answer, each) {
			return nil
		}
	}
	return fault.New(fault.Usage, "", "declined; nothing was changed")
}

// Ask puts a question on stderr and returns the line that was typed. It does not
// hold up Ctrl-C.
func (a *App) Ask(ctx context.Context, question string) (string, error) {
	fmt.Fprint(a.Streams.Err, question)
	typed := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(a.Streams.In).ReadString('\n') // the end of the input is an empty answer
		typed <- strings.TrimSpace(line)
	}()
	select {
	case line := <-typed:
		return line, nil
	case <-ctx.Done():
		fmt.Fprintln(a.Streams.Err)
		return "", ctx.Err()
	}
}
