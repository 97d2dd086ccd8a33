package policies_test

import (
	"flag"
	"fmt"
	"slices"
	"testing"
)

var oneByOne = flag.Bool("one-by-one", false, "give every breach a template of its own (slower)")

// An editedTemplate holds breaches, or variants, that do not touch one another.
type editedTemplate struct {
	stack    string
	base     string
	breaches []breach
}

func (edited editedTemplate) template(t *testing.T) object {
	t.Helper()
	template := load(t, edited.base)
	for _, b := range edited.breaches {
		for _, edit := range b.edits {
			edit.apply(t, template)
		}
	}
	return template
}

func (edited editedTemplate) checkNothingElse(t *testing.T, found []finding) {
	t.Helper()
	var allowed []string
	for _, b := range edited.breaches {
		allowed = append(append(allowed, b.rule), b.with...)
	}
	var others []finding
	for _, f := range found {
		if !slices.Contains(allowed, f.Rule) {
			others = append(others, f)
		}
	}
	if len(others) > 0 {
		t.Errorf("rules fire that nothing here breaks:\n%s", describe(others))
	}
}

// pack puts as many breaches as do not meet into one template: none of the same
// rule, none on the same resource. -one-by-one proves that packing hides nothing.
func pack(name string, all []breach) []editedTemplate {
	var packed []editedTemplate
	for _, b := range all {
		home := slices.IndexFunc(packed, func(edited editedTemplate) bool { return edited.takes(b) })
		if home < 0 {
			home = len(packed)
			packed = append(packed, editedTemplate{stack: fmt.Sprintf("%s-%d", name, home+1), base: b.template()})
		}
		packed[home].breaches = append(packed[home].breaches, b)
	}
	return packed
}

func (edited editedTemplate) takes(b breach) bool {
	if *oneByOne || b.alone || edited.base != b.template() {
		return false
	}
	return !slices.ContainsFunc(edited.breaches, func(other breach) bool {
		return other.alone || meet(rulesOf(b), rulesOf(other)) || meet(resourcesOf(b), resourcesOf(other))
	})
}

func rulesOf(b breach) []string {
	return slices.DeleteFunc(append([]string{b.rule}, b.with...), func(id string) bool { return id == "" })
}

func resourcesOf(b breach) []string {
	touched := []string{b.resource()}
	for _, edit := range b.edits {
		touched = append(touched, edit.resourceOf())
	}
	return slices.DeleteFunc(touched, func(id string) bool { return id == "" })
}

// meet says whether two lists have anything in common.
func meet(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}
