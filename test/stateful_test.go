package test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
)

// What holds data is locked to its logical id: CloudFormation replaces a
// resource whose id changes, and with it goes what it held.

// locked is one resource that holds data.
type locked struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Delete  string `json:"deletionPolicy"`
	Replace string `json:"updateReplacePolicy"`
}

const lockFile = "testdata/stateful.json"

// lockedTypes are stateful and what points at a release.
var lockedTypes = append([]string{parameter}, stateful...)

// locks are the resources of a template that hold data; of the parameters only the versions do.
func locks(whole Template) []locked {
	all := []locked{}
	for _, id := range slices.Sorted(maps.Keys(whole.Resources)) {
		resource := whole.Resources[id]
		isVariable := resource.Type == parameter && !isVersion(resource)
		if slices.Contains(lockedTypes, resource.Type) && !isVariable {
			all = append(all, locked{id, resource.Type, resource.DeletionPolicy, resource.UpdateReplacePolicy})
		}
	}
	return all
}

func isVersion(resource Resource) bool {
	return resource.Type == parameter && strings.HasSuffix(text(resource.At("Name")), "/version")
}

func lockFileContent(t *testing.T) map[string][]locked {
	t.Helper()
	data, err := os.ReadFile(lockFile)
	require.NoError(t, err)
	var stacks map[string][]locked
	require.NoError(t, json.Unmarshal(data, &stacks))
	return stacks
}

// TestWhatHoldsDataKeepsItsLogicalID: a change here replaces a database, a pool or
// a bucket that is in use. Where that is meant, UPDATE_STATEFUL=true renews the
// list; then say in the commit how the data moves.
func TestWhatHoldsDataKeepsItsLogicalID(t *testing.T) {
	current := map[string][]locked{}
	for stack, whole := range shippedTemplates(t) {
		current[stack] = locks(whole)
	}
	if updating("UPDATE_STATEFUL") {
		data, err := json.MarshalIndent(current, "", "  ")
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(lockFile), 0o755))
		require.NoError(t, os.WriteFile(lockFile, append(data, '\n'), 0o644))
	}
	assert.Equal(t, lockFileContent(t), current)
}

// Another choice of toggles, sizes or entries may add what holds data, and must
// leave what stands at its id and with its policies.
func TestNoOtherSettingMovesWhatHoldsData(t *testing.T) {
	for name, templates := range map[string]map[string]Template{
		"everything on": largest(t),
		"other sizes":   synthesized(t, environment(t, config.Dev, otherSizes), environment(t, config.Prod, otherSizes)),
	} {
		for stack, want := range lockFileContent(t) {
			for _, lock := range want {
				assert.Contains(t, locks(templates[stack]), lock, "%s: %s", name, stack)
			}
		}
	}
}

// otherSizes changes whatever may change without a new name: all but stage, project and domain.
func otherSizes(e *config.Environment) {
	e.Tags = map[string]string{"CostCenter": "rides", "Team": "platform"}
	e.EnableWAF, e.EnableGitHubActionsDeployRole = e.EnableALB, true
	e.GitHubRepo = "someone/else"
	e.Runtime.NodeMajor, e.Runtime.AMIID = 24, "ami-0123456789abcdef0"
	e.Network.FlowLogRetentionDays, e.Observability.LogRetentionDays = 365, 365
	e.Observability.AlarmEmail = "oncall@example.com"
	e.Host.InstanceType, e.Host.RootVolumeGiB = "t3.small", 32
	e.Bastion.InstanceType, e.Bastion.RootVolumeGiB = "t3.nano", 16
	e.Database.EngineVersion, e.Database.InstanceClass = "8.4.10", "t3.medium"
	e.Database.AllocatedStorageGiB, e.Database.MaxAllocatedStorageGiB = 50, 200
	e.Database.BackupRetentionDays, e.Database.PerformanceInsights = 14, true
	e.Release.NoncurrentDays = 90
	e.Cost.MonthlyBudgetUSD = 1000
	for i := range e.Services {
		e.Services[i].Port += 100
		e.Services[i].HostLabel += "2"
		e.Services[i].HealthCheckPath = "/alive"
		e.Services[i].Fleet.MaxSize, e.Services[i].Fleet.InstanceType = 6, "t3.small"
		e.Services[i].Parameters = map[string]string{"FEATURE": "on"}
	}
}

// pinned is the version parameter, whole. CloudFormation writes a parameter again
// when anything about it changes, and would set every release back to "unreleased".
const pinned = `{"Type":"AWS::SSM::Parameter","Properties":{` +
	`"Description":"The release that hosts run; a release writes it, CloudFormation never again",` +
	`"Name":"/d2-ride-booking/%[1]s/backend-api/version",` +
	`"Tags":{"Environment":"%[1]s","ManagedBy":"cdk","Name":"/d2-ride-booking/%[1]s/backend-api/version","Project":"d2-ride-booking","Service":"backend-api"},` +
	`"Type":"String","Value":"unreleased"}}`

func TestNothingButANewNameChangesTheVersionParameter(t *testing.T) {
	environments := map[string]map[string]Template{
		"shipped": shippedTemplates(t), "everything on": largest(t),
		"other sizes": synthesized(t, environment(t, config.Dev, otherSizes), environment(t, config.Prod, otherSizes)),
		"another account and domain": synthesized(t,
			environment(t, config.Dev, elsewhere("dev.d2.example.com")), environment(t, config.Prod, elsewhere("d2.example.com"))),
	}
	for name, templates := range environments {
		for stack, stage := range map[string]string{"D2-Dev": "dev", "D2-Prod": "prod"} {
			versions := templates[stack].Where(parameter, "Name", "/d2-ride-booking/"+stage+"/backend-api/version")
			require.Len(t, versions, 1)
			assert.Equal(t, "BackendApiReleaseVersion6C62E83E", versions[0].ID, "%s %s", name, stack)
			assert.JSONEq(t, fmt.Sprintf(pinned, stage), text(normalizedResource(versions[0])), "%s %s", name, stack)
		}
	}
}

func elsewhere(base string) func(*config.Environment) {
	return func(e *config.Environment) {
		e.Account, e.GitHubOIDCProviderARN = "444455556666", ""
		e.Domain.Base, e.Domain.ZoneName, e.Domain.ZoneID = base, "example.com", "Z9999999999EXAMPLE"
	}
}

// CloudFormation never resets what scaling, a release or an operator decides at run time.
func TestATemplateHoldsNothingThatIsDecidedAtRunTime(t *testing.T) {
	for _, whole := range largest(t) {
		for _, fleet := range whole.All(group) {
			assert.Nil(t, fleet.At("DesiredCapacity"))
		}
	}
}
