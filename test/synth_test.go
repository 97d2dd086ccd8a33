// Package test holds the tests of the whole product: what its templates
// promise, and what stands when they are deployed on the local AWS.
package test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/stacks"
)

// TestMain ends the JavaScript runtime that all tests of the package share.
// jsii is not safe for goroutines, so no test here runs in parallel.
func TestMain(m *testing.M) {
	code := m.Run()
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
		return nil, err
	}
	return readTemplates(out)
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
		name := filepath.Base(file)
		templates[name[:len(name)-len(".template.json")]] = template
	}
	return templates, nil
}
