// Package template reads a CloudFormation template as CDK synthesizes it, or as
// CloudFormation keeps it of a deployed stack: resources by type, properties by
// path, and what a reference points at.
package template

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Template is a template's resources.
type Template struct{ resources map[string]Resource }

// Resource is one of a template's resources.
type Resource struct {
	// ID is its logical id.
	ID string `json:"-"`
	// Type is CloudFormation's, e.g. AWS::EC2::Instance.
	Type string
	// Properties as the template has them.
	Properties map[string]any
}

// Parse reads a template's JSON.
func Parse(content []byte) (*Template, error) {
	var read struct{ Resources map[string]Resource }
	if err := json.Unmarshal(content, &read); err != nil {
		return nil, fmt.Errorf("this is no template in JSON: %w", err)
	}
	if len(read.Resources) == 0 {
		return nil, fmt.Errorf("this template has no resources")
	}
	for id, resource := range read.Resources {
		resource.ID = id
		read.Resources[id] = resource
	}
	return &Template{resources: read.Resources}, nil
}

// Read is Parse of a file.
func Read(path string) (*Template, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	template, err := Parse(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return template, nil
}

// All are the resources of a type, by logical id.
func (t *Template) All(resourceType string) []Resource {
	all := slices.DeleteFunc(slices.Collect(maps.Values(t.resources)), func(r Resource) bool { return r.Type != resourceType })
	slices.SortFunc(all, func(a, b Resource) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Get is the resource that a reference points at.
func (t *Template) Get(reference any) (Resource, bool) {
	found, there := t.resources[Target(reference)]
	return found, there
}

// Target is the logical id that Ref or Fn::GetAtt points at; empty for anything else.
func Target(reference any) string {
	object, _ := reference.(map[string]any)
	if id, ok := object["Ref"].(string); ok {
		return id
	}
	if path, ok := object["Fn::GetAtt"].([]any); ok && len(path) > 0 {
		id, _ := path[0].(string)
		return id
	}
	return ""
}

// At is the property at a path such as "BlockDeviceMappings.0.Ebs.VolumeSize"; nil where there is none.
func (r Resource) At(path string) any {
	var value any = r.Properties
	for step := range strings.SplitSeq(path, ".") {
		switch at := value.(type) {
		case map[string]any:
			value = at[step]
		case []any:
			index, err := strconv.Atoi(step)
			if err != nil || index >= len(at) {
				return nil
			}
			value = at[index]
		default:
			return nil
		}
	}
	return value
}

// Text is the property at a path as a text; empty where it is none.
func (r Resource) Text(path string) string {
	switch value := r.At(path).(type) {
	case string:
		return value
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	default:
		return ""
	}
}

// Number is the property at a path as a whole number, which CloudFormation also
// writes as a text; 0 where it is none.
func (r Resource) Number(path string) int {
	number, err := strconv.Atoi(r.Text(path))
	if err != nil {
		return 0
	}
	return number
}

// Bool is the property at a path, false where it is none.
func (r Resource) Bool(path string) bool {
	value, _ := r.At(path).(bool)
	return value
}

// List is the property at a path, empty where it is no list.
func (r Resource) List(path string) []any {
	list, _ := r.At(path).([]any)
	return list
}

// Tag is the value of a tag of the resource; empty where it has none.
func (r Resource) Tag(key string) string {
	for _, tag := range r.List("Tags") {
		if pair, ok := tag.(map[string]any); ok && pair["Key"] == key {
			value, _ := pair["Value"].(string)
			return value
		}
	}
	return ""
}
