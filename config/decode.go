package config

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxFileBytes is far above any real file (300 services fit). The YAML parser's time
// grows with the square of nonsense: 32 KiB take it a second, 128 KiB most of a minute.
const maxFileBytes = 32 << 10

// seeReference is the remedy where the file alone cannot tell what was meant.
const seeReference = "docs/configuration.md lists every key"

// lines says on which line of the file each key stands.
type lines map[string]int

// of is the line of a key, or of the nearest key above it that the file has, or 1.
func (l lines) of(key string) int {
	for key != "" {
		if line, known := l[key]; known {
			return line
		}
		key = key[:max(strings.LastIndexAny(key, ".["), 0)]
	}
	return 1
}

// decoder fills an Environment from a YAML tree. It walks the tree itself, since a
// YAML library stops at the first thing it cannot decode, and we report them all.
type decoder struct {
	env       *Environment
	lines     lines
	problems  Problems
	undecoded []string // keys that keep their default because their value is unusable
}

func (d *decoder) bad(line int, key, what, remedy string) {
	d.problems = append(d.problems, Problem{Line: line, Key: key, What: what, Remedy: remedy})
	d.undecoded = append(d.undecoded, key)
}

// twice refuses a key or an entry that was there before; the first one is decoded all the same.
func (d *decoder) twice(line, before int, key, remedy string) {
	what := fmt.Sprintf("is given twice, first on line %d", before)
	d.problems = append(d.problems, Problem{Line: line, Key: key, What: what, Remedy: remedy})
}

// misses says whether a key, or one above it, could not be decoded; what
// validation would say of the default in its place only misleads.
func (d *decoder) misses(key string) bool {
	return slices.ContainsFunc(d.undecoded, func(parent string) bool { return within(key, parent) })
}

