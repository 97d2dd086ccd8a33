package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
)

// devHead and prodHead are the least that a file must say.
const (
	devHead  = "environment: dev\naccount: \"111122223333\"\ndomain: {route53_zone_id: Z0123456789EXAMPLE}\n"
	prodHead = "environment: prod\naccount: \"111122223333\"\ndomain: {route53_zone_id: Z0123456789EXAMPLE}\ngithub_repo: d2-ride-booking/d2-ride-booking\n"
)

func parse(t *testing.T, text string) *config.Environment {
	t.Helper()
	env, err := config.Parse("test.yaml", []byte(text))
	require.NoError(t, err)
	return env
}

// refusals are the lines of what Parse says, without the file's name.
func refusals(text string) []string {
	_, err := config.Parse("FILE", []byte(text))
	if err == nil {
		return nil
	}
	return strings.Split(strings.ReplaceAll(err.Error(), "FILE:", ""), "\n")
}

func TestTheShippedEnvironmentsLoad(t *testing.T) {
	environments, err := config.LoadAll("environments")
	require.NoError(t, err)
	require.Len(t, environments, 2)
	assert.Equal(t, config.Dev, environments[0].Environment)
	assert.Equal(t, config.Prod, environments[1].Environment)
}

func TestTheShippedFilesSayTheDefaultsOfTheirToggles(t *testing.T) {
	environments, err := config.LoadAll("environments")
	require.NoError(t, err)
	for _, env := range environments {
		want := config.Defaults(env.Environment)
		want.Account, want.Domain.ZoneID = env.Account, env.Domain.ZoneID
		want.GitHubRepo, want.GitHubOIDCProviderARN = env.GitHubRepo, env.GitHubOIDCProviderARN
		assert.Equal(t, want, *env, "%s.yaml differs from the defaults that docs/configuration.md shows", env.Environment)
	}
}

func TestAFileNeedsOnlySayWhatNobodyElseCanKnow(t *testing.T) {
	assert.Equal(t, "10.20.0.0/16", parse(t, devHead).Network.VPCCIDR.String())
	assert.Equal(t, 7, parse(t, prodHead).Database.BackupRetentionDays)
}

func TestAnEntryIsLaidOverTheDefaultOfItsNameAndANewOneIsAdded(t *testing.T) {
	env := parse(t, prodHead+`
services:
  - name: web-support
    port: 3002
    host_label: support
  - name: backend-api
    fleet: {max_size: 5}
sites:
  - name: status
    host_label: status
`)
	require.Len(t, env.Services, 3)
	backend, support := env.Services[0], env.Services[2]
	assert.Equal(t, 5, backend.Fleet.MaxSize)
	assert.Equal(t, 3000, backend.Port, "what the entry does not say stays")
	assert.Equal(t, "apps/backend", backend.ArtifactPrefix)
	assert.Equal(t, "/health", support.HealthCheckPath)
	assert.Equal(t, "apps/web-support", support.ArtifactPrefix)
	assert.Equal(t, 3, support.Fleet.MaxSize)
	assert.Equal(t, []string{"backend-api", "web-support"}, names(env.EnabledServices()))
	require.Len(t, env.EnabledSites(), 3)
}

func names(services []config.Service) []string {
	var all []string
	for _, service := range services {
		all = append(all, service.Name)
	}
	return all
}

func TestDEVRunsDayAndNightWhenItsWorkingHoursAreNull(t *testing.T) {
	assert.Nil(t, parse(t, devHead+"cost: {working_hours: null}").Cost.WorkingHours)
	changed := parse(t, devHead+"cost: {working_hours: {stop: \"20:00\"}}").Cost.WorkingHours
	assert.Equal(t, &config.WorkingHours{Start: "09:00", Stop: "20:00", Days: "MON-FRI", TimeZone: "Asia/Singapore"}, changed)
}

func TestOneFileNeverChangesTheDefaultsOfTheNext(t *testing.T) {
	parse(t, prodHead+"services: [{name: backend-api, port: 4000}]\ntags: {Team: rides}")
	assert.Equal(t, 3000, parse(t, prodHead).Services[0].Port)
}

