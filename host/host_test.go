package host

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/tooltest"
)

func environment(t *testing.T, stage config.Stage) *config.Environment {
	t.Helper()
	env, err := config.Load(filepath.Join("..", config.DefaultDir, string(stage)+".yaml"))
	require.NoError(t, err)
	return env
}

// hosts are those of the shipped environments, with web-driver on.
func hosts(t *testing.T) map[string]string {
	t.Helper()
	rendered := map[string]string{}
	dev, prod := environment(t, config.Dev), environment(t, config.Prod)
	dev.EnableWebDriver, prod.EnableWebDriver = true, true
	services := prod.EnabledServices()
	for name, render := range map[string]func() (string, error){
		"DEV's host":         func() (string, error) { return Render(dev, dev.EnabledServices()...) },
		"PROD's backend-api": func() (string, error) { return Render(prod, services[0]) },
		"PROD's web-driver":  func() (string, error) { return Render(prod, services[1]) },
	} {
		script, err := render()
		require.NoError(t, err)
		rendered[name] = script
	}
	return rendered
}

func TestUserDataFitsEC2sLimit(t *testing.T) {
	for name, script := range hosts(t) {
		assert.Less(t, len(script), UserDataLimit)
		t.Logf("%s: user data of %d bytes, of %d", name, len(script), UserDataLimit)
	}
}

func TestMoreServicesThanUserDataHasRoomForAreRefused(t *testing.T) {
	dev := environment(t, config.Dev)
	var services []config.Service
	for i := range 200 {
		service := config.DefaultService(fmt.Sprintf("service-%x", sha256.Sum256([]byte{byte(i)})))
		services = append(services, service)
	}
	_, err := Render(dev, services...)
	require.ErrorContains(t, err, "over EC2's limit of 16384; run fewer services on this host")
}

func TestShellcheckFindsNothing(t *testing.T) {
	path, err := exec.LookPath("shellcheck")
	if err != nil {
		err = fmt.Errorf("%w (Debian: apt-get install shellcheck)", err)
	}
	tooltest.Need(t, errors.Is(err, exec.ErrNotFound), err)
	for name, script := range hosts(t) {
		files := unpacked(t, script)
		for what, text := range map[string]string{"the boot script": script, "usr/bin/pm2": files["usr/bin/pm2"].Content} {
			check := exec.Command(path, "-")
			check.Stdin = strings.NewReader(text)
			said, err := check.CombinedOutput()
			assert.NoError(t, err, "%s: %s: %s", name, what, said)
		}
	}
}

// TestTheReleaseProgramIsPythonOfTheHost: Amazon Linux 2023's own is 3.9 (AL2023 user guide, "Python in AL2023").
func TestTheReleaseProgramIsPythonOfTheHost(t *testing.T) {
	_, err := exec.LookPath("python3")
	tooltest.Need(t, errors.Is(err, exec.ErrNotFound), err)
	said, err := exec.Command("python3", "-c",
		"import ast, sys; ast.parse(open(sys.argv[1]).read(), feature_version=(3, 9))", "root/"+d2Release).CombinedOutput()
	assert.NoError(t, err, string(said))
}

func unpacked(t *testing.T, script string) map[string]File {
	t.Helper()
	files, err := Unpack(script)
	require.NoError(t, err)
	return files
}

func TestWhatIsPackedIsTheDirectoryRoot(t *testing.T) {
	files := unpacked(t, hosts(t)["PROD's backend-api"])
	modes := map[string]int64{}
	for name, file := range files {
		modes[name] = file.Mode
		assert.NotContains(t, file.Content, "<no value>", name)
	}
	assert.Equal(t, map[string]int64{
		"usr/bin/d2-release": 0o755, "usr/bin/pm2": 0o755,
		"etc/d2/host.json": 0o644, "etc/d2/cloudwatch-agent.json": 0o644,
		"etc/d2/ecosystem.config.js": 0o644, "etc/d2/logrotate.conf": 0o644,
		"etc/systemd/system/pm2.service": 0o644, "etc/systemd/system/d2-release@.service": 0o644,
		"etc/systemd/system/d2-placeholder@.service": 0o644,
		"etc/systemd/system/d2-logrotate.service":    0o644, "etc/systemd/system/d2-logrotate.timer": 0o644,
		"etc/yum.repos.d/d2-mysql.repo": 0o644,
	}, modes)
	source, err := os.ReadFile("root/" + d2Release)
	require.NoError(t, err)
	assert.Equal(t, string(source), files[d2Release].Content)
}

func TestTheHostIsToldWhatConfigNames(t *testing.T) {
	var told struct {
		Bucket   string
		Services map[string]struct{ Version, Variables, Artifact, Dir string }
	}
	prod := environment(t, config.Prod)
	require.NoError(t, json.Unmarshal([]byte(unpacked(t, hosts(t)["PROD's backend-api"])["etc/d2/host.json"].Content), &told))
	assert.Equal(t, prod.ArtifactBucket(), told.Bucket)
	backend := told.Services["backend-api"]
	assert.Equal(t, "/d2-ride-booking/prod/backend-api/version", backend.Version, "runbook PROD 5.5")
	assert.Equal(t, prod.RuntimeParameterPath("backend-api"), backend.Variables)
	assert.Equal(t, "apps/backend/backend-api-{version}.tar.gz", backend.Artifact, "facts 5.2")
	assert.Equal(t, "/opt/apps/backend-api", backend.Dir, "runbook DEV 5.8")
}

// TestTheSameFilesAreTheSameBytes: other bytes would replace every instance at the next
// deploy. Raise the compressor in go.mod only together with something that rolls anyway.
func TestTheSameFilesAreTheSameBytes(t *testing.T) {
	text := strings.Repeat("An instance that boots is an instance that serves. ", 50)
	packed, err := pack(map[string]string{"etc/a": text, "usr/bin/b": "#!/bin/sh\n"})
	require.NoError(t, err)
	assert.Equal(t, "5b8b698e4b057d0842274eab399c72677ef88c0e650d1fe6a9d3b16af8be26f1", fmt.Sprintf("%x", sha256.Sum256([]byte(packed))))
	for range 3 {
		assert.Equal(t, hosts(t), hosts(t))
	}
}