// within says whether key is parent or lies below it.
func within(key, parent string) bool {
	rest, found := strings.CutPrefix(key, parent)
	return found && parent != "" && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// decode lays the file over the defaults of its stage. env is nil when the stage cannot be told.
func decode(data []byte) *decoder {
	d := &decoder{lines: lines{}}
	root := d.document(data)
	if len(d.problems) > 0 {
		return d
	}
	stage, known := d.stage(root)
	env := Defaults(stage)
	if root != nil {
		d.mapping("", root, reflect.ValueOf(&env).Elem())
	}
	if _, given := d.lines["network.zones"]; !given {
		env.Network.moveTo(env.Region)
	}
	if known {
		d.env = &env
	}
	return d
}

// document is the one mapping of the file; nil for an empty file.
func (d *decoder) document(data []byte) *ast.MappingNode {
	if len(data) > maxFileBytes {
		d.bad(1, "", fmt.Sprintf("is larger than %d KiB", maxFileBytes>>10), "name an environment file")
		return nil
	}
	file, err := parseYAML(data)
	if err != nil {
		d.syntax(err)
		return nil
	}
	var bodies []ast.Node
	for _, document := range file.Docs {
		if body := document.Body; body != nil && !isComment(body) {
			bodies = append(bodies, body)
		}
	}
	switch {
	case len(bodies) == 0:
		return nil
	case len(bodies) > 1:
		d.bad(lineOf(bodies[1]), "", "a second YAML document begins here", "keep one document in the file: take out the line ---")
		return nil
	}
	mapping, ok := asMapping(bodies[0])
	if !ok {
		d.bad(lineOf(bodies[0]), "", "is "+describe(bodies[0])+", not keys with values", "write keys as in config/environments/dev.yaml")
	}
	return mapping
}

// parseYAML turns a panic of the YAML library into an error: no file may end the program without a line to mend.
func parseYAML(data []byte) (file *ast.File, err error) {
	defer func() {
		if recover() != nil {
			file, err = nil, errors.New("the YAML cannot be read")
		}
	}()
	// Duplicate keys are found below, all of them and with a remedy.
	return parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
}

func (d *decoder) syntax(err error) {
	line, what := 1, err.Error()
	var located yaml.Error
	if errors.As(err, &located) {
		what = located.GetMessage()
		if token := located.GetToken(); token != nil && token.Position != nil {
			line = max(token.Position.Line, 1)
		}
	}
	if strings.Contains(what, "\t") {
		d.bad(line, "", "is not valid YAML: found a tab where only spaces may be", "indent with spaces")
		return
	}
	d.bad(line, "", "is not valid YAML: "+what, "mend the YAML at this line, or just above: indent with spaces, write key: value, close every quote and bracket")
}

// stage reads the key environment before everything else, since it chooses the defaults.
func (d *decoder) stage(root *ast.MappingNode) (Stage, bool) {
	const remedy = "write environment: dev or environment: prod; every other default follows from it"
	if root != nil {
		for _, pair := range root.Values {
			name, plain := keyName(pair.Key)
			if !plain || name != "environment" {
				continue
			}
			text, isText := scalarText(pair.Value)
			if stage := Stage(text); isText && (stage == Dev || stage == Prod) {
				return stage, true
			}
			if isText {
				d.bad(lineOf(pair.Key), name, strconv.Quote(text)+" is neither dev nor prod", remedy)
			}
			return Dev, false
		}
	}
	d.bad(1, "environment", "is missing", remedy)
	return Dev, false
}

// value decodes one node into target, which holds the default.
func (d *decoder) value(path string, line int, node ast.Node, target reflect.Value) {
	if refusal := unsupported(node); refusal != "" {
		d.bad(line, path, refusal, "write the value itself")
		return
	}
	if _, null := node.(*ast.NullNode); null || node == nil {
		d.null(path, line, target)
		return
	}
	if target.Type() == reflect.TypeFor[netip.Prefix]() {
		d.prefix(path, line, node, target)
		return
	}
	switch target.Kind() {
	case reflect.Pointer:
		d.pointer(path, line, node, target)
	case reflect.Struct:
		if mapping, ok := asMapping(node); ok {
			d.mapping(path, mapping, target)
		} else {
			d.wrongType(path, line, node, "keys with values")
		}
	case reflect.Slice:
		d.list(path, line, node, target)
	case reflect.Map:
		d.stringMap(path, line, node, target)
	default:
		d.scalar(path, line, node, target)
	}
}

// null means "none" where there can be none; elsewhere it is a key that someone forgot to fill.
func (d *decoder) null(path string, line int, target reflect.Value) {
	if target.Kind() == reflect.Pointer {
		target.SetZero()
		return
	}
	d.bad(line, path, "has no value", `give it one ("" for an empty text), or take the key out to have the default`)
}

func (d *decoder) pointer(path string, line int, node ast.Node, target reflect.Value) {
	fresh := reflect.New(target.Type().Elem())
	if !target.IsNil() {
		fresh.Elem().Set(target.Elem())
	}
	d.value(path, line, node, fresh.Elem())
	target.Set(fresh)
}

// mapping decodes the keys of a struct and refuses those it does not have.
func (d *decoder) mapping(path string, node *ast.MappingNode, target reflect.Value) {
	fields := fieldsOf(target.Type())
	d.eachKey(path, node, func(name, key string, pair *ast.MappingValueNode) {
		index, known := fields[name]
		if !known {
			d.bad(lineOf(pair.Key), key, "is not a key "+ofParent(path), suggest(path, name, fields))
			return
		}
		d.value(key, lineOf(pair.Key), pair.Value, target.Field(index))
	})
}

// eachKey calls found once a key, notes its line, and refuses what is no plain key or was there before.
func (d *decoder) eachKey(path string, node *ast.MappingNode, found func(name, key string, pair *ast.MappingValueNode)) {
	first := map[string]int{}
	for _, pair := range node.Values {
		line := lineOf(pair.Key)
		name, plain := keyName(pair.Key)
		if !plain {
			d.bad(line, path, "has a key that is no plain word", "write key: value; merges (<<), lists and numbers are not keys here")
			continue
		}
		key := join(path, name)
		if before, twice := first[name]; twice {
			d.twice(line, before, key, "keep one of the two")
			continue
		}
		first[name] = line
		d.lines[key] = line
		found(name, key, pair)
	}
}

// list decodes a list. Services and sites are laid over the entry of the same name,
// so that a file names only what it changes; any other list is replaced whole.
func (d *decoder) list(path string, line int, node ast.Node, target reflect.Value) {
	sequence, ok := node.(*ast.SequenceNode)
	if !ok {
		d.wrongType(path, line, node, "a list")
		return
	}
	switch entries := target.Addr().Interface().(type) {
	case *[]Service:
		named(d, path, sequence, entries, func(s Service) string { return s.Name }, DefaultService)
	case *[]Site:
		named(d, path, sequence, entries, func(s Site) string { return s.Name }, DefaultSite)
	default:
		d.replace(path, sequence, target)
	}
}

func (d *decoder) replace(path string, sequence *ast.SequenceNode, target reflect.Value) {
	fresh := reflect.MakeSlice(target.Type(), len(sequence.Values), len(sequence.Values))
	for i, node := range sequence.Values {
		key := fmt.Sprintf("%s[%d]", path, i)
		d.lines[key] = lineOf(node)
		d.value(key, lineOf(node), node, fresh.Index(i))
	}
	target.Set(fresh)
}

// named lays a list of named entries over the defaults: by name, new ones after them.
func named[T any](d *decoder, path string, sequence *ast.SequenceNode, entries *[]T, nameOf func(T) string, fresh func(string) T) {
	seen := map[string]int{}
	for i, node := range sequence.Values {
		line := lineOf(node)
		name := entryName(node)
		if name == "" {
			d.bad(line, fmt.Sprintf("%s[%d]", path, i), "has no name", "begin the entry with name: and a word of its own, e.g. - name: my-app")
			continue
		}
		key := fmt.Sprintf("%s[%s]", path, name)
		if before, twice := seen[name]; twice {
			d.twice(line, before, key, "keep one of the two, or rename one")
			continue
		}
		seen[name] = line
		d.lines[key] = line
		at := indexOf(*entries, name, nameOf)
		if at < 0 {
			*entries = append(*entries, fresh(name))
			at = len(*entries) - 1
		}
		d.value(key, line, node, reflect.ValueOf(entries).Elem().Index(at))
	}
}

func indexOf[T any](entries []T, name string, nameOf func(T) string) int {
	for i, entry := range entries {
		if nameOf(entry) == name {
			return i
		}
	}
	return -1
}

// entryName is the value of an entry's key name, or "".
func entryName(node ast.Node) string {
	mapping, ok := asMapping(node)
	if !ok {
		return ""
	}
	for _, pair := range mapping.Values {
		if name, _ := keyName(pair.Key); name == "name" {
			text, _ := scalarText(pair.Value)
			return text
		}
	}
	return ""
}

// stringMap decodes tags and parameters, which add to nothing: they have no defaults.
func (d *decoder) stringMap(path string, line int, node ast.Node, target reflect.Value) {
	mapping, ok := asMapping(node)
	if !ok {
		d.wrongType(path, line, node, "keys with values")
		return
	}
	fresh := map[string]string{}
	d.eachKey(path, mapping, func(name, key string, pair *ast.MappingValueNode) {
		text := reflect.New(reflect.TypeFor[string]()).Elem()
		d.value(key, lineOf(pair.Key), pair.Value, text)
		fresh[name] = text.String()
	})
	target.Set(reflect.ValueOf(fresh))
}

func (d *decoder) prefix(path string, line int, node ast.Node, target reflect.Value) {
	text, ok := scalarText(node)
	if !ok {
		d.wrongType(path, line, node, "a block of addresses like 10.20.0.0/16")
		return
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		d.bad(line, path, strconv.Quote(text)+" is not a block of addresses", "write it like 10.20.0.0/16")
		return
	}
	target.Set(reflect.ValueOf(prefix))
}

func (d *decoder) scalar(path string, line int, node ast.Node, target reflect.Value) {
	switch target.Kind() {
	case reflect.String:
		if text, ok := scalarText(node); ok {
			target.SetString(text)
			return
		}
		d.notText(path, line, node)
	case reflect.Bool:
		if boolean, ok := node.(*ast.BoolNode); ok {
			target.SetBool(boolean.Value)
			return
		}
		d.wrongType(path, line, node, "true or false")
	case reflect.Int:
		if number, ok := wholeNumber(node); ok {
			target.SetInt(number)
			return
		}
		d.wrongType(path, line, node, "a whole number")
	default:
		d.bad(line, path, "cannot be set from a file", seeReference)
	}
}

// notText refuses a number or a truth value where text belongs: YAML would read 0123 as 83.
func (d *decoder) notText(path string, line int, node ast.Node) {
	if scalar, ok := node.(ast.ScalarNode); ok {
		d.bad(line, path, "is "+describe(node)+" where text belongs", "put it in quotes: "+strconv.Quote(scalar.GetToken().Value))
		return
	}
	d.wrongType(path, line, node, "text")
}

func (d *decoder) wrongType(path string, line int, node ast.Node, want string) {
	d.bad(line, path, "is "+describe(node), "write "+want)
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func wholeNumber(node ast.Node) (int64, bool) {
	integer, ok := node.(*ast.IntegerNode)
	if !ok {
		return 0, false
	}
	switch value := integer.Value.(type) {
	case int64:
		return value, value >= math.MinInt32 && value <= math.MaxInt32
	case uint64:
		return int64(value & math.MaxInt32), value <= math.MaxInt32
	}
	return 0, false
}
