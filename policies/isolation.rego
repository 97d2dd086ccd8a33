# Runbook PROD 11.1: DEV and PROD are fully isolated.
package d2

import rego.v1

rules["D2-PROD-11.1-sign"] := {
	"stage": "both",
	"what": "Every template says which environment and which stack it is",
	"why": "Rules that cannot tell PROD from DEV would guard neither",
	"fix": "Give the stack the outputs Environment (dev or prod) and Stack (main or edge; edge holds no network, host, database or user pool)"
}

violation contains v if {
	not environment_sign in ["dev", "prod"]
	v := finding("D2-PROD-11.1-sign", "", "")
}

violation contains v if {
	not stack_sign in ["main", "edge"]
	v := finding("D2-PROD-11.1-sign", "", "")
}

# A main stack that calls itself edge would slip past what only a main stack must have.
violation contains v if {
	is_edge
	some type in [
		"AWS::EC2::VPC", "AWS::EC2::Instance", "AWS::AutoScaling::AutoScalingGroup", "AWS::RDS::DBInstance",
		"AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::Cognito::UserPool",
	]
	some name in resources_of_type(type)
	v := finding("D2-PROD-11.1-sign", name, "")
}

rules["D2-PROD-11.1-environment-tag"] := {
	"stage": "both",
	"what": "The tag Environment of every resource is the environment's own",
	"why": "Runbook commands find hosts by it, and would find the other environment's",
	"fix": "Tag the stack, and nothing below it, with its Environment"
}

violation contains v if {
	some tagged in all_tags
	some value in tag_values(tagged.tags, "Environment")
	value != stage
	v := finding("D2-PROD-11.1-environment-tag", tagged.name, tagged.path)
}

rules["D2-PROD-11.1-names"] := {
	"stage": "both",
	"what": "No name, path, domain or ARN of the other environment appears",
	"why": "Whatever is named can be used, and sharing collapses the blast radius",
	"fix": "Derive the name from this environment's configuration"
}

violation contains v if {
	some name, content in resource_text
	names_the_other(content)
	v := finding("D2-PROD-11.1-names", name, "Properties")
}

violation contains v if {
	some name, output in input.outputs
	names_the_other(text(output.value))
	v := finding("D2-PROD-11.1-names", "", sprintf("Outputs/%s/Value", [name]))
}

# The project and the domain are read from the tags, so that a fork's names are guarded too.
projects contains value if {
	some tagged in all_tags
	some value in tag_values(tagged.tags, "Project")
	is_string(value)
}

domains contains value if {
	some tagged in all_tags
	some value in tag_values(tagged.tags, "Domain")
	is_string(value)
}

names_the_other(content) if {
	some project in projects
	some form in [
		`(^|[^a-z0-9])%s(-[a-z0-9]+)*-%s([^a-z0-9]|$)`,
		`(^|[^a-z0-9])%s/%s([^a-z0-9]|$)`,
	]
	regex.match(sprintf(form, [project, other_stage]), content)
}

names_the_other(content) if {
	some project in projects
	regex.match(sprintf(`(^|[^a-z0-9])%s-%s([^a-z0-9]|$)`, [other_stage, project]), content)
}

names_the_other(content) if regex.match(sprintf(`:environment:%s([^a-z0-9]|$)`, [other_stage]), content)

stack_names := {"dev": `(^|[^A-Za-z0-9])D2-Dev([^A-Za-z0-9]|$)`, "prod": `(^|[^A-Za-z0-9])D2-Prod([^A-Za-z0-9]|$)`}

names_the_other(content) if regex.match(stack_names[other_stage], content)

# DEV lives on a sub-domain of PROD's domain, dev.<domain>.
names_the_other(content) if {
	is_prod
	some domain in domains
	not startswith(domain, "dev.")
	contains(content, concat("", ["dev.", domain]))
}

names_the_other(content) if {
	is_dev
	some domain in domains
	startswith(domain, "dev.")
	contains(replace(content, domain, ""), trim_prefix(domain, "dev."))
}

