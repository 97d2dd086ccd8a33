package main

import (
	"bytes"
	"fmt"
	"net/netip"
	"reflect"
	"strings"

	"github.com/d2-ride-booking/platform/config"
)

const referenceHead = `# Configuration

What ` + "`config/environments/dev.yaml` and `config/environments/prod.yaml`" + ` may say. Every key has a default
but those marked **must be given**; the shipped files say only what an operator is likely to edit.
An unknown key, a wrong type or a combination that cannot work is refused before anything is
synthesized, all problems at once, each with its file, line and remedy.

This file is generated from ` + "`config/environment.go` and `config/defaults.go`" + `: edit those, then run
` + "`go run ./cmd/docs`" + `.
`

// mustBeGiven are the keys without a default that anyone could know.
var mustBeGiven = map[string]bool{
	"environment": true, "account": true,
	"services[].name": true, "services[].port": true, "services[].host_label": true,
	"sites[].name": true, "sites[].host_label": true,
	"network.zones[].availability_zone": true, "network.zones[].public": true,
	"network.zones[].app": true, "network.zones[].database": true,
}

// unsaid are the defaults that Go's zero value does not tell.
var unsaid = map[string]string{"services[].enabled": "`true`", "sites[].enabled": "`true`"}

// section is a group of keys that one struct of the configuration holds.
type section struct {
	path      string
	about     string
	dev, prod reflect.Value
}

// writer fills the reference, sections in the order of the struct.
type writer struct {
	bytes.Buffer
	comments comments
	later    []section
}

// reference is docs/configuration.md: every key, its type, its defaults, its meaning.
func reference(comments comments) []byte {
	w := &writer{comments: comments}
	w.WriteString(referenceHead)
	dev, prod := config.Defaults(config.Dev), config.Defaults(config.Prod)
	w.section(section{about: comments["Environment"], dev: reflect.ValueOf(dev), prod: reflect.ValueOf(prod)})
	for len(w.later) > 0 {
		next := w.later[0]
		w.later = w.later[1:]
		w.section(next)
	}
	w.entries(dev, prod)
	return w.Bytes()
}

func (w *writer) section(s section) {
	title := "The top level"
	if s.path != "" {
		title = "`" + s.path + "`"
	}
	fmt.Fprintf(w, "\n## %s\n\n%s\n\n| key | type | default DEV | default PROD | meaning |\n| --- | --- | --- | --- | --- |\n", title, s.about)
	structure := s.dev.Type()
	var inner []section
	for i := range structure.NumField() {
		field := structure.Field(i)
		key := strings.TrimPrefix(s.path+"."+keyOf(field), ".")
		about := w.comments.of(structure, field)
		dev, prod := value(s.dev.Field(i)), value(s.prod.Field(i))
		if group, ok := w.group(key, about, s.dev.Field(i), s.prod.Field(i)); ok {
			inner = append(inner, group)
			dev, prod = "see below", "see below"
			if field.Type.Kind() == reflect.Pointer {
				prod = "`null`"
			}
		}
		if mustBeGiven[key] {
			dev, prod = "**must be given**", "**must be given**"
		}
		if text, found := unsaid[key]; found {
			dev, prod = text, text
		}
		fmt.Fprintf(w, "| `%s` | %s | %s | %s | %s |\n", key, typeOf(field), dev, prod, cell(about))
	}
	w.later = append(inner, w.later...)
}

// group is the section of a field that holds keys of its own. A list's columns are
// what a new entry has.
func (w *writer) group(path, about string, dev, prod reflect.Value) (section, bool) {
	switch list := dev.Interface().(type) {
	case []config.Service:
		dev, prod, path = reflect.ValueOf(config.DefaultService("<name>")), reflect.ValueOf(config.DefaultService("<name>")), path+"[]"
	case []config.Site:
		dev, prod, path = reflect.ValueOf(config.DefaultSite("<name>")), reflect.ValueOf(config.DefaultSite("<name>")), path+"[]"
	case []config.Zone:
		dev, prod, path = reflect.ValueOf(list[0]), reflect.ValueOf(list[0]), path+"[]"
	case *config.WorkingHours:
		dev, prod = dev.Elem(), reflect.ValueOf(config.WorkingHours{})
	}
	isGroup := dev.Kind() == reflect.Struct && dev.Type() != reflect.TypeFor[netip.Prefix]()
	return section{path: path, about: about, dev: dev, prod: prod}, isGroup
}

// entries are the defaults of the lists.
func (w *writer) entries(dev, prod config.Environment) {
	w.WriteString("\n## Entries that are there by default\n\n`services`, switched on by the toggle that each is named for:\n\n" +
		"| name | toggle | port | host_label | artifact_prefix | uses_database | manages_users | serves_pages |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n")
	toggles := config.Toggles()
	for _, s := range dev.Services {
		fmt.Fprintf(w, "| `%s` | `%s` | %d | `%s` | `%s` | `%t` | `%t` | `%t` |\n",
			s.Name, toggles[s.Name], s.Port, s.HostLabel, s.ArtifactPrefix, s.UsesDatabase, s.ManagesUsers, s.ServesPages)
	}
	w.WriteString("\n`sites`:\n\n| name | toggle | host_label |\n| --- | --- | --- |\n")
	for _, s := range dev.Sites {
		fmt.Fprintf(w, "| `%s` | `%s` | `%s` |\n", s.Name, toggles[s.Name], s.HostLabel)
	}
	w.WriteString("\n`network.zones`:\n\n| environment | availability_zone | public | app | database |\n| --- | --- | --- | --- | --- |\n")
	for _, env := range []config.Environment{dev, prod} {
		for _, z := range env.Network.Zones {
			fmt.Fprintf(w, "| %s | `%s` | `%s` | `%s` | `%s` |\n", env.Environment, z.AvailabilityZone, z.Public, z.App, z.Database)
		}
	}
}

// typeOf is a field's type as an editor of YAML thinks of it.
func typeOf(field reflect.StructField) string {
	var choices []string
	for tag := range strings.SplitSeq(field.Tag.Get("jsonschema"), ",") {
		if choice, found := strings.CutPrefix(tag, "enum="); found {
			choices = append(choices, "`"+choice+"`")
		}
	}
	if len(choices) > 0 {
		return strings.Join(choices, ", ")
	}
	return kindOf(field.Type)
}

func kindOf(t reflect.Type) string {
	if t == reflect.TypeFor[netip.Prefix]() {
		return "IPv4 block"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return kindOf(t.Elem()) + ", or `null`"
	case reflect.Bool:
		return "`true`, `false`"
	case reflect.Int:
		return "whole number"
	case reflect.Slice:
		return "list of " + kindOf(t.Elem())
	case reflect.Map:
		return "keys with texts"
	case reflect.Struct:
		return "keys"
	}
	return "text"
}

// value is a default as one would write it in YAML.
func value(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return "–"
		}
		return value(v.Elem())
	case reflect.Map, reflect.Slice:
		return "–"
	case reflect.String:
		if v.String() == "" {
			return "–"
		}
	}
	return fmt.Sprintf("`%v`", v.Interface())
}

// cell keeps a text within its cell.
func cell(text string) string {
	text = strings.ReplaceAll(text, "|", `\|`)
	return strings.ReplaceAll(strings.ReplaceAll(text, "<", "&lt;"), ">", "&gt;")
}
