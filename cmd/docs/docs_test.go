package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
)

const root = "../.."

func TestTheCommittedReferenceIsWhatTheStructSays(t *testing.T) {
	files, err := generate(root)
	require.NoError(t, err)
	for path, fresh := range files {
		committed, err := os.ReadFile(filepath.Join(root, path))
		require.NoError(t, err)
		assert.Equal(t, string(fresh), string(committed), "%s is stale; run: go run ./cmd/docs", path)
	}
}

func TestEveryKeyHasAMeaning(t *testing.T) {
	comments, err := readComments(filepath.Join(root, "config", "environment.go"))
	require.NoError(t, err)
	var visit func(reflect.Type)
	visit = func(structure reflect.Type) {
		for i := range structure.NumField() {
			field := structure.Field(i)
			assert.NotEmpty(t, comments.of(structure, field),
				"%s.%s needs a doc comment that begins with its name", structure.Name(), field.Name)
			inner := field.Type
			for inner.Kind() == reflect.Slice || inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			if inner.Kind() == reflect.Struct && inner.PkgPath() == structure.PkgPath() {
				visit(inner)
			}
		}
	}
	visit(reflect.TypeFor[config.Environment]())
}

func TestTheShippedFilesPassTheSchema(t *testing.T) {
	schema := readSchema(t)
	for _, stage := range []config.Stage{config.Dev, config.Prod} {
		content, err := os.ReadFile(filepath.Join(root, config.DefaultDir, string(stage)+".yaml"))
		require.NoError(t, err)
		var file any
		require.NoError(t, yaml.Unmarshal(content, &file))
		assert.Empty(t, schema.check(schema.root, file, ""), "%s.yaml", stage)
	}
}

func TestTheSchemaRefusesWhatTheDecoderRefuses(t *testing.T) {
	schema := readSchema(t)
	for _, broken := range []string{
		"environment: staging\naccount: \"111122223333\"",
		"environment: dev\naccount: \"1\"",
		"environment: dev",
		"environment: dev\naccount: \"111122223333\"\nenable_albb: true",
		"environment: dev\naccount: \"111122223333\"\nenable_alb: 5",
		"environment: dev\naccount: \"111122223333\"\nnetwork: {zones: [{public: 10.20.1.0/24}]}",
		"environment: dev\naccount: \"111122223333\"\nservices: [{port: 3002}]",
		"environment: dev\naccount: \"111122223333\"\nruntime: {node_major: 18}",
	} {
		var file any
		require.NoError(t, yaml.Unmarshal([]byte(broken), &file))
		assert.NotEmpty(t, schema.check(schema.root, file, ""), broken)
		_, err := config.Parse("broken.yaml", []byte(broken))
		assert.Error(t, err, broken)
	}
}

func TestTheSchemaLetsDEVRunDayAndNight(t *testing.T) {
	schema := readSchema(t)
	var file any
	require.NoError(t, yaml.Unmarshal([]byte("environment: dev\naccount: \"111122223333\"\ncost: {working_hours: null}"), &file))
	assert.Empty(t, schema.check(schema.root, file, ""))
}

// schemaFile checks a decoded file against as much of JSON Schema as the generated one uses.
type schemaFile struct{ root map[string]any }

func readSchema(t *testing.T) schemaFile {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "docs/environment.schema.json"))
	require.NoError(t, err)
	var schema schemaFile
	require.NoError(t, json.Unmarshal(content, &schema.root))
	return schema
}

func (s schemaFile) check(rule map[string]any, value any, path string) []string {
	if reference, ok := rule["$ref"].(string); ok {
		name := strings.TrimPrefix(reference, "#/$defs/")
		return s.check(s.root["$defs"].(map[string]any)[name].(map[string]any), value, path)
	}
	if choices, ok := rule["oneOf"].([]any); ok {
		for _, choice := range choices {
			if len(s.check(choice.(map[string]any), value, path)) == 0 {
				return nil
			}
		}
		return []string{path + ": fits none"}
	}
	problems := s.scalar(rule, value, path)
	if object, ok := value.(map[string]any); ok {
		problems = append(problems, s.object(rule, object, path)...)
	}
	if list, ok := value.([]any); ok {
		for i, item := range list {
			problems = append(problems, s.check(rule["items"].(map[string]any), item, fmt.Sprintf("%s[%d]", path, i))...)
		}
	}
	return problems
}

func (s schemaFile) scalar(rule map[string]any, value any, path string) []string {
	kinds := map[string][]string{
		"object": {"map"}, "array": {"slice"}, "string": {"string"}, "boolean": {"bool"},
		"integer": {"uint64", "int64"}, "null": {"invalid"},
	}
	kind := reflect.ValueOf(value).Kind().String()
	if want, ok := rule["type"].(string); ok && !slices.Contains(kinds[want], kind) {
		return []string{path + ": is no " + want}
	}
	if choices, ok := rule["enum"].([]any); ok && !slices.ContainsFunc(choices, func(c any) bool { return fmt.Sprint(c) == fmt.Sprint(value) }) {
		return []string{path + ": is none of the choices"}
	}
	if pattern, ok := rule["pattern"].(string); ok && !regexp.MustCompile(pattern).MatchString(fmt.Sprint(value)) {
		return []string{path + ": does not match"}
	}
	return nil
}

func (s schemaFile) object(rule, object map[string]any, path string) []string {
	var problems []string
	properties, _ := rule["properties"].(map[string]any)
	for name, value := range object {
		if property, known := properties[name].(map[string]any); known {
			problems = append(problems, s.check(property, value, path+"."+name)...)
		} else if rule["additionalProperties"] == false {
			problems = append(problems, path+"."+name+": unknown")
		}
	}
	required, _ := rule["required"].([]any)
	for _, name := range required {
		if _, given := object[name.(string)]; !given {
			problems = append(problems, path+"."+name.(string)+": missing")
		}
	}
	return problems
}
