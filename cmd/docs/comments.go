package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"
)

// comments are the doc comments of types and fields, as
// Environment and Environment.Region.
type comments map[string]string

// readComments takes them from the Go source, where they are written once.
func readComments(path string) (comments, error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	found := comments{}
	for _, declaration := range file.Decls {
		general, ok := declaration.(*ast.GenDecl)
		if !ok || general.Tok != token.TYPE {
			continue
		}
		for _, spec := range general.Specs {
			found.add(spec.(*ast.TypeSpec), general.Doc)
		}
	}
	return found, nil
}

func (c comments) add(spec *ast.TypeSpec, doc *ast.CommentGroup) {
	c[spec.Name.Name] = oneParagraph(doc)
	structure, ok := spec.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, field := range structure.Fields.List {
		for _, name := range field.Names {
			c[spec.Name.Name+"."+name.Name] = oneParagraph(field.Doc)
		}
	}
}

func oneParagraph(doc *ast.CommentGroup) string {
	return strings.Join(strings.Fields(doc.Text()), " ")
}

// of is the meaning of a field for who edits YAML: the comment without Go's name,
// which the key already says; empty where the comment does not begin with it.
func (c comments) of(structure reflect.Type, field reflect.StructField) string {
	text, found := strings.CutPrefix(c[structure.Name()+"."+field.Name], field.Name+" ")
	if !found {
		return ""
	}
	for _, verb := range []string{"is ", "are "} {
		text = strings.TrimPrefix(text, verb)
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// lookup is the meaning of a type, or of one of its fields, for a schema.
func (c comments) lookup(structure reflect.Type, field string) string {
	if field == "" {
		return c[structure.Name()]
	}
	found, _ := structure.FieldByName(field)
	return c.of(structure, found)
}

// keyOf is a field's key in YAML.
func keyOf(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
	return name
}
