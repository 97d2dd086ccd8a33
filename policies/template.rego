# What every rule file leans on: which environment a template belongs to, how a
# finding is made, and how values are read out of the validator's model.
#
# The model is not the template. `input.resources[name]` has `resourceType`,
# `properties`, `deletionPolicy`, `updateReplacePolicy`, `updatePolicy`; Metadata
# is not in it, Outputs and Parameters are. Values arrive resolved where that is
# possible without a deploy (AWS::Region, Fn::Join of literals). The rest is
#   {"__ref": "LogicalId", "__kind": ...}   Ref and Fn::GetAtt of a resource
#   {"__dynamic": "..."}                    anything else; its text keeps the literals
#   {"__conditional": ...}                  Fn::If
# There is no walk() and no base64 here, so user data cannot be read.
#
# An absent value must never pass in silence. So a rule asks `not <it is right>`,
# never `<it is wrong>`, and reads with `at`, which is null when there is nothing.
#
# Two things end the evaluation of all rules, of which CDK says no more than "plugin
# failed: undefined" and its command line nothing: `some x in null`, so iterate over
# `list(...)`; and a comprehension in the head of a rule with a body, so name it first.
package d2

import rego.v1

# The environment is said by two outputs of every stack, because outputs are what
# the model shows of a stack: Environment (dev, prod) and Stack (main, edge).
# D2-PROD-11.1-sign fails a template without them. Until it is mended, such a
# template counts as PROD's main stack, so that no rule sleeps.
environment_sign := input.outputs.Environment.value

stack_sign := input.outputs.Stack.value

is_dev if environment_sign == "dev"

is_prod if not is_dev

is_edge if stack_sign == "edge"

is_main if not is_edge

stage := "dev" if is_dev

stage := "prod" if is_prod

other_stage := "prod" if is_dev

other_stage := "dev" if is_prod

# A finding carries the rule's own words from `rules`; CDK prints the fix below the
# message. All findings of a rule read the same, since CDK's report keeps only the
# first one's message for all of them.
finding(id, name, path) := make_diag_full(
	id, "ERROR", name, path,
	sprintf("%s. %s (runbook PROD %s)", [rule.what, rule.why, section(id)]),
	rule.fix, "",
) if {
	rule := rules[id]
	applies(rule)
}

applies(rule) if rule.stage == "both"

applies(rule) if {
	rule.stage == "prod"
	is_prod
}

section(id) := split(id, "-")[2]

# --- reading values -------------------------------------------------------

# at is the value at a path of a resource's properties, or null.
at(name, path) := object.get(input.resources[name].properties, path, null)

# within is the value at a path of any object, or null; also of what is no object.
within(thing, path) := object.get(thing, path, null) if is_object(thing)

within(thing, _) := null if not is_object(thing)

# list makes one item and no item a list, as CloudFormation lets both be written.
list(x) := x if is_array(x)

list(x) := [x] if {
	not is_array(x)
	not is_null(x)
}

list(x) := [] if is_null(x)

absent(x) if is_null(x)

absent(x) if x == ""

absent(x) if x == []

# CloudFormation takes true and "true", 7 and "7".
is_yes(x) if coerce_to_bool(x) == true

is_no(x) if coerce_to_bool(x) == false

at_least(x, least) if coerce_to_number(x) >= least

equals_number(x, wanted) if coerce_to_number(x) == wanted

# refers_to is the resource of this template that a value is a Ref or Fn::GetAtt of.
refers_to(x) := x.__ref if {
	is_object(x)
	input.resources[x.__ref]
}

# A token is a value that only a deploy knows.
is_token(x) if {
	is_object(x)
	some mark in ["__ref", "__dynamic", "__conditional"]
	x[mark]
}

# text is everything literal in a value, whatever its shape.
text(x) := x if is_string(x)

text(x) := json.marshal(x) if not is_string(x)

# The whole of each resource as one text, made once.
resource_text[name] := json.marshal(resource.properties) if {
	some name, resource in input.resources
}

# --- tags -----------------------------------------------------------------

# CloudFormation writes tags in two ways: a list of Key and Value, and a map.
tag_values(tags, key) := {tag.Value | some tag in list(tags); tag.Key == key} | {value | is_object(tags); value := tags[key]}

tags_of(name) := tags if {
	tags := at(name, ["Tags"])
	not is_null(tags)
}

tags_of(name) := tags if {
	tags := at(name, ["UserPoolTags"])
	not is_null(tags)
}

# Instances and their volumes get their tags from the launch template.
launch_tags(name, resource_type) := [tag |
	some specification in list(at(name, ["LaunchTemplateData", "TagSpecifications"]))
	specification.ResourceType == resource_type
	some tag in list(specification.Tags)
]

all_tags contains {"name": name, "path": "Properties.Tags", "tags": tags} if {
	some name, _ in input.resources
	tags := tags_of(name)
}

all_tags contains {"name": name, "path": "Properties.LaunchTemplateData.TagSpecifications", "tags": tags} if {
	some name in resources_of_type("AWS::EC2::LaunchTemplate")
	some kind in ["instance", "volume"]
	tags := launch_tags(name, kind)
}

# --- launch templates -----------------------------------------------------

# Who launches from a template; a version number is a reference too, when the
# template is named by a name instead of its id.
launches(user, template) if {
	some value in launch_specification(user)
	refers_to(value) == template
}

