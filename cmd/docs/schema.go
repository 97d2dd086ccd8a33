package main

import (
	"encoding/json"
	"net/netip"
	"reflect"

	"github.com/invopop/jsonschema"

	"github.com/d2-ride-booking/platform/config"
)

// environmentSchema is the JSON Schema of an environment file. It knows keys and
// types; what fits together only config can tell.
func environmentSchema(comments comments) ([]byte, error) {
	reflector := jsonschema.Reflector{
		Anonymous:                  true, // an $id would claim an address that nobody serves
		ExpandedStruct:             true,
		FieldNameTag:               "yaml",
		RequiredFromJSONSchemaTags: true,
		Mapper: func(t reflect.Type) *jsonschema.Schema {
			if t == reflect.TypeFor[netip.Prefix]() {
				return &jsonschema.Schema{Type: "string", Pattern: `^[0-9.]+/[0-9]+$`}
			}
			return nil
		},
		LookupComment: comments.lookup,
	}
	schema := reflector.ReflectFromType(reflect.TypeFor[config.Environment]())
	schema.Title = "An environment of the D2 platform"
	content, err := json.MarshalIndent(schema, "", "  ")
	return append(content, '\n'), err
}
