package config

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// What AWS takes as a name, by kind: written down here anew, from AWS's references,
// so that a slip in limits.go does not excuse itself.
var awsNames = map[string]*regexp.Regexp{
	"bucket":         regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`),
	"load balancer":  regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,30}[A-Za-z0-9]$`),
	"target group":   regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,30}[A-Za-z0-9]$`),
	"fleet":          regexp.MustCompile(`^[ -~]{1,255}$`),
	"role":           regexp.MustCompile(`^[\w+=,.@-]{1,64}$`),
	"database":       regexp.MustCompile(`^[a-z](-?[a-z0-9])*$`),
	"secret":         regexp.MustCompile(`^[\w/+=.@-]{1,512}$`),
	"log group":      regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`),
	"document":       regexp.MustCompile(`^[a-zA-Z0-9_.-]{3,128}$`),
	"parameter":      regexp.MustCompile(`^(/[\w.-]+){1,15}$`),
	"pool":           regexp.MustCompile(`^[\w\s+=,.@-]{1,128}$`),
	"domain name":    regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]+$`),
	"access control": regexp.MustCompile(`^[\w.-]{1,64}$`),
}

// physicalNames are all names of an environment by kind, made by names.go.
func physicalNames(e *Environment) map[string][]string {
	names := map[string][]string{
		"bucket":        {e.ArtifactBucket(), e.AccessLogBucket()},
		"load balancer": {e.LoadBalancerName()},
		"database":      {e.DatabaseIdentifier()},
		"secret":        {e.MasterSecretName()},
		"document":      {e.SessionDocumentName()},
		"pool":          {e.UserPoolName()},
		"role":          {e.DeployRoleName(), e.AppHostName(), e.BastionName()},
		"log group":     {e.SessionLogGroup(), e.FlowLogGroup(), e.DatabaseLogGroup("error"), e.DatabaseLogGroup("slowquery")},
	}
	add := func(kind, name string) { names[kind] = append(names[kind], name) }
	for _, service := range e.EnabledServices() {
		add("fleet", e.FleetName(service.Name))
		add("target group", e.TargetGroupName(service))
		add("role", e.Named(service.Name))
		add("log group", e.ServiceLogGroup(service.Name))
		add("parameter", e.VersionParameter(service.Name))
		add("parameter", e.RuntimeParameterPath(service.Name))
		add("domain name", e.FQDN(service.HostLabel))
	}
	for _, site := range e.EnabledSites() {
		add("bucket", e.SiteBucket(site.Name))
		add("domain name", e.FQDN(site.HostLabel))
	}
	return names
}

// anyWord draws what might be a name; some are too long or reserved, which validation must catch.
func anyWord(t *rapid.T, label string) string {
	return rapid.StringMatching(`[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,8}){0,4}`).Draw(t, label)
}

// anyEnvironment draws an environment with services and sites of any name.
func anyEnvironment(t *rapid.T, stage Stage) *Environment {
	env := Defaults(stage)
	env.Account, env.Domain.ZoneID, env.GitHubRepo = "111122223333", "Z0123456789EXAMPLE", "owner/name"
	env.EnableALB = true
	if rapid.Bool().Draw(t, "own project") {
		env.Project = anyWord(t, "project")
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "services") {
		service := DefaultService(anyWord(t, "service"))
		service.Port, service.HostLabel = 4000+i, anyWord(t, "label")
		env.Services = append(env.Services, service)
	}
	for range rapid.IntRange(0, 3).Draw(t, "sites") {
		env.Sites = append(env.Sites, Site{Name: anyWord(t, "site"), HostLabel: anyWord(t, "label")})
	}
	return &env
}

func TestEveryNameOfAnAcceptedEnvironmentIsOneThatAWSTakes(t *testing.T) {
	accepted := 0
	rapid.Check(t, func(t *rapid.T) {
		env := anyEnvironment(t, rapid.SampledFrom([]Stage{Dev, Prod}).Draw(t, "stage"))
		if env.Validate() != nil {
			return
		}
		accepted++
		seen := map[string]bool{}
		for kind, names := range physicalNames(env) {
			for _, name := range names {
				if !awsNames[kind].MatchString(name) || kind == "database" && len(name) > 63 {
					t.Fatalf("%q is no %s's name to AWS", name, kind)
				}
				if seen[kind+name] {
					t.Fatalf("two things are the %s %q", kind, name)
				}
				seen[kind+name] = true
			}
		}
	})
	assert.Greater(t, accepted, 10, "the property says little when nearly nothing is accepted")
}

func TestNoNameOfOneEnvironmentIsTheOthersToo(t *testing.T) {
	compared := 0
	rapid.Check(t, func(t *rapid.T) {
		dev, prod := anyEnvironment(t, Dev), anyEnvironment(t, Prod)
		if dev.Validate() != nil || prod.Validate() != nil || isolation(dev, prod, "", nil) != nil {
			return
		}
		compared++
		devNames, prodNames := physicalNames(dev), physicalNames(prod)
		for kind := range devNames {
			for _, name := range devNames[kind] {
				for _, other := range prodNames[kind] {
					if name == other {
						t.Fatalf("both environments have the %s %q", kind, name)
					}
				}
			}
		}
	})
	assert.Greater(t, compared, 3)
}

func TestNoNameOfTheShippedPRODIsPartOfOneOfDEV(t *testing.T) {
	both, err := LoadAll("environments")
	require.NoError(t, err)
	dev, prod := both[0], both[1]
	dev.EnableALB, dev.EnableWebAdmin, dev.EnableWebPassenger, dev.EnableWebDriver, prod.EnableWebDriver = true, true, true, true, true
	devNames, prodNames := physicalNames(dev), physicalNames(prod)
	for kind := range devNames {
		for _, name := range devNames[kind] {
			for _, other := range prodNames[kind] {
				assert.False(t, strings.Contains(name, other) || strings.Contains(other, name), "%s: %s and %s", kind, name, other)
			}
		}
	}
	assert.False(t, dev.Network.VPCCIDR.Overlaps(prod.Network.VPCCIDR))
}

// The searches of the runbooks, each finding one thing in an account that holds both (facts 9.0).
func TestTheRunbooksSearchesFindOneThingInASharedAccount(t *testing.T) {
	both, err := LoadAll("environments")
	require.NoError(t, err)
	all := map[string][]string{}
	for _, env := range both {
		env.EnableALB, env.EnableWebDriver = true, true
		for kind, names := range physicalNames(env) {
			all[kind] = append(all[kind], names...)
		}
	}
	for _, search := range []struct{ kind, part, found string }{
		{"fleet", "prod-backend-api", "d2-ride-booking-prod-backend-api-asg"},
		{"target group", "backend-api", "d2-ride-booking-prod-backend-api"},
		{"load balancer", "prod", "d2-ride-booking-prod-alb"},
		{"load balancer", "d2-ride-booking-dev", "d2-ride-booking-dev-alb"},
		{"database", "d2-ride-booking-dev", "d2-ride-booking-dev-rds-mysql"},
		{"log group", "/aws/ec2/dev-d2-ride-booking-backend", "/aws/ec2/dev-d2-ride-booking-backend"},
		{"log group", "/aws/ec2/prod-d2-ride-booking-backend-api", "/aws/ec2/prod-d2-ride-booking-backend-api"},
	} {
		var found []string
		for _, name := range all[search.kind] {
			if strings.Contains(name, search.part) {
				found = append(found, name)
			}
		}
		assert.Equal(t, []string{search.found}, found, "%s that contains %s", search.kind, search.part)
	}
}

func TestAMaintenanceWindowIsNearABackupExactlyWhenTheirMinutesAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		daily := window{rapid.IntRange(0, minutesADay-1).Draw(t, "backup"), rapid.IntRange(leastWindow, 300).Draw(t, "for")}
		weekly := window{rapid.IntRange(0, minutesAWeek-1).Draw(t, "maintenance"), rapid.IntRange(leastWindow, 300).Draw(t, "for")}
		busy := map[int]bool{}
		for day := range 7 {
			for minute := range daily.length {
				busy[mod(daily.start+day*minutesADay+minute, minutesAWeek)] = true
			}
		}
		near := false
		for minute := -windowGap; minute < weekly.length+windowGap; minute++ {
			near = near || busy[mod(weekly.start+minute, minutesAWeek)]
		}
		if near != weekly.near(daily) {
			t.Fatalf("near is %t, minute by minute it is %t", weekly.near(daily), near)
		}
	})
}

func TestABlockIsWithinTheVPCExactlyWhenItsAddressesAre(t *testing.T) {
	vpc := netip.MustParsePrefix("10.20.0.0/17")
	rapid.Check(t, func(t *rapid.T) {
		text := fmt.Sprintf("10.%d.%d.0/%d", rapid.IntRange(19, 21).Draw(t, "second"), rapid.IntRange(0, 255).Draw(t, "third"), rapid.IntRange(16, 28).Draw(t, "bits"))
		block := netip.MustParsePrefix(text).Masked()
		v := &validator{env: &Environment{Network: Network{VPCCIDR: vpc}}}
		last := block.Addr().As4()
		for bit := block.Bits(); bit < 32; bit++ {
			last[bit/8] |= 1 << (7 - bit%8)
		}
		inside := vpc.Contains(block.Addr()) && vpc.Contains(netip.AddrFrom4(last))
		if v.subnet(subnet{key: "s", block: block}, true, nil) != inside {
			t.Fatalf("%s in %s: %t expected", block, vpc, inside)
		}
	})
}

// The names that the runbooks and facts 9.0 write out, letter by letter.
func TestNamesAreTheRunbooks(t *testing.T) {
	both, err := LoadAll("environments")
	require.NoError(t, err)
	dev, prod := both[0], both[1]
	backend := prod.Services[0]
	for got, want := range map[string]string{
		dev.StackName():                          "D2-Dev",
		prod.StackName():                         "D2-Prod",
		prod.EdgeStackName():                     "D2-Prod-Edge",
		prod.MasterSecretName():                  "d2-ride-booking-prod-rds-master",
		prod.VersionParameter("backend-api"):     "/d2-ride-booking/prod/backend-api/version",
		prod.RuntimeParameterPath("backend-api"): "/d2-ride-booking/prod/backend-api/env",
		prod.ArtifactBucket():                    "d2-ride-booking-deployments-prod-111122223333",
		prod.SiteBucket("web-admin"):             "d2-ride-booking-web-admin-prod-111122223333",
		prod.FQDN("api"):                         "api.d2.fikri.dev",
		prod.APIBaseURL():                        "https://api.d2.fikri.dev",
		dev.TargetGroupName(backend):             "d2-ride-booking-dev-api",
		backend.ArtifactKey("v1.0.1"):            "apps/backend/backend-api-v1.0.1.tar.gz",
		backend.AppDir():                         "/opt/apps/backend-api",
		backend.CABundle():                       "/opt/apps/backend-api/shared/aws-rds-global-bundle.pem",
		prod.GitHubSubject():                     "repo:d2-ride-booking/d2-ride-booking:environment:prod",
	} {
		assert.Equal(t, want, got)
	}
}
