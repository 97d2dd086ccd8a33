// Package config is the ground floor: what an environment is, the two files
// that say so, the checks they must pass, and every physical name, tag, path
// and port, each derived once. The stacks and d2ctl both enter here, so they
// cannot disagree. It knows neither CDK nor the AWS SDK.
package config

import (
	"net/netip"
)

// Stage says which of the two environments a file describes.
type Stage string

const (
	// Dev is one host, one zone's worth of everything, stopped at night.
	Dev Stage = "dev"
	// Prod is fleets behind a load balancer over two zones, always on.
	Prod Stage = "prod"
)

// Environment is one environment of the platform, whole: what the file
// config/environments/<stage>.yaml may say. Every key has a default but the
// ones that only the owner of the account can know.
type Environment struct {
	// Environment is the stage: dev or prod.
	Environment Stage `yaml:"environment" json:"environment" jsonschema:"required,enum=dev,enum=prod"`
	// Account is the twelve-digit AWS account it lives in. A deploy into any other account is refused.
	Account string `yaml:"account" json:"account" jsonschema:"required,pattern=^[0-9]{12}$"`
	// Region is the AWS Region of everything but what CloudFront and Budgets keep in us-east-1.
	Region string `yaml:"aws_region" json:"aws_region"`
	// Project begins every physical name; at most 20 characters, so that a load balancer's name still fits 32.
	Project string `yaml:"project_name" json:"project_name"`
	// Tags are added to everything taggable, beside Environment, Project, Service, Name, ManagedBy and Domain.
	Tags map[string]string `yaml:"tags" json:"tags,omitempty"`

	// Domain says which names in DNS are this environment's.
	Domain Domain `yaml:"domain" json:"domain"`

	// EnableEC2Backend runs the service backend-api (runbook DEV 6.1).
	EnableEC2Backend bool `yaml:"enable_ec2_backend" json:"enable_ec2_backend"`
	// EnableRDS makes the MySQL database (runbook DEV 6.1).
	EnableRDS bool `yaml:"enable_rds" json:"enable_rds"`
	// EnableNATGateway gives the app subnets a way out; without it DEV's host stands in a public subnet (runbook DEV 6.1).
	EnableNATGateway bool `yaml:"enable_nat_gateway" json:"enable_nat_gateway"`
	// EnableALB puts an Application Load Balancer before the services (runbook DEV 6.1).
	EnableALB bool `yaml:"enable_alb" json:"enable_alb"`
	// EnableSSMVPCEndpoints lets hosts reach Systems Manager inside the VPC, without NAT (runbook DEV 6.1).
	EnableSSMVPCEndpoints bool `yaml:"enable_ssm_vpc_endpoints" json:"enable_ssm_vpc_endpoints"`
	// EnableBastion makes the host through which people reach the database (runbook DEV 6.1).
	EnableBastion bool `yaml:"enable_bastion" json:"enable_bastion"`
	// EnableWebAdmin publishes the site web-admin (runbook DEV 6.1).
	EnableWebAdmin bool `yaml:"enable_web_admin" json:"enable_web_admin"`
	// EnableWebPassenger publishes the site web-passenger (runbook DEV 6.1).
	EnableWebPassenger bool `yaml:"enable_web_passenger" json:"enable_web_passenger"`
	// EnableWebDriver runs the service web-driver (runbook DEV 6.1).
	EnableWebDriver bool `yaml:"enable_web_driver" json:"enable_web_driver"`
	// EnableWAF puts AWS WAF's common rules and a rate limit before the load balancer (about 7 USD/month).
	EnableWAF bool `yaml:"enable_waf" json:"enable_waf"`

	// EnableGitHubActionsDeployRole makes the role that a release workflow assumes (runbook PROD 12.3).
	EnableGitHubActionsDeployRole bool `yaml:"enable_github_actions_deploy_role" json:"enable_github_actions_deploy_role"`
	// GitHubOIDCProviderARN is the account's provider for token.actions.githubusercontent.com; empty makes one (runbook PROD 12.3).
	GitHubOIDCProviderARN string `yaml:"github_oidc_provider_arn" json:"github_oidc_provider_arn,omitempty"`
	// GitHubRepo is the repository, as owner/name, whose workflows may deploy (runbook PROD 12.3).
	GitHubRepo string `yaml:"github_repo" json:"github_repo,omitempty"`

	// Network sizes the VPC.
	Network Network `yaml:"network" json:"network"`
	// Runtime is the software that every host carries.
	Runtime Runtime `yaml:"runtime" json:"runtime"`
	// Host sizes DEV's one host, which runs every enabled service; PROD has a fleet a service instead.
	Host Host `yaml:"host" json:"host"`
	// Services are the programs that answer HTTP on a host, one entry each; an entry is laid over the default one of its name, a new name adds one.
	Services []Service `yaml:"services" json:"services"`
	// Sites are the static sites behind CloudFront, one entry each; an entry is laid over the default one of its name, a new name adds one.
	Sites []Site `yaml:"sites" json:"sites"`
	// Database is the RDS MySQL instance.
	Database Database `yaml:"database" json:"database"`
	// Identity is the Cognito user pool.
	Identity Identity `yaml:"identity" json:"identity"`
	// Bastion sizes the bastion.
	Bastion Bastion `yaml:"bastion" json:"bastion"`
	// Release says how releases are kept.
	Release Release `yaml:"release" json:"release"`
	// Observability says who is told, and how long logs are kept.
	Observability Observability `yaml:"observability" json:"observability"`
	// Cost is the budget and DEV's working hours.
	Cost Cost `yaml:"cost" json:"cost"`
}

