package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

const (
	// Below 1024 only root may listen, and the services do not run as root.
	leastPort = 1024
	// From 32768 on, Linux hands ports to outgoing connections.
	mostPort = 32767
	// parameterMax is the size of a standard Systems Manager parameter.
	parameterMax = 4096
)

// PlatformVariables are the variables that the platform itself gives to a
// service (facts 1.15); a service's own parameters may not be called so. CORS_ORIGINS
// is not among them: who has pages elsewhere writes the whole list.
var PlatformVariables = []string{
	"NODE_ENV", "PORT", "AWS_REGION", VersionVariable,
	"COGNITO_USER_POOL_ID", "COGNITO_CLIENT_ID",
	"DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_IAM_AUTH",
	"DB_SSL", "DB_SSL_REJECT_UNAUTHORIZED", "DB_SSL_CA_PATH",
	"NEXT_PUBLIC_API_BASE_URL", "NEXT_PUBLIC_COGNITO_USER_POOL_ID", "NEXT_PUBLIC_COGNITO_CLIENT_ID",
}

var (
	healthPathPattern = regexp.MustCompile(`^/[A-Za-z0-9_.~/$"'@:+&?=%-]{0,999}$`)
	prefixPattern     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*(/[A-Za-z0-9][A-Za-z0-9_-]*)*$`)
	variablePattern   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,99}$`)
	originPattern     = regexp.MustCompile(`^(https|wss)://(\*\.)?(` + dnsLabel + `\.)+` + dnsLabel + `(:[0-9]{1,5})?$`)
)

// reservedNames are what the tag Service says of things that are no service, and
// what the platform's own buckets, roles and host are called.
var reservedNames = []string{
	ServiceNetwork, ServiceLoadBalancer, ServiceDatabase, ServiceIdentity, ServiceBastion, ServiceRelease,
	ServiceObservability, ServiceCost, ServiceEdge, "deployments", "access-logs",
	"app-host", "working-hours", "github-deploy",
}

// toggles are the keys that switch the runbooks' four (runbook DEV 6.1).
var toggles = map[string]string{
	backendAPI: "enable_ec2_backend", webDriver: "enable_web_driver",
	webAdmin: "enable_web_admin", webPassenger: "enable_web_passenger",
}

// services checks each entry by itself and the enabled ones against each other.
func (v *validator) services() {
	names := map[string]string{}
	for _, service := range v.env.Services {
		key := "services[" + service.Name + "]"
		v.entryName(key, service.Name, service.Enabled, names)
		v.port(key+".port", service.Port)
		v.hostLabel(key+".host_label", service.HostLabel)
		v.like(key+".health_check_path", service.HealthCheckPath, healthPathPattern, "a path that begins with /", healthPath)
		v.like(key+".artifact_prefix", service.ArtifactPrefix, prefixPattern, "a folder without / at its ends", "apps/"+service.Name)
		v.parameters(key+".parameters", service.Parameters)
		v.fleet(key+".fleet", service.Fleet)
	}
	v.portsDiffer()
	v.namesDiffer()
}

func (v *validator) port(key string, port int) {
	switch port {
	case 0:
		v.bad(key, "is missing", "give the TCP port it listens on, e.g. 3002")
	case DatabasePort:
		v.bad(key, "3306 is MySQL's (runbook PROD 1.2)", "choose another port, e.g. 3002")
	default:
		v.between(key, port, leastPort, mostPort, "")
	}
}

// entryName checks the name of a service or site; no two may share one, since the
// tag Service and, without hyphens, CloudFormation's logical ids carry it.
func (v *validator) entryName(key, name string, enabled *bool, names map[string]string) {
	v.like(key+".name", name, wordsPattern, "lower-case words joined by hyphens", "web-support")
	if slices.Contains(reservedNames, name) {
		v.bad(key+".name", "is what the platform calls a part of its own", "choose another name")
	}
	bare := strings.ReplaceAll(name, "-", "")
	if other, taken := names[bare]; taken {
		v.bad(key+".name", "is the name of another service or site, but for hyphens at most: "+quoted(other), "rename one")
	}
	names[bare] = name
	if toggle, known := toggles[name]; known && enabled != nil {
		v.bad(key+".enabled", "says what "+toggle+" says already", "take it out and set "+toggle+" at the top of the file")
	}
}

