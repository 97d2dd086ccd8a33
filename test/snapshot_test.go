package test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gkampitakis/go-snaps/snaps"
	"github.com/stretchr/testify/require"
)

// TestSnapshot shows what a change of the code changes in the templates. Renew it
// with `make snapshot`, and read the diff before you commit it.
func TestSnapshot(t *testing.T) {
	templates, err := shipped()
	require.NoError(t, err)
	for _, stack := range slices.Sorted(maps.Keys(templates)) {
		t.Run(stack, func(t *testing.T) {
			snaps.WithConfig(snaps.Filename(stack)).MatchStandaloneJSON(t, normalized(templates[stack]))
		})
	}
}

func TestSnapshotsAreOfTheStacksThatThereAre(t *testing.T) {
	files, err := filepath.Glob("__snapshots__/*")
	require.NoError(t, err)
	var kept []string
	for _, file := range files {
		kept = append(kept, strings.TrimSuffix(filepath.Base(file), "_1.snap.json"))
	}
	templates, err := shipped()
	require.NoError(t, err)
	require.ElementsMatch(t, slices.Collect(maps.Keys(templates)), kept)
}

// normalized is a template without what another version of the CDK library
// writes in another way: paths of constructs, its own metadata, the check of the
// bootstrap's version.
func normalized(template Template) map[string]any {
	resources := map[string]any{}
	for id, resource := range template.Resources {
		if resource.Type != "AWS::CDK::Metadata" {
			resources[id] = normalizedResource(resource)
		}
	}
	sections := map[string]any{"Description": template.Description, "Resources": resources, "Outputs": template.Outputs}
	if parameters := without(template.Parameters, "BootstrapVersion"); len(parameters) > 0 {
		sections["Parameters"] = parameters
	}
	if len(template.Mappings) > 0 {
		sections["Mappings"] = template.Mappings
	}
	return sections
}

func normalizedResource(resource Resource) map[string]any {
	kept := map[string]any{"Type": resource.Type, "Properties": resource.Properties}
	metadata := map[string]any{}
	for key, value := range resource.Metadata {
		if !strings.HasPrefix(key, "aws:cdk:") && !strings.HasPrefix(key, "aws:asset:") {
			metadata[key] = value
		}
	}
	if len(metadata) > 0 {
		kept["Metadata"] = metadata
	}
	if resource.DependsOn != nil {
		kept["DependsOn"] = resource.DependsOn
	}
	if resource.DeletionPolicy != "" {
		kept["DeletionPolicy"] = resource.DeletionPolicy
	}
	if resource.UpdateReplacePolicy != "" {
		kept["UpdateReplacePolicy"] = resource.UpdateReplacePolicy
	}
	if len(resource.UpdatePolicy) > 0 {
		kept["UpdatePolicy"] = resource.UpdatePolicy
	}
	return kept
}

func without(values map[string]any, key string) map[string]any {
	kept := maps.Clone(values)
	delete(kept, key)
	return kept
}

// updating says whether an environment variable asks to renew what a test holds.
func updating(variable string) bool { return os.Getenv(variable) == "true" }
