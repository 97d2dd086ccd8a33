package d2ctl

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWhatIsPrintedAsJSONKeepsItsSchema holds scripts' ground: docs/schemas is
// generated from the code, and here the program itself is held against it.
func TestWhatIsPrintedAsJSONKeepsItsSchema(t *testing.T) {
	p := deployed(t)
	for schema, commands := range map[string][]string{
		"status.json":     {"status -e prod", "status -e dev"},
		"outputs.json":    {"outputs -e prod", "outputs -e dev rds"},
		"scale.json":      {"scale -e prod backend-api 1"},
		"plan.json":       {"scale -e prod backend-api 2 --dry-run"},
		"version.json":    {"version"},
		"app-status.json": {"app status -e dev backend-api"},
		"app-logs.json":   {"app logs -e dev backend-api --stream all"},
		"doctor.json":     {"doctor -e dev"},
		"runbook.json":    {"runbook"},
	} {
		for _, command := range commands {
			t.Run(command, func(t *testing.T) {
				result := p.succeeds(t, append(strings.Fields(command), "--json")...)
				assert.NoError(t, check(t, schema, result.out))
			})
		}
	}
}

// check holds a JSON text against a committed schema.
func check(t *testing.T, schema, text string) error {
	t.Helper()
	compiled, err := jsonschema.NewCompiler().Compile(filepath.Join(root, "docs/schemas", schema))
	require.NoError(t, err)
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	require.NoError(t, err)
	return compiled.Validate(value)
}
