package test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const inventory = "docs/alarms.md"

const inventoryHead = `# Alarms

What can page someone, in both environments as they are shipped. Generated from the templates by ` + "`make docs`" + ` (` + "`UPDATE_DOCS=true go test ./test -run Alarms`" + `); do not edit. A test holds it equal to the templates, both ways.

Every alarm and event goes to the topic ` + "`<environment>-alarms`" + ` of its Region, and from there to ` + "`observability.alarm_email`" + `; an alarm also says when it is over. Where data is missing, silence is health unless the condition says otherwise.
`

// TestTheInventoryOfAlarmsIsTheTemplates: an alarm without its line is one nobody
// knows what to do about, and a line without its alarm is a false comfort.
func TestTheInventoryOfAlarmsIsTheTemplates(t *testing.T) {
	path := filepath.Join(root, inventory)
	current := inventoryOf(shippedTemplates(t))
	if updating("UPDATE_DOCS") {
		require.NoError(t, os.WriteFile(path, []byte(current), 0o644))
	}
	kept, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, strings.Split(string(kept), "\n"), strings.Split(current, "\n"), "renew it with `make docs`")
}

func TestEachAlarmAndRuleHasOneLineInTheInventoryOfAlarms(t *testing.T) {
	kept, err := os.ReadFile(filepath.Join(root, inventory))
	require.NoError(t, err)
	var listed []string
	for line := range strings.SplitSeq(string(kept), "\n") {
		if name, isRow := strings.CutPrefix(line, "| `"); isRow {
			listed = append(listed, name[:strings.Index(name, "`")])
		}
	}
	var there []string
	for _, whole := range shippedTemplates(t) {
		for _, each := range whole.All(alarm) {
			there = append(there, text(each.At("AlarmName")))
		}
		for _, each := range whole.All("AWS::Events::Rule") {
			there = append(there, text(each.At("Name")))
		}
	}
	assert.ElementsMatch(t, there, listed)
}

func inventoryOf(templates map[string]Template) string {
	var page strings.Builder
	page.WriteString(inventoryHead)
	for _, stack := range []string{"D2-Prod", "D2-Prod-Edge", "D2-Dev", "D2-Dev-Edge"} {
		fmt.Fprintf(&page, "\n## %s\n\n", stack)
		rows := append(alarmRows(templates[stack]), eventRows(templates[stack])...)
		if len(rows) == 0 {
			page.WriteString("None.\n")
			continue
		}
		page.WriteString("| name | watches | fires | what to do |\n|---|---|---|---|\n")
		slices.Sort(rows)
		page.WriteString(strings.Join(rows, ""))
	}
	return page.String()
}

func alarmRows(whole Template) []string {
	var rows []string
	for _, each := range whole.All(alarm) {
		rows = append(rows, fmt.Sprintf("| `%s` | %s | %s | %s |\n", text(each.At("AlarmName")), watched(each), condition(each), text(each.At("AlarmDescription"))))
	}
	return rows
}

func eventRows(whole Template) []string {
	var rows []string
	for _, each := range whole.All("AWS::Events::Rule") {
		kinds := texts(at(each.At("EventPattern"), "detail-type"))
		rows = append(rows, fmt.Sprintf("| `%s` | events of %s | once for each: %s | %s |\n", text(each.At("Name")),
			strings.Join(texts(each.At("EventPattern.source")), ", "), strings.Join(kinds, "; "), eventAdvice))
	}
	return rows
}

// eventAdvice stands here because an event rule has no description that reaches whoever is told.
const eventAdvice = "Look at the group's activity history (runbook PROD 13.2); if a release did it, go back to the last good version (runbook PROD 5.5)."

// watched is an alarm's number, as CloudWatch shows it.
func watched(each Resource) string {
	if query := each.At("Metrics.0.Expression"); query != nil {
		return "`" + text(query) + "`"
	}
	return fmt.Sprintf("%s of `%s` in %s", statistic(each), text(each.At("MetricName")), text(each.At("Namespace")))
}

func statistic(each Resource) string {
	if extended := each.At("ExtendedStatistic"); extended != nil {
		return text(extended)
	}
	return strings.ToLower(text(each.At("Statistic")))
}

var comparisons = map[string]string{"GreaterThanThreshold": "above", "LessThanThreshold": "below"}

// condition is when an alarm fires, in words.
func condition(each Resource) string {
	period, _ := each.At("Period").(float64)
	if period == 0 {
		period, _ = each.At("Metrics.0.Period").(float64)
	}
	times, _ := each.At("EvaluationPeriods").(float64)
	words := fmt.Sprintf("%s %s for %s", comparisons[text(each.At("ComparisonOperator"))], amount(each), span(period*times))
	if each.At("TreatMissingData") == "breaching" {
		words += ", or without data"
	}
	return words
}

func amount(each Resource) string {
	value, _ := each.At("Threshold").(float64)
	metric := text(each.At("MetricName"))
	if metric == "FreeStorageSpace" || metric == "FreeableMemory" {
		return fmt.Sprintf("%g MiB", value/(1<<20))
	}
	return fmt.Sprintf("%g", value)
}

func span(seconds float64) string {
	switch {
	case seconds >= 86400:
		return plural(seconds/86400, "day")
	case seconds >= 3600:
		return plural(seconds/3600, "hour")
	default:
		return plural(seconds/60, "minute")
	}
}

func plural(count float64, unit string) string {
	if count != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%g %s", count, unit)
}
