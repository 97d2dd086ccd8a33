// Package test holds the tests of the whole product: what its templates
// promise, and what stands when they are deployed on the local AWS.
package test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/stacks"
)

// TestMain ends the JavaScript runtime that all tests of the package share.
// jsii is not safe for goroutines, so no test here runs in parallel. What CDK
// warns of at each of many synths is shown under -v only.
func TestMain(m *testing.M) {
	flag.Parse()
	heard := os.Stderr
	if silence, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil && !testing.Verbose() {
		os.Stderr = silence
	}
	code := m.Run()
	os.Stderr = heard
	_ = os.RemoveAll(scratch) // of "" it removes nothing
	stacks.Close()
	os.Exit(code)
}

// root is the repository, seen from this package.
const root = ".."

// shipped are the templates of the two environments as they are shipped,
// synthesized once for every test that only reads them.
var shipped = sync.OnceValues(func() (map[string]Template, error) {
	environments, err := config.LoadAll(filepath.Join(root, config.DefaultDir))
	if err != nil {
		return nil, err
	}
	return synthesize(environments...)
})

// made are the templates of environments other than the shipped ones, by what
// they say: tests that ask for the same one share its synthesis.
var made = map[string]map[string]Template{}

// synthesized are the templates of environments that a file could describe.
func synthesized(t require.TestingT, environments ...*config.Environment) map[string]Template {
	for _, env := range environments {
		require.NoError(t, env.Validate())
	}
	key, err := json.Marshal(environments)
	require.NoError(t, err)
	if templates, known := made[string(key)]; known {
		return templates
	}
	templates, err := synthesize(environments...)
	require.NoError(t, err)
	made[string(key)] = templates
	return templates
}

// dev is D2-Dev with its environment changed.
func dev(t *testing.T, change ...func(*config.Environment)) Template {
	t.Helper()
	return synthesized(t, environment(t, config.Dev, change...))["D2-Dev"]
}

// prod is D2-Prod with its environment changed.
func prod(t *testing.T, change ...func(*config.Environment)) Template {
	t.Helper()
	return synthesized(t, environment(t, config.Prod, change...))["D2-Prod"]
}

// template is one template as shipped, by its stack's name.
func template(t *testing.T, stack string) Template {
	t.Helper()
	templates, err := shipped()
	require.NoError(t, err)
	require.Contains(t, templates, stack)
	return templates[stack]
}

// environment is a shipped environment, fresh, for a test to change.
func environment(t *testing.T, stage config.Stage, change ...func(*config.Environment)) *config.Environment {
	t.Helper()
	env, err := config.Load(filepath.Join(root, config.DefaultDir, string(stage)+".yaml"))
	require.NoError(t, err)
	for _, each := range change {
		each(env)
	}
	return env
}

// synthesize builds environments as cmd/infra does, with the context of cdk.json,
// and returns their templates by stack.
func synthesize(environments ...*config.Environment) (map[string]Template, error) {
	context, err := stacks.Context(filepath.Join(root, "cdk.json"))
	if err != nil {
		return nil, err
	}
	out, err := os.MkdirTemp("", "d2-synth-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(out)
	props := &awscdk.AppProps{Outdir: jsii.String(out), Context: &context}
	given := func(awscdk.App) ([]*config.Environment, error) { return environments, nil }
	if _, err := stacks.Synth(props, given); err != nil {
		return nil, fmt.Errorf("%w%s", err, findings(out))
	}
	if err := asksNobody(out); err != nil {
		return nil, err
	}
	return readTemplates(out)
}

// findings are what the validation of a failed synth reports, a line each.
func findings(out string) string {
	var report struct {
		PluginReports []struct {
			Metadata   map[string]string
			Violations []struct {
				RuleName, Description string
				ViolatingConstructs   []struct{ ConstructPath string }
			}
		}
	}
	data, err := os.ReadFile(filepath.Join(out, "validation-report.json"))
	if err != nil || json.Unmarshal(data, &report) != nil {
		return ""
	}
	var lines strings.Builder
	for _, plugin := range report.PluginReports {
		if broken, found := plugin.Metadata["error"]; found {
			fmt.Fprintf(&lines, "\n%s", broken) // a rule that ends in an error of its own
		}
		for _, violation := range plugin.Violations {
			fmt.Fprintf(&lines, "\n%s %s %v", violation.RuleName, violation.Description, violation.ViolatingConstructs)
		}
	}
	return lines.String()
}

// asksNobody refuses an assembly that waits for a lookup in an account: the CDK
// command would ask AWS, and write what it heard to cdk.context.json.
func asksNobody(out string) error {
	data, err := os.ReadFile(filepath.Join(out, "manifest.json"))
	if err != nil {
		return err
	}
	var manifest struct{ Missing []any }
	if err := json.Unmarshal(data, &manifest); err != nil {
		return err
	}
	if len(manifest.Missing) > 0 {
		return fmt.Errorf("the synth would look up in the account: %s", text(manifest.Missing))
	}
	return nil
}

func readTemplates(dir string) (map[string]Template, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.template.json"))
	if err != nil {
		return nil, err
	}
	templates := map[string]Template{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var template Template
		if err := json.Unmarshal(data, &template); err != nil {
			return nil, err
		}
		template.written = data
		for id, resource := range template.Resources {
			resource.ID = id
			template.Resources[id] = resource
		}
		templates[strings.TrimSuffix(filepath.Base(file), ".template.json")] = template
	}
	return templates, nil
}
