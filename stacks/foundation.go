// Package stacks assembles an environment from its parts: D2-Dev, D2-Prod, and
// the edge stack of each. It says what stands beside what, and nothing of how.
package stacks

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	acm "github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	logs "github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	route53 "github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	s3 "github.com/aws/aws-cdk-go/awscdk/v2/awss3"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/constructs"
	"github.com/d2-ride-booking/platform/policies"
)

// foundation is what DEV and PROD have alike, built in the order of its methods.
type foundation struct {
	env   *config.Environment
	edge  *Edge
	stack awscdk.Stack
	keep  bool // PROD: what holds data outlives the stack

	alerts     *constructs.Alerts
	accessLogs s3.Bucket
	sessions   logs.ILogGroup
	network    *constructs.Network
	artifacts  s3.Bucket
	identity   *constructs.Identity
	database   *constructs.Database // nil while enable_rds is off
	zone       route53.IHostedZone  // nil without a zone id
	deployRole *constructs.DeployRole
}

func newFoundation(app awscdk.App, env *config.Environment, edge *Edge) *foundation {
	keep := env.Environment == config.Prod
	f := &foundation{env: env, edge: edge, keep: keep, stack: newStack(app, env, env.StackName(), env.Region)}
	f.stack.AddStackDependency(edge.Stack, str("the certificate of CloudFront and the budget come first"))
	f.alerts = newAlerts(f.stack, env)
	f.zone = hostedZone(f.stack, env)
	f.accessLogs = constructs.NewAccessLogs(f.stack, "AccessLogs", constructs.AccessLogsProps{
		Name: env.AccessLogBucket(), RetentionDays: env.Observability.LogRetentionDays, Keep: keep,
	})
	f.sessions = constructs.NewSessionLog(f.stack, "Sessions", constructs.SessionLogProps{
		GroupName: env.SessionLogGroup(), RetentionDays: env.Observability.LogRetentionDays,
		DocumentName: env.SessionDocumentName(), Alerts: f.alerts, Keep: keep,
	})
	f.network = f.newNetwork()
	f.artifacts = constructs.NewArtifacts(f.stack, "Artifacts", constructs.ArtifactsProps{
		Name: env.ArtifactBucket(), NoncurrentDays: env.Release.NoncurrentDays, Keep: keep, AccessLogs: f.accessLogs,
	})
	f.identity = constructs.NewIdentity(f.stack, "Identity", constructs.IdentityProps{
		PoolName: env.UserPoolName(), PasswordMinLength: env.Identity.PasswordMinLength,
		DeletionProtection: keep, Keep: keep,
	})
	f.database = f.newDatabase()
	f.deployRole = f.newDeployRole()
	return f
}

// newStack makes a stack that carries its environment's tags and names its
// account and region, so that it cannot be deployed into another.
func newStack(app awscdk.App, env *config.Environment, stackName, region string) awscdk.Stack {
	stack := awscdk.NewStack(app, str(stackName), &awscdk.StackProps{
		StackName:             str(stackName),
		Description:           str("D2 Ride Booking, " + string(env.Environment)),
		Env:                   &awscdk.Environment{Account: str(env.Account), Region: str(region)},
		TerminationProtection: boolean(env.Environment == config.Prod),
	})
	knowZones(stack, env)
	tagEverything(stack, env)
	sign(stack, env)
	return stack
}

// knowZones tells CDK the Availability Zones that it would else look up in the
// account to check ours against: a synth asks nobody.
func knowZones(stack awscdk.Stack, env *config.Environment) {
	var zones []*string
	for _, zone := range env.Network.Zones {
		zones = append(zones, str(zone.AvailabilityZone))
	}
	key := fmt.Sprintf("availability-zones:account=%s:region=%s", env.Account, env.Region)
	stack.Node().SetContext(str(key), zones)
}

// sign has a template say whose it is, by which the policies know the rules it
// must keep: outputs are what their engine shows of a stack.
func sign(stack awscdk.Stack, env *config.Environment) {
	kind := policies.MainStack
	if *stack.StackName() == env.EdgeStackName() {
		kind = policies.EdgeStack
	}
	output(stack, "environment", str(string(env.Environment)))
	output(stack, "stack", str(kind))
}

// tagEverything applies the environment's tags. An operator's own are kept off
// SSM parameters: a changed tag makes CloudFormation write the parameter again,
// and with it the version of a release (constructs.NewServiceRelease).
func tagEverything(stack awscdk.Stack, env *config.Environment) {
	for _, tag := range env.CommonTags() {
		awscdk.Tags_Of(stack).Add(str(tag.Key), str(tag.Value), nil)
	}
	for _, tag := range env.OwnTags() {
		awscdk.Tags_Of(stack).Add(str(tag.Key), str(tag.Value), &awscdk.TagProps{
			ExcludeResourceTypes: strs("AWS::SSM::Parameter"),
		})
	}
}

func newAlerts(stack awscdk.Stack, env *config.Environment) *constructs.Alerts {
	return constructs.NewAlerts(stack, "Alerts", constructs.AlertsProps{
		Prefix: env.Prefix(), Email: env.Observability.AlarmEmail,
		Keep: env.Environment == config.Prod, Silent: !env.Observability.EnableAlarms,
	})
}