func TestAListOfZonesReplacesTheDefaultOne(t *testing.T) {
	env := parse(t, devHead+`
network:
  zones:
    - {availability_zone: ap-southeast-1b, public: 10.20.1.0/24, app: 10.20.2.0/24, database: 10.20.3.0/24}
    - {availability_zone: ap-southeast-1c, public: 10.20.4.0/24, app: 10.20.5.0/24, database: 10.20.6.0/24}
`)
	require.Len(t, env.Network.Zones, 2)
	assert.Equal(t, "ap-southeast-1c", env.Network.Zones[1].AvailabilityZone)
}

func TestWhatIsNoEnvironmentFileIsToldInOneLine(t *testing.T) {
	const stage = "1 environment: is missing; write environment: dev or environment: prod; every other default follows from it"
	for name, c := range map[string]struct{ text, want string }{
		"too much":             {strings.Repeat("[", 33<<10), "1: is larger than 32 KiB; name an environment file"},
		"nothing at all":       {"", stage},
		"nothing but comments": {"# hello\n", stage},
		"a list":               {"- a\n- b\n", "1: is a list, not keys with values; write keys as in config/environments/dev.yaml"},
		"a word":               {"hello", `1: is the text "hello", not keys with values; write keys as in config/environments/dev.yaml`},
		"two documents":        {devHead + "---\n" + prodHead, "5: a second YAML document begins here; keep one document in the file: take out the line ---"},
		"an unclosed quote":    {"environment: \"dev\naccount: 5\n", "1: is not valid YAML: could not find end character of double-quoted text; mend the YAML at this line, or just above: indent with spaces, write key: value, close every quote and bracket"},
		"a third environment":  {"environment: staging", `1 environment: "staging" is neither dev nor prod; write environment: dev or environment: prod; every other default follows from it`},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, []string{c.want}, refusals(c.text)) })
	}
}

func TestWhatHidesAValueFromItsReaderIsRefused(t *testing.T) {
	assert.Equal(t, []string{
		"5 tags: is an anchor (&); write the value itself",
		"6 observability: is an alias (*); write the value itself",
		"7 aws_region: is a YAML tag (!); write the value itself",
		"8: has a key that is no plain word; write key: value; merges (<<), lists and numbers are not keys here",
	}, refusals(devHead[:len(devHead)-1]+"\n# four lines of tricks\ntags: &all {Team: rides}\nobservability: *all\naws_region: !!str ap-southeast-1\n<<: {enable_alb: true}\n"))
}

func TestAFileNamedForTheOtherEnvironmentIsRefused(t *testing.T) {
	dir := directory(t, map[string]string{"dev.yaml": prodHead, "prod.yaml": prodHead})
	_, err := config.LoadAll(dir)
	assert.EqualError(t, err, filepath.Join(dir, "dev.yaml")+":1 environment: is prod, but the file's name says dev; set dev, or give the file its environment's name")
}

func TestAFileThatNobodyReadsIsRefused(t *testing.T) {
	dir := directory(t, map[string]string{"dev.yaml": devHead, "prod.yaml": prodHead, "prod.yml": prodHead, "README.md": ""})
	_, err := config.LoadAll(dir)
	assert.EqualError(t, err, filepath.Join(dir, "prod.yml")+": is not an environment; rename it to dev.yaml or prod.yaml, or take it out of this directory")
}

func TestAMissingFileIsNamed(t *testing.T) {
	_, err := config.Load("nowhere/dev.yaml")
	assert.EqualError(t, err, "nowhere/dev.yaml: cannot be read: no such file or directory; the directory of the environments holds dev.yaml and prod.yaml; another one is named with -c environments=DIR (cdk) or --environments DIR (d2ctl)")
}

func TestBothFilesAreReportedAtOnce(t *testing.T) {
	dir := directory(t, map[string]string{"dev.yaml": devHead + "enable_waf: true\n", "prod.yaml": prodHead + "enable_rds: false\n"})
	_, err := config.LoadAll(dir)
	var problems config.Problems
	require.True(t, errors.As(err, &problems))
	require.Len(t, problems, 2)
	assert.Equal(t, "enable_waf", problems[0].Key)
	assert.Equal(t, 4, problems[0].Line)
	assert.Equal(t, "enable_rds", problems[1].Key)
	assert.Equal(t, filepath.Join(dir, "prod.yaml"), problems[1].File)
}

