package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/diagram"
	"github.com/d2-ride-booking/platform/internal/template"
)

const (
	architecture = "docs/architecture.md"
	diagramsDir  = "docs/diagrams"
	// snapshots hold the templates as shipped (make snapshot), so that drawing them synthesizes nothing.
	snapshots = "test/__snapshots__"
)

// diagramFiles are the pictures of both environments: an SVG each, and the
// Mermaid within docs/architecture.md, whose other text is written by hand.
func diagramFiles(root string) (map[string][]byte, error) {
	page, err := os.ReadFile(filepath.Join(root, architecture))
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, stage := range []config.Stage{config.Dev, config.Prod} {
		picture, err := drawn(root, stage)
		if err != nil {
			return nil, err
		}
		files[fmt.Sprintf("%s/%s.svg", diagramsDir, stage)] = []byte(picture.SVG())
		if page, err = replaced(page, "diagram "+string(stage), "```mermaid\n"+picture.Mermaid()+"```\n"); err != nil {
			return nil, err
		}
	}
	files[architecture] = page
	return files, nil
}

func drawn(root string, stage config.Stage) (*diagram.Picture, error) {
	env, err := config.Shipped(stage)
	if err != nil {
		return nil, err
	}
	read, err := template.Read(filepath.Join(root, snapshots, env.StackName()+"_1.snap.json"))
	if err != nil {
		return nil, err
	}
	return diagram.Read(read)
}

// replaced is a page with other text between the two comments that name a part of it.
func replaced(page []byte, name, text string) ([]byte, error) {
	begin, end := []byte("<!-- "+name+" by go run ./cmd/docs -->\n"), []byte("<!-- end of "+name+" -->\n")
	head, rest, found := bytes.Cut(page, begin)
	_, tail, ended := bytes.Cut(rest, end)
	if !found || !ended {
		return nil, fmt.Errorf("%s: the comments around %q are missing", architecture, name)
	}
	return bytes.Join([][]byte{head, begin, []byte(text), end, tail}, nil), nil
}
