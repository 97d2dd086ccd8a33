package d2ctl

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/ops"
)

func status(t *testing.T, p *platform, args ...string) (ops.Status, outcome) {
	t.Helper()
	result := p.d2ctl(t, append([]string{"status", "--json"}, args...)...)
	var status ops.Status
	require.NoError(t, json.Unmarshal([]byte(result.out), &status), result.errors)
	return status, result
}

func TestStatusSeesAllOfPROD(t *testing.T) {
	status, result := status(t, deployed(t), "-e", "prod")
	assert.Empty(t, status.Problems)
	assert.Empty(t, status.Errors)
	assert.Zero(t, result.code, result.errors)
	assert.Len(t, status.Stacks, 2)
	require.Len(t, status.Fleets, 1)
	assert.Equal(t, 1, status.Fleets[0].InService())
	assert.Equal(t, status.Fleets[0].Members[0].Instance, status.Targets[0].Instance)
	assert.Len(t, status.Hosts, 2)
	assert.Equal(t, "unreleased", status.Wanted[0].Version)
	assert.True(t, status.Database.MultiAZ)
	assert.Len(t, status.Sites, 2)
	assert.NotEmpty(t, status.Pool.ID)
	assert.Greater(t, len(status.Alarms), 20)
	assert.Len(t, status.Certificates, 2)
	assert.Empty(t, status.Schedules)
}

func TestStatusSeesAllOfDEV(t *testing.T) {
	status, result := status(t, deployed(t), "-e", "dev")
	assert.Zero(t, result.code, result.errors)
	assert.Empty(t, status.Fleets)
	assert.Len(t, status.Hosts, 2)
	require.Len(t, status.Schedules, 4)
	assert.False(t, status.Schedules[0].Next.IsZero())
}

func TestOneScreenShowsThemAll(t *testing.T) {
	result := deployed(t).succeeds(t, "status", "-e", "prod")
	for _, part := range []string{"STACKS", "FLEETS", "HOSTS", "DATABASE", "SITES", "USER POOL", "ALARMS", "CERTIFICATES"} {
		assert.Contains(t, result.out, "\n"+part+"\n")
	}
	assert.True(t, strings.HasPrefix(result.out, "PROD healthy\n"), result.out)
}

func TestAPartThatIsDeniedSaysSoInItsPlaceAndTheRestIsShown(t *testing.T) {
	p := deployed(t)
	endpoint := "AWS_ENDPOINT_URL=" + denying(t, p, "elasticloadbalancing", "elasticloadbalancing:DescribeTargetGroups")
	result := p.d2ctl(t, endpoint, "status", "-e", "prod")
	assert.Equal(t, 6, result.code)
	assert.Contains(t, result.out, "PROD NOT HEALTHY, 1 problem\n")
	assert.Contains(t, result.out, "- targets could not be read: these credentials may not elasticloadbalancing:DescribeTargetGroups\n")
	assert.Contains(t, result.out, "\n  available  mysql")
}

// denying is an AWS that denies one service, by the name that requests to it are
// signed for, and is the local one for all others.
func denying(t *testing.T, p *platform, service, action string) string {
	t.Helper()
	local, err := url.Parse(p.server.URL())
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(local)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Authorization"), "/"+service+"/aws4_request") {
			proxy.ServeHTTP(w, r)
			return
		}
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte("<ErrorResponse><Error><Code>AccessDenied</Code><Message>User: kim is not authorized to perform: " + action +
			"</Message></Error></ErrorResponse>"))
	}))
	t.Cleanup(server.Close)
	return server.URL
}
