# Runbook PROD 10.1, access control and network security.
package d2

import rego.v1

rules["D2-PROD-10.1-no-ssh"] := {
	"stage": "both",
	"what": "No security group lets SSH (22) or RDP (3389) in",
	"why": "Hosts are reached by Session Manager, which needs no open port",
	"fix": "Remove the ingress rule and connect with Session Manager"
}

violation contains v if {
	some entry in ingress
	some port in [22, 3389]
	admits(entry.rule, port)
	v := finding("D2-PROD-10.1-no-ssh", entry.name, entry.path)
}

admits(rule, _) if all_protocols(rule)

# A TCP rule that leaves a port out leaves that side of the range open.
admits(rule, port) if {
	text(within(rule, ["IpProtocol"])) in ["tcp", "6"]
	from_port(rule) <= port
	to_port(rule) >= port
}

all_protocols(rule) if text(within(rule, ["IpProtocol"])) == "-1"

all_protocols(rule) if absent(within(rule, ["IpProtocol"]))

from_port(rule) := 0 if absent(within(rule, ["FromPort"]))

from_port(rule) := coerce_to_number(rule.FromPort) if not absent(within(rule, ["FromPort"]))

to_port(rule) := 65535 if absent(within(rule, ["ToPort"]))

to_port(rule) := coerce_to_number(rule.ToPort) if not absent(within(rule, ["ToPort"]))

rules["D2-PROD-10.1-open-ingress"] := {
	"stage": "both",
	"what": "Only the load balancer is open to the internet, on 443 and on 80",
	"why": "Every other port that the world can reach is a way around it",
	"fix": "Let a security group be the source, not a range of addresses"
}

violation contains v if {
	some entry in ingress
	from_everywhere(entry.rule)
	not web_ingress(entry)
	v := finding("D2-PROD-10.1-open-ingress", entry.name, entry.path)
}

# A range shorter than /8 is the internet in a few pieces.
from_everywhere(rule) if {
	some key in ["CidrIp", "CidrIpv6"]
	bits_text := split(rule[key], "/")[1]
	to_number(bits_text) < 8
}

# No source at all is no limit either.
from_everywhere(rule) if {
	every key in ["CidrIp", "CidrIpv6", "SourceSecurityGroupId", "SourceSecurityGroupName", "SourcePrefixListId"] {
		absent(within(rule, [key]))
	}
}

web_ingress(entry) if {
	entry.group in balancer_groups
	some key in ["CidrIp", "CidrIpv6"]
	entry.rule[key]
	text(within(entry.rule, ["IpProtocol"])) in ["tcp", "6"]
	some port in [80, 443]
	equals_number(within(entry.rule, ["FromPort"]), port)
	equals_number(within(entry.rule, ["ToPort"]), port)
}

rules["D2-PROD-10.1-no-wildcard"] := {
	"stage": "both",
	"what": "No policy grants every action of a service on every resource, and no role trusts everybody",
	"why": "One stolen credential would then be the whole account",
	"fix": "Name the actions and the resources; leave AdministratorAccess, PowerUserAccess and IAMFullAccess out"
}

violation contains v if {
	some grant in grants
	every_action(grant.statement)
	every_resource(grant.statement)
	v := finding("D2-PROD-10.1-no-wildcard", grant.name, grant.path)
}

violation contains v if {
	some trust in trusts
	some principal in list(within(trust.statement, ["Principal"]))
	everybody(principal)
	v := finding("D2-PROD-10.1-no-wildcard", trust.name, trust.path)
}

violation contains v if {
	some type in ["AWS::IAM::Role", "AWS::IAM::Group", "AWS::IAM::User"]
	some name in resources_of_type(type)
	some policy in list(at(name, ["ManagedPolicyArns"]))
	regex.match(`policy/(AdministratorAccess|PowerUserAccess|IAMFullAccess)`, text(policy))
	v := finding("D2-PROD-10.1-no-wildcard", name, "Properties.ManagedPolicyArns")
}

every_action(statement) if {
	some action in list(within(statement, ["Action"]))
	regex.match(`^(\*|[A-Za-z0-9-]+:\*)$`, action)
}

every_action(statement) if not absent(within(statement, ["NotAction"]))

every_action(statement) if {
	absent(within(statement, ["Action"]))
	absent(within(statement, ["NotAction"]))
}

every_resource(statement) if "*" in list(within(statement, ["Resource"]))

every_resource(statement) if absent(within(statement, ["Resource"]))

everybody(principal) if principal == "*"

everybody(principal) if "*" in list(within(principal, ["AWS"]))

