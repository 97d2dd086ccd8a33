package d2ctl

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/localaws"
	"github.com/d2-ride-booking/platform/internal/ops"
)

func TestDEVIsStoppedAndStartedAgain(t *testing.T) {
	p := deployed(t)
	defer p.succeeds(t, "start", "-e", "dev", "--yes") // whatever was seen, the next test finds it running
	// It was half stopped by somebody, and AWS is busy.
	database := p.dev.DatabaseIdentifier()
	_, err := p.clients(t).RDS().StopDBInstance(t.Context(), &rds.StopDBInstanceInput{DBInstanceIdentifier: &database})
	require.NoError(t, err)
	require.NoError(t, p.server.SetFaults(t.Context(), []localaws.Fault{{Error: "ThrottlingException", Rate: 0.3}}))
	var power ops.Power
	stopped := p.succeeds(t, "stop", "-e", "dev", "--yes", "--json")
	require.NoError(t, p.server.ClearFaults(t.Context()))
	require.NoError(t, json.Unmarshal([]byte(stopped.out), &power))
	require.Len(t, power.Parts, 3)
	for i, kind := range []string{"host", "bastion", "database"} {
		assert.Equal(t, kind, power.Parts[i].Kind)
		assert.Equal(t, "stopped", power.Parts[i].State)
	}
	assert.Contains(t, stopped.errors, "starts a stopped database again by itself after seven days")
	assert.Regexp(t, `the schedule starts it again: \w{3} \d{4}-\d\d-\d\d 09:00 \+08`, stopped.errors)
	assert.Contains(t, p.succeeds(t, "stop", "-e", "dev").errors, "dev is stopped already")
	assert.Contains(t, p.succeeds(t, "status", "-e", "dev").out, "DEV healthy")

	started := p.succeeds(t, "start", "-e", "dev", "--yes", "--json")
	power = ops.Power{}
	require.NoError(t, json.Unmarshal([]byte(started.out), &power))
	assert.Equal(t, "database", power.Parts[0].Kind)
	require.Len(t, power.Running, 1)
	assert.True(t, power.Running[0].Healthy)
	assert.Contains(t, p.succeeds(t, "start", "-e", "dev").errors, "dev is running already")
}

func TestPRODIsNeverStopped(t *testing.T) {
	p := deployed(t)
	for _, verb := range []string{"stop", "start"} {
		result := p.d2ctl(t, "AWS_ACCESS_KEY_ID=", verb, "-e", "prod", "--yes", "--confirm", "prod")
		assert.Equal(t, 2, result.code)
		assert.Contains(t, result.errors, "prod is not stopped or started")
		assert.Contains(t, result.errors, "runbook PROD 11.2")
	}
}
