package config

import "fmt"

// The most of each kind that one environment can have before AWS refuses.
const (
	// TemplateResourcesMax is how many resources CloudFormation takes in one template.
	TemplateResourcesMax = 500
	// ListenerRulesMax is how many rules one listener of a load balancer has by default.
	ListenerRulesMax = 100
	// SitesMax is how many response headers policies one account has by default in CloudFront; each site has its own.
	SitesMax = 20
	// fleetMax keeps a slip of the finger from launching a thousand hosts.
	fleetMax = 100
)

// What one environment adds to its template, at most: measured on a synth with every
// toggle on (a service makes 16 to 18 in DEV, 32 to 34 in PROD, and 8 to 10 more where
// it uses the database; a site 7), with a little room. A test of the whole product
// holds them to it.
const (
	// ResourcesBase is what an environment has with everything on but without a service or a site.
	ResourcesBase = 110
	// ResourcesPerServiceDev is what one service adds to DEV, its own parameters not counted.
	ResourcesPerServiceDev = 18
	// ResourcesPerServiceProd is what one service and its fleet add to PROD, its own parameters not counted.
	ResourcesPerServiceProd = 35
	// ResourcesPerDatabaseUser is what a service adds that uses the database.
	ResourcesPerDatabaseUser = 10
	// ResourcesPerSite is what one site adds.
	ResourcesPerSite = 8
)

// EstimatedResources is how many resources the environment's template has, at most.
func (e *Environment) EstimatedResources() int {
	each := ResourcesPerServiceDev
	if e.Environment == Prod {
		each = ResourcesPerServiceProd
	}
	count := ResourcesBase + ResourcesPerSite*len(e.EnabledSites())
	for _, service := range e.EnabledServices() {
		count += each + len(service.Parameters)
		if service.UsesDatabase {
			count += ResourcesPerDatabaseUser
		}
	}
	return count
}

// growth refuses more entries than AWS has room for, before a deploy finds out.
func (v *validator) growth() {
	services, sites := len(v.env.EnabledServices()), len(v.env.EnabledSites())
	if estimate := v.env.EstimatedResources(); estimate > TemplateResourcesMax {
		v.bad("services", fmt.Sprintf("has %d enabled, which with %d sites make about %d resources, more than the %d of one CloudFormation template", services, sites, estimate, TemplateResourcesMax),
			"switch entries off, or split the platform into two projects")
	}
	if v.env.EnableALB && services > ListenerRulesMax {
		v.bad("services", numbers("has %d enabled, more than the %d rules of a load balancer's listener", services, ListenerRulesMax), "switch entries off")
	}
	if sites > SitesMax {
		v.bad("sites", numbers("has %d enabled, more than the %d response headers policies of an account", sites, SitesMax), "switch entries off")
	}
}

// derived is a physical name and the most characters AWS allows it.
type derived struct {
	key  string // whose name it is made of
	kind string
	name string
	max  int
}

// derivedNames are all names that AWS limits, made as the stacks make them.
func (e *Environment) derivedNames() []derived {
	all := []derived{
		{"project_name", "load balancer", e.LoadBalancerName(), 32},
		{"project_name", "artifact bucket", e.ArtifactBucket(), 63},
		{"project_name", "access log bucket", e.AccessLogBucket(), 63},
		{"project_name", "database", e.DatabaseIdentifier(), 63},
		{"project_name", "secret", e.MasterSecretName(), 512},
		{"project_name", "session document", e.SessionDocumentName(), 128},
		{"project_name", "user pool", e.UserPoolName(), 128},
		{"project_name", "deploy role", e.DeployRoleName(), 64},
	}
	for _, service := range e.Services {
		key := "services[" + service.Name + "].name"
		all = append(all,
			derived{key, "Auto Scaling group", e.FleetName(service.Name), 255},
			derived{key, "target group", e.TargetGroupName(service), targetGroupNameMax},
			derived{key, "role", e.Named(service.Name), 64},
			derived{key, "event rule", e.FailureRuleName(service.Name), 64},
			derived{key, "log group", e.ServiceLogGroup(service.Name), 512},
			derived{key, "version parameter", e.VersionParameter(service.Name), 1011},
			derived{"services[" + service.Name + "].host_label", "domain name", e.FQDN(service.HostLabel), 253},
		)
	}
	for _, site := range e.Sites {
		key := "sites[" + site.Name + "].name"
		all = append(all,
			derived{key, "bucket", e.SiteBucket(site.Name), 63},
			derived{"sites[" + site.Name + "].host_label", "domain name", e.FQDN(site.HostLabel), 253},
		)
	}
	return all
}

// lengths refuses names that AWS would.
func (v *validator) lengths() {
	env := *v.env
	if len(env.Project) > projectMax {
		env.Project = env.Project[:projectMax] // project says what is wrong with it, once
	}
	worst := map[string]derived{}
	var keys []string
	for _, name := range env.derivedNames() {
		known, again := worst[name.key]
		if name.over() > max(known.over(), 0) {
			worst[name.key] = name
			if !again {
				keys = append(keys, name.key)
			}
		}
	}
	for _, key := range keys {
		name := worst[key]
		v.bad(key, fmt.Sprintf("makes the %s's name %d characters long, %d more than AWS takes (%s)", name.kind, len(name.name), name.over(), quoted(name.name)), numbers("shorten it by %d", name.over()))
	}
}

func (d derived) over() int { return len(d.name) - d.max }

func numbers(format string, values ...int) string {
	anys := make([]any, len(values))
	for i, value := range values {
		anys[i] = value
	}
	return fmt.Sprintf(format, anys...)
}
