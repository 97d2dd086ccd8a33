package config_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/d2-ride-booking/platform/config"
)

// refusal is one thing that a file may not say, and the whole of what is answered.
type refusal struct {
	says string // appended to devHead or prodHead, or in place of it when it has a head of its own
	want string
}

func check(t *testing.T, head string, refused map[string]refusal) {
	t.Helper()
	for name, r := range refused {
		t.Run(name, func(t *testing.T) {
			text := r.says
			if !strings.HasPrefix(text, "environment:") {
				text = head + text
			}
			assert.Equal(t, []string{r.want}, refusals(text))
		})
	}
}

func TestPRODIsHeldToTheRunbook(t *testing.T) {
	check(t, prodHead, map[string]refusal{
		"without NAT": {"enable_nat_gateway: false", "5 enable_nat_gateway: is false, but PROD's hosts have no public address (runbook PROD 10.1) and without NAT no way out to install themselves; VPC endpoints do not carry packages and npm; set true"},
		"with endpoints in NAT's place": {"enable_ssm_vpc_endpoints: true\nenable_nat_gateway: false",
			"6 enable_nat_gateway: is false, but PROD's hosts have no public address (runbook PROD 10.1) and without NAT no way out to install themselves; VPC endpoints do not carry packages and npm; set true"},
		"one NAT for two zones":  {"network: {nat_gateways: one}", "5 network.nat_gateways: is one, but PROD's network is redundant over its zones (runbook PROD 11.2); set one_per_zone"},
		"without database":       {"enable_rds: false", "5 enable_rds: is false, but PROD's database is always on (runbook PROD 1.4, 11.2); set true"},
		"without load balancer":  {"enable_alb: false", "5 enable_alb: is false, but PROD serves through a load balancer with HTTPS and host-based routing (runbook PROD 1.4, 11.2); set true"},
		"too few backups":        {"database:\n  backup_retention_days: 3", "6 database.backup_retention_days: 3 is below 7, the least PROD keeps (runbook PROD 10.5); set 7 or more"},
		"one zone's database":    {"database: {multi_az: false}", "5 database.multi_az: is false, but PROD's database survives the loss of a zone (runbook PROD 10.2); set true"},
		"passwords for MySQL":    {"database: {iam_authentication: false}", "5 database.iam_authentication: is false, but PROD's services log in to MySQL without a password (runbook PROD 11.2); set true"},
		"a database to delete":   {"database: {deletion_protection: false}", "5 database.deletion_protection: is false, but no one deletes PROD's database by mistake (runbook PROD 11.2); set true"},
		"nobody watching":        {"observability: {enable_alarms: false}", "5 observability.enable_alarms: is false, but PROD's health is watched (runbook PROD 10.2); set true"},
		"short passwords":        {"identity: {cognito_password_min_length: 11}", "5 identity.cognito_password_min_length: 11 is below 12, the least in PROD (runbook PROD 1.4); set 12 or more"},
		"stopped at night":       {"cost:\n  working_hours: {start: \"09:00\"}", "6 cost.working_hours: would stop PROD's hosts and database, which are always on (runbook PROD 11.2); take working_hours out"},
		"a deploy role for none": {"environment: prod\naccount: \"111122223333\"\ndomain: {route53_zone_id: Z0123456789EXAMPLE}", "1 github_repo: is missing; give the repository that may deploy, as owner/name (runbook PROD 12.3), e.g. d2-ride-booking/d2-ride-booking"},
		"fleets without room": {`services: [{name: backend-api, fleet: {max_size: 14}}]
network:
  zones:
    - {availability_zone: ap-southeast-1a, public: 10.30.1.0/24, app: 10.30.11.0/28, database: 10.30.21.0/24}
    - {availability_zone: ap-southeast-1b, public: 10.30.2.0/24, app: 10.30.12.0/28, database: 10.30.22.0/24}`,
			"7 network.zones: has app subnets with 22 free addresses, but the fleets need 28: twice their max_size, since a refresh launches before it terminates; widen the app subnets, or lower max_size"},
	})
}

func TestDEVMayDoWhatPRODMayNot(t *testing.T) {
	assert.Nil(t, refusals(devHead+"database: {multi_az: true, backup_retention_days: 0, deletion_protection: true}\nobservability: {enable_alarms: false}\nnetwork: {nat_gateways: one_per_zone}\nenable_nat_gateway: true\n"))
	assert.Nil(t, refusals(devHead+"cost: {working_hours: {start: \"22:00\", stop: \"06:00\", days: \"SUN,TUE-THU\", time_zone: Europe/Berlin}}\n"))
	assert.Nil(t, refusals(devHead+"enable_rds: false\ndatabase: {iam_authentication: false}\n"), "a database that is off needs no login")
}

