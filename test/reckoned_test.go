package test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/ops"
	cfn "github.com/d2-ride-booking/platform/internal/template"
)

// reckoned is what a DEV with the toggles given would cost by its templates.
func reckoned(t *testing.T, keys ...string) *ops.Cost {
	t.Helper()
	env := environment(t, config.Dev, only(keys...), func(e *config.Environment) { e.EnableWAF = slices.Contains(keys, "enable_waf") })
	stacks := synthesized(t, env)
	var templates []*cfn.Template
	for _, stack := range []string{env.StackName(), env.EdgeStackName()} {
		read, err := cfn.Parse(stacks[stack].written)
		require.NoError(t, err)
		templates = append(templates, read)
	}
	cost, err := ops.ReckonCost(env, "a test", templates, ops.LiveSizes{})
	require.NoError(t, err)
	return cost
}

// withoutAlarms is the month without what each alarm costs, which toggles leave out.
func withoutAlarms(cost *ops.Cost) float64 {
	usd := cost.USD
	for _, line := range cost.Lines {
		if line.Part == "alarms" {
			usd -= line.USD
		}
	}
	return usd
}

// TestAToggleAddsToTheTemplateWhatItsCostSays holds the two ways to reckon
// together: the toggles by the file, the sum by what is synthesized from it.
func TestAToggleAddsToTheTemplateWhatItsCostSays(t *testing.T) {
	none := reckoned(t)
	for _, keys := range [][]string{
		{"enable_ec2_backend"}, {"enable_rds"}, {"enable_bastion"}, {"enable_ssm_vpc_endpoints"}, {"enable_web_admin"},
		{"enable_nat_gateway"}, {"enable_ec2_backend", "enable_nat_gateway"},
		{"enable_ec2_backend", "enable_alb"}, {"enable_ec2_backend", "enable_alb", "enable_waf"},
		{"enable_ec2_backend", "enable_web_driver"},
	} {
		last := keys[len(keys)-1]
		without := none
		if len(keys) > 1 {
			without = reckoned(t, keys[:len(keys)-1]...)
		}
		with := reckoned(t, keys...)
		toggle := with.Toggles[slices.IndexFunc(with.Toggles, func(t ops.ToggleCost) bool { return t.Toggle == last })]
		assert.True(t, toggle.On)
		assert.InDelta(t, toggle.USD, withoutAlarms(with)-withoutAlarms(without), 0.02, keys)
	}
}

func TestTheDocsSayWhatAllTogglesAddAndWhatNoneLeave(t *testing.T) {
	none := reckoned(t)
	var keys []string
	for _, toggle := range none.Toggles {
		keys = append(keys, toggle.Toggle)
	}
	all := reckoned(t, keys...)
	sum := withoutAlarms(all) - withoutAlarms(none)
	docs, err := os.ReadFile(filepath.Join(root, "docs/costs.md"))
	require.NoError(t, err)
	assert.Contains(t, string(docs), fmt.Sprintf("| **all of them** | **%.2f**, and 146 to 175; with their 23 alarms %.2f |", sum, all.USD-none.USD))
	assert.Contains(t, string(docs), fmt.Sprintf("| none of them | %.2f: keys, and by use |", none.USD))
}
