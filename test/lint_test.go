package test

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/localaws"
	"github.com/d2-ride-booking/platform/internal/tooltest"
)

// acknowledged is a finding of cfn-lint that is known and stays, and why.
type acknowledged struct {
	rule, resourceType, path, reason string
}

var acknowledgements = []acknowledged{
	{"W3010", "AWS::EC2::Subnet", "AvailabilityZone", "the zones are named in config, so that a synth asks no account and addresses never move"},
	{"E3002", listener, "Tags", "CloudFormation takes tags on a listener; cfn-lint's schema is older"},
	{"E3002", listenerRule, "Tags", "CloudFormation takes tags on a rule; cfn-lint's schema is older"},
	{"E3016", group, "AutoScalingInstanceRefresh", "CloudFormation's update policy of July 2026; cfn-lint's schema is older"},
}

// finding is what cfn-lint says, as it writes it in JSON.
type finding struct {
	Filename string
	Message  string
	Rule     struct{ ID string }
	Location struct{ Path []any }
}

func TestCfnLintFindsNothingThatIsNotAcknowledged(t *testing.T) {
	python := pinnedPython(t)
	used := make([]bool, len(acknowledgements))
	templates := maps.Clone(shippedTemplates(t))
	templates["D2-Dev with everything on"] = largest(t)["D2-Dev"] // what the shipped DEV leaves off
	for _, found := range linted(t, python, templates) {
		stack := strings.TrimSuffix(filepath.Base(found.Filename), ".json")
		known := slices.IndexFunc(acknowledgements, func(a acknowledged) bool { return found.is(a, templates[stack]) })
		if assert.GreaterOrEqual(t, known, 0, "%s %s %s at %v", stack, found.Rule.ID, found.Message, found.Location.Path) {
			used[known] = true
		}
	}
	for i, each := range acknowledgements {
		assert.True(t, used[i], "%s of %s is found no more; take the acknowledgement out", each.rule, each.resourceType)
	}
}

// is says whether a finding is the acknowledged one: the rule, on a resource of the type, at the end of its path.
func (f finding) is(known acknowledged, whole Template) bool {
	if f.Rule.ID != known.rule || len(f.Location.Path) < 3 || f.Location.Path[0] != "Resources" {
		return false
	}
	id, _ := f.Location.Path[1].(string)
	return whole.Resources[id].Type == known.resourceType && f.Location.Path[len(f.Location.Path)-1] == known.path
}

// cfnLint runs cfn-lint inside the Python that it is pinned for.
const cfnLint = "from cfnlint.runner import main; main()"

// linted are the findings on each template, in the Region that its stack stands in.
func linted(t *testing.T, python string, templates map[string]Template) []finding {
	t.Helper()
	dir := t.TempDir()
	var programs []*running
	for stack, whole := range templates {
		file := filepath.Join(dir, stack+".json")
		require.NoError(t, os.WriteFile(file, whole.written, 0o600))
		region := "ap-southeast-1"
		if strings.HasSuffix(stack, "-Edge") {
			region = "us-east-1"
		}
		programs = append(programs, start(t, python, "-c", cfnLint, "--format", "json", "--regions", region, "--", file))
	}
	var all []finding
	for _, each := range programs {
		var found []finding
		require.NoError(t, json.Unmarshal(each.answer(t), &found))
		all = append(all, found...)
	}
	return all
}

// running is a program at work, beside others: each linting takes seconds of one core.
type running struct {
	command *exec.Cmd
	out     bytes.Buffer
}

func start(t *testing.T, program string, args ...string) *running {
	t.Helper()
	started := &running{command: exec.Command(program, args...)}
	started.command.Stdout = &started.out
	require.NoError(t, started.command.Start())
	return started
}

// answer is what the program wrote; that it found something, its exit says too.
func (r *running) answer(t *testing.T) []byte {
	t.Helper()
	var exit *exec.ExitError
	if err := r.command.Wait(); err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return r.out.Bytes()
}

// pinnedPython is the Python that the local AWS runs on: cfn-lint is pinned with it,
// found or installed as that is. Without it a test skips, and says so; in CI it fails.
func pinnedPython(t *testing.T) string {
	t.Helper()
	tools, err := localaws.FindTools(t.Context(), root, func(what string) { t.Log(what) })
	tooltest.Need(t, localaws.IsMissing(err), err)
	return tools.Python
}