func TestWhatIsWrongAnywhereIsRefused(t *testing.T) {
	check(t, devHead, map[string]refusal{
		"an account too short":      {"environment: dev\naccount: \"1234\"", `2 account: "1234" is not an account's twelve digits, in quotes; write it like "111122223333"`},
		"another partition":         {"aws_region: cn-north-1\nnetwork:\n  zones:\n    - {availability_zone: cn-north-1a, public: 10.20.1.0/24, app: 10.20.2.0/24, database: 10.20.3.0/24}\n    - {availability_zone: cn-north-1b, public: 10.20.4.0/24, app: 10.20.5.0/24, database: 10.20.6.0/24}", `4 aws_region: "cn-north-1" lies in a partition without CloudFront's us-east-1; choose a Region of the standard partition, e.g. ap-southeast-1`},
		"a project too long":        {"project_name: our-very-own-ride-booking", "4 project_name: has 25 characters, 5 more than names made of it have room for; shorten it to 20 or fewer"},
		"a project of AWS's":        {"project_name: internal-rides", `4 project_name: begins with "internal", which AWS keeps for itself in names of load balancers; choose another name`},
		"a project with a double -": {"project_name: d2--rides", `4 project_name: "d2--rides" is not lower-case words joined by hyphens; write it like d2-ride-booking`},
		"a tag of the platform's":   {"tags: {Environment: prod}", "4 tags.Environment: is set by the platform, and the runbooks search by it; choose another name for your tag"},
		"a tag of AWS's":            {"tags: {\"aws:team\": rides}", "4 tags.aws:team: is no name that AWS takes for a tag; use up to 128 letters, digits, spaces and _.:/=+-@, not beginning with aws:"},
		"a WAF before nothing":      {"enable_waf: true", "4 enable_waf: is true, but there is no load balancer to guard while enable_alb is false; set enable_waf: false, or enable_alb: true"},
		"a site without a zone":     {"environment: dev\naccount: \"111122223333\"\nenable_web_admin: true", `1 domain.route53_zone_id: is missing, but the site web-admin needs records and a certificate in the zone "fikri.dev"; set the zone's id (aws route53 list-hosted-zones), or switch off what needs it`},
		"an ALB without a zone":     {"environment: dev\naccount: \"111122223333\"\nenable_alb: true", `1 domain.route53_zone_id: is missing, but enable_alb needs records and a certificate in the zone "fikri.dev"; set the zone's id (aws route53 list-hosted-zones), or switch off what needs it`},
		"a domain of another zone":  {"environment: dev\naccount: \"111122223333\"\ndomain:\n  base: notfikri.dev", "4 domain.base: notfikri.dev does not lie in the hosted zone fikri.dev, so no record for it can be written; write a name that ends in .fikri.dev, or set domain.zone_name to the zone that holds notfikri.dev"},
		"CloudFront's certificate":  {"environment: dev\naccount: \"111122223333\"\ndomain:\n  cloudfront_certificate_arn: arn:aws:acm:ap-southeast-1:111122223333:certificate/12345678-90ab-cdef-1234-567890abcdef", `4 domain.cloudfront_certificate_arn: is in Region "ap-southeast-1", but a certificate for CloudFront must be in "us-east-1"; write it like arn:aws:acm:us-east-1:111122223333:certificate/12345678-90ab-cdef-1234-567890abcdef`},
		"a stranger's certificate":  {"environment: dev\naccount: \"111122223333\"\ndomain:\n  alb_certificate_arn: arn:aws:acm:ap-southeast-1:444455556666:certificate/12345678-90ab-cdef-1234-567890abcdef", `4 domain.alb_certificate_arn: is in account "444455556666", but this environment is in 111122223333; write it like arn:aws:acm:ap-southeast-1:111122223333:certificate/12345678-90ab-cdef-1234-567890abcdef`},
		"a role for any repository": {"enable_github_actions_deploy_role: true\ngithub_repo: d2-ride-booking/*", `5 github_repo: "d2-ride-booking/*" is not the repository that may deploy, as owner/name (runbook PROD 12.3); write it like d2-ride-booking/d2-ride-booking`},
		"another provider":          {"github_oidc_provider_arn: arn:aws:iam::111122223333:oidc-provider/gitlab.com", `4 github_oidc_provider_arn: "arn:aws:iam::111122223333:oidc-provider/gitlab.com" is not the ARN of GitHub's OIDC provider; write it like arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com, or leave it empty to have one made`},
		"Node.js of yesterday":      {"runtime: {node_major: 18}", "4 runtime.node_major: 18 is not among what the hosts' boot takes; set one of 20, 22, 24"},
		"any PM2":                   {"runtime: {pm2_version: latest}", `4 runtime.pm2_version: "latest" is not an exact version of PM2; write it like 6.0.14`},
		"packages of no day":        {"runtime: {pm2_packages_before: yesterday}", `4 runtime.pm2_packages_before: "yesterday" is no day; write it like 2026-10-01`},
		"a client of MySQL 9":       {"runtime: {mysql_client_version: 9.7.0}", `4 runtime.mysql_client_version: "9.7.0" is not an exact version of MySQL's client, 8.0.x or 8.4.x; write it like 8.0.46`},
		"no time to get healthy":    {"release: {health_timeout_seconds: 1}", "4 release.health_timeout_seconds: 1 is below 5 seconds, the least; set 5 to 900"},
		"an ARM host":               {"host: {instance_type: t4g.small}", "4 host.instance_type: t4g.small is an ARM type, but the hosts' images are x86_64; choose an Intel or AMD type, e.g. t3.micro"},
		"a volume below its image":  {"bastion: {root_volume_gib: 4}", "4 bastion.root_volume_gib: 4 is below 8 GiB, the least; set 8 to 16384"},
		"min above max":             {"services: [{name: backend-api, fleet: {min_size: 4}}]", "4 services[backend-api].fleet.min_size: 4 is above max_size, 3; lower min_size or raise max_size"},
		"no instance at all":        {"services: [{name: backend-api, fleet: {min_size: 0}}]", "4 services[backend-api].fleet.min_size: 0 is below 1 instances, the least; set 1 to 100"},
		"insights on a micro":       {"database: {performance_insights: true}", "4 database.performance_insights: is true, but RDS does not offer it on db.t3.micro; set false, or choose t3.medium or larger as instance_class"},
		"a database without login":  {"database: {iam_authentication: false}", "4 database.iam_authentication: is false, but backend-api logs in to MySQL by IAM token and has no password; set true"},
		"growth that RDS refuses":   {"database: {max_allocated_storage_gib: 21}", "4 database.max_allocated_storage_gib: 21 is less than a tenth above allocated_storage_gib, 20, which RDS refuses; set 22 or more, or 20 for storage that does not grow"},
		"a window into the backup":  {"database: {maintenance_window: \"sun:17:00-sun:17:45\"}", "4 database.maintenance_window: sun:17:00-sun:17:45 comes within 30 minutes of the daily backup, 18:00-19:00; leave 30 minutes between the two"},
		"logs for 45 days":          {"observability: {log_retention_days: 45}", "4 observability.log_retention_days: 45 is not among what CloudWatch Logs takes; set one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653"},
		"mail to a name":            {"observability: {alarm_email: On Call <oncall@example.com>}", `4 observability.alarm_email: "On Call <oncall@example.com>" is not an e-mail address; write one like oncall@example.com, or "" for none`},
		"days that run backwards":   {"cost: {working_hours: {days: FRI-SUN}}", `4 cost.working_hours.days: "FRI-SUN" are no days of EventBridge Scheduler; write a range from SUN to SAT or a list, e.g. MON-FRI or FRI,SAT,SUN`},
		"hours of no length":        {"cost: {working_hours: {stop: \"09:00\"}}", `4 cost.working_hours.stop: "09:00" is when DEV starts too; choose a later time, or write working_hours: null to let DEV run on`},
		"a city for a zone":         {"cost: {working_hours: {time_zone: Local}}", `4 cost.working_hours.time_zone: "Local" is no time zone of IANA's list; write one like Asia/Singapore`},
		"no budget":                 {"cost: {monthly_budget_usd: 0}", "4 cost.monthly_budget_usd: 0 is below 1 USD, the least; set 1 to 1000000"},
		"a rollback to nothing":     {"release: {keep_on_host: 1}", "4 release.keep_on_host: 1 is below 2 releases, the least; set 2 to 20"},
		"the database's port":       {"services: [{name: orders, port: 3306, host_label: orders}]", "4 services[orders].port: 3306 is MySQL's (runbook PROD 1.2); choose another port, e.g. 3002"},
		"a port for root":           {"services: [{name: orders, port: 80, host_label: orders}]", "4 services[orders].port: 80 is below 1024, the least; set 1024 to 32767"},
		"a port taken":              {"services: [{name: orders, port: 3000, host_label: orders}]", "4 services[orders].port: 3000 is backend-api's already; give each service a port of its own"},
		"a label taken":             {"sites: [{name: docs, host_label: api}]", `4 sites[docs].host_label: "api" is backend-api's already; give each service and site a label of its own`},
		"a name within a name":      {"services: [{name: backend-api-v2, port: 3002, host_label: v2}]", "4 services[backend-api-v2].name: and backend-api contain one another, so that the runbooks' searches by name find both (runbook PROD 4.1, 7.2); choose a name that neither contains nor is part of backend-api"},
		"a part of the platform":    {"services: [{name: bastion, port: 3002, host_label: jump}]", "4 services[bastion].name: is what the platform calls a part of its own; choose another name"},
		"the artifacts' bucket":     {"sites: [{name: deployments, host_label: docs}]", "4 sites[deployments].name: is what the platform calls a part of its own; choose another name"},
		"one logical id for two":    {"services: [{name: web-1, port: 3002, host_label: a}, {name: web1, port: 3003, host_label: b}]", `4 services[web1].name: is the name of another service or site, but for hyphens at most: "web-1"; rename one`},
		"two switches":              {"services: [{name: backend-api, enabled: false}]", "4 services[backend-api].enabled: says what enable_ec2_backend says already; take it out and set enable_ec2_backend at the top of the file"},
		"the platform's variable":   {"services: [{name: backend-api, parameters: {DB_HOST: localhost}}]", "4 services[backend-api].parameters.DB_HOST: is set by the platform; take it out"},
		"a variable over two lines": {"services: [{name: backend-api, parameters: {KEY: \"a\\nB=c\"}}]", "4 services[backend-api].parameters.KEY: has a line break, a control character or {{, which a parameter cannot carry; write the value on one line without {{"},
		"a policy within a source":  {"sites: [{name: web-admin, connect_sources: [\"https://a.example.com; script-src *\"]}]", `4 sites[web-admin].connect_sources[0]: "https://a.example.com; script-src *" is not an origin of https or wss without a path; write it like https://maps.example.com`},
		"a label like PROD's name":  {"services: [{name: orders, port: 3002, host_label: backend-api}]", `4 services[orders].host_label: "backend-api" makes DEV's target group look like PROD's backend-api (runbook PROD 7.2); choose another label, e.g. api`},
	})
}

