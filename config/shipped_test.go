package config_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
)

func TestWhatAProgramCarriesIsWhatTheDirectorySays(t *testing.T) {
	for _, stage := range []config.Stage{config.Dev, config.Prod} {
		carried, err := config.Shipped(stage)
		require.NoError(t, err)
		read, err := config.LoadStage("environments", stage)
		require.NoError(t, err)
		assert.Equal(t, read, carried)
	}
}
