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
	Mappings    map[string]any
	Resources   map[string]Resource
	Outputs     map[string]map[string]any
	written     []byte // the file
}

// Resource is one resource of a template.
type Resource struct {
	ID                  string `json:"-"` // its logical id
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
	if specified := r.At("TagSpecifications.0.Tags"); specified != nil { // a launch template's own
		return Resource{Properties: map[string]any{"Tags": specified}}.Tag(key)
	}
	return ""
}

// texts are the items of a list, or the one value that stands for a list of one.
func texts(value any) []string {
	switch value := value.(type) {
	case nil:
		return nil
	case []any:
		var all []string
		for _, each := range value {
			all = append(all, flat(each))
		}
		return all
	default:
		return []string{flat(value)}
	}
}

// flat writes a value with its references in line, as Fn::Sub would:
// arn:aws:s3:::${Bucket}/apps/*.
func flat(value any) string {
	object, isObject := value.(map[string]any)
	if !isObject {
		return text(value)
	}
	if name, ok := object["Ref"].(string); ok {
		return "${" + name + "}"
	}
	if attribute, ok := object["Fn::GetAtt"].([]any); ok {
		return "${" + strings.Join(texts(attribute), ".") + "}"
	}
	if join, ok := object["Fn::Join"].([]any); ok {
		return strings.Join(texts(join[1]), text(join[0]))
	}
	return text(value)
}

// target is the logical id that a Ref or Fn::GetAtt points at, or "".
func target(value any) string {
	id, _, _ := strings.Cut(strings.TrimPrefix(flat(value), "${"), ".")
	return strings.TrimSuffix(id, "}")
}

// targets are the logical ids that a list points at.
func targets(value any) []string {
	list, _ := value.([]any)
	var ids []string
	for _, each := range list {
		ids = append(ids, target(each))
	}
	return ids
}

// Named is the one resource of a type whose tag Name, after the environment's prefix, is name.
func (t Template) Named(test *testing.T, resourceType, name string) Resource {
	test.Helper()
	var found []Resource
	for _, resource := range t.All(resourceType) {
		if short(resource.Tag("Name")) == name {
			found = append(found, resource)
		}
	}
	require.Len(test, found, 1, "%s called %s", resourceType, name)
	return found[0]
}

// short is a name without the environment's prefix.
func short(name string) string {
	for _, prefix := range []string{"d2-ride-booking-dev-", "d2-ride-booking-prod-"} {
		name = strings.TrimPrefix(name, prefix)
	}
	return name
}

// Get is the resource that a Ref or Fn::GetAtt points at.
func (t Template) Get(test *testing.T, reference any) Resource {
	test.Helper()
	require.Contains(test, t.Resources, target(reference))
	return t.Resources[target(reference)]
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
