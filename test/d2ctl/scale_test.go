package d2ctl

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/ops"
)

func TestScalingGoesUpAndDownAgain(t *testing.T) {
	p := deployed(t)
	for _, size := range []string{"3", "1"} { // as runbook PROD 4.2 does
		var scaling ops.Scaling
		result := p.succeeds(t, "scale", "-e", "prod", "backend-api", size, "--yes", "--confirm", "prod", "--json")
		require.NoError(t, json.Unmarshal([]byte(result.out), &scaling))
		assert.Equal(t, scaling.To, scaling.InService)
		assert.Contains(t, result.errors, "AutoScaling.SetDesiredCapacity")
	}
}

func TestADryRunPrintsThePlanAndChangesNothing(t *testing.T) {
	p := deployed(t)
	var plan ops.Plan
	result := p.succeeds(t, "scale", "-e", "prod", "backend-api", "3", "--dry-run", "--json")
	require.NoError(t, json.Unmarshal([]byte(result.out), &plan))
	assert.Equal(t, "AutoScaling.SetDesiredCapacity", plan.Calls[0].API)
	assert.Contains(t, p.d2ctl(t, "scale", "-e", "prod", "backend-api", "3", "--dry-run").out, "goes from 1 to 3")
}

func TestPRODIsNotChangedByAYesThatWasMeantForDEV(t *testing.T) {
	p := deployed(t)
	result := p.d2ctl(t, "scale", "-e", "prod", "backend-api", "2", "--yes")
	assert.Equal(t, 2, result.code)
	assert.Contains(t, result.errors, "d2ctl: --yes alone does not change PROD: it must be named\nTry: add --confirm prod\n")
	result = p.d2ctl(t, "scale", "-e", "prod", "backend-api", "2", "--yes", "--confirm", "dev")
	assert.Equal(t, 2, result.code)
	assert.Contains(t, result.errors, "--confirm says dev, but this would change prod")
	assert.Contains(t, p.succeeds(t, "scale", "-e", "prod", "backend-api", "1").errors, "1 instances already")
}

func TestAFleetIsNotScaledBeyondWhatIsDeployed(t *testing.T) {
	p := deployed(t)
	result := p.d2ctl(t, "scale", "-e", "prod", "backend-api", "4", "--yes", "--confirm", "prod")
	assert.Equal(t, 2, result.code)
	assert.Equal(t, `d2ctl: 4 is above max_size of backend-api, 3
Try: set fleet.max_size of the service backend-api to 4 in config/environments/prod.yaml, then make deploy ENV=prod
`, result.errors)
	assert.Equal(t, 2, p.d2ctl(t, "scale", "-e", "dev", "backend-api", "2", "--yes").code, "DEV has no fleet")
	assert.Equal(t, 3, p.d2ctl(t, "scale", "-e", "prod", "backend", "2").code, "no such service")
}