launch_specification(user) := [value |
	some path in [
		["LaunchTemplate"],
		["MixedInstancesPolicy", "LaunchTemplate", "LaunchTemplateSpecification"],
	]
	specification := at(user, path)
	is_object(specification)
	some value in specification
]

fleet_templates contains template if {
	some fleet in resources_of_type("AWS::AutoScaling::AutoScalingGroup")
	some template in resources_of_type("AWS::EC2::LaunchTemplate")
	launches(fleet, template)
}

host_templates[template] contains host if {
	some host in resources_of_type("AWS::EC2::Instance")
	some template in resources_of_type("AWS::EC2::LaunchTemplate")
	launches(host, template)
}

# --- network --------------------------------------------------------------

# A subnet is public when its hosts get addresses by themselves, or its route
# table leads to an internet gateway.
public_subnets contains subnet if {
	some subnet in resources_of_type("AWS::EC2::Subnet")
	is_yes(at(subnet, ["MapPublicIpOnLaunch"]))
}

public_subnets contains subnet if {
	some association in resources_of_type("AWS::EC2::SubnetRouteTableAssociation")
	subnet := refers_to(at(association, ["SubnetId"]))
	table := refers_to(at(association, ["RouteTableId"]))
	some route in resources_of_type("AWS::EC2::Route")
	refers_to(at(route, ["RouteTableId"])) == table
	not absent(at(route, ["GatewayId"]))
}

# Ingress is written inside a group or as a resource of its own.
ingress contains {"name": name, "group": name, "path": sprintf("Properties.SecurityGroupIngress.%d", [i]), "rule": rule} if {
	some name in resources_of_type("AWS::EC2::SecurityGroup")
	some i, rule in list(at(name, ["SecurityGroupIngress"]))
}

ingress contains {"name": name, "group": group, "path": "Properties", "rule": rule} if {
	some name in resources_of_type("AWS::EC2::SecurityGroupIngress")
	rule := input.resources[name].properties
	group := text(within(at(name, ["GroupId"]), ["__ref"]))
}

balancer_groups contains group if {
	some balancer in resources_of_type("AWS::ElasticLoadBalancingV2::LoadBalancer")
	some value in list(at(balancer, ["SecurityGroups"]))
	group := refers_to(value)
}

# --- IAM ------------------------------------------------------------------

# What an identity of this template may do: inline, attached, and managed policies.
grants contains {"name": name, "path": sprintf("Properties.Policies.%d.PolicyDocument.Statement.%d", [i, j]), "statement": statement} if {
	some type in ["AWS::IAM::Role", "AWS::IAM::Group", "AWS::IAM::User"]
	some name in resources_of_type(type)
	some i, policy in list(at(name, ["Policies"]))
	some j, statement in list(within(policy, ["PolicyDocument", "Statement"]))
	statement.Effect == "Allow"
}

grants contains {"name": name, "path": sprintf("Properties.PolicyDocument.Statement.%d", [j]), "statement": statement} if {
	some type in ["AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy", "AWS::IAM::GroupPolicy", "AWS::IAM::UserPolicy"]
	some name in resources_of_type(type)
	some j, statement in list(at(name, ["PolicyDocument", "Statement"]))
	statement.Effect == "Allow"
}

trusts contains {"name": name, "path": sprintf("Properties.AssumeRolePolicyDocument.Statement.%d", [j]), "statement": statement} if {
	some name in resources_of_type("AWS::IAM::Role")
	some j, statement in list(at(name, ["AssumeRolePolicyDocument", "Statement"]))
	statement.Effect == "Allow"
}

# --- buckets --------------------------------------------------------------

# A bucket that only receives logs; every other one holds what must not be lost.
log_buckets contains bucket if {
	some source in resources_of_type("AWS::S3::Bucket")
	bucket := refers_to(at(source, ["LoggingConfiguration", "DestinationBucketName"]))
	bucket != source
}

log_buckets contains bucket if {
	some balancer in resources_of_type("AWS::ElasticLoadBalancingV2::LoadBalancer")
	some attribute in list(at(balancer, ["LoadBalancerAttributes"]))
	attribute.Key in ["access_logs.s3.bucket", "connection_logs.s3.bucket", "health_check_logs.s3.bucket"]
	bucket := refers_to(attribute.Value)
}

log_buckets contains bucket if {
	some distribution in resources_of_type("AWS::CloudFront::Distribution")
	bucket := refers_to(at(distribution, ["DistributionConfig", "Logging", "Bucket"]))
}

log_buckets contains bucket if {
	some destination in resources_of_type("AWS::Logs::DeliveryDestination")
	bucket := refers_to(at(destination, ["DestinationResourceArn"]))
}

keeping_buckets contains bucket if {
	some bucket in resources_of_type("AWS::S3::Bucket")
	not bucket in served_only_logs
}

# Receiving logs excuses nothing that is served as a site.
served_only_logs := log_buckets - site_buckets

site_buckets contains bucket if {
	some distribution in resources_of_type("AWS::CloudFront::Distribution")
	some origin in list(at(distribution, ["DistributionConfig", "Origins"]))
	bucket := refers_to(origin.DomainName)
	input.resources[bucket].resourceType == "AWS::S3::Bucket"
}
