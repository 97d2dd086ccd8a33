package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/invopop/jsonschema"
	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/internal/cli"
	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/iostreams"
	"github.com/d2-ride-booking/platform/internal/ops"
)

// schemasDir holds the JSON Schema of what each verb of d2ctl prints with --json.
const schemasDir = "docs/schemas"

// d2ctlFiles are what is generated from the commands of d2ctl: the reference of
// its verbs, and the schemas of their JSON.
func d2ctlFiles(root string) (map[string][]byte, error) {
	streams, _, _ := iostreams.Recorded("")
	app := cli.NewApp(streams)
	command := cli.NewRoot(app)
	files := map[string][]byte{"docs/d2ctl-reference.md": verbReference(command)}
	comments, err := packageComments(root, "internal/ops", "internal/cli", "internal/diagram")
	if err != nil {
		return nil, err
	}
	files[schemasDir+"/plan.json"], err = resultSchema(comments, "What every verb that changes something prints with --dry-run --json", ops.Plan{})
	for _, each := range leaves(command) {
		if result := app.Result(each); result != nil && err == nil {
			files[schemasDir+"/"+schemaName(each)], err = resultSchema(comments, "What "+each.CommandPath()+" --json prints", result)
		}
	}
	return files, err
}

// packageComments are the doc comments of all types of some packages.
func packageComments(root string, dirs ...string) (comments, error) {
	all := comments{}
	for _, dir := range dirs {
		sources, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
		if err != nil {
			return nil, err
		}
		for _, source := range sources {
			found, err := readComments(source)
			if err != nil {
				return nil, err
			}
			maps.Copy(all, found)
		}
	}
	return all, nil
}

// schemaName is named after the verb: d2ctl user list is user-list.json.
func schemaName(command *cobra.Command) string {
	words := strings.Fields(command.CommandPath())[1:]
	return strings.Join(words, "-") + ".json"
}

func resultSchema(comments comments, title string, result any) ([]byte, error) {
	reflector := jsonschema.Reflector{Anonymous: true, ExpandedStruct: true, LookupComment: comments.lookup}
	schema := reflector.ReflectFromType(reflect.TypeOf(result))
	schema.Title = title
	content, err := json.MarshalIndent(schema, "", "  ")
	return append(content, '\n'), err
}

// leaves are the commands that do something, in the order of the help.
func leaves(command *cobra.Command) []*cobra.Command {
	var found []*cobra.Command
	for _, each := range command.Commands() {
		if each.Name() == "help" || each.Name() == "completion" || each.Hidden {
			continue
		}
		if each.Runnable() {
			found = append(found, each)
		}
		found = append(found, leaves(each)...)
	}
	return found
}

func verbReference(root *cobra.Command) []byte {
	var b bytes.Buffer
	b.WriteString("# The verbs of d2ctl\n\n<!-- Generated from internal/cli by go run ./cmd/docs; do not edit. -->\n\nHow to begin: [d2ctl.md](d2ctl.md).\n\n")
	b.WriteString("## Flags of every verb\n\n```\n" + strings.TrimRight(root.PersistentFlags().FlagUsages(), "\n") + "\n```\n\n")
	b.WriteString("## Exit codes\n\n| code | meaning |\n|---:|---|\n")
	for _, each := range fault.Codes() {
		fmt.Fprintf(&b, "| %d | %s |\n", each.Code, each.Meaning)
	}
	for _, command := range leaves(root) {
		describe(&b, command)
	}
	return b.Bytes()
}

func describe(b *bytes.Buffer, command *cobra.Command) {
	fmt.Fprintf(b, "\n## %s\n\n%s\n\n```\n%s\n```\n", command.CommandPath(), sentence(command), command.UseLine())
	if flags := command.LocalNonPersistentFlags(); flags.HasAvailableFlags() {
		fmt.Fprintf(b, "\n```\n%s\n```\n", strings.TrimRight(flags.FlagUsages(), "\n"))
	}
	if command.Example != "" {
		fmt.Fprintf(b, "\nFor example:\n\n```\n%s\n```\n", unindented(command.Example))
	}
	fmt.Fprintf(b, "\nJSON: [%s](schemas/%s).\n", schemaName(command), schemaName(command))
}

// sentence is the long description, or the short one where there is no other.
func sentence(command *cobra.Command) string {
	if command.Long != "" {
		return command.Long
	}
	return strings.ToUpper(command.Short[:1]) + command.Short[1:] + "."
}

func unindented(example string) string {
	lines := strings.Split(example, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(line, "  ")
	}
	return strings.Join(lines, "\n")
}
