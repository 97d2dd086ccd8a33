# Runbook PROD 10.1 and 11.2 as far as they speak of the database, which is
# encrypted, private, entered by token and reached by security group.
package d2

import rego.v1

rules["D2-PROD-10.1-db-encrypted"] := {
	"stage": "both",
	"what": "The database is encrypted at rest",
	"why": "It cannot be switched on later without a copy of the database",
	"fix": "Set StorageEncrypted to true"
}

violation contains v if {
	some name in databases
	not is_yes(at(name, ["StorageEncrypted"]))
	v := finding("D2-PROD-10.1-db-encrypted", name, "Properties.StorageEncrypted")
}

databases contains name if {
	some type in ["AWS::RDS::DBInstance", "AWS::RDS::DBCluster"]
	some name in resources_of_type(type)
}

rules["D2-PROD-10.1-db-private"] := {
	"stage": "both",
	"what": "The database has no public address",
	"why": "Left out, the subnets decide",
	"fix": "Set PubliclyAccessible to false"
}

violation contains v if {
	some name in resources_of_type("AWS::RDS::DBInstance")
	not is_no(at(name, ["PubliclyAccessible"]))
	v := finding("D2-PROD-10.1-db-private", name, "Properties.PubliclyAccessible")
}

rules["D2-PROD-10.1-db-subnets"] := {
	"stage": "both",
	"what": "The database stands in private subnets of this template",
	"why": "A subnet with an internet gateway is one setting away from the internet",
	"fix": "Give the database a DBSubnetGroup over the database subnets"
}

violation contains v if {
	some name in databases
	not input.resources[refers_to(at(name, ["DBSubnetGroupName"]))].resourceType == "AWS::RDS::DBSubnetGroup"
	v := finding("D2-PROD-10.1-db-subnets", name, "Properties.DBSubnetGroupName")
}

violation contains v if {
	some name in resources_of_type("AWS::RDS::DBSubnetGroup")
	some subnet in list(at(name, ["SubnetIds"]))
	refers_to(subnet) in public_subnets
	v := finding("D2-PROD-10.1-db-subnets", name, "Properties.SubnetIds")
}

rules["D2-PROD-10.1-db-ingress"] := {
	"stage": "both",
	"what": "Only security groups reach the database, not addresses",
	"why": "An address may belong to anybody in the network; a group says who",
	"fix": "Let the source of the database's ingress be the security group of service or bastion"
}

violation contains v if {
	some entry in ingress
	entry.group in database_groups
	absent(within(entry.rule, ["SourceSecurityGroupId"]))
	v := finding("D2-PROD-10.1-db-ingress", entry.name, entry.path)
}

# Without a group of its own the database has the VPC's default one.
violation contains v if {
	some name in databases
	count({group | some value in list(at(name, ["VPCSecurityGroups"])); group := refers_to(value)} | {group | some value in list(at(name, ["VpcSecurityGroupIds"])); group := refers_to(value)}) == 0
	v := finding("D2-PROD-10.1-db-ingress", name, "Properties.VPCSecurityGroups")
}

database_groups contains group if {
	some name in databases
	some key in ["VPCSecurityGroups", "VpcSecurityGroupIds"]
	some value in list(at(name, [key]))
	group := refers_to(value)
}

rules["D2-PROD-10.1-db-tls"] := {
	"stage": "both",
	"what": "The database refuses connections without TLS",
	"why": "MySQL's default lets them in",
	"fix": "Give the database a parameter group with require_secure_transport ON"
}

violation contains v if {
	some name in databases
	not demands_tls(name)
	v := finding("D2-PROD-10.1-db-tls", name, "Properties.DBParameterGroupName")
}

demands_tls(name) if {
	some key in ["DBParameterGroupName", "DBClusterParameterGroupName"]
	group := refers_to(at(name, [key]))
	upper(text(at(group, ["Parameters", "require_secure_transport"]))) in ["ON", "1"]
}

rules["D2-PROD-11.2-iam-auth"] := {
	"stage": "both",
	"what": "The database lets users in by IAM token",
	"why": "Services and people then need no password that could leak",
	"fix": "Set EnableIAMDatabaseAuthentication to true"
}

violation contains v if {
	some name in databases
	not is_yes(at(name, ["EnableIAMDatabaseAuthentication"]))
	v := finding("D2-PROD-11.2-iam-auth", name, "Properties.EnableIAMDatabaseAuthentication")
}

rules["D2-PROD-11.2-database"] := {
	"stage": "prod",
	"what": "PROD has its database",
	"why": "Every other rule about it would be silent without one",
	"fix": "Switch enable_rds on"
}

violation contains v if {
	is_main
	count(resources_of_type("AWS::RDS::DBInstance")) == 0
	v := finding("D2-PROD-11.2-database", "", "")
}
