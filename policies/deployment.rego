# Runbook PROD 10.3 and 11.3: deployments that are approved, repeatable, reversible.
package d2

import rego.v1

rules["D2-PROD-10.3-replacement"] := {
	"stage": "prod",
	"what": "An Auto Scaling group launches the new instance before it ends the old one",
	"why": "A bare start-instance-refresh, as runbook PROD 5.5 writes it, would otherwise leave a gap at one instance",
	"fix": "Set InstanceMaintenancePolicy to MinHealthyPercentage 100 and MaxHealthyPercentage 200"
}

violation contains v if {
	some name in fleets
	not launches_first(name)
	v := finding("D2-PROD-10.3-replacement", name, "Properties.InstanceMaintenancePolicy")
}

launches_first(name) if {
	equals_number(at(name, ["InstanceMaintenancePolicy", "MinHealthyPercentage"]), 100)
	equals_number(at(name, ["InstanceMaintenancePolicy", "MaxHealthyPercentage"]), 200)
}

rules["D2-PROD-10.3-rolling"] := {
	"stage": "prod",
	"what": "A change of the launch template rolls over the fleet",
	"why": "Without an update policy old instances stay until something else ends them",
	"fix": "Give the group the UpdatePolicy AutoScalingInstanceRefresh"
}

violation contains v if {
	some name in fleets
	not rolls(input.resources[name].updatePolicy)
	v := finding("D2-PROD-10.3-rolling", name, "UpdatePolicy")
}

rolls(policy) if {
	some kind in ["AutoScalingInstanceRefresh", "AutoScalingRollingUpdate"]
	not absent(within(policy, [kind]))
}

rules["D2-PROD-10.3-artifacts-kept"] := {
	"stage": "prod",
	"what": "Current artifacts and site files never expire",
	"why": "A rollback needs the previous artifact",
	"fix": "Let lifecycle rules expire noncurrent versions only"
}

violation contains v if {
	some name in keeping_buckets
	some i, rule in list(at(name, ["LifecycleConfiguration", "Rules"]))
	within(rule, ["Status"]) != "Disabled"
	some key in ["ExpirationInDays", "ExpirationDate"]
	not absent(within(rule, [key]))
	v := finding("D2-PROD-10.3-artifacts-kept", name, sprintf("Properties.LifecycleConfiguration.Rules.%d.%s", [i, key]))
}

rules["D2-PROD-11.3-deploy-trust"] := {
	"stage": "both",
	"what": "GitHub assumes a role only from a job in the GitHub environment of the same name",
	"why": "That environment is where approval is asked; a branch, a tag or a pull request asks nobody",
	"fix": "Trust with StringEquals on aud sts.amazonaws.com and on sub repo:OWNER/NAME:environment:ENVIRONMENT, without StringLike"
}

violation contains v if {
	some trust in trusts
	by_web_identity(trust.statement)
	not approved_jobs_only(trust.statement)
	v := finding("D2-PROD-11.3-deploy-trust", trust.name, trust.path)
}

by_web_identity(statement) if {
	some action in list(within(statement, ["Action"]))
	lower(action) in ["sts:assumerolewithwebidentity", "sts:*", "*"]
	not absent(within(statement, ["Principal", "Federated"]))
}

approved_jobs_only(statement) if {
	conditions := within(statement, ["Condition"])
	is_object(conditions)
	count([operator | some operator, _ in conditions; contains(lower(operator), "like")]) == 0
	equals := within(conditions, ["StringEquals"])
	is_object(equals)
	audiences := [value | some key, values in equals; endswith(key, ":aud"); some value in list(values)]
	audiences == ["sts.amazonaws.com"]
	subjects := [value | some key, values in equals; endswith(key, ":sub"); some value in list(values)]
	count(subjects) == 1
	regex.match(sprintf(`^repo:[^*?:]+/[^*?:]+:environment:%s$`, [stage]), subjects[0])
}

rules["D2-PROD-11.3-repeatable"] := {
	"stage": "both",
	"what": "A template takes no parameters but CDK's BootstrapVersion",
	"why": "A parameter lets two deploys of one commit differ, and lets a deploy undo what was checked here",
	"fix": "Write the value into the configuration, or resolve an image at launch"
}

violation contains v if {
	some name, _ in input.parameters
	name != "BootstrapVersion"
	v := finding("D2-PROD-11.3-repeatable", "", sprintf("Parameters/%s", [name]))
}

rules["D2-PROD-11.3-no-custom-code"] := {
	"stage": "both",
	"what": "A deploy runs no code of its own: no Lambda function, no custom resource, no nested stack",
	"why": "Such code fails half-way and cannot be reversed; a nested template is not read by these rules",
	"fix": "Use a resource that CloudFormation has itself; for the default security group leave restrictDefaultSecurityGroup off"
}

violation contains v if {
	some name, resource in input.resources
	runs_code(resource.resourceType)
	v := finding("D2-PROD-11.3-no-custom-code", name, "")
}

runs_code(type) if regex.match(`^(AWS::Lambda::|AWS::Serverless::|Custom::|AWS::CloudFormation::(CustomResource|Stack|Macro)$)`, type)
