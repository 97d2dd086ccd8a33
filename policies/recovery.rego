# Runbook PROD 10.5: backups, versions, and what a mistaken delete may not take.
package d2

import rego.v1

rules["D2-PROD-10.5-backups"] := {
	"stage": "prod",
	"what": "The database keeps automated backups of at least seven days",
	"why": "A mistake made on Friday is found on Monday",
	"fix": "Set BackupRetentionPeriod to 7 or more"
}

violation contains v if {
	some name in databases
	not at_least(at(name, ["BackupRetentionPeriod"]), 7)
	v := finding("D2-PROD-10.5-backups", name, "Properties.BackupRetentionPeriod")
}

rules["D2-PROD-10.5-snapshot"] := {
	"stage": "prod",
	"what": "A database that leaves the template, or is replaced, leaves a snapshot",
	"why": "Automated backups go with the instance",
	"fix": "Set DeletionPolicy and UpdateReplacePolicy to Snapshot (RemovalPolicy_SNAPSHOT) or Retain"
}

violation contains v if {
	some name in databases
	some key, path in {"deletionPolicy": "DeletionPolicy", "updateReplacePolicy": "UpdateReplacePolicy"}
	not input.resources[name][key] in ["Snapshot", "Retain"]
	v := finding("D2-PROD-10.5-snapshot", name, path)
}

rules["D2-PROD-10.5-database-protected"] := {
	"stage": "prod",
	"what": "The database refuses to be deleted",
	"why": "One wrong command would end it",
	"fix": "Set DeletionProtection to true"
}

violation contains v if {
	some name in databases
	not is_yes(at(name, ["DeletionProtection"]))
	v := finding("D2-PROD-10.5-database-protected", name, "Properties.DeletionProtection")
}

rules["D2-PROD-10.5-balancer-protected"] := {
	"stage": "prod",
	"what": "The load balancer refuses to be deleted",
	"why": "Its name in DNS would be lost with it",
	"fix": "Set the attribute deletion_protection.enabled to true"
}

violation contains v if {
	some name in resources_of_type("AWS::ElasticLoadBalancingV2::LoadBalancer")
	not balancer_protected(name)
	v := finding("D2-PROD-10.5-balancer-protected", name, "Properties.LoadBalancerAttributes")
}

balancer_protected(name) if {
	some attribute in list(at(name, ["LoadBalancerAttributes"]))
	attribute.Key == "deletion_protection.enabled"
	is_yes(attribute.Value)
}

rules["D2-PROD-10.5-users-protected"] := {
	"stage": "prod",
	"what": "The user pool refuses to be deleted",
	"why": "Users and their passwords cannot be restored",
	"fix": "Set DeletionProtection to ACTIVE"
}

violation contains v if {
	some name in resources_of_type("AWS::Cognito::UserPool")
	not at(name, ["DeletionProtection"]) == "ACTIVE"
	v := finding("D2-PROD-10.5-users-protected", name, "Properties.DeletionProtection")
}

rules["D2-PROD-10.5-versioning"] := {
	"stage": "both",
	"what": "Every bucket of sites and artifacts keeps versions",
	"why": "An overwritten or deleted file can then be had back",
	"fix": "Set VersioningConfiguration.Status to Enabled; only a bucket that receives nothing but access logs may do without"
}

violation contains v if {
	some name in keeping_buckets
	not at(name, ["VersioningConfiguration", "Status"]) == "Enabled"
	v := finding("D2-PROD-10.5-versioning", name, "Properties.VersioningConfiguration.Status")
}

rules["D2-PROD-10.5-retain"] := {
	"stage": "prod",
	"what": "Buckets of sites and artifacts, and the user pool, stay when they leave the template",
	"why": "What a stack deletes with its data is gone",
	"fix": "Set DeletionPolicy to Retain (RemovalPolicy_RETAIN)"
}

violation contains v if {
	some name in keeping_buckets | {pool | some pool in resources_of_type("AWS::Cognito::UserPool")}
	not input.resources[name].deletionPolicy in ["Retain", "RetainExceptOnCreate"]
	v := finding("D2-PROD-10.5-retain", name, "DeletionPolicy")
}
