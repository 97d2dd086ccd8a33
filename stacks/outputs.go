package stacks

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/constructs"
)

// output gives a value its dotted key, e.g. static_sites.web_admin.bucket_name,
// by which the runbooks looked for it in terraform output (facts 3).
// CloudFormation takes letters and digits only in an output's own key, so the
// dotted one stands in the description, where d2ctl reads it.
func output(stack awscdk.Stack, key string, value *string) {
	awscdk.NewCfnOutput(stack, str("Output"+camel(key)), &awscdk.CfnOutputProps{
		Key: str(camel(key)), Description: str(key), Value: value,
	})
}

func (f *foundation) output(key string, value *string) { output(f.stack, key, value) }

// outputs are everything that the runbooks look up (facts 3), for both stages.
func (f *foundation) outputs(balancer *constructs.LoadBalancer, bastion *constructs.Bastion, sites []*constructs.StaticSite) {
	f.output("region", str(f.env.Region))
	f.output("domain_base", str(f.env.Domain.Base))
	f.outputNetwork()
	f.outputIdentity()
	f.outputDatabase()
	f.output("deployments.bucket_name", f.artifacts.BucketName())
	f.output("alarms.topic_arn", f.alerts.Topic.TopicArn())
	f.output("sessions.document_name", str(f.env.SessionDocumentName()))
	if balancer != nil {
		f.output("alb.dns_name", balancer.Balancer.LoadBalancerDnsName())
		f.output("alb.api_url", str(f.env.APIBaseURL()))
	}
	if bastion != nil {
		f.output("bastion.instance_id", bastion.InstanceID)
		f.output("bastion.private_ip", bastion.PrivateIP)
		f.output("bastion.public_ip", bastion.PublicIP)
		f.output("bastion.security_group_id", bastion.SecurityGroup.SecurityGroupId())
	}
	for i, site := range f.env.EnabledSites() {
		f.outputSite(site, sites[i])
	}
	if f.deployRole != nil {
		f.output("cicd.github_actions_role_arn", f.deployRole.Role.RoleArn())
	}
}

func (f *foundation) outputNetwork() {
	f.output("vpc_id", f.network.VPC.VpcId())
	subnets := func(key string, selection *[]*string) {
		f.output(key, awscdk.Fn_Join(str(","), selection))
	}
	subnets("public_subnet_ids", f.network.VPC.SelectSubnets(f.network.Public).SubnetIds)
	subnets("private_app_subnet_ids", f.network.VPC.SelectSubnets(f.network.App).SubnetIds)
	subnets("private_db_subnet_ids", f.network.VPC.SelectSubnets(f.network.Database).SubnetIds)
}

// outputIdentity has the names of runbook DEV 7.1: in letters and digits,
// cognito.user_pool_id and cognito_user_pool_id are one key.
func (f *foundation) outputIdentity() {
	issuer := f.identity.Issuer()
	f.output("cognito.user_pool_id", f.identity.Pool.UserPoolId())
	f.output("cognito.app_client_id", f.identity.Client.UserPoolClientId())
	f.output("cognito.issuer", str(issuer))
	f.output("cognito.jwks_uri", str(issuer+"/.well-known/jwks.json"))
	f.output("cognito.user_pool_arn", f.identity.Pool.UserPoolArn())
}

func (f *foundation) outputDatabase() {
	if f.database == nil {
		return
	}
	instance := f.database.Instance
	f.output("rds.instance_id", instance.InstanceIdentifier())
	f.output("rds.address", instance.DbInstanceEndpointAddress())
	f.output("rds.endpoint", instance.InstanceEndpoint().SocketAddress())
	f.output("rds.port", instance.DbInstanceEndpointPort())
	f.output("rds.resource_id", instance.InstanceResourceId())
	f.output("rds.db_name", str(f.env.Database.Name))
	f.output("rds.master_secret_arn", f.database.Secret.SecretArn())
}

func (f *foundation) outputSite(site config.Site, made *constructs.StaticSite) {
	key := "static_sites." + strings.ReplaceAll(site.Name, "-", "_") + "."
	f.output(key+"url", str("https://"+made.Domain))
	f.output(key+"bucket_name", made.Bucket.BucketName())
	f.output(key+"distribution_id", made.Distribution.DistributionId())
	f.output(key+"cloudfront_domain", made.Distribution.DistributionDomainName())
}

func (f *foundation) outputHost(host *constructs.Host) {
	if host != nil {
		f.output("host.instance_id", host.InstanceID)
	}
}

func (f *foundation) outputFleet(service config.Service, fleet *constructs.Fleet) {
	key := "asg." + strings.ReplaceAll(service.Name, "-", "_") + "."
	f.output(key+"name", fleet.Group.AutoScalingGroupName())
	f.output(key+"url", str("https://"+f.env.FQDN(service.HostLabel)))
}
