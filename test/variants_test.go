package test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
)

// toggle is one of the nine keys of runbook DEV 6.1.
type toggle struct {
	key string
	of  func(*config.Environment) *bool
}

var toggles = []toggle{
	{"enable_ec2_backend", func(e *config.Environment) *bool { return &e.EnableEC2Backend }},
	{"enable_rds", func(e *config.Environment) *bool { return &e.EnableRDS }},
	{"enable_nat_gateway", func(e *config.Environment) *bool { return &e.EnableNATGateway }},
	{"enable_alb", func(e *config.Environment) *bool { return &e.EnableALB }},
	{"enable_ssm_vpc_endpoints", func(e *config.Environment) *bool { return &e.EnableSSMVPCEndpoints }},
	{"enable_bastion", func(e *config.Environment) *bool { return &e.EnableBastion }},
	{"enable_web_admin", func(e *config.Environment) *bool { return &e.EnableWebAdmin }},
	{"enable_web_passenger", func(e *config.Environment) *bool { return &e.EnableWebPassenger }},
	{"enable_web_driver", func(e *config.Environment) *bool { return &e.EnableWebDriver }},
}

// only switches on the toggles named and every other one off.
func only(keys ...string) func(*config.Environment) {
	return func(e *config.Environment) {
		for _, toggle := range toggles {
			*toggle.of(e) = slices.Contains(keys, toggle.key)
		}
	}
}

// everything switches on what there is to switch on.
func everything(e *config.Environment) {
	for _, toggle := range toggles {
		*toggle.of(e) = true
	}
	e.EnableWAF = true
	e.EnableGitHubActionsDeployRole = true
	e.Observability.AlarmEmail = "oncall@example.com"
	e.Tags = map[string]string{"CostCenter": "rides"}
}

// larger has web-driver on, a third service and a third site.
func larger(e *config.Environment) {
	e.EnableWebDriver = true
	e.Services = append(e.Services, newService("web-support", 3002))
	e.Sites = append(e.Sites, newSite("status"))
}

// Certificates that PROD's owner has already.
const (
	albCertificate  = "arn:aws:acm:ap-southeast-1:111122223333:certificate/12345678-90ab-cdef-1234-567890abcdef"
	edgeCertificate = "arn:aws:acm:us-east-1:111122223333:certificate/12345678-90ab-cdef-1234-567890abcdef"
)

// otherwise takes the other way wherever config has two: what the account has
// already, and what is newer or larger.
func otherwise(e *config.Environment) {
	e.Domain.ALBCertificateARN, e.Domain.CloudFrontCertificateARN = albCertificate, edgeCertificate
	e.GitHubOIDCProviderARN = ""
	e.Runtime.AMIID = "ami-0123456789abcdef0"
	e.Database.EngineVersion, e.Database.InstanceClass, e.Database.PerformanceInsights = "8.4.10", "t3.medium", true
}

func newService(name string, port int) config.Service {
	service := config.DefaultService(name)
	service.Port, service.HostLabel = port, name
	return service
}

func newSite(name string) config.Site {
	site := config.DefaultSite(name)
	site.HostLabel = name
	return site
}

// grown has that many services and sites, the runbooks' among them.
func grown(services, sites int) func(*config.Environment) {
	return func(e *config.Environment) {
		e.EnableWebDriver = services > 1
		for i := 2; i < services; i++ {
			e.Services = append(e.Services, newService(fmt.Sprintf("extra-%03d", i), 4000+i))
		}
		e.EnableWebAdmin, e.EnableWebPassenger = sites > 0, sites > 1
		for i := 2; i < sites; i++ {
			e.Sites = append(e.Sites, newSite(fmt.Sprintf("page-%03d", i)))
		}
	}
}

// TestAProblemOfAnEnvironmentIsSeenByTheHarness: the tests change environments in
// code, where no file is checked, so the harness must check them itself.
func TestAProblemOfAnEnvironmentIsSeenByTheHarness(t *testing.T) {
	wrong := environment(t, config.Prod, func(e *config.Environment) { e.EnableALB = false })
	recorder := &refusal{}
	func() {
		defer func() { _ = recover() }()
		synthesized(recorder, wrong)
	}()
	require.True(t, recorder.failed)
}

// refusal takes the place of a test that is meant to fail.
type refusal struct{ failed bool }

func (r *refusal) Errorf(string, ...any) { r.failed = true }
func (r *refusal) FailNow()              { panic("stop") }

// largest are the templates of both environments with everything on and the PROD of larger.
func largest(t *testing.T) map[string]Template {
	t.Helper()
	return synthesized(t, environment(t, config.Dev, everything), environment(t, config.Prod, everything, larger))
}

func shippedTemplates(t *testing.T) map[string]Template {
	t.Helper()
	templates, err := shipped()
	require.NoError(t, err)
	return templates
}