rules["D2-PROD-10.1-no-users"] := {
	"stage": "both",
	"what": "No IAM user and no access key is made",
	"why": "AWS is reached by roles, whose credentials expire by themselves",
	"fix": "Make a role and let it be assumed"
}

violation contains v if {
	some type in ["AWS::IAM::User", "AWS::IAM::AccessKey"]
	some name in resources_of_type(type)
	v := finding("D2-PROD-10.1-no-users", name, "")
}

rules["D2-PROD-10.1-no-key-pair"] := {
	"stage": "both",
	"what": "No host has an SSH key pair",
	"why": "A key outlives the people who hold it; Session Manager needs none",
	"fix": "Remove KeyName and connect with Session Manager"
}

violation contains v if {
	some name in resources_of_type("AWS::EC2::LaunchTemplate")
	not absent(at(name, ["LaunchTemplateData", "KeyName"]))
	v := finding("D2-PROD-10.1-no-key-pair", name, "Properties.LaunchTemplateData.KeyName")
}

violation contains v if {
	some type in ["AWS::EC2::Instance", "AWS::AutoScaling::LaunchConfiguration"]
	some name in resources_of_type(type)
	not absent(at(name, ["KeyName"]))
	v := finding("D2-PROD-10.1-no-key-pair", name, "Properties.KeyName")
}

violation contains v if {
	some name in resources_of_type("AWS::EC2::KeyPair")
	v := finding("D2-PROD-10.1-no-key-pair", name, "")
}

rules["D2-PROD-10.1-imdsv2"] := {
	"stage": "both",
	"what": "Every host requires IMDSv2",
	"why": "Without the session token a request forged in the service reads the role's credentials",
	"fix": "Set MetadataOptions.HttpTokens to required in the launch template"
}

violation contains v if {
	some name in resources_of_type("AWS::EC2::LaunchTemplate")
	not at(name, ["LaunchTemplateData", "MetadataOptions", "HttpTokens"]) == "required"
	v := finding("D2-PROD-10.1-imdsv2", name, "Properties.LaunchTemplateData.MetadataOptions.HttpTokens")
}

violation contains v if {
	some name in resources_of_type("AWS::EC2::Instance")
	not at(name, ["MetadataOptions", "HttpTokens"]) == "required"
	not launched_from_template(name)
	v := finding("D2-PROD-10.1-imdsv2", name, "Properties.LaunchTemplate")
}

violation contains v if {
	some name in resources_of_type("AWS::AutoScaling::LaunchConfiguration")
	not at(name, ["MetadataOptions", "HttpTokens"]) == "required"
	v := finding("D2-PROD-10.1-imdsv2", name, "Properties.MetadataOptions.HttpTokens")
}

launched_from_template(host) if {
	some _, hosts in host_templates
	host in hosts
}

rules["D2-PROD-10.1-no-public-fleet"] := {
	"stage": "prod",
	"what": "No instance of an Auto Scaling group has a public address or stands in a public subnet",
	"why": "Only the load balancer may face the internet",
	"fix": "Place the group in the app subnets and leave AssociatePublicIpAddress false"
}

violation contains v if {
	some name in fleet_templates
	some i, interface in list(at(name, ["LaunchTemplateData", "NetworkInterfaces"]))
	not no_public_address(interface)
	v := finding("D2-PROD-10.1-no-public-fleet", name, sprintf("Properties.LaunchTemplateData.NetworkInterfaces.%d.AssociatePublicIpAddress", [i]))
}

violation contains v if {
	some name in resources_of_type("AWS::AutoScaling::AutoScalingGroup")
	some subnet in list(at(name, ["VPCZoneIdentifier"]))
	refers_to(subnet) in public_subnets
	v := finding("D2-PROD-10.1-no-public-fleet", name, "Properties.VPCZoneIdentifier")
}

no_public_address(interface) if absent(within(interface, ["AssociatePublicIpAddress"]))

no_public_address(interface) if is_no(within(interface, ["AssociatePublicIpAddress"]))

rules["D2-PROD-10.1-no-client-role"] := {
	"stage": "both",
	"what": "The Cognito app client names the attributes it may write, and custom:role is not one of them",
	"why": "A client that writes its own role makes any user an administrator; without a list it may write everything",
	"fix": "Set WriteAttributes to what users may change about themselves, such as email"
}

violation contains v if {
	some name in resources_of_type("AWS::Cognito::UserPoolClient")
	not harmless_attributes(at(name, ["WriteAttributes"]))
	v := finding("D2-PROD-10.1-no-client-role", name, "Properties.WriteAttributes")
}

harmless_attributes(attributes) if {
	is_array(attributes)
	count(attributes) > 0
	not "custom:role" in attributes
}
