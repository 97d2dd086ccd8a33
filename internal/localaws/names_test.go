package localaws

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
)

// TestTheHostsOfTheLocalAWSGoByConfigsNames is where config and d2moto/names.py
// meet: Python cannot read config, and says the names that a host needs once more.
func TestTheHostsOfTheLocalAWSGoByConfigsNames(t *testing.T) {
	tools, err := FindTools(t.Context(), root(t), func(string) {})
	available(t, err)
	for _, stage := range []config.Stage{config.Dev, config.Prod} {
		env, err := config.Load(filepath.Join(root(t), config.DefaultDir, string(stage)+".yaml"))
		require.NoError(t, err)
		for _, service := range env.Services {
			command := exec.CommandContext(t.Context(), tools.Python, "-B", "-m", "d2moto.names",
				env.Project, string(env.Environment), service.Name, env.Account, "v1.2.3")
			command.Dir = "moto"
			said, err := command.Output()
			require.NoError(t, err)
			var names struct {
				Tags                                             []string
				Unreleased, Version, Variables, Bucket, Artifact string
				BootLog, VersionVariable, EnvFile                string
				OutLog, ErrorLog, ReleaseLog                     string
			}
			require.NoError(t, json.Unmarshal(said, &names))
			assert.Equal(t, []string{config.TagEnvironment, config.TagProject, config.TagService}, names.Tags)
			assert.Equal(t, config.Unreleased, names.Unreleased)
			assert.Equal(t, env.VersionParameter(service.Name), names.Version)
			assert.Equal(t, env.RuntimeParameterPath(service.Name), names.Variables)
			assert.Equal(t, env.ArtifactBucket(), names.Bucket)
			assert.Equal(t, filepath.Base(service.ArtifactKey("v1.2.3")), names.Artifact)
			assert.Equal(t, config.BootLog, names.BootLog)
			assert.Equal(t, config.VersionVariable, names.VersionVariable)
			assert.Equal(t, service.EnvFile(), names.EnvFile)
			assert.Equal(t, service.OutLog(), names.OutLog)
			assert.Equal(t, service.ErrorLog(), names.ErrorLog)
			assert.Equal(t, service.ReleaseLog(), names.ReleaseLog)
		}
	}
}
