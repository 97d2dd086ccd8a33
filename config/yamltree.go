package config

import (
	"fmt"
	"strconv"

	"github.com/goccy/go-yaml/ast"
)

// What the decoder asks of a YAML tree.

// asMapping sees a mapping in a node; the parser has a node type of its own for a single pair.
func asMapping(node ast.Node) (*ast.MappingNode, bool) {
	switch mapping := node.(type) {
	case *ast.MappingNode:
		return mapping, true
	case *ast.MappingValueNode:
		return &ast.MappingNode{BaseNode: &ast.BaseNode{}, Start: mapping.Start, Values: []*ast.MappingValueNode{mapping}}, true
	}
	return nil, false
}

// keyName is the text of a plain key.
func keyName(key ast.MapKeyNode) (string, bool) {
	text, ok := key.(*ast.StringNode)
	if !ok || text.Value == "" {
		return "", false
	}
	return text.Value, true
}

// scalarText is the text of a string, in quotes, plain or as a block.
func scalarText(node ast.Node) (string, bool) {
	switch text := node.(type) {
	case *ast.StringNode:
		return text.Value, true
	case *ast.LiteralNode:
		if text.Value == nil {
			return "", true
		}
		return text.Value.Value, true
	}
	return "", false
}

// unsupported names what YAML can do and an environment file needs not: each hides the value from its reader.
func unsupported(node ast.Node) string {
	switch node.(type) {
	case *ast.AnchorNode:
		return "is an anchor (&)"
	case *ast.AliasNode:
		return "is an alias (*)"
	case *ast.TagNode:
		return "is a YAML tag (!)"
	}
	return ""
}

// describe names what a node is, for "is … where … belongs".
func describe(node ast.Node) string {
	switch value := node.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a group of keys"
	case *ast.SequenceNode:
		return "a list"
	case *ast.BoolNode:
		return fmt.Sprintf("the truth value %t", value.Value)
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "the number " + value.GetToken().Value
	case *ast.StringNode, *ast.LiteralNode:
		text, _ := scalarText(value)
		return "the text " + quoted(text)
	case *ast.NullNode, nil:
		return "empty"
	}
	return "something else"
}

// quoted is a value as a message shows it, cut where it would drown the message.
func quoted(text string) string {
	const longest = 60
	if runes := []rune(text); len(runes) > longest {
		text = string(runes[:longest]) + "…"
	}
	return strconv.Quote(text)
}

func isComment(node ast.Node) bool {
	_, comment := node.(*ast.CommentGroupNode)
	return comment
}

// lineOf is the line on which a node begins, 1 where the parser does not know.
func lineOf(node ast.Node) int {
	if mapping, ok := node.(*ast.MappingNode); ok && len(mapping.Values) > 0 {
		return lineOf(mapping.Values[0].Key)
	}
	if pair, ok := node.(*ast.MappingValueNode); ok {
		return lineOf(pair.Key)
	}
	if node == nil || node.GetToken() == nil || node.GetToken().Position == nil {
		return 1
	}
	return max(node.GetToken().Position.Line, 1)
}
