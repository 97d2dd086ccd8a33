// Command docs writes what is generated from the type config.Environment (the JSON
// Schema that editors check the environment files with, and the reference of
// their keys), from the commands of d2ctl (their reference, and the JSON Schemas
// of what they print), and from the committed templates (diagrams). Run it in the repository's root: go run ./cmd/docs
package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
)

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		os.Exit(1)
	}
}

// run writes every generated file of the repository at root.
func run(root string) error {
	files, err := generate(root)
	if err != nil {
		return fmt.Errorf("%w; run it in the repository's root: go run ./cmd/docs", err)
	}
	for path, content := range files {
		if err := os.WriteFile(filepath.Join(root, path), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generate is every generated file by its path.
func generate(root string) (map[string][]byte, error) {
	comments, err := readComments(filepath.Join(root, "config", "environment.go"))
	if err != nil {
		return nil, err
	}
	schema, err := environmentSchema(comments)
	if err != nil {
		return nil, err
	}
	files, err := d2ctlFiles(root)
	if err != nil {
		return nil, err
	}
	diagrams, err := diagramFiles(root)
	if err != nil {
		return nil, err
	}
	maps.Copy(files, diagrams)
	files["docs/environment.schema.json"] = schema
	files["docs/configuration.md"] = reference(comments)
	return files, nil
}
