package policies

import (
	"fmt"
	"strings"
)

const tableHead = `# The rules of every synth

Generated from ` + "`policies/*.rego`" + ` by ` + "`go test ./policies -update`" + `; do not edit.

Each rule is a principle of runbook PROD, sections 10 and 11, held against every template at every synth. One that is broken fails the synth with the words below. *both* is DEV and PROD; *PROD* leaves DEV free. How a rule gets to know which is which, and what the rules cannot see, is in the doc comment of package ` + "`policies`" + `.
`

// Table is docs/policies.md: every rule by runbook section.
func Table() (string, error) {
	principles, err := Principles()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(tableHead)
	section := ""
	for _, p := range principles {
		if p.Section() != section {
			section = p.Section()
			fmt.Fprintf(&b, "\n## Runbook PROD %s\n\n| rule | for | holds | why | when it fails |\n|---|---|---|---|---|\n", section)
		}
		stage := p.Stage
		if stage == "prod" {
			stage = "PROD"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", p.ID, stage, p.What, p.Why, p.Fix)
	}
	return b.String(), nil
}
