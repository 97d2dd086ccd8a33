package config

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
)

// Names that AWS or the runbooks fix for every environment.
const (
	// EdgeRegion is where CloudFront takes its certificates from and where Budgets lives.
	EdgeRegion = "us-east-1"
	// ManagedBy is the value of the tag ManagedBy on everything (the original wrote it in two ways, facts R15).
	ManagedBy = "cdk"
	// DatabasePort is MySQL's (runbook PROD 1.2).
	DatabasePort = 3306
	// Unreleased is the value of a version parameter before the first release.
	Unreleased = "unreleased"
	// MetricsNamespace holds what the CloudWatch agent sends: mem_used_percent and disk_used_percent.
	MetricsNamespace = "D2/Host"

	backendAPI   = "backend-api"
	webDriver    = "web-driver"
	webAdmin     = "web-admin"
	webPassenger = "web-passenger"

	targetGroupNameMax = 32
)

// Tag keys (facts 1.19). The runbooks filter by Environment, Service and Project.
const (
	TagEnvironment = "Environment"
	TagProject     = "Project"
	TagService     = "Service"
	TagName        = "Name"
	TagManagedBy   = "ManagedBy"
	TagDomain      = "Domain"
)

// Values of the tag Service for what is no service of its own.
const (
	ServiceNetwork       = "network"
	ServiceLoadBalancer  = "alb"
	ServiceDatabase      = "database"
	ServiceIdentity      = "cognito"
	ServiceBastion       = "bastion"
	ServiceRelease       = "release"
	ServiceObservability = "observability"
	ServiceCost          = "cost"
	ServiceEdge          = "edge"
)

// StackName is the CloudFormation stack of the environment: D2-Dev or D2-Prod.
func (e *Environment) StackName() string {
	return "D2-" + strings.ToUpper(string(e.Environment[:1])) + string(e.Environment[1:])
}

// EdgeStackName is the stack in us-east-1 that holds the certificate of CloudFront and the budget.
func (e *Environment) EdgeStackName() string { return e.StackName() + "-Edge" }

// Prefix begins physical names, project first: d2-ride-booking-prod (facts 9.0).
func (e *Environment) Prefix() string { return e.Project + "-" + string(e.Environment) }

// Named is a physical name of the environment, e.g. d2-ride-booking-prod-alb.
func (e *Environment) Named(what string) string { return e.Prefix() + "-" + what }

// Tag is one key and value.
type Tag struct{ Key, Value string }

// CommonTags are on everything taggable of the environment; Service and Name are each part's own.
func (e *Environment) CommonTags() []Tag {
	return []Tag{
		{TagEnvironment, string(e.Environment)},
		{TagProject, e.Project},
		{TagManagedBy, ManagedBy},
		{TagDomain, e.Domain.Base},
	}
}

// OwnTags are those that the environment's file adds, in the order of their keys.
func (e *Environment) OwnTags() []Tag {
	var own []Tag
	for _, key := range slices.Sorted(maps.Keys(e.Tags)) {
		own = append(own, Tag{key, e.Tags[key]})
	}
	return own
}

// NATGateways is how many there are: none, one, or one a zone.
func (e *Environment) NATGateways() int {
	switch {
	case !e.EnableNATGateway:
		return 0
	case e.Network.NATGateways == NATOnePerZone:
		return len(e.Network.Zones)
	default:
		return 1
	}
}

// EnabledServices are the services that run, in the order of the file.
func (e *Environment) EnabledServices() []Service {
	toggles := map[string]bool{backendAPI: e.EnableEC2Backend, webDriver: e.EnableWebDriver}
	var enabled []Service
	for _, service := range e.Services {
		if isOn(service.Name, service.Enabled, toggles) {
			enabled = append(enabled, service)
		}
	}
	return enabled
}

// EnabledSites are the sites that are published, in the order of the file.
func (e *Environment) EnabledSites() []Site {
	toggles := map[string]bool{webAdmin: e.EnableWebAdmin, webPassenger: e.EnableWebPassenger}
	var enabled []Site
	for _, site := range e.Sites {
		if isOn(site.Name, site.Enabled, toggles) {
			enabled = append(enabled, site)
		}
	}
	return enabled
}

func isOn(name string, enabled *bool, toggles map[string]bool) bool {
	if toggle, known := toggles[name]; known {
		return toggle
	}
	return enabled == nil || *enabled
}

// FQDN is a label under the environment's domain, e.g. api.d2.fikri.dev.
func (e *Environment) FQDN(label string) string { return label + "." + e.Domain.Base }

// APIBaseURL is where browsers find the API (runbook PROD 1.2); it names backend-api's host even while that is off.
func (e *Environment) APIBaseURL() string {
	for _, service := range e.Services {
		if service.Name == backendAPI {
			return "https://" + e.FQDN(service.HostLabel)
		}
	}
	return ""
}

// CognitoURL is where browsers sign in.
func (e *Environment) CognitoURL() string {
	return "https://cognito-idp." + e.Region + ".amazonaws.com"
}

// AppHostName is DEV's one host (facts 1.4).
func (e *Environment) AppHostName() string { return e.Named("app-host") }

// BastionName is the bastion (facts 1.18).
func (e *Environment) BastionName() string { return e.Named("bastion") }

// DeployRoleName is the role that a release workflow assumes (runbook PROD 12.1).
func (e *Environment) DeployRoleName() string { return e.Named("github-deploy") }

