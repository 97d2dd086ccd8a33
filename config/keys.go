package config

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// What the decoder knows of the keys: those of each struct, and what a stranger may have meant.

// fieldsOf maps the keys of a struct to its fields.
func fieldsOf(structure reflect.Type) map[string]int {
	fields := map[string]int{}
	for i := range structure.NumField() {
		name, _, _ := strings.Cut(structure.Field(i).Tag.Get("yaml"), ",")
		fields[name] = i
	}
	return fields
}

func ofParent(path string) string {
	if path == "" {
		return "of an environment file"
	}
	return "of " + path
}

// suggest says what an unknown key was probably meant to be: a neighbour spelt
// alike, or the same key in another place.
func suggest(path, name string, fields map[string]int) string {
	for _, known := range slices.Sorted(maps.Keys(fields)) {
		if distance(name, known) <= 2 {
			return "did you mean " + known + "?"
		}
	}
	for _, place := range places(reflect.TypeFor[Environment](), "") {
		parent, key := splitKey(place)
		if key != name || parent == path {
			continue
		}
		if parent == "" {
			return "it belongs at the top of the file, without indentation"
		}
		return "it belongs under " + parent
	}
	return "take it out; " + seeReference
}

func splitKey(place string) (parent, key string) {
	if dot := strings.LastIndex(place, "."); dot >= 0 {
		return place[:dot], place[dot+1:]
	}
	return "", place
}

// places are the paths of all keys, as services[].port for those of a list.
func places(structure reflect.Type, path string) []string {
	var found []string
	for i := range structure.NumField() {
		field := structure.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		key, inner := join(path, name), field.Type
		found = append(found, key)
		if inner.Kind() == reflect.Slice {
			key += "[]"
		}
		for inner.Kind() == reflect.Slice || inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct && inner.PkgPath() == structure.PkgPath() {
			found = append(found, places(inner, key)...)
		}
	}
	return found
}

// distance is how many letters must change to make a of b (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// Toggles are the keys that switch the runbooks' four, by the name of the service or site (runbook DEV 6.1).
func Toggles() map[string]string { return maps.Clone(toggles) }