// Domain says which names in DNS are this environment's.
type Domain struct {
	// Base is the domain under which every service and site has one label, e.g. d2.fikri.dev.
	Base string `yaml:"base" json:"base"`
	// ZoneName is the Route 53 hosted zone that holds domain.base, e.g. fikri.dev.
	ZoneName string `yaml:"zone_name" json:"zone_name"`
	// ZoneID is that zone's id; needed when a load balancer or a site is on.
	ZoneID string `yaml:"route53_zone_id" json:"route53_zone_id,omitempty"`
	// ALBCertificateARN is a certificate of aws_region for *.base to use; empty makes one.
	ALBCertificateARN string `yaml:"alb_certificate_arn" json:"alb_certificate_arn,omitempty"`
	// CloudFrontCertificateARN is a certificate of us-east-1 for *.base to use; empty makes one.
	CloudFrontCertificateARN string `yaml:"cloudfront_certificate_arn" json:"cloudfront_certificate_arn,omitempty"`
}

// NATMode says how many NAT gateways there are when enable_nat_gateway is on.
type NATMode string

const (
	// NATOne is a single NAT gateway: cheaper, and the app tier loses its way out with that zone.
	NATOne NATMode = "one"
	// NATOnePerZone lets one zone fail alone.
	NATOnePerZone NATMode = "one_per_zone"
)

// Network sizes the VPC.
type Network struct {
	// VPCCIDR is the VPC's block (runbook PROD 1.1), from /16 to /28.
	VPCCIDR netip.Prefix `yaml:"vpc_cidr" json:"vpc_cidr"`
	// NATGateways is one or one_per_zone; enable_nat_gateway decides whether there is any.
	NATGateways NATMode `yaml:"nat_gateways" json:"nat_gateways" jsonschema:"enum=one,enum=one_per_zone"`
	// Zones are the Availability Zones, two or more, each with its three subnets; a list in the file replaces the default one.
	Zones []Zone `yaml:"zones" json:"zones"`
	// FlowLogRetentionDays is how long VPC flow logs are kept.
	FlowLogRetentionDays int `yaml:"flow_log_retention_days" json:"flow_log_retention_days"`
}

