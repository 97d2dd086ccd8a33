package config_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
)

func TestTheShippedEnvironmentsLoad(t *testing.T) {
	environments, err := config.LoadAll("environments")
	require.NoError(t, err)
	require.Len(t, environments, 2)
	require.Equal(t, config.Dev, environments[0].Environment)
	require.Equal(t, config.Prod, environments[1].Environment)
}
