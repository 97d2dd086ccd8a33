package cli

import (
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"

	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/iostreams"
)

// run is d2ctl with neither terminal nor AWS.
func run(t *testing.T, args ...string) (code fault.Code, out, talk string) {
	t.Helper()
	t.Setenv("D2_ENV", "")
	streams, o, e := iostreams.Recorded("")
	code = Run(t.Context(), streams, args)
	return code, o.String(), e.String()
}

func TestAWrongCommandLineIsSaidToBeOne(t *testing.T) {
	for want, args := range map[string][]string{
		"d2ctl: unknown command \"foo\" for \"d2ctl\"\nTry: see what there is: d2ctl --help\n":               {"foo"},
		"d2ctl: \"foo\" is no verb of d2ctl user\nTry: name one of: create, disable, list, password, test\n": {"user", "-e", "dev", "foo", "--json"},
		"d2ctl: \"foo\" is no verb of d2ctl site\nTry: name one of: invalidate, publish, status\n":           {"site", "foo", "--help"},
		"d2ctl: unknown flag: --foo\nTry: see its flags: d2ctl status --help\n":                              {"status", "--foo"},
		"d2ctl: N is missing\nTry: run it as: d2ctl scale SERVICE N [flags]\n":                               {"scale", "backend-api"},
		"d2ctl: more is one word too many\nTry: run it as: d2ctl status [--watch [INTERVAL]] [flags]\n":      {"status", "more"},
		"d2ctl: \"three\" is no number\nTry: give a number of instances, e.g. 3\n":                           {"scale", "backend-api", "three"},
		"d2ctl: \"more\" is no interval\nTry: give an interval such as 10s\n":                                {"status", "--watch", "more"},
		"d2ctl: -o xml is no way to print\nTry: choose one of: table, json, yaml, tsv\n":                     {"version", "-o", "xml"},
		"d2ctl: -o yaml and --json or --jq exclude each other\nTry: leave one of them out\n":                 {"version", "-o", "yaml", "--json"},
		"d2ctl: -e names \"staging\", which is no environment\nTry: name one of: dev, prod\n":                {"status", "-e", "staging"},
		"d2ctl: no environment was named\nTry: name it: -e dev, -e prod, or the variable D2_ENV\n":           {"status"},
	} {
		code, out, talk := run(t, args...)
		assert.Equal(t, fault.Usage, code, args)
		assert.Empty(t, out)
		assert.Equal(t, want, talk)
	}
}

// TestEveryNounNamesItsVerbs looks at those that are still to come, too.
func TestEveryNounNamesItsVerbs(t *testing.T) {
	streams, _, _ := iostreams.Recorded("")
	nouns := 0
	for _, noun := range NewRoot(NewApp(streams)).Commands() {
		if !noun.HasSubCommands() {
			continue
		}
		nouns++
		code, out, talk := run(t, noun.Name(), "nonsense")
		assert.Equal(t, fault.Usage, code, noun.Name())
		assert.Empty(t, out)
		assert.Contains(t, talk, noun.Commands()[0].Name())
		for _, args := range [][]string{{noun.Name()}, {noun.Name(), "--help"}, {"help", noun.Name()}} {
			code, out, _ = run(t, args...)
			assert.Equal(t, fault.OK, code, args)
			assert.Contains(t, out, "Available Commands:", args)
		}
	}
	assert.GreaterOrEqual(t, nouns, 4)
}

func TestAJQExpressionTakesTextsBare(t *testing.T) {
	_, out, _ := run(t, "runbook", "4.2", "--jq", ".[0].section, (.|length)")
	assert.Equal(t, "PROD 4.2\n2\n", out)
	code, _, talk := run(t, "version", "--jq", ".[")
	assert.Equal(t, fault.Usage, code)
	assert.Contains(t, talk, "d2ctl: --jq .[: ")
}

func TestEveryVerbSaysWhatItPrintsAsJSON(t *testing.T) {
	streams, _, _ := iostreams.Recorded("")
	app := NewApp(streams)
	var visit func(*cobra.Command)
	visit = func(command *cobra.Command) {
		if command.Runnable() && command.Name() != "help" {
			assert.NotNil(t, app.Result(command), "%s: call app.returns in its constructor", command.CommandPath())
		}
		for _, each := range command.Commands() {
			visit(each)
		}
	}
	for _, verb := range NewRoot(app).Commands() {
		visit(verb)
	}
}

func TestEnvironmentsAndServicesAreCompleted(t *testing.T) {
	_, out, _ := run(t, "__complete", "-e", "")
	assert.Contains(t, out, "dev\nprod\n")
	_, out, _ = run(t, "__complete", "scale", "-e", "prod", "")
	assert.Contains(t, out, "backend-api\n")
	_, out, talk := run(t, "__complete", "scale", "")
	assert.NotContains(t, out+talk, "no environment", "a line that is being typed is no place for an error")
}
