package d2ctl

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/localaws"
	"github.com/d2-ride-booking/platform/internal/ops"
)

func TestAnAppIsLookedAfterWithoutLoggingIn(t *testing.T) {
	p := deployed(t)
	assert.Contains(t, p.succeeds(t, "app", "status", "-e", "dev", "backend-api").out, "unreleased  healthy  placeholder")
	p.released(t, "app-1.0.0")

	var states []ops.AppState
	require.NoError(t, json.Unmarshal([]byte(p.succeeds(t, "app", "status", "-e", "dev", "backend-api", "--json").out), &states))
	require.Len(t, states, 1)
	assert.Equal(t, "app-1.0.0", states[0].Version)
	assert.Equal(t, "online", states[0].Process)
	assert.Zero(t, states[0].Restarts)

	logs := p.succeeds(t, "app", "logs", "-e", "dev", "backend-api", "--lines", "100")
	assert.Contains(t, logs.out, "backend-api-out.log\n")
	assert.Contains(t, logs.out, "Database pool initialized\n")
	assert.Contains(t, p.succeeds(t, "app", "logs", "-e", "dev", "backend-api", "--stream", "release").out, "app-1.0.0 is running")
	assert.Contains(t, p.succeeds(t, "app", "logs", "-e", "dev", "backend-api", "--stream", "boot").out, "d2-boot: ")

	for _, verb := range []string{"reload", "restart"} {
		plan := p.succeeds(t, "app", verb, "-e", "dev", "backend-api", "--dry-run")
		assert.Contains(t, plan.out, "SSM.SendCommand")
		p.succeeds(t, "app", verb, "-e", "dev", "backend-api", "--yes")
	}
	assert.Equal(t, "2\n", p.succeeds(t, "app", "status", "-e", "dev", "backend-api", "--jq", ".[].restarts").out, "once each, and not by a dry run")
}

func TestAnAppInPRODIsNotRestartedByAYesThatWasMeantForDEV(t *testing.T) {
	result := deployed(t).d2ctl(t, "app", "restart", "-e", "prod", "backend-api", "--yes")
	assert.Equal(t, 2, result.code)
	assert.Contains(t, result.errors, "--yes alone does not change PROD")
}

func TestWhatHasNoReleaseCannotBeRestarted(t *testing.T) {
	result := deployed(t).d2ctl(t, "app", "restart", "-e", "dev", "backend-api", "--yes")
	assert.Equal(t, 6, result.code)
	assert.Contains(t, result.errors, "d2-release: backend-api: FAILED: no release is running")
}

func TestVariablesAreShownAndSecretsAreNot(t *testing.T) {
	p := deployed(t)
	t.Cleanup(p.hides(t, "it's canary-1", "canary-2", p.dev))
	p.released(t, "v1.0.1")

	shown := p.succeeds(t, "app", "env", "-e", "dev", "backend-api", "-v")
	assert.Regexp(t, `(?m)APP_VERSION +v1\.0\.1$`, shown.out)
	assert.Regexp(t, `(?m)PLAIN_LOOKING +hidden$`, shown.out)
	assert.Regexp(t, `(?m)SMTP_PASSWORD +hidden$`, shown.out)
	assert.NotContains(t, shown.out+shown.errors, "canary")
	commands := p.awsCLI(t, "ssm", "list-command-invocations", "--details")
	assert.NotContains(t, commands, "canary", "nor is it in the history of Run Command")
}

func TestWhereAnAppRunsIsSaid(t *testing.T) {
	p := deployed(t)
	result := p.d2ctl(t, "app", "status", "-e", "dev", "backend-api", "--instance", "i-00000000000000000")
	assert.Equal(t, 3, result.code)
	assert.Contains(t, result.errors, "i-00000000000000000 is no running host of backend-api\nTry: name one of: i-")
	assert.Equal(t, 3, p.d2ctl(t, "app", "logs", "-e", "dev", "backend").code, "no such service")
	assert.Equal(t, 2, p.d2ctl(t, "app", "logs", "-e", "dev", "backend-api", "--lines", "0").code)
}

func TestACommandThatMayNotBeSentIsNamed(t *testing.T) {
	p := deployed(t)
	require.NoError(t, p.server.SetFaults(t.Context(), []localaws.Fault{{Service: "ssm", Operation: "SendCommand", Error: "AccessDenied"}}))
	t.Cleanup(func() { require.NoError(t, p.server.ClearFaults(context.Background())) })
	result := p.d2ctl(t, "app", "status", "-e", "dev", "backend-api")
	assert.Equal(t, 4, result.code)
	assert.Contains(t, result.errors, "ssm:SendCommand")
}
