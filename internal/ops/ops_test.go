package ops

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
)

// shipped is a shipped environment, for a test to change.
func shipped(t *testing.T, stage config.Stage) *config.Environment {
	t.Helper()
	env, err := config.Shipped(stage)
	require.NoError(t, err)
	return env
}
