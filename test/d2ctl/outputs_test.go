package d2ctl

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOutputsAreWhatTerraformOutputWas(t *testing.T) {
	p := deployed(t)
	bucket := p.succeeds(t, "outputs", "-e", "prod", "static_sites.web_admin.bucket_name")
	assert.Equal(t, p.prod.SiteBucket("web-admin")+"\n", bucket.out, "a whole key prints its value alone")

	var cognito map[string]string
	require.NoError(t, json.Unmarshal([]byte(p.succeeds(t, "outputs", "-e", "dev", "cognito", "--json").out), &cognito))
	assert.Contains(t, cognito, "cognito.user_pool_id")
	assert.NotContains(t, cognito, "rds.address")
}

func TestTheEnvironmentComesFromAVariableToo(t *testing.T) {
	p := deployed(t)
	assert.Equal(t, "dev.d2.fikri.dev\n", p.succeeds(t, "D2_ENV=dev", "outputs", "domain_base").out)
	assert.Equal(t, "d2.fikri.dev\n", p.succeeds(t, "D2_ENV=dev", "outputs", "-e", "prod", "domain_base").out)
}

func TestAnOutputThatIsNotThereIsNotFound(t *testing.T) {
	result := deployed(t).d2ctl(t, "outputs", "-e", "dev", "alb.dns_name")
	assert.Equal(t, 3, result.code)
	assert.Empty(t, result.out)
	assert.Equal(t, "d2ctl: there is no output alb.dns_name\nTry: see all: d2ctl outputs\n", result.errors)
}
