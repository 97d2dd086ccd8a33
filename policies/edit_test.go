package policies_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// An edit makes a good template a broken one. Its path begins with a logical id
// ("Db/Properties/MultiAZ"), or with a slash for the template itself
// ("/Outputs/Environment/Value"); a number is an index into a list.
type edit struct {
	verb  verb
	path  string
	value any
}

type verb string

const (
	setting   verb = "set"
	removing  verb = "remove"
	appending verb = "append"
)

// set puts a value where one is, or may be.
func set(path string, value any) edit { return edit{setting, path, value} }

// remove takes away what is there; a path that leads nowhere is a mistake of the case.
func remove(path string) edit { return edit{removing, path, nil} }

// add appends to the list that is there.
func add(path string, value any) edit { return edit{appending, path, value} }

// resource adds a resource, which may need no properties.
func resource(id, kind string, properties object) edit {
	return edit{setting, id, object{"Type": kind, "Properties": properties}}
}

type object = map[string]any

type list = []any

func ref(id string) object { return object{"Ref": id} }

func attribute(id, name string) object { return object{"Fn::GetAtt": list{id, name}} }

// resourceOf is the logical id that an edit touches, or nothing.
func (e edit) resourceOf() string {
	first, _, _ := strings.Cut(e.path, "/")
	return first
}

func (e edit) apply(t *testing.T, template object) {
	t.Helper()
	path, whole := strings.CutPrefix(e.path, "/")
	if !whole {
		path = "Resources/" + path
	}
	keys := strings.Split(path, "/")
	if err := e.change(template, keys); err != nil {
		t.Fatalf("%s %s: %v", e.verb, e.path, err)
	}
}

// change walks to the parent of the last key and changes it there.
func (e edit) change(parent any, keys []string) error {
	child, err := childOf(parent, keys[0])
	if len(keys) > 1 {
		if err != nil {
			return err
		}
		return e.change(child, keys[1:])
	}
	container, isObject := parent.(object)
	switch {
	case e.verb == setting && isObject:
		container[keys[0]] = e.value
	case e.verb == setting && err == nil:
		index, _ := strconv.Atoi(keys[0])
		parent.(list)[index] = e.value
	case e.verb == removing && isObject && err == nil:
		delete(container, keys[0])
	case e.verb == appending && isObject && err == nil:
		items, isList := child.(list)
		if !isList {
			return fmt.Errorf("%s is no list", keys[0])
		}
		container[keys[0]] = append(items, e.value)
	default:
		return fmt.Errorf("cannot %s %s: %w", e.verb, keys[0], err)
	}
	return nil
}

func childOf(parent any, key string) (any, error) {
	switch parent := parent.(type) {
	case object:
		if child, there := parent[key]; there {
			return child, nil
		}
	case list:
		if index, err := strconv.Atoi(key); err == nil && index < len(parent) {
			return parent[index], nil
		}
	}
	return nil, fmt.Errorf("there is no %s", key)
}