// Zone is one Availability Zone and its three subnets.
type Zone struct {
	// AvailabilityZone is its name, e.g. ap-southeast-1a.
	AvailabilityZone string `yaml:"availability_zone" json:"availability_zone" jsonschema:"required"`
	// Public holds load balancer nodes, NAT gateways, the bastion, and DEV's host while there is no NAT.
	Public netip.Prefix `yaml:"public" json:"public" jsonschema:"required"`
	// App holds the hosts of the services.
	App netip.Prefix `yaml:"app" json:"app" jsonschema:"required"`
	// Database holds RDS and has no route out of the VPC.
	Database netip.Prefix `yaml:"database" json:"database" jsonschema:"required"`
}

// Runtime is the software that every host carries.
type Runtime struct {
	// NodeMajor is the major version of Node.js: 20, 22 or 24 (runbook DEV 2.2 expects 20).
	NodeMajor int `yaml:"node_major" json:"node_major" jsonschema:"enum=20,enum=22,enum=24"`
	// PM2Version is the exact version of PM2 from npm.
	PM2Version string `yaml:"pm2_version" json:"pm2_version"`
	// PM2PackagesBefore is a day, yyyy-mm-dd: npm takes the packages that PM2 brings along as they were then, so that every boot installs the same.
	PM2PackagesBefore string `yaml:"pm2_packages_before" json:"pm2_packages_before"`
	// MySQLClientVersion is the exact version of MySQL's own client, 8.0.x or 8.4.x (runbook DEV 2.3 expects 8.0).
	MySQLClientVersion string `yaml:"mysql_client_version" json:"mysql_client_version"`
	// AMIID pins one Amazon Linux 2023 image; empty resolves the newest at each launch, never at a deploy.
	AMIID string `yaml:"ami_id" json:"ami_id,omitempty"`
}

// Host sizes DEV's one host.
type Host struct {
	// InstanceType is its EC2 type (facts 1.4).
	InstanceType string `yaml:"instance_type" json:"instance_type"`
	// RootVolumeGiB is its encrypted gp3 volume, GiB.
	RootVolumeGiB int `yaml:"root_volume_gib" json:"root_volume_gib"`
}

// Service is a program that answers HTTP on a host.
type Service struct {
	// Name is the service's name in every path, tag and physical name; lower-case words joined by hyphens.
	Name string `yaml:"name" json:"name" jsonschema:"required"`
	// Enabled switches an entry off; for backend-api and web-driver the toggle of that name decides instead.
	Enabled *bool `yaml:"enabled" json:"enabled,omitempty"`
	// Port is the TCP port it listens on, one to a service (runbook PROD 1.2).
	Port int `yaml:"port" json:"port"`
	// HostLabel is its label under domain.base, e.g. api for api.d2.fikri.dev.
	HostLabel string `yaml:"host_label" json:"host_label"`
	// HealthCheckPath answers 200 when the service can serve (facts 6.1).
	HealthCheckPath string `yaml:"health_check_path" json:"health_check_path,omitempty"`
	// ArtifactPrefix is the folder of its artifacts in the artifact bucket (facts 5.2).
	ArtifactPrefix string `yaml:"artifact_prefix" json:"artifact_prefix,omitempty"`
	// UsesDatabase lets it log in to MySQL and gives it the DB_ parameters.
	UsesDatabase bool `yaml:"uses_database" json:"uses_database,omitempty"`
	// ManagesUsers lets it call cognito-idp:AdminUpdateUserAttributes on the pool.
	ManagesUsers bool `yaml:"manages_users" json:"manages_users,omitempty"`
	// ServesPages gives it the NEXT_PUBLIC_ variables that a page in the browser reads (facts 6.3).
	ServesPages bool `yaml:"serves_pages" json:"serves_pages,omitempty"`
	// Parameters are further variables that the program gets, by name.
	Parameters map[string]string `yaml:"parameters" json:"parameters,omitempty"`
	// Fleet sizes its Auto Scaling group; PROD only.
	Fleet Fleet `yaml:"fleet" json:"fleet,omitempty"`
}