func TestWhatIsOffTakesNoPortAndNoLabel(t *testing.T) {
	assert.Nil(t, refusals(devHead+"services: [{name: orders, port: 3001, host_label: driver}]"), "web-driver is off in DEV")
	assert.Nil(t, refusals(devHead+"services: [{name: orders, port: 3000, host_label: api, enabled: false}]"))
}

// zones is a network of two zones with one of its six subnets replaced.
func zones(vpc, public string) string {
	return fmt.Sprintf(`network:
  vpc_cidr: %s
  zones:
    - {availability_zone: ap-southeast-1a, public: %s, app: 10.20.11.0/24, database: 10.20.21.0/24}
    - {availability_zone: ap-southeast-1b, public: 10.20.2.0/24, app: 10.20.12.0/24, database: 10.20.22.0/24}
`, vpc, public)
}

func TestAnAddressPlanThatAWSWouldRefuseIsRefused(t *testing.T) {
	const subnet = "7 network.zones[0].public: "
	check(t, devHead, map[string]refusal{
		"outside the VPC":        {zones("10.20.0.0/16", "10.21.1.0/24"), subnet + "10.21.1.0/24 lies outside the VPC's 10.20.0.0/16; choose a block within network.vpc_cidr"},
		"wider than the VPC":     {zones("10.20.0.0/17", "10.20.0.0/16"), subnet + "10.20.0.0/16 lies outside the VPC's 10.20.0.0/17; choose a block within network.vpc_cidr"},
		"too small":              {zones("10.20.0.0/16", "10.20.1.0/29"), subnet + "10.20.1.0/29 is not between /16 and /28, as AWS takes; choose a size from /16 to /28"},
		"too small for an ALB":   {"enable_alb: true\n" + zones("10.20.0.0/16", "10.20.1.0/28"), strings.Replace(subnet, "7", "8", 1) + "10.20.1.0/28 is smaller than /27, the least for a load balancer; choose /27 or larger, or set enable_alb: false"},
		"within its block":       {zones("10.20.0.0/16", "10.20.1.5/24"), subnet + "10.20.1.5/24 does not begin its block; write 10.20.1.0/24"},
		"public addresses":       {zones("10.20.0.0/16", "8.8.8.0/24"), subnet + "8.8.8.0/24 is not private; hosts could not reach whom those addresses belong to; use a block of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16"},
		"IPv6":                   {zones("10.20.0.0/16", "\"fd00::/64\""), subnet + "fd00::/64 is not IPv4; write an IPv4 block, e.g. 10.20.1.0/24"},
		"overlapping":            {zones("10.20.0.0/16", "10.20.8.0/22"), "7 network.zones[0].app: 10.20.11.0/24 overlaps 10.20.8.0/22 of network.zones[0].public; give every subnet addresses of its own"},
		"a VPC too large":        {"network:\n  vpc_cidr: 10.0.0.0/8", "5 network.vpc_cidr: 10.0.0.0/8 is not between /16 and /28, as AWS takes; choose a size from /16 to /28"},
		"an ALB in one zone":     {"enable_alb: true\nnetwork:\n  zones:\n    - {availability_zone: ap-southeast-1a, public: 10.20.1.0/24, app: 10.20.11.0/24, database: 10.20.21.0/24}", "6 network.zones: has 1 of the two or more Availability Zones that a load balancer and a database stand in (runbook PROD 10.2); add one, with its three subnets"},
		"a zone twice":           {strings.Replace(zones("10.20.0.0/16", "10.20.1.0/24"), "1b", "1a", 1), "8 network.zones[1].availability_zone: ap-southeast-1a is in the list twice; give each zone one entry; two zones are what survives the loss of one"},
		"another Region's zone":  {strings.Replace(zones("10.20.0.0/16", "10.20.1.0/24"), "ap-southeast-1b", "us-east-1b", 1), `8 network.zones[1].availability_zone: "us-east-1b" is not an Availability Zone of "ap-southeast-1"; write the Region and a letter, e.g. ap-southeast-1a`},
		"a mode that is not one": {"network: {nat_gateways: none}", `4 network.nat_gateways: "none" is neither one nor one_per_zone; write one of the two; enable_nat_gateway decides whether there is any`},
	})
}

