package d2ctl

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/ops"
)

func TestWhatIsDeployedCostsWhatItsTemplatesWouldUntilItIsScaled(t *testing.T) {
	p := deployed(t)
	var planned, deployed ops.Cost
	require.NoError(t, json.Unmarshal([]byte(p.succeeds(t, "cost", "-e", "prod", "--json", "--planned", "--assembly", common.assembly).out), &planned))
	require.NoError(t, json.Unmarshal([]byte(p.succeeds(t, "cost", "-e", "prod", "--json").out), &deployed))
	assert.Equal(t, planned.Lines, deployed.Lines)
	assert.Equal(t, planned.USD, deployed.USD)

	p.succeeds(t, "scale", "-e", "prod", "backend-api", "2", "--yes", "--confirm", "prod")
	defer p.succeeds(t, "scale", "-e", "prod", "backend-api", "1", "--yes", "--confirm", "prod")
	require.NoError(t, json.Unmarshal([]byte(p.succeeds(t, "cost", "-e", "prod", "--json").out), &deployed))
	assert.InDelta(t, 14.50, deployed.USD-planned.USD, 0.011, "one instance more, with its metrics (docs/costs.md)")
}

func TestTheCostOfWhatWasNeverSynthesizedSaysHowTo(t *testing.T) {
	p := deployed(t)
	result := p.d2ctl(t, "cost", "-e", "dev", "--planned", "--assembly", "no-such-dir")
	assert.Equal(t, 3, result.code)
	assert.Equal(t, "d2ctl: there is no template no-such-dir/D2-Dev.template.json\nTry: make one: make synth\n", result.errors)
}