// Fleet sizes the Auto Scaling group of one service.
type Fleet struct {
	// InstanceType is the EC2 type of its instances (runbook PROD 10.4).
	InstanceType string `yaml:"instance_type" json:"instance_type,omitempty"`
	// RootVolumeGiB is each instance's encrypted gp3 volume, GiB (facts 1.5).
	RootVolumeGiB int `yaml:"root_volume_gib" json:"root_volume_gib,omitempty"`
	// MinSize is the fewest instances (runbook PROD 4.2 scales down to 1).
	MinSize int `yaml:"min_size" json:"min_size,omitempty"`
	// MaxSize is the most instances (runbook PROD 4.2 scales up to 3).
	MaxSize int `yaml:"max_size" json:"max_size,omitempty"`
	// CPUTargetPercent is the average CPU that target tracking keeps.
	CPUTargetPercent int `yaml:"cpu_target_percent" json:"cpu_target_percent,omitempty"`
	// RequestsPerTarget is how many requests a minute one instance is meant to carry.
	RequestsPerTarget int `yaml:"requests_per_target" json:"requests_per_target,omitempty"`
	// GraceSeconds is how long a new instance may boot before a failing health check replaces it.
	GraceSeconds int `yaml:"health_check_grace_period_seconds" json:"health_check_grace_period_seconds,omitempty"`
	// WarmupSeconds is how long after launch an instance counts as ready to a refresh and to scaling.
	WarmupSeconds int `yaml:"warmup_seconds" json:"warmup_seconds,omitempty"`
}

// Site is a static site behind CloudFront.
type Site struct {
	// Name is the site's name in its bucket and tags; lower-case words joined by hyphens.
	Name string `yaml:"name" json:"name" jsonschema:"required"`
	// Enabled switches an entry off; for web-admin and web-passenger the toggle of that name decides instead.
	Enabled *bool `yaml:"enabled" json:"enabled,omitempty"`
	// HostLabel is its label under domain.base, e.g. admin for admin.d2.fikri.dev.
	HostLabel string `yaml:"host_label" json:"host_label"`
	// ConnectSources are further origins that its Content-Security-Policy lets the page call.
	ConnectSources []string `yaml:"connect_sources" json:"connect_sources,omitempty"`
}

// Database is the RDS MySQL instance.
type Database struct {
	// EngineVersion is the exact MySQL version, major.minor.patch; 8.0.x or 8.4.x.
	EngineVersion string `yaml:"engine_version" json:"engine_version"`
	// InstanceClass is the RDS class without its db. prefix (facts 1.7).
	InstanceClass string `yaml:"instance_class" json:"instance_class"`
	// AllocatedStorageGiB is the gp3 storage at first, GiB.
	AllocatedStorageGiB int `yaml:"allocated_storage_gib" json:"allocated_storage_gib"`
	// MaxAllocatedStorageGiB is how far storage may grow by itself, GiB.
	MaxAllocatedStorageGiB int `yaml:"max_allocated_storage_gib" json:"max_allocated_storage_gib"`
	// Name is the database that is made in it (runbook PROD 3.4).
	Name string `yaml:"db_name" json:"db_name"`
	// MasterUser is the administrator (runbook PROD 3.4).
	MasterUser string `yaml:"db_master_username" json:"db_master_username"`
	// AppUser logs in by IAM token (runbook PROD 3.4).
	AppUser string `yaml:"rds_db_user" json:"rds_db_user"`
	// MultiAZ keeps a standby in the second zone (runbook PROD 1.1).
	MultiAZ bool `yaml:"multi_az" json:"multi_az"`
	// IAMAuthentication lets app_user log in by token (runbook PROD 11.2).
	IAMAuthentication bool `yaml:"iam_authentication" json:"iam_authentication"`
	// BackupRetentionDays is how far back a point-in-time restore reaches, days (runbook PROD 10.5: 7 or more).
	BackupRetentionDays int `yaml:"backup_retention_days" json:"backup_retention_days"`
	// DeletionProtection refuses a delete.
	DeletionProtection bool `yaml:"deletion_protection" json:"deletion_protection"`
	// BackupWindow is daily, UTC, hh:mm-hh:mm, 30 minutes or more; 18:00 UTC is 02:00 in Singapore.
	BackupWindow string `yaml:"backup_window" json:"backup_window"`
	// MaintenanceWindow is weekly, UTC, ddd:hh:mm-ddd:hh:mm, with a gap after the backup window.
	MaintenanceWindow string `yaml:"maintenance_window" json:"maintenance_window"`
	// MonitoringSeconds is enhanced monitoring's interval: 0 (off), 1, 5, 10, 15, 30 or 60 seconds.
	MonitoringSeconds int `yaml:"enhanced_monitoring_seconds" json:"enhanced_monitoring_seconds" jsonschema:"enum=0,enum=1,enum=5,enum=10,enum=15,enum=30,enum=60"`
	// PerformanceInsights keeps seven days of query load, free of charge; not offered on db.t3.micro and small.
	PerformanceInsights bool `yaml:"performance_insights" json:"performance_insights"`
}

