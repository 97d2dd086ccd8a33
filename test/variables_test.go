package test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
)

func TestConfigReservesExactlyTheVariablesThatThePlatformSets(t *testing.T) {
	prod := environment(t, config.Prod, func(e *config.Environment) { e.EnableWebDriver = true })
	templates, err := synthesize(prod)
	require.NoError(t, err)
	set := map[string]bool{}
	for _, parameter := range templates["D2-Prod"].All("AWS::SSM::Parameter") {
		if _, variable, found := strings.Cut(text(parameter.At("Name")), "/env/"); found {
			set[variable] = true
		}
	}
	delete(set, "CORS_ORIGINS")               // a service may write its own list
	names := []string{config.VersionVariable} // d2-release adds it (host/)
	for name := range set {
		names = append(names, name)
	}
	assert.ElementsMatch(t, config.PlatformVariables, names)
}
