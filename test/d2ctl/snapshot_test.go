package d2ctl

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/ops"
)

func TestASnapshotIsTakenNamedAndListed(t *testing.T) {
	p := deployed(t)
	var snapshot ops.Snapshot
	made := p.succeeds(t, "snapshot", "create", "-e", "prod", "--yes", "--confirm", "prod", "--json")
	require.NoError(t, json.Unmarshal([]byte(made.out), &snapshot))
	assert.Regexp(t, `^d2-ride-booking-prod-\d{8}-\d{6}$`, snapshot.Identifier)
	assert.Equal(t, "available", snapshot.Status)

	p.succeeds(t, "snapshot", "create", "-e", "prod", "--name", "before-v2", "--dry-run") // makes none, so the next one does
	named := []string{"snapshot", "create", "-e", "prod", "--name", "before-v2", "--yes", "--confirm", "prod"}
	p.succeeds(t, named...)
	twice := p.d2ctl(t, named...)
	assert.Equal(t, 2, twice.code)
	assert.Contains(t, twice.errors, "there is a snapshot d2-ride-booking-prod-before-v2 already")
	listed := p.succeeds(t, "snapshot", "list", "-e", "prod").out
	assert.Contains(t, listed, snapshot.Identifier)
	assert.Contains(t, listed, "before-v2")
	assert.NotContains(t, p.succeeds(t, "snapshot", "list", "-e", "dev").out, "prod", "each environment has its own")
}
