package test

import (
	"slices"
	"strings"
)

// Statement is one statement of a policy, its lists always lists.
type Statement struct {
	Effect     string
	Actions    []string
	Resources  []string
	Principals []string // Service, AWS or Federated and its value, e.g. Service:ec2.amazonaws.com
	Condition  any
	Sid        string
}

// statements are those of a policy document.
func statements(document any) []Statement {
	list, _ := at(document, "Statement").([]any)
	var all []Statement
	for _, each := range list {
		all = append(all, Statement{
			Effect: text(at(each, "Effect")), Actions: texts(at(each, "Action")), Resources: texts(at(each, "Resource")),
			Principals: principals(at(each, "Principal")), Condition: at(each, "Condition"), Sid: text(at(each, "Sid")),
		})
	}
	return all
}

func principals(value any) []string {
	kinds, isObject := value.(map[string]any)
	if !isObject {
		return texts(value)
	}
	var all []string
	for kind, names := range kinds {
		for _, name := range texts(names) {
			all = append(all, kind+":"+name)
		}
	}
	slices.Sort(all)
	return all
}

// policies are those that are attached to roles; CDK moves what a role's own
// cannot hold to managed ones.
func (t Template) policies() []Resource {
	return append(t.All("AWS::IAM::Policy"), t.All("AWS::IAM::ManagedPolicy")...)
}

// Allowed are the statements that the policies of a role hold.
func (t Template) Allowed(role Resource) []Statement {
	var all []Statement
	for _, policy := range t.policies() {
		if slices.Contains(targets(policy.At("Roles")), role.ID) {
			all = append(all, statements(policy.At("PolicyDocument"))...)
		}
	}
	return all
}

// may says whether statements allow an action, whatever their conditions, on a
// resource as flat writes it.
func may(all []Statement, action, resource string) bool {
	for _, statement := range all {
		if statement.Effect == "Allow" && slices.ContainsFunc(statement.Actions, matcher(action)) &&
			slices.ContainsFunc(statement.Resources, matcher(resource)) {
			return true
		}
	}
	return false
}

// matcher says whether a pattern of IAM covers a value.
func matcher(value string) func(string) bool {
	return func(pattern string) bool {
		parts := strings.Split(pattern, "*")
		rest, found := strings.CutPrefix(value, parts[0])
		for _, part := range parts[1:] {
			if !found {
				return false
			}
			if part == "" {
				return true
			}
			_, rest, found = strings.Cut(rest, part)
		}
		return found && rest == ""
	}
}
