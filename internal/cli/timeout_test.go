package cli

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/d2-ride-booking/platform/internal/fault"
)

// TestNoVerbWaitsForAWSBeyondItsTimeout has one line for each verb that calls AWS.
func TestNoVerbWaitsForAWSBeyondItsTimeout(t *testing.T) {
	ended := make(chan struct{})
	mute := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-ended }))
	defer mute.Close()
	defer close(ended)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": mute.URL, "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_SESSION_TOKEN": "",
		"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1",
	} {
		t.Setenv(name, value)
	}
	for _, args := range [][]string{
		{"alarms"}, {"app", "env", "backend-api"}, {"app", "logs", "backend-api"}, {"app", "reload", "backend-api"},
		{"app", "restart", "backend-api"}, {"app", "status", "backend-api"}, {"cost"}, {"deploy", "backend-api", "v1"},
		{"doctor"}, {"logs", "backend-api"}, {"logs", "backend-api", "-f"}, {"metrics"}, {"outputs"}, {"releases", "backend-api"}, {"rollback", "backend-api"},
		{"scale", "backend-api", "2"}, {"site", "invalidate", "web-admin"}, {"site", "publish", "web-admin", t.TempDir()},
		{"site", "status", "web-admin"}, {"snapshot", "create"}, {"snapshot", "list"}, {"start", "-e", "dev"}, {"stop", "-e", "dev"}, {"status"}, {"status", "--watch"},
		{"user", "create", "kim@fikri.dev", "--generate"}, {"user", "disable", "kim@fikri.dev"}, {"user", "list"},
		{"user", "password", "kim@fikri.dev", "--generate"}, {"user", "test", "kim@fikri.dev", "--password-stdin"},
		{"watch", "backend-api"},
	} {
		code, out, talk := run(t, append([]string{"-e", "prod", "--timeout", "50ms"}, args...)...)
		assert.Equal(t, fault.TimedOut, code, "%v: %s", args, talk)
		assert.Empty(t, out)
		assert.Contains(t, talk, "AWS did not answer in time", args)
	}
}