rules["D2-PROD-11.1-addresses"] := {
	"stage": "both",
	"what": "Every private address lies in the environment's own VPC",
	"why": "A rule or a route for another block reaches into another environment",
	"fix": "Take the address from the VPC, or let a security group be the source"
}

violation contains v if {
	some name, content in resource_text
	some address in private_addresses(content)
	not in_own_network(address)
	v := finding("D2-PROD-11.1-addresses", name, "Properties")
}

# The characters before and after keep versions such as 1.10.2.3.4 out.
private_addresses(content) := {found[2] |
	some found in regex.find_all_string_submatch_n(
		`(^|[^0-9.])((?:10\.[0-9]{1,3}|192\.168|172\.(?:1[6-9]|2[0-9]|3[01]))\.[0-9]{1,3}\.[0-9]{1,3})`,
		content, -1,
	)
}

in_own_network(address) if {
	some vpc in resources_of_type("AWS::EC2::VPC")
	block := at(vpc, ["CidrBlock"])
	is_string(block)
	[base, bits_text] := split(block, "/")
	shift := 32 - to_number(bits_text)
	bits.rsh(number_of(base), shift) == bits.rsh(number_of(address), shift)
}

number_of(address) := sum([part_value |
	some i, part in split(address, ".")
	part_value := to_number(part) * [16777216, 65536, 256, 1][i]
])

rules["D2-PROD-11.1-own-network"] := {
	"stage": "both",
	"what": "VPC, subnets and security groups are made by this template and joined to no other network",
	"why": "No VPC, subnet or security group is shared",
	"fix": "Use this stack's own network in place of a literal id, a peering or a transit gateway"
}

violation contains v if {
	some name, content in resource_text
	regex.match(`(^|[^a-z0-9-])(vpc|subnet|sg|rtb|igw|eni|pcx|tgw)-[0-9a-f]{8,17}([^0-9a-z-]|$)`, content)
	v := finding("D2-PROD-11.1-own-network", name, "Properties")
}

violation contains v if {
	some type in ["AWS::EC2::VPCPeeringConnection", "AWS::EC2::TransitGatewayAttachment", "AWS::EC2::TransitGatewayVpcAttachment", "AWS::RAM::ResourceShare"]
	some name in resources_of_type(type)
	v := finding("D2-PROD-11.1-own-network", name, "")
}

rules["D2-PROD-11.1-own-roles"] := {
	"stage": "both",
	"what": "Every host has an instance profile, and a role in it, that this template makes",
	"why": "No role or instance profile is shared, and a host without one is out of Session Manager's reach",
	"fix": "Give the launch template or instance the role that the stack makes for it"
}

violation contains v if {
	some name in resources_of_type("AWS::IAM::InstanceProfile")
	not made_here(at(name, ["Roles"]), "AWS::IAM::Role")
	v := finding("D2-PROD-11.1-own-roles", name, "Properties.Roles")
}

violation contains v if {
	some name in fleet_templates
	not template_profile(name)
	v := finding("D2-PROD-11.1-own-roles", name, "Properties.LaunchTemplateData.IamInstanceProfile")
}

violation contains v if {
	some name in resources_of_type("AWS::EC2::Instance")
	not host_profile(name)
	v := finding("D2-PROD-11.1-own-roles", name, "Properties.IamInstanceProfile")
}

template_profile(template) if {
	some key in ["Arn", "Name"]
	made_here(at(template, ["LaunchTemplateData", "IamInstanceProfile", key]), "AWS::IAM::InstanceProfile")
}

host_profile(host) if made_here(at(host, ["IamInstanceProfile"]), "AWS::IAM::InstanceProfile")

host_profile(host) if {
	absent(at(host, ["IamInstanceProfile"]))
	some template, hosts in host_templates
	host in hosts
	template_profile(template)
}

made_here(value, type) if {
	values := list(value)
	count(values) > 0
	every one in values {
		input.resources[refers_to(one)].resourceType == type
	}
}