// LoadBalancerName contains "prod" or "d2-ride-booking-dev", as runbooks PROD 7.1 and DEV 5.5 search.
func (e *Environment) LoadBalancerName() string { return e.Named("alb") }

// FleetName is the Auto Scaling group of a service (runbook PROD 4.2).
func (e *Environment) FleetName(service string) string { return e.Named(service + "-asg") }

// FailureRuleName is the event rule that tells of a service's failed launches and releases.
func (e *Environment) FailureRuleName(service string) string { return e.Named(service + "-failed") }

// TargetGroupName fits AWS's 32 characters. PROD's names the service (runbook PROD 7.2
// searches for backend-api); DEV's names the host label, so that the same search in a
// shared account finds only PROD's.
func (e *Environment) TargetGroupName(service Service) string {
	if e.Environment == Dev {
		return fit(e.Prefix(), service.HostLabel, targetGroupNameMax)
	}
	return fit(e.Prefix(), service.Name, targetGroupNameMax)
}

// fit joins a prefix and what people search for, and shortens the prefix when the
// name is over max characters; the hash keeps shortened names apart.
func fit(prefix, what string, max int) string {
	name := prefix + "-" + what
	if len(name) <= max {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	tail := "-" + hex.EncodeToString(sum[:])[:6]
	if room := max - len(tail) - len(what) - 1; room > 0 {
		return strings.TrimRight(prefix[:room], "-") + tail + "-" + what
	}
	return strings.TrimRight(what[:min(len(what), max-len(tail))], "-") + tail
}

// DatabaseIdentifier is the RDS instance (runbook PROD 3.2).
func (e *Environment) DatabaseIdentifier() string { return e.Named("rds-mysql") }

// MasterSecretName is the Secrets Manager secret of the database administrator (runbook PROD 3.5).
func (e *Environment) MasterSecretName() string { return e.Named("rds-master") }

// ServiceLogGroup is where a service's logs flow. DEV's backend has no -api (runbook DEV 5.6).
func (e *Environment) ServiceLogGroup(service string) string {
	if e.Environment == Dev && service == backendAPI {
		service = "backend"
	}
	return "/aws/ec2/" + string(e.Environment) + "-" + e.Project + "-" + service
}

// SessionLogGroup records shell sessions (runbook PROD 2.2).
func (e *Environment) SessionLogGroup() string {
	return "/aws/ssm/" + string(e.Environment) + "-" + e.Project + "-sessions"
}

// FlowLogGroup holds the VPC's flow logs.
func (e *Environment) FlowLogGroup() string {
	return "/aws/vpc/" + string(e.Environment) + "-" + e.Project + "-flow-logs"
}

// DatabaseLogGroup is where RDS writes one of its logs: error or slowquery.
func (e *Environment) DatabaseLogGroup(log string) string {
	return "/aws/rds/instance/" + e.DatabaseIdentifier() + "/" + log
}

// SessionDocumentName is the Session Manager document of the environment.
func (e *Environment) SessionDocumentName() string { return e.Named("session") }

// PortForwardingDocument is AWS's own document for a port of another host, such as the database (runbook PROD 3.3).
const PortForwardingDocument = "AWS-StartPortForwardingSessionToRemoteHost"

// VersionParameter names the release that a service's hosts run (runbook PROD 5.5).
func (e *Environment) VersionParameter(service string) string {
	return e.parameterPath(service) + "/version"
}

// RuntimeParameterPath holds a service's variables, one parameter each. It is beside
// the version, not above it, so that a recursive read never mixes the two (facts F32).
func (e *Environment) RuntimeParameterPath(service string) string {
	return e.parameterPath(service) + "/env"
}

func (e *Environment) parameterPath(service string) string {
	return "/" + e.Project + "/" + string(e.Environment) + "/" + service
}

// ArtifactBucket keeps releases (facts 1.10).
func (e *Environment) ArtifactBucket() string {
	return e.Project + "-deployments-" + string(e.Environment) + "-" + e.Account
}

// AccessLogBucket keeps the access logs of the load balancer, CloudFront and buckets.
func (e *Environment) AccessLogBucket() string {
	return e.Project + "-access-logs-" + string(e.Environment) + "-" + e.Account
}

// SiteBucket keeps a static site (facts 1.9).
func (e *Environment) SiteBucket(site string) string {
	return e.Project + "-" + site + "-" + string(e.Environment) + "-" + e.Account
}

// ArtifactKey is a release's object in the artifact bucket; its checksum is beside it with .sha256 (facts 5.2).
func (s Service) ArtifactKey(version string) string {
	return s.ArtifactPrefix + "/" + s.Name + "-" + version + ".tar.gz"
}

// UserPoolName is the Cognito user pool.
func (e *Environment) UserPoolName() string { return e.Named("users") }

// GitHubSubject is the one OIDC subject that may assume the deploy role: a job in the
// GitHub environment of the same name, which is where approval is asked (facts S3).
func (e *Environment) GitHubSubject() string {
	return "repo:" + e.GitHubRepo + ":environment:" + string(e.Environment)
}

// ReleaseAlarms are the alarms of a service that mean that its users suffer: the same that stop
// a refresh which a deploy of the stack begins. A booting instance sets off others, and is no failure.
func (e *Environment) ReleaseAlarms(service string) []string {
	return []string{e.Named(service + "-no-healthy-host"), e.Named(service + "-5xx"), e.Named(service + "-latency-high")}
}