func TestTheDefaultZonesMoveWithTheRegion(t *testing.T) {
	assert.Equal(t, "eu-west-1b", parse(t, devHead+"aws_region: eu-west-1").Network.Zones[1].AvailabilityZone)
	assert.Equal(t, []string{`4 aws_region: "Singapore" is not an AWS Region; write it like ap-southeast-1`}, refusals(devHead+"aws_region: Singapore"))
}

func TestASiteNamedLikeAServiceIsRefused(t *testing.T) {
	assert.Contains(t, refusals(devHead + "sites: [{name: web-driver, host_label: docs}]")[0], `is the name of another service or site, but for hyphens at most: "web-driver"; rename one`)
}

func TestMoreThanAWSHasRoomForIsRefusedBeforeADeploy(t *testing.T) {
	services, sites := "services:\n", "sites:\n"
	for i := range 40 {
		services += fmt.Sprintf("  - {name: app%02d, port: %d, host_label: a%d}\n", i, 4000+i, i)
		sites += fmt.Sprintf("  - {name: page%02d, host_label: p%d}\n", i, i)
	}
	assert.Equal(t, []string{fmt.Sprintf(
		"4 services: has 41 enabled, which with 0 sites make about %d resources, more than the 500 of one CloudFormation template; switch entries off, or split the platform into two projects",
		config.ResourcesBase+41*config.ResourcesPerServiceDev+config.ResourcesPerDatabaseUser)}, refusals(devHead+services))
	assert.Contains(t, refusals(devHead+sites), "4 sites: has 40 enabled, more than the 20 response headers policies of an account; switch entries off")
}

func TestWhatIsMadeInGoIsCheckedAlike(t *testing.T) {
	env := config.Defaults(config.Prod)
	assert.ErrorContains(t, env.Validate(), "account: is missing; give an account's twelve digits, in quotes, e.g. \"111122223333\"")
	env.Account, env.Domain.ZoneID, env.GitHubRepo = "111122223333", "Z0123456789EXAMPLE", "a/b"
	assert.NoError(t, env.Validate())
	assert.EqualError(t, (&config.Environment{}).Validate(), `environment: "" is neither dev nor prod; write dev or prod`)
}
