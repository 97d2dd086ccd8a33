package test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// outputs are a template's by their dotted keys, which d2ctl reads and the runbooks grep.
func outputs(whole Template) map[string]string {
	found := map[string]string{}
	for _, output := range whole.Outputs {
		if key, isOurs := output["Description"].(string); isOurs {
			found[key] = flat(output["Value"])
		}
	}
	return found
}

// Facts 3: what terraform output printed, which the runbooks grep for bastion,
// rds, distribution_id, web_admin.*bucket_name and cognito. The instance profile
// of the original's bastion is looked up by nothing, and is not among them.
var everyEnvironment = []string{
	"environment", "stack", "region", "domain_base", "vpc_id", "public_subnet_ids", "private_app_subnet_ids", "private_db_subnet_ids",
	"cognito.user_pool_id", "cognito.app_client_id", "cognito.issuer", "cognito.jwks_uri", "cognito.user_pool_arn",
	"rds.instance_id", "rds.address", "rds.endpoint", "rds.port", "rds.resource_id", "rds.db_name", "rds.master_secret_arn",
	"deployments.bucket_name", "alarms.topic_arn", "sessions.document_name",
	"bastion.instance_id", "bastion.private_ip", "bastion.public_ip", "bastion.security_group_id",
}

func TestEverythingThatTheRunbooksLookUpIsAnOutput(t *testing.T) {
	assert.ElementsMatch(t, append([]string{
		"alb.dns_name", "alb.api_url", "asg.backend_api.name", "asg.backend_api.url", "cicd.github_actions_role_arn",
		"static_sites.web_admin.url", "static_sites.web_admin.bucket_name", "static_sites.web_admin.distribution_id", "static_sites.web_admin.cloudfront_domain",
		"static_sites.web_passenger.url", "static_sites.web_passenger.bucket_name", "static_sites.web_passenger.distribution_id", "static_sites.web_passenger.cloudfront_domain",
	}, everyEnvironment...), keys(outputs(template(t, "D2-Prod"))))
	assert.ElementsMatch(t, append([]string{"host.instance_id"}, everyEnvironment...), keys(outputs(template(t, "D2-Dev"))))
}

func keys(values map[string]string) []string {
	var all []string
	for key := range values {
		all = append(all, key)
	}
	return all
}

func TestAFurtherServiceAndSiteHaveTheirOutputs(t *testing.T) {
	all := outputs(prod(t, larger))
	assert.Equal(t, "https://web-support.d2.fikri.dev", all["asg.web_support.url"])
	assert.Equal(t, "https://driver.d2.fikri.dev", all["asg.web_driver.url"])
	assert.Contains(t, all, "static_sites.status.distribution_id")
}

// In the original the region stood where the pool's id belongs (facts F18).
func TestTheIssuerIsWellFormed(t *testing.T) {
	whole := template(t, "D2-Prod")
	issuer := "https://${" + whole.Only(t, pool).ID + ".ProviderName}"
	assert.Equal(t, issuer, outputs(whole)["cognito.issuer"])
	assert.Equal(t, issuer+"/.well-known/jwks.json", outputs(whole)["cognito.jwks_uri"])
}

func TestEachOutputPointsAtWhatItNames(t *testing.T) {
	whole := template(t, "D2-Prod")
	all := outputs(whole)
	assert.Equal(t, "${"+whole.Named(t, "AWS::EC2::Instance", "bastion").ID+"}", all["bastion.instance_id"])
	assert.Equal(t, "${"+whole.Only(t, database).ID+".Endpoint.Address}", all["rds.address"])
	assert.Equal(t, "${"+whole.Only(t, "AWS::SecretsManager::Secret").ID+"}", all["rds.master_secret_arn"])
	assert.Equal(t, "${"+whole.Only(t, loadBalancer).ID+".DNSName}", all["alb.dns_name"])
	assert.Equal(t, "${"+siteOf(t, whole, "web-admin").bucket.ID+"}", all["static_sites.web_admin.bucket_name"])
	assert.Equal(t, "${"+siteOf(t, whole, "web-admin").distribution.ID+"}", all["static_sites.web_admin.distribution_id"])
	assert.Equal(t, "${"+whole.Only(t, pool).ID+"}", all["cognito.user_pool_id"])
}
