package d2ctl

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
)

// awsCLI runs one command of the AWS command line, as somebody else would who works on the same account.
func (p *platform) awsCLI(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // t.Context has ended when a test cleans up
	defer cancel()
	said, err := p.server.Command(ctx, p.server.Tools.AWS, args...).CombinedOutput()
	require.NoError(t, err, "aws %s: %s", strings.Join(args, " "), said)
	return strings.TrimSpace(string(said))
}

// uploads puts a release into the artifact bucket, with its checksum.
func (p *platform) uploads(t *testing.T, env *config.Environment, service config.Service, version string) {
	t.Helper()
	key, body := service.ArtifactKey(version), packed(t, map[string]string{"ecosystem.config.js": "module.exports = {apps: []}", "VERSION": version})
	dir := t.TempDir()
	file := filepath.Join(dir, path.Base(key))
	require.NoError(t, os.WriteFile(file, body, 0o600))
	sum := fmt.Sprintf("%x  %s\n", sha256.Sum256(body), path.Base(key))
	require.NoError(t, os.WriteFile(file+".sha256", []byte(sum), 0o600))
	for _, suffix := range []string{"", ".sha256"} {
		p.awsCLI(t, "s3", "cp", "--quiet", file+suffix, "s3://"+env.ArtifactBucket()+"/"+key+suffix)
	}
}

// wants writes a service's version parameter.
func (p *platform) wants(t *testing.T, env *config.Environment, service, version string) {
	t.Helper()
	p.awsCLI(t, "ssm", "put-parameter", "--name", env.VersionParameter(service), "--value", version, "--type", "String", "--overwrite")
}

// runsOnHost has DEV's host run a line, and returns what it wrote.
func (p *platform) runsOnHost(t *testing.T, line string) string {
	t.Helper()
	instance := strings.TrimSpace(p.succeeds(t, "outputs", "-e", "dev", "host.instance_id").out)
	command := p.awsCLI(t, "ssm", "send-command", "--document-name", "AWS-RunShellScript", "--instance-ids", instance,
		"--parameters", "commands="+line, "--query", "Command.CommandId", "--output", "text")
	var status, out string
	require.Eventually(t, func() bool {
		answer := p.awsCLI(t, "ssm", "get-command-invocation", "--command-id", command, "--instance-id", instance,
			"--query", "[Status,StandardOutputContent]", "--output", "text")
		status, out, _ = strings.Cut(answer, "\t")
		return status != "Pending" && status != "InProgress"
	}, time.Minute, 200*time.Millisecond)
	require.Equal(t, "Success", status, out)
	return out
}

// released has DEV run a release of the backend, and takes it back when the test is over.
func (p *platform) released(t *testing.T, version string) {
	t.Helper()
	service := p.dev.Services[0]
	p.uploads(t, p.dev, service, version)
	p.wants(t, p.dev, service.Name, version)
	p.runsOnHost(t, "d2-release "+service.Name)
	t.Cleanup(func() {
		p.wants(t, p.dev, service.Name, config.Unreleased)
		p.runsOnHost(t, "d2-release "+service.Name)
	})
}
