package cli

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/iostreams"
	"github.com/d2-ride-booking/platform/internal/ops"
)

func TestWhoMayChangeWhat(t *testing.T) {
	const nobody = "nobody can be asked here: this is no terminal"
	for name, each := range map[string]struct {
		stage    config.Stage
		flags    globalFlags
		terminal bool
		typed    string
		agreed   bool
		refusal  string
	}{
		"DEV, yes":                       {stage: config.Dev, terminal: true, typed: "y\n", agreed: true},
		"DEV, no":                        {stage: config.Dev, terminal: true, typed: "n\n", refusal: "declined; nothing was changed"},
		"DEV, Enter":                     {stage: config.Dev, terminal: true, typed: "\n", refusal: "declined; nothing was changed"},
		"DEV, end of input":              {stage: config.Dev, terminal: true, refusal: "declined; nothing was changed"},
		"DEV, --yes":                     {stage: config.Dev, flags: globalFlags{yes: true}, agreed: true},
		"DEV, pipe":                      {stage: config.Dev, refusal: nobody},
		"DEV, --yes --confirm prod":      {stage: config.Dev, flags: globalFlags{yes: true, confirm: "prod"}, refusal: "--confirm says prod, but this would change dev"},
		"PROD, the word":                 {stage: config.Prod, terminal: true, typed: "prod\n", agreed: true},
		"PROD, yes":                      {stage: config.Prod, terminal: true, typed: "yes\n", refusal: "declined; nothing was changed"},
		"PROD, --yes on a terminal":      {stage: config.Prod, flags: globalFlags{yes: true}, terminal: true, typed: "\n", refusal: "declined; nothing was changed"},
		"PROD, pipe":                     {stage: config.Prod, refusal: nobody},
		"PROD, the word through a pipe":  {stage: config.Prod, typed: "prod\n", refusal: nobody},
		"PROD, --yes":                    {stage: config.Prod, flags: globalFlags{yes: true}, refusal: "--yes alone does not change PROD: it must be named"},
		"PROD, --confirm prod":           {stage: config.Prod, flags: globalFlags{confirm: "prod"}, refusal: nobody},
		"PROD, --yes --confirm prod":     {stage: config.Prod, flags: globalFlags{yes: true, confirm: "prod"}, agreed: true},
		"PROD, --yes --confirm dev":      {stage: config.Prod, flags: globalFlags{yes: true, confirm: "dev"}, refusal: "--confirm says dev, but this would change prod"},
		"PROD, --dry-run before the ask": {stage: config.Prod, flags: globalFlags{dryRun: true}},
	} {
		t.Run(name, func(t *testing.T) {
			streams, out, talk := iostreams.Recorded(each.typed)
			streams.In.Terminal, streams.Err.Terminal = each.terminal, each.terminal
			app := NewApp(streams)
			app.flags = each.flags
			plan := (&ops.Plan{Environment: each.stage, Account: "111122223333"}).Do("the sky falls").Call("Sky.Fall", "heads", "")
			agreed, err := app.Agree(t.Context(), plan)
			assert.Equal(t, each.agreed, agreed && err == nil)
			if each.refusal != "" {
				require.EqualError(t, err, each.refusal)
				assert.Equal(t, fault.Usage, fault.CodeOf(err))
			} else {
				require.NoError(t, err)
			}
			shown := talk
			if each.flags.dryRun {
				shown = out
			}
			assert.True(t, strings.Contains(shown.String(), "the sky falls"), "the plan is shown")
		})
	}
}
