// These tests hold the rules against templates in the real plugin, in a real CDK
// app: a rule that is written on a wrong path parses, runs and never fires, so only
// a template on which it is seen to fire proves anything.
package policies_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/d2-ride-booking/platform/policies"
)

var update = flag.Bool("update", false, "write docs/policies.md")

var goodTemplates = []string{"prod", "prod-edge", "dev", "dev-edge"}

// TestEveryBreachIsFoundAndNothingElse synthesizes the good templates and all broken
// ones in one app: a synth costs a tenth of a second a template, an app three seconds.
func TestEveryBreachIsFoundAndNothingElse(t *testing.T) {
	app := newApp(t.TempDir(), false)
	for _, name := range goodTemplates {
		stackOf(app, "Good-"+name, load(t, name))
	}
	varied, broken := pack("Varied", variants), pack("Broken", breaches())
	for _, edited := range slices.Concat(varied, broken) {
		stackOf(app, edited.stack, edited.template(t))
	}
	findings := synth(t, app)

	for _, name := range goodTemplates {
		t.Run("good "+name, func(t *testing.T) { checkSilence(t, findings["Good-"+name]) })
	}
	for _, edited := range varied {
		t.Run("good "+edited.stack, func(t *testing.T) { checkSilence(t, findings[edited.stack]) })
	}
	for _, edited := range broken {
		found := ours(findings[edited.stack])
		for _, b := range edited.breaches {
			t.Run(b.rule+"/"+string(b.kind)+"/"+b.how, func(t *testing.T) { b.check(t, found) })
		}
		t.Run("nothing else in "+edited.stack, func(t *testing.T) { edited.checkNothingElse(t, found) })
	}
}

func checkSilence(t *testing.T, findings []finding) {
	t.Helper()
	for _, f := range ours(findings) {
		t.Errorf("%s fires on %q: %s", f.Rule, f.Resource, f.Text)
	}
}

func (b breach) check(t *testing.T, found []finding) {
	t.Helper()
	for _, f := range found {
		if f.Rule == b.rule && f.Resource == b.resource() {
			if f.Severity != "error" {
				t.Errorf("the finding is of severity %q and would not fail a synth", f.Severity)
			}
			if section := "(runbook PROD " + strings.Split(b.rule, "-")[2] + ")"; !strings.Contains(f.Text, section) {
				t.Errorf("the finding does not say %s: %s", section, f.Text)
			}
			return
		}
	}
	t.Errorf("%s does not fire on %q; found:\n%s", b.rule, b.resource(), describe(found))
}

// ours leaves out what CloudFormation Validate says by itself.
func ours(findings []finding) []finding {
	return slices.DeleteFunc(slices.Clone(findings), func(f finding) bool { return !strings.HasPrefix(f.Rule, "D2-") })
}

func describe(findings []finding) string {
	var b strings.Builder
	for _, f := range findings {
		fmt.Fprintf(&b, "  %s on %q\n", f.Rule, f.Resource)
	}
	return b.String()
}

var usedID = regexp.MustCompile(`finding\("([^"]+)"`)

// TestEveryRuleIsSeenToFail ties rules to breaches: a rule without both kinds of
// breach may be one that never fires.
func TestEveryRuleIsSeenToFail(t *testing.T) {
	kinds := map[string]map[kind]int{}
	for _, b := range breaches() {
		if kinds[b.rule] == nil {
			kinds[b.rule] = map[kind]int{}
		}
		kinds[b.rule][b.kind]++
	}
	for _, p := range principles(t) {
		seen := kinds[p.ID]
		delete(kinds, p.ID)
		if both := seen[wrong] > 0 && seen[missing] > 0; !both && seen[forbidden] < 2 {
			t.Errorf("%s (%s) is seen to fail on %v; want a wrong and a missing value, or two forbidden ones", p.ID, p.File, seen)
		}
	}
	for id := range kinds {
		t.Errorf("there are breaches of %s, and no such rule", id)
	}
}

// TestEveryRuleIsDeclared: a finding whose id is not in rules is undefined in Rego and
// passes in silence, and so does one whose stage is misspelt.
func TestEveryRuleIsDeclared(t *testing.T) {
	declared := map[string]bool{}
	for _, p := range principles(t) {
		if declared[p.ID] {
			t.Errorf("%s is declared twice", p.ID)
		}
		declared[p.ID] = true
		if p.Stage != "both" && p.Stage != "prod" {
			t.Errorf("%s is for stage %q; want both or prod", p.ID, p.Stage)
		}
		if !regexp.MustCompile(`^D2-PROD-1[01]\.[1-5]-[a-z0-9-]+$`).MatchString(p.ID) {
			t.Errorf("%s does not name its section of the runbook", p.ID)
		}
		for _, words := range []string{p.What, p.Why, p.Fix} {
			if words == "" || strings.HasSuffix(words, ".") {
				t.Errorf("%s: %q; want words without a full stop, which the message adds", p.ID, words)
			}
		}
	}
	used := map[string]bool{}
	for _, rule := range policies.Rules() {
		for _, found := range usedID.FindAllStringSubmatch(rule.Text, -1) {
			used[found[1]] = true
			if !declared[found[1]] {
				t.Errorf("%s: %s makes findings and is not declared in rules", rule.Name, found[1])
			}
		}
	}
	for id := range declared {
		if !used[id] {
			t.Errorf("%s is declared and makes no finding", id)
		}
	}
}

// TestABrokenTemplateEndsTheSynth is what all of this is for; it also holds that the
// context key has its right name, without which findings are only warnings.
func TestABrokenTemplateEndsTheSynth(t *testing.T) {
	app := newApp(t.TempDir(), true)
	template := load(t, "prod")
	remove("Db/Properties/MultiAZ").apply(t, template)
	stackOf(app, "Broken", template)
	defer func() {
		message := fmt.Sprint(recover())
		if !strings.Contains(message, "D2-PROD-10.2-multi-az") && !strings.Contains(message, "Validation failed") {
			t.Errorf("the synth ended with %q; want the rule", message)
		}
	}()
	app.Synth(nil)
	t.Error("a PROD database in one zone was synthesized")
}

// TestTheTableOfRulesIsCurrent holds docs/policies.md equal to the rule files.
func TestTheTableOfRulesIsCurrent(t *testing.T) {
	file := filepath.Join("..", "docs", "policies.md")
	want, err := policies.Table()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil || string(got) != want {
		t.Errorf("%s is not what the rules say (%v); run go test ./policies -update", file, err)
	}
}

func principles(t *testing.T) []policies.Principle {
	t.Helper()
	all, err := policies.Principles()
	if err != nil {
		t.Fatal(err)
	}
	return all
}