func (v *validator) hostLabel(key, label string) {
	v.like(key, label, dnsLabelPattern, "one label of a domain name, in lower case", "support")
	// In a shared account runbook PROD 7.2 would find DEV's target group beside PROD's, which is named by the label.
	if v.env.Environment == Dev && strings.Contains(label, backendAPI) {
		v.bad(key, quoted(label)+" makes DEV's target group look like PROD's "+backendAPI+" (runbook PROD 7.2)", "choose another label, e.g. api")
	}
}

func (v *validator) parameters(key string, parameters map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		value, own := parameters[name], key+"."+name
		switch {
		case !variablePattern.MatchString(name):
			v.bad(own, "is no name of a variable", "use letters, digits and _, e.g. FEATURE_RATINGS")
		case slices.Contains(PlatformVariables, name):
			v.bad(own, "is set by the platform", "take it out")
		case value == "" || len(value) > parameterMax:
			v.bad(own, fmt.Sprintf("has %d bytes, but a parameter has 1 to %d", len(value), parameterMax), "shorten the value, or take an empty one out")
		case strings.Contains(value, "{{") || value != oneLine(value):
			v.bad(own, "has a line break, a control character or {{, which a parameter cannot carry", "write the value on one line without {{")
		}
	}
}

// portsDiffer: DEV's host runs every enabled service side by side.
func (v *validator) portsDiffer() {
	owner := map[int]string{}
	for _, service := range v.env.EnabledServices() {
		if other, taken := owner[service.Port]; taken {
			v.bad("services["+service.Name+"].port", fmt.Sprintf("%d is %s's already", service.Port, other), "give each service a port of its own")
			continue
		}
		owner[service.Port] = service.Name
	}
}

// namesDiffer refuses a name within a name: the runbooks find a fleet or a target
// group by contains(Name, 'backend-api'), which must match one (facts 9.0).
func (v *validator) namesDiffer() {
	enabled := v.env.EnabledServices()
	for i, service := range enabled {
		for _, other := range enabled[:i] {
			if service.Name != other.Name && (strings.Contains(service.Name, other.Name) || strings.Contains(other.Name, service.Name)) {
				v.bad("services["+service.Name+"].name", "and "+other.Name+" contain one another, so that the runbooks' searches by name find both (runbook PROD 4.1, 7.2)", "choose a name that neither contains nor is part of "+other.Name)
			}
		}
	}
}

// sites checks each entry by itself.
func (v *validator) sites() {
	names := map[string]string{}
	for _, service := range v.env.Services {
		names[strings.ReplaceAll(service.Name, "-", "")] = service.Name
	}
	for _, site := range v.env.Sites {
		key := "sites[" + site.Name + "]"
		v.entryName(key, site.Name, site.Enabled, names)
		v.hostLabel(key+".host_label", site.HostLabel)
		for i, source := range site.ConnectSources {
			v.like(fmt.Sprintf("%s.connect_sources[%d]", key, i), source, originPattern, "an origin of https or wss without a path", "https://maps.example.com")
		}
	}
}

// addresses refuses two that answer at the same name in DNS, and a load balancer's guard without one.
func (v *validator) addresses() {
	owner := map[string]string{}
	claim := func(list, name, label string) {
		if other, taken := owner[label]; taken && label != "" {
			v.bad(list+"["+name+"].host_label", quoted(label)+" is "+other+"'s already", "give each service and site a label of its own")
			return
		}
		owner[label] = name
	}
	for _, service := range v.env.EnabledServices() {
		claim("services", service.Name, service.HostLabel)
	}
	for _, site := range v.env.EnabledSites() {
		claim("sites", site.Name, site.HostLabel)
	}
	// PROD may not be without a load balancer, which production says once.
	v.demand(v.env.EnableALB || !v.env.EnableWAF || v.env.Environment == Prod, "enable_waf",
		"is true, but there is no load balancer to guard while enable_alb is false", "set enable_waf: false, or enable_alb: true")
}
