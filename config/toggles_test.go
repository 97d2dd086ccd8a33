package config_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/d2-ride-booking/platform/config"
)

// nineToggles are those of runbook DEV 6.1.
var nineToggles = []string{
	"enable_ec2_backend", "enable_rds", "enable_nat_gateway", "enable_alb", "enable_ssm_vpc_endpoints",
	"enable_bastion", "enable_web_admin", "enable_web_passenger", "enable_web_driver",
}

// withToggles is a DEV file in which exactly the toggles of the set are on.
func withToggles(set int) string {
	text := devHead
	for i, toggle := range nineToggles {
		text += fmt.Sprintf("%s: %t\n", toggle, set&(1<<i) != 0)
	}
	return text
}

// Every combination, so each alone, all off and all on are among them (runbook DEV 6.1).
func TestEverySettingOfTheNineTogglesIsAValidDEV(t *testing.T) {
	for set := range 1 << len(nineToggles) {
		assert.Nil(t, refusals(withToggles(set)), withToggles(set))
	}
}

func TestAllTogglesOffLeavesNoServiceAndNoSite(t *testing.T) {
	env := parse(t, withToggles(0))
	assert.Empty(t, env.EnabledServices())
	assert.Empty(t, env.EnabledSites())
	assert.Empty(t, env.Warnings(), "what is not there needs no warning")
}

func TestEachTogglePutsItsOwnServiceOrSiteIn(t *testing.T) {
	on := map[string]int{}
	for i, toggle := range nineToggles {
		on[toggle] = 1 << i
	}
	for name, toggle := range config.Toggles() {
		env := parse(t, withToggles(on[toggle]))
		var got []string
		for _, service := range env.EnabledServices() {
			got = append(got, service.Name)
		}
		for _, site := range env.EnabledSites() {
			got = append(got, site.Name)
		}
		assert.Equal(t, []string{name}, got, toggle)
	}
}