func TestTwoAccountsMayDoApartWhatOneMayNot(t *testing.T) {
	dev := devHead + "project_name: prod-rides\nenable_github_actions_deploy_role: true\ngithub_repo: a/b\n"
	shared := directory(t, map[string]string{"dev.yaml": dev, "prod.yaml": prodHead})
	_, err := config.LoadAll(shared)
	require.Error(t, err)
	apart := directory(t, map[string]string{"dev.yaml": strings.Replace(dev, "111122223333", "444455556666", 1), "prod.yaml": prodHead})
	_, err = config.LoadAll(apart)
	require.NoError(t, err)
}

func TestAProjectMayNotContinueTheOthersNames(t *testing.T) {
	dir := directory(t, map[string]string{
		"dev.yaml":  devHead + "project_name: d2\n",
		"prod.yaml": strings.Replace(prodHead, "111122223333", "444455556666", 1) + "project_name: d2-dev\n",
	})
	_, err := config.LoadAll(dir)
	assert.EqualError(t, err, filepath.Join(dir, "dev.yaml")+":4 project_name: makes names that begin with d2-dev-, and PROD's begin with d2-dev-prod-: a search for one finds both; give the two the same project_name, or two that do not continue one another")
}

func directory(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	return dir
}

func TestAWrongTypeIsToldWithTheRightOne(t *testing.T) {
	check(t, devHead, map[string]refusal{
		"a text for a group":         {"network: none", `4 network: is the text "none"; write keys with values`},
		"a list for a group":         {"network: []", "4 network: is a list; write keys with values"},
		"a group for a list":         {"services: {name: orders}", "4 services: is a group of keys; write a list"},
		"a truth value for a list":   {"sites: false", "4 sites: is the truth value false; write a list"},
		"a text for a map":           {"tags: rides", `4 tags: is the text "rides"; write keys with values`},
		"a number in a map":          {"tags: {Team: 7}", `4 tags.Team: is the number 7 where text belongs; put it in quotes: "7"`},
		"a truth value for a text":   {"project_name: true", `4 project_name: is the truth value true where text belongs; put it in quotes: "true"`},
		"a group for a text":         {"project_name: {a: b}", "4 project_name: is a group of keys; write text"},
		"a group for a truth value":  {"enable_alb: {a: b}", "4 enable_alb: is a group of keys; write true or false"},
		"a number for a block":       {"network: {vpc_cidr: 10}", "4 network.vpc_cidr: is the number 10; write a block of addresses like 10.20.0.0/16"},
		"an address for a block":     {"network: {vpc_cidr: 10.20.0.0}", `4 network.vpc_cidr: "10.20.0.0" is not a block of addresses; write it like 10.20.0.0/16`},
		"a fraction":                 {"release: {keep_on_host: 2.5}", "4 release.keep_on_host: is the number 2.5; write a whole number"},
		"infinity":                   {"release: {keep_on_host: .inf}", "4 release.keep_on_host: is the number .inf; write a whole number"},
		"a number beyond all sense":  {"release: {keep_on_host: 18446744073709551615}", "4 release.keep_on_host: is the number 18446744073709551615; write a whole number"},
		"a text for working hours":   {"cost: {working_hours: none}", `4 cost.working_hours: is the text "none"; write keys with values`},
		"nothing for a number":       {"release: {keep_on_host: }", `4 release.keep_on_host: has no value; give it one ("" for an empty text), or take the key out to have the default`},
		"an entry that is a word":    {"services:\n  - orders", "5 services[0]: has no name; begin the entry with name: and a word of its own, e.g. - name: my-app"},
		"a key of another place":     {"multi_az: true", "4 multi_az: is not a key of an environment file; it belongs under database"},
		"a toggle in a group":        {"network: {enable_nat_gateway: true}", "4 network.enable_nat_gateway: is not a key of network; it belongs at the top of the file, without indentation"},
		"a slip of the finger":       {"enable_abl: true", "4 enable_abl: is not a key of an environment file; did you mean enable_alb?"},
		"a key of another platform":  {"terraform_state_bucket: x", "4 terraform_state_bucket: is not a key of an environment file; take it out; docs/configuration.md lists every key"},
		"a key twice":                {"enable_alb: false\nenable_alb: true", "5 enable_alb: is given twice, first on line 4; keep one of the two"},
		"a service twice":            {"services: [{name: backend-api}, {name: backend-api}]", "4 services[backend-api]: is given twice, first on line 4; keep one of the two, or rename one"},
		"a text that ends a message": {"project_name: \"a\\nb\\e[31m\"", `4 project_name: "a\nb\x1b[31m" is not lower-case words joined by hyphens; write it like d2-ride-booking`},
	})
}
