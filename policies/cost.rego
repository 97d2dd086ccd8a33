# Runbook PROD 10.4: right-sizing and cost monitoring.
package d2

import rego.v1

required_tags := ["Domain", "Environment", "ManagedBy", "Name", "Project", "Service"]

# Types that CDK tags by itself; those without tags in CloudFormation are left out.
tagged_types := [
	"AWS::AutoScaling::AutoScalingGroup",
	"AWS::CertificateManager::Certificate",
	"AWS::CloudFront::Distribution",
	"AWS::CloudWatch::Alarm",
	"AWS::Cognito::UserPool",
	"AWS::EC2::EIP",
	"AWS::EC2::FlowLog",
	"AWS::EC2::Instance",
	"AWS::EC2::InternetGateway",
	"AWS::EC2::NatGateway",
	"AWS::EC2::RouteTable",
	"AWS::EC2::SecurityGroup",
	"AWS::EC2::Subnet",
	"AWS::EC2::VPC",
	"AWS::EC2::VPCEndpoint",
	"AWS::ElasticLoadBalancingV2::LoadBalancer",
	"AWS::ElasticLoadBalancingV2::TargetGroup",
	"AWS::IAM::OIDCProvider",
	"AWS::IAM::Role",
	"AWS::KMS::Key",
	"AWS::Logs::LogGroup",
	"AWS::RDS::DBInstance",
	"AWS::RDS::DBParameterGroup",
	"AWS::RDS::DBSubnetGroup",
	"AWS::S3::Bucket",
	"AWS::SNS::Topic",
	"AWS::SSM::Document",
	"AWS::SSM::Parameter",
	"AWS::SecretsManager::Secret",
	"AWS::WAFv2::WebACL",
]

rules["D2-PROD-10.4-tags"] := {
	"stage": "both",
	"what": "Everything taggable, instances and their volumes among it, has the tags Domain, Environment, ManagedBy, Name, Project and Service",
	"why": "Cost is read by tag, and runbook commands find hosts by tag",
	"fix": "Tag the stack with the common tags and each part with its Service and Name"
}

violation contains v if {
	some type in tagged_types
	some name in resources_of_type(type)
	not fully_tagged(object.get(tags_by_name, name, []), required_of(name))
	v := finding("D2-PROD-10.4-tags", name, "Properties.Tags")
}

# Whose hosts carry their tags themselves launches from a template without any.
violation contains v if {
	some name in fleet_templates
	some kind in ["instance", "volume"]
	not fully_tagged(launch_tags(name, kind), required_tags)
	v := finding("D2-PROD-10.4-tags", name, "Properties.LaunchTemplateData.TagSpecifications")
}

tags_by_name[name] := tags if {
	some name, _ in input.resources
	tags := tags_of(name)
}

# A changed tag has CloudFormation write a parameter again, and so undo a release:
# a version parameter goes without Domain, which may change.
required_of(name) := required_tags if not is_version_parameter(name)

required_of(name) := lasting_tags if is_version_parameter(name)

lasting_tags := [key | some key in required_tags; key != "Domain"]

is_version_parameter(name) if {
	input.resources[name].resourceType == "AWS::SSM::Parameter"
	endswith(at(name, ["Name"]), "/version")
}

fully_tagged(tags, required) if {
	every key in required {
		some value in tag_values(tags, key)
		not absent(value)
	}
}

rules["D2-PROD-10.4-budget"] := {
	"stage": "prod",
	"what": "The edge stack has a monthly budget that tells somebody",
	"why": "A bill is the last to say that something runs away",
	"fix": "Make an AWS::Budgets::Budget with a BudgetLimit and NotificationsWithSubscribers (a topic, when no e-mail is configured)"
}

violation contains v if {
	is_edge
	count({name | some name in resources_of_type("AWS::Budgets::Budget"); watched_budget(name)}) == 0
	v := finding("D2-PROD-10.4-budget", "", "")
}

watched_budget(name) if {
	at_least(at(name, ["Budget", "BudgetLimit", "Amount"]), 1)
	at(name, ["Budget", "TimeUnit"]) == "MONTHLY"
	some notification in list(at(name, ["NotificationsWithSubscribers"]))
	not absent(within(notification, ["Subscribers"]))
}

rules["D2-PROD-10.4-log-retention"] := {
	"stage": "both",
	"what": "Every log group says how long it keeps",
	"why": "Logs that never expire are paid for ever",
	"fix": "Set RetentionInDays"
}

violation contains v if {
	some name in resources_of_type("AWS::Logs::LogGroup")
	not at_least(at(name, ["RetentionInDays"]), 1)
	v := finding("D2-PROD-10.4-log-retention", name, "Properties.RetentionInDays")
}

rules["D2-PROD-10.4-desired-capacity"] := {
	"stage": "prod",
	"what": "The template does not say how many instances run now",
	"why": "Each deploy would undo what scaling, or runbook PROD 4.2, decided",
	"fix": "Leave DesiredCapacity out; MinSize and MaxSize are the limits"
}

violation contains v if {
	some name in fleets
	not absent(at(name, ["DesiredCapacity"]))
	v := finding("D2-PROD-10.4-desired-capacity", name, "Properties.DesiredCapacity")
}

rules["D2-PROD-10.4-scaling"] := {
	"stage": "prod",
	"what": "Every Auto Scaling group scales on load and has room to",
	"why": "Capacity that does not follow the load is either too dear or too little",
	"fix": "Add a scaling policy and keep MaxSize above MinSize"
}

violation contains v if {
	some name in fleets
	not scales(name)
	v := finding("D2-PROD-10.4-scaling", name, "")
}

scales(fleet) if {
	some policy in resources_of_type("AWS::AutoScaling::ScalingPolicy")
	refers_to(at(policy, ["AutoScalingGroupName"])) == fleet
	coerce_to_number(at(fleet, ["MaxSize"])) > coerce_to_number(at(fleet, ["MinSize"]))
}