// Identity is the Cognito user pool.
type Identity struct {
	// PasswordMinLength is 8 in DEV and 12 in PROD (runbook PROD 1.4).
	PasswordMinLength int `yaml:"cognito_password_min_length" json:"cognito_password_min_length"`
}

// Bastion sizes the bastion.
type Bastion struct {
	// InstanceType is its EC2 type (facts 1.18).
	InstanceType string `yaml:"bastion_instance_type" json:"bastion_instance_type"`
	// RootVolumeGiB is its encrypted gp3 volume, GiB.
	RootVolumeGiB int `yaml:"root_volume_gib" json:"root_volume_gib"`
}

// Release says how releases are kept.
type Release struct {
	// KeepOnHost is how many unpacked releases a host keeps, two or more.
	KeepOnHost int `yaml:"keep_on_host" json:"keep_on_host"`
	// HealthTimeoutSeconds is how long a release may take from its start to a good health check before the host goes back to the one before.
	HealthTimeoutSeconds int `yaml:"health_timeout_seconds" json:"health_timeout_seconds"`
	// NoncurrentDays is how long an overwritten or deleted artifact can still be had back, days.
	NoncurrentDays int `yaml:"noncurrent_days" json:"noncurrent_days"`
}

// Observability says who is told, and how long logs are kept.
type Observability struct {
	// EnableAlarms makes the alarms; PROD refuses to be without.
	EnableAlarms bool `yaml:"enable_alarms" json:"enable_alarms"`
	// AlarmEmail is subscribed to every alarm and budget alert; PROD warns without one.
	AlarmEmail string `yaml:"alarm_email" json:"alarm_email,omitempty"`
	// LogRetentionDays is how long application, session and database logs are kept.
	LogRetentionDays int `yaml:"log_retention_days" json:"log_retention_days"`
}

// Cost is the budget and DEV's working hours.
type Cost struct {
	// MonthlyBudgetUSD is the month's budget, USD; alerts come at 80 % spent and 100 % forecast.
	MonthlyBudgetUSD int `yaml:"monthly_budget_usd" json:"monthly_budget_usd"`
	// WorkingHours stops DEV outside them; DEV only, null keeps it running.
	WorkingHours *WorkingHours `yaml:"working_hours" json:"working_hours,omitempty" jsonschema:"nullable"`
}

// WorkingHours are when DEV runs, on working days; it is stopped at their end on every day.
type WorkingHours struct {
	// Start is when hosts and database are started, hh:mm.
	Start string `yaml:"start" json:"start"`
	// Stop is when they are stopped, hh:mm; also what stops a database that AWS started after seven days.
	Stop string `yaml:"stop" json:"stop"`
	// Days are the working days as EventBridge Scheduler writes them, e.g. MON-FRI.
	Days string `yaml:"days" json:"days"`
	// TimeZone is an IANA name, e.g. Asia/Singapore.
	TimeZone string `yaml:"time_zone" json:"time_zone"`
}
