package d2ctl

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/fault"
)

// TestWhatIsPrintedAsJSONKeepsItsSchema holds scripts' ground: docs/schemas is
// generated from the code, and here the program itself is held against it.
func TestWhatIsPrintedAsJSONKeepsItsSchema(t *testing.T) {
	p := deployed(t)
	t.Cleanup(func() { p.succeeds(t, "start", "-e", "dev", "--yes") })
	printed := map[string][]string{
		"status.json":          {"status -e prod", "status -e dev"},
		"outputs.json":         {"outputs -e prod", "outputs -e dev rds"},
		"releases.json":        {"releases -e prod backend-api", "releases -e dev backend-api"},
		"scale.json":           {"scale -e prod backend-api 1"},
		"plan.json":            {"scale -e prod backend-api 2 --dry-run", "stop -e dev --dry-run", "snapshot create -e prod --dry-run"},
		"version.json":         {"version"},
		"runbook.json":         {"runbook"},
		"logs.json":            {"logs -e dev backend-api", "logs -e prod --group sessions"},
		"metrics.json":         {"metrics -e prod", "metrics -e dev"},
		"alarms.json":          {"alarms -e prod --all"},
		"user-list.json":       {"user list -e dev"},
		"snapshot-list.json":   {"snapshot list -e prod"},
		"snapshot-create.json": {"snapshot create -e dev --name schema --yes"},
		"stop.json":            {"stop -e dev --no-wait --yes"},
		"start.json":           {"start -e dev --yes"},
		"site-status.json":     {"site status -e prod", "site status -e dev"},
		"app-status.json":      {"app status -e dev backend-api"},
		"app-logs.json":        {"app logs -e dev backend-api --stream all"},
	}
	for _, schema := range slices.Sorted(maps.Keys(printed)) { // stop comes after what needs a DEV that runs
		commands := printed[schema]
		for _, command := range commands {
			t.Run(command, func(t *testing.T) {
				result := p.d2ctl(t, append(strings.Fields(command), "--json")...)
				if !observes(command) || result.code != int(fault.Unhealthy) {
					require.Zero(t, result.code, result.errors)
				}
				assert.NoError(t, check(t, schema, result.out))
			})
		}
	}
}

// observes is whether a command looks at what other tests left of the platform,
// and says with fault.Unhealthy that it is not well: its JSON keeps the schema then too.
func observes(command string) bool {
	return strings.HasPrefix(command, "status") || strings.HasPrefix(command, "doctor")
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
