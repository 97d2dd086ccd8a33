package cli

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/itchyny/gojq"

	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/screen"
)

// Show prints a verb's answer on stdout, as -o, --json and --jq ask: the value
// for programs, what draw makes of it for people.
func (a *App) Show(value any, draw func(*screen.Document)) error {
	switch a.flags.output {
	case "json":
		return a.showJSON(value)
	case "yaml":
		return a.showYAML(value)
	}
	var document screen.Document
	draw(&document)
	if a.flags.output == "tsv" {
		return document.WriteTSV(a.Streams.Out)
	}
	return document.Write(a.Streams.Out)
}

// forPeople says that the answer is drawn, not encoded.
func (a *App) forPeople() bool { return a.flags.output == "table" }

func (a *App) showJSON(value any) error {
	if a.flags.jq != "" {
		return a.filter(value)
	}
	return a.encode(value)
}

func (a *App) encode(value any) error {
	encoder := json.NewEncoder(a.Streams.Out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

// showLine prints one value of many as one line of JSON, or what --jq takes of it.
func (a *App) showLine(value any) error {
	if a.flags.jq != "" {
		return a.filter(value)
	}
	encoder := json.NewEncoder(a.Streams.Out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

func (a *App) showYAML(value any) error {
	encoded, err := json.Marshal(value)
	if err != nil {
		return err
	}
	text, err := yaml.JSONToYAML(encoded)
	if err != nil {
		return err
	}
	_, err = a.Streams.Out.Write(append(bytes.TrimRight(text, "\n"), '\n'))
	return err
}

// filter prints what a jq expression takes of the value: texts bare, as
// a script wants them, anything else as JSON.
func (a *App) filter(value any) error {
	query, err := gojq.Parse(a.flags.jq)
	if err != nil {
		return fault.New(fault.Usage, "see the jq manual; quote the expression for your shell", "--jq %s: %v", a.flags.jq, err)
	}
	plain, err := asPlainJSON(value)
	if err != nil {
		return err
	}
	results := query.Run(plain)
	for {
		result, more := results.Next()
		if !more {
			return nil
		}
		switch result := result.(type) {
		case error:
			return fault.New(fault.Usage, "look at the whole answer: --json", "--jq %s: %v", a.flags.jq, result)
		case string:
			fmt.Fprintln(a.Streams.Out, result)
		default:
			if err := a.encode(result); err != nil {
				return err
			}
		}
	}
}

// asPlainJSON is the value as gojq takes it: maps, slices, texts and numbers.
func asPlainJSON(value any) (any, error) {
	encoded, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var plain any
	return plain, json.Unmarshal(encoded, &plain)
}
