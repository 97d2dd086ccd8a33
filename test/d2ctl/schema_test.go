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
)

// TestWhatIsPrintedAsJSONKeepsItsSchema holds scripts' ground: docs/schemas is
// generated from the code, and here the program itself is held against it.
func TestWhatIsPrintedAsJSONKeepsItsSchema(t *testing.T) {
	p := deployed(t)
	p.succeeds(t, "db", "bootstrap", "-e", "dev", "--yes")
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
		"connect.json":         {"connect -e dev --dry-run"},
		"tunnel.json":          {"tunnel -e prod --local 0 --for 1s"},
		"db-query.json":        {"db query -e dev SELECT/**/1/**/AS/**/one"},
		"db-secret.json":       {"db secret -e dev"},
		"db-token.json":        {"db token -e dev"},
		"db-check.json":        {"db check -e dev"},
		"db-bootstrap.json":    {"db bootstrap -e dev --yes"},
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
