package test

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Template is a synthesized CloudFormation template, as data.
type Template struct {
	Description string
	Metadata    map[string]any
	Parameters  map[string]any
	Resources   map[string]Resource
	Outputs     map[string]map[string]any
}

// Resource is one resource of a template.
type Resource struct {
	Type                string
	Properties          map[string]any
	Metadata            map[string]any
	DependsOn           any
	DeletionPolicy      string
	UpdateReplacePolicy string
	UpdatePolicy        map[string]any
}

// All are the resources of one type, in the order of their logical ids.
func (t Template) All(resourceType string) []Resource {
	var found []Resource
	for _, id := range t.IDs(resourceType) {
		found = append(found, t.Resources[id])
	}
	return found
}

// IDs are the logical ids of one type, sorted.
func (t Template) IDs(resourceType string) []string {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(t.Resources)) {
		if t.Resources[id].Type == resourceType {
			ids = append(ids, id)
		}
	}
	return ids
}

// Only is the one resource of a type; the test fails when there is none or more.
func (t Template) Only(test *testing.T, resourceType string) Resource {
	test.Helper()
	found := t.All(resourceType)
	require.Len(test, found, 1, resourceType)
	return found[0]
}

// Where are the resources of a type whose property at a path has the value, as JSON writes it.
func (t Template) Where(resourceType, path string, value any) []Resource {
	var found []Resource
	for _, resource := range t.All(resourceType) {
		if text(resource.At(path)) == text(value) {
			found = append(found, resource)
		}
	}
	return found
}

// At is the property at a path, e.g. LaunchTemplateData.NetworkInterfaces.0.Groups, or nil.
func (r Resource) At(path string) any { return at(r.Properties, path) }

func at(value any, path string) any {
	for _, step := range strings.Split(path, ".") {
		switch here := value.(type) {
		case map[string]any:
			value = here[step]
		case []any:
			index, err := strconv.Atoi(step)
			if err != nil || index >= len(here) {
				return nil
			}
			value = here[index]
		default:
			return nil
		}
	}
	return value
}

// Tag is the value of one tag, whichever way the type writes its tags.
func (r Resource) Tag(key string) string {
	for _, property := range []string{"Tags", "UserPoolTags", "ResourceTags"} {
		switch tags := r.Properties[property].(type) {
		case map[string]any:
			if value, ok := tags[key].(string); ok {
				return value
			}
		case []any:
			for _, each := range tags {
				if at(each, "Key") == key {
					return text(at(each, "Value"))
				}
			}
		}
	}
	return ""
}

// text is a value as JSON writes it, strings without quotes.
func text(value any) string {
	if s, ok := value.(string); ok {
		return s
	}
	data, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(data)
}