func hostedZone(stack awscdk.Stack, env *config.Environment) route53.IHostedZone {
	if env.Domain.ZoneID == "" {
		return nil
	}
	return route53.HostedZone_FromHostedZoneAttributes(stack, str("Zone"), &route53.HostedZoneAttributes{
		HostedZoneId: str(env.Domain.ZoneID), ZoneName: str(env.Domain.ZoneName),
	})
}

func (f *foundation) newNetwork() *constructs.Network {
	network := f.env.Network
	return constructs.NewNetwork(f.stack, "Network", constructs.NetworkProps{
		Prefix: f.env.Prefix(), CIDR: network.VPCCIDR, Zones: network.Zones,
		NATGateways: f.env.NATGateways(), SSMEndpoints: f.env.EnableSSMVPCEndpoints, Alerts: f.alerts,
		FlowLogGroup: constructs.NewLogGroup(f.stack, "FlowLogs", constructs.LogGroupProps{
			Name: f.env.FlowLogGroup(), RetentionDays: network.FlowLogRetentionDays, Keep: f.keep, Service: config.ServiceNetwork,
		}),
	})
}

func (f *foundation) newDatabase() *constructs.Database {
	if !f.env.EnableRDS {
		return nil
	}
	return constructs.NewDatabase(f.stack, "Database", constructs.DatabaseProps{
		Identifier: f.env.DatabaseIdentifier(), SecretName: f.env.MasterSecretName(), Settings: f.env.Database,
		Network: f.network, LogGroupName: f.env.DatabaseLogGroup, LogRetentionDays: f.env.Observability.LogRetentionDays,
		Keep: f.keep, Alerts: f.alerts,
	})
}

func (f *foundation) newDeployRole() *constructs.DeployRole {
	if !f.env.EnableGitHubActionsDeployRole {
		return nil
	}
	role := constructs.NewDeployRole(f.stack, "DeployRole", constructs.DeployRoleProps{
		Name: f.env.DeployRoleName(), ProviderARN: f.env.GitHubOIDCProviderARN, Subject: f.env.GitHubSubject(),
	})
	role.AllowInfrastructure(f.env.Region, config.EdgeRegion)
	return role
}

// newLoadBalancer is nil while enable_alb is off.
func (f *foundation) newLoadBalancer() *constructs.LoadBalancer {
	if !f.env.EnableALB {
		return nil
	}
	balancer := constructs.NewLoadBalancer(f.stack, "LoadBalancer", constructs.LoadBalancerProps{
		Name: f.env.LoadBalancerName(), Network: f.network, Zone: f.zone, Alerts: f.alerts,
		Certificate: f.regionalCertificate(), DeletionProtection: f.keep, AccessLogs: f.accessLogs,
		PlainHealth: f.env.Environment == config.Dev, Sleeps: f.env.Cost.WorkingHours != nil,
	})
	if f.env.EnableWAF {
		constructs.NewFirewall(f.stack, "Firewall", constructs.FirewallProps{Name: f.env.Named("alb"), LoadBalancer: balancer})
	}
	return balancer
}

func (f *foundation) regionalCertificate() acm.ICertificate {
	if given := f.env.Domain.ALBCertificateARN; given != "" {
		return constructs.ImportedCertificate(f.stack, "Certificate", given)
	}
	return constructs.NewCertificate(f.stack, "Certificate", constructs.CertificateProps{
		Domain: f.env.Domain.Base, Zone: f.zone, Service: config.ServiceLoadBalancer, Alerts: f.alerts,
	})
}

// newBastion is nil while enable_bastion is off.
func (f *foundation) newBastion() *constructs.Bastion {
	if !f.env.EnableBastion {
		return nil
	}
	bastion := constructs.NewBastion(f.stack, "Bastion", constructs.BastionProps{
		Name: f.env.BastionName(), Network: f.network,
		InstanceType: f.env.Bastion.InstanceType, RootVolumeGiB: f.env.Bastion.RootVolumeGiB,
		AMIID: f.env.Runtime.AMIID, Sessions: f.sessions, Alerts: f.alerts,
	})
	if f.database != nil {
		f.database.AllowFrom(bastion.SecurityGroup, "MySQL from the bastion")
	}
	return bastion
}

func (f *foundation) newSites() []*constructs.StaticSite {
	var sites []*constructs.StaticSite
	for _, site := range f.env.EnabledSites() {
		made := constructs.NewStaticSite(f.stack, camel(site.Name), constructs.StaticSiteProps{
			Name: site.Name, ResourceName: f.env.Named(site.Name), BucketName: f.env.SiteBucket(site.Name),
			Domain: f.env.FQDN(site.HostLabel), Zone: f.zone, Certificate: f.edge.certificateFor(f.stack),
			ConnectSources: append([]string{f.env.APIBaseURL(), f.env.CognitoURL()}, site.ConnectSources...),
			NoncurrentDays: f.env.Release.NoncurrentDays, AccessLogs: f.accessLogs, Keep: f.keep,
		})
		if f.deployRole != nil {
			f.deployRole.AllowPublish(made)
		}
		sites = append(sites, made)
	}
	return sites
}

// camel writes web-admin as WebAdmin, as construct ids and output keys are written.
func camel(name string) string {
	var camel strings.Builder
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '_' || r == '.' }) {
		camel.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return camel.String()
}
