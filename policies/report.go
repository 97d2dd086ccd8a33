package policies

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// prefix begins every rule's id; other rules in a report are CDK's own.
const prefix = "D2-PROD-"

// CheckReport reads an app's validation-report.json and says why its silence may mean
// nothing; nil when the rules did their work, whatever they found (that CDK reports).
//
// Three things make the rules mute, and CDK passes over all of them: a rule that cannot
// be evaluated ends them all, and the CDK CLI calls that a success; without
// [ErrorsContext] findings are only warnings; an acknowledged rule is silent everywhere.
func CheckReport(report []byte) error {
	var read struct {
		PluginReports []struct {
			PluginName           string
			Metadata             struct{ Error string }
			Violations           []violation
			SuppressedViolations []violation
		}
	}
	if err := json.Unmarshal(report, &read); err != nil {
		return fmt.Errorf("the validation report cannot be read: %w", err)
	}
	var problems []error
	for _, plugin := range read.PluginReports {
		if plugin.Metadata.Error != "" {
			problems = append(problems, fmt.Errorf("no rule was evaluated (%s): a rule in policies/ fails on one of the templates; run go test ./policies, or remove rules until it passes", plugin.Metadata.Error))
		}
		for _, v := range plugin.Violations {
			if strings.HasPrefix(v.RuleName, prefix) && v.Severity != "error" {
				problems = append(problems, fmt.Errorf("%s was broken and is only a %s: set the context %q to true", v.RuleName, v.Severity, ErrorsContext))
			}
		}
		for _, v := range plugin.SuppressedViolations {
			if strings.HasPrefix(v.RuleName, prefix) {
				problems = append(problems, fmt.Errorf("%s was broken and acknowledged at %s (%s): the runbook's principles are not negotiable; mend the template or change the rule", v.RuleName, v.AcknowledgedAt, v.Reason))
			}
		}
	}
	return errors.Join(problems...)
}

type violation struct {
	RuleName, Severity, AcknowledgedAt, Reason string
}
