package test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
)

// The two environments share nothing (runbook PROD 11.1): no name, path, ARN,
// address or domain of one may stand anywhere in a template of the other.

// written is a template as text; its references are logical ids, which both
// environments have alike and which name nothing outside their stack.
func written(t *testing.T, templates map[string]Template, stacks ...string) string {
	t.Helper()
	var all strings.Builder
	for _, stack := range stacks {
		require.Contains(t, templates, stack)
		data, err := json.Marshal(normalized(templates[stack]))
		require.NoError(t, err)
		all.Write(data)
	}
	return all.String()
}

// own are the stacks of an environment.
func own(stage config.Stage) []string {
	env := config.Environment{Environment: stage}
	return []string{env.StackName(), env.EdgeStackName()}
}

// inEachOther runs a check on what is written of one environment and on the other environment, both ways.
func inEachOther(t *testing.T, check func(t *testing.T, text string, other *config.Environment)) {
	for _, templates := range []map[string]Template{shippedTemplates(t), largest(t)} {
		for stage, other := range map[config.Stage]config.Stage{config.Dev: config.Prod, config.Prod: config.Dev} {
			t.Run(string(stage), func(t *testing.T) {
				check(t, written(t, templates, own(stage)...), environment(t, other, everything))
			})
		}
	}
}

func TestNoNameOfOneEnvironmentIsInTheOther(t *testing.T) {
	inEachOther(t, func(t *testing.T, text string, other *config.Environment) {
		stage := string(other.Environment)
		for _, name := range []string{
			other.StackName() + `"`, other.EdgeStackName(), other.Prefix(), stage + "-" + other.Project, "/" + other.Project + "/" + stage, "-" + stage + "-",
			other.ArtifactBucket(), other.AccessLogBucket(), other.SiteBucket("web-admin"), other.DatabaseIdentifier(), other.MasterSecretName(),
			other.ServiceLogGroup("backend-api"), other.SessionLogGroup(), other.FlowLogGroup(), other.VersionParameter("backend-api"),
			other.GitHubSubject(), other.DeployRoleName(), other.UserPoolName(), ":environment:" + stage,
		} {
			assert.False(t, strings.Contains(text, name), "%q", name)
		}
		assert.False(t, strings.Contains(text, `"`+stage+`"`), "a value is %q", stage)
	})
}

func TestNoAddressOfOneEnvironmentIsInTheOther(t *testing.T) {
	inEachOther(t, func(t *testing.T, text string, other *config.Environment) {
		second := strings.Join(strings.Split(other.Network.VPCCIDR.String(), ".")[:2], ".")
		assert.False(t, strings.Contains(text, second+"."), "%s", second)
	})
}

var domainPattern = regexp.MustCompile(`[a-z0-9*.-]*\bd2\.fikri\.dev`)

// DEV's domain lies under PROD's, so a name is PROD's when it is not under dev.
func TestNoDomainOfOneEnvironmentIsInTheOther(t *testing.T) {
	inEachOther(t, func(t *testing.T, text string, other *config.Environment) {
		found := domainPattern.FindAllString(text, -1)
		require.NotEmpty(t, found)
		for _, domain := range found {
			isDEVs := strings.HasSuffix("."+domain, ".dev.d2.fikri.dev")
			assert.Equal(t, other.Environment == config.Prod, isDEVs, domain)
		}
	})
}

// shared is what both environments say, each with why that is no sharing.
var shared = map[string]string{
	"d2-ride-booking":                                   "the value of the tag Project",
	"d2-ride-booking/d2-ride-booking":                   "the repository whose workflows deploy",
	"repo:d2-ride-booking/d2-ride-booking:environment:": "cut at the environment's name",
}

var projectPattern = regexp.MustCompile(`[A-Za-z0-9/_.:-]*d2-ride-booking[A-Za-z0-9/_.:-]*`)

// What a list of names forgets, this finds: whatever both say that has the project's name in it.
func TestNothingThatBearsTheProjectsNameIsInBoth(t *testing.T) {
	for _, templates := range []map[string]Template{shippedTemplates(t), largest(t)} {
		words := func(stage config.Stage) []string {
			all := projectPattern.FindAllString(written(t, templates, own(stage)...), -1)
			slices.Sort(all)
			return slices.Compact(all)
		}
		production := words(config.Prod)
		require.Greater(t, len(production), 50)
		for _, word := range words(config.Dev) {
			if slices.Contains(production, word) {
				assert.Contains(t, shared, word)
			}
		}
	}
}

func TestInTwoAccountsNeitherKnowsTheOther(t *testing.T) {
	apart := synthesized(t, environment(t, config.Dev, everything, func(e *config.Environment) {
		e.Account, e.GitHubOIDCProviderARN = "444455556666", ""
		e.Domain.ZoneID, e.Domain.ZoneName, e.Domain.Base = "Z9999999999EXAMPLE", "d2.example.com", "dev.d2.example.com"
	}))
	text := written(t, apart, own(config.Dev)...)
	for _, name := range []string{"111122223333", "Z0123456789EXAMPLE", "fikri.dev"} {
		assert.False(t, strings.Contains(text, name), name)
	}
}

// Nothing is handed from one environment's stacks to the other's.
func TestAStackRefersToNoStackButItsOwnEdge(t *testing.T) {
	pattern := regexp.MustCompile(`"Fn::GetStackOutput":\{[^}]*"StackName":"([^"]+)"`)
	for _, templates := range []map[string]Template{shippedTemplates(t), largest(t)} {
		for stack := range templates {
			text := written(t, templates, stack)
			assert.NotContains(t, text, "Fn::ImportValue", stack)
			for _, reference := range pattern.FindAllStringSubmatch(text, -1) {
				assert.Equal(t, stack+"-Edge", reference[1])
			}
		}
	}
}
