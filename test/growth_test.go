package test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
)

// resources is how many resources a template has with that many services and sites, and everything else on.
func resources(t *testing.T, stage config.Stage, services, sites int) int {
	t.Helper()
	env := environment(t, stage, everything, grown(services, sites))
	return len(synthesized(t, env)[env.StackName()].Resources)
}

func TestATemplateGrowsByTheSameForEachService(t *testing.T) {
	for stage, most := range map[config.Stage]int{config.Dev: config.ResourcesPerServiceDev, config.Prod: config.ResourcesPerServiceProd} {
		base := resources(t, stage, 2, 1)
		each := resources(t, stage, 3, 1) - base
		assert.Equal(t, base+6*each, resources(t, stage, 8, 1), "8 services")
		assert.LessOrEqual(t, each, most)
		t.Logf("%s: a service makes %d resources", stage, each)
	}
}

func TestATemplateGrowsByTheSameForEachSite(t *testing.T) {
	base := resources(t, config.Prod, 1, 1)
	each := resources(t, config.Prod, 1, 2) - base
	assert.Equal(t, base+15*each, resources(t, config.Prod, 1, 16), "16 sites")
	assert.LessOrEqual(t, each, config.ResourcesPerSite)
	t.Logf("a site makes %d resources", each)
}

// What config counts with before a synth is never less than what the synth makes,
// and not so much more that a platform is refused which AWS would take.
func TestConfigCountsWhatASynthMakes(t *testing.T) {
	for _, size := range []struct {
		stage           config.Stage
		services, sites int
	}{
		{config.Prod, 1, 0}, {config.Prod, 1, 1}, {config.Prod, 3, 1}, {config.Prod, 8, 1}, {config.Prod, 1, 16},
		{config.Dev, 3, 1}, {config.Dev, 8, 1},
	} {
		env := environment(t, size.stage, everything, grown(size.services, size.sites))
		made := resources(t, size.stage, size.services, size.sites)
		assert.LessOrEqual(t, made, env.EstimatedResources(), "%d services, %d sites", size.services, size.sites)
		assert.Less(t, env.EstimatedResources()-made, config.TemplateResourcesMax/10, "%d services, %d sites", size.services, size.sites)
		t.Logf("%s: %2d services, %2d sites: %d resources, counted as %d", size.stage, size.services, size.sites, made, env.EstimatedResources())
	}
}

// The largest that config takes is made, by a synth in which every rule of CDK's
// and ours holds; one more is refused, and the refusal names AWS's limit.
func TestTheLargestPlatformThatConfigTakesIsTaken(t *testing.T) {
	for _, size := range []struct {
		what  string
		stage config.Stage
		of    func(n int) func(*config.Environment)
		limit string
	}{
		{"services", config.Prod, func(n int) func(*config.Environment) { return grown(n, 0) }, "500 of one CloudFormation template"},
		{"services", config.Dev, func(n int) func(*config.Environment) { return grown(n, 0) }, "500 of one CloudFormation template"},
		{"sites", config.Prod, func(n int) func(*config.Environment) { return grown(1, n) }, "response headers policies"},
	} {
		most := 1
		var refused error
		for refused == nil {
			most++
			refused = environment(t, size.stage, everything, size.of(most+1)).Validate()
		}
		require.ErrorContains(t, refused, size.limit)
		env := environment(t, size.stage, everything, size.of(most))
		whole := synthesized(t, env)[env.StackName()]
		assert.LessOrEqual(t, len(whole.Resources), config.TemplateResourcesMax)
		keepsInvariants(t, env.StackName(), whole)
		t.Logf("%s: %d %s at most, %d resources; one more: %v", size.stage, most, size.what, len(whole.Resources), refused)
	}
}
