package policies

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Principle is what one rule holds, in the words of its rule file.
type Principle struct {
	ID    string `json:"-"`     // D2-PROD-<runbook section>-<what>
	File  string `json:"-"`     // the rule file
	Stage string `json:"stage"` // "both", or "prod" where DEV may differ
	What  string `json:"what"`  // what must be so
	Why   string `json:"why"`   // why it must
	Fix   string `json:"fix"`   // what to do when it is not
}

// Section is the section of runbook PROD that asks for it.
func (p Principle) Section() string { return strings.SplitN(p.ID, "-", 4)[2] }

// declaration is how a rule file says what a rule is; the object is JSON as well as Rego.
var declaration = regexp.MustCompile(`(?ms)^rules\["([^"]+)"\] := (\{.*?^\})`)

// Principles are all rules, by runbook section and then by name: the order of their ids.
func Principles() ([]Principle, error) {
	var principles []Principle
	for _, rule := range Rules() {
		for _, found := range declaration.FindAllStringSubmatch(rule.Text, -1) {
			principle := Principle{ID: found[1], File: rule.Name}
			decoder := json.NewDecoder(strings.NewReader(found[2]))
			decoder.DisallowUnknownFields()
			if err := decoder.Decode(&principle); err != nil {
				return nil, fmt.Errorf("%s: rules[%q]: %w", rule.Name, principle.ID, err)
			}
			principles = append(principles, principle)
		}
	}
	slices.SortFunc(principles, func(a, b Principle) int {
		return strings.Compare(a.ID, b.ID)
	})
	return principles, nil
}
