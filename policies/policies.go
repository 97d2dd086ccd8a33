// Package policies is the runbook's principles (PROD 10 and 11) as Rego rules
// over synthesized templates. CDK's CloudFormationValidatePlugin runs them at
// every synth, offline; a template that breaks one fails the synth with what is
// wrong, why the runbook forbids it, and what to do.
//
// The package knows neither CDK nor the configuration. Three things must be so in
// the app for the rules to bite, and none of them shows when it is missing:
//
//   - The context [ErrorsContext] is true. Without it CDK turns every finding of
//     this plugin into a warning and the synth passes.
//   - Every stack has the outputs [EnvironmentOutput] and [StackOutput]. The rules
//     see a template's outputs, not its metadata, and tell PROD from DEV by them.
//     A template without them fails D2-PROD-11.1-sign and is held to PROD's rules.
//   - No rule is acknowledged away. CDK's Acknowledge silences a rule in the whole app.
//
// What the rules cannot read: user data (the validator leaves it encoded), nested
// stacks (forbidden for that reason), and whatever only a deploy knows.
//
// One file holds the rules of one part of the runbook; template.rego holds what
// they share. The table of all rules is docs/policies.md.
package policies

import (
	"embed"
	"fmt"
)

const (
	// EnvironmentOutput is the logical id of the output that says dev or prod.
	EnvironmentOutput = "Environment"
	// StackOutput is the logical id of the output that says [MainStack] or [EdgeStack].
	StackOutput = "Stack"
	// MainStack holds the environment: network, hosts, database, sites.
	MainStack = "main"
	// EdgeStack holds what lives in us-east-1: certificate, alarm of the sites, budget.
	EdgeStack = "edge"
	// ErrorsContext is the context key that must be true for findings to fail a synth.
	ErrorsContext = "@aws-cdk/core:validateAgainstDefaultRules"
)

//go:embed *.rego
var files embed.FS

// Rule is one file of rules, as CDK's plugin takes it (RegoRules).
type Rule struct {
	Name string // the file, shown when it cannot be parsed
	Text string // its Rego
}

// Rules are all rule files. They are one Rego package: take all or none.
func Rules() []Rule {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(fmt.Sprintf("policies: embedded files: %v", err)) // cannot happen: the files are in the binary
	}
	rules := make([]Rule, 0, len(entries))
	for _, entry := range entries {
		text, err := files.ReadFile(entry.Name())
		if err != nil {
			panic(fmt.Sprintf("policies: embedded file %s: %v", entry.Name(), err))
		}
		rules = append(rules, Rule{Name: "policies/" + entry.Name(), Text: string(text)})
	}
	return rules
}
