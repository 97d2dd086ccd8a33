# Runbook PROD 11.2: what production must have and must not do.
package d2

import rego.v1

rules["D2-PROD-11.2-zones"] := {
	"stage": "prod",
	"what": "PROD has a VPC with subnets in two zones",
	"why": "Nothing in one zone survives it",
	"fix": "Give network.zones two entries"
}

violation contains v if {
	is_main
	not spans_zones([{"__ref": subnet} | some subnet in resources_of_type("AWS::EC2::Subnet"); input.resources[refers_to(at(subnet, ["VpcId"]))].resourceType == "AWS::EC2::VPC"])
	v := finding("D2-PROD-11.2-zones", "", "")
}

rules["D2-PROD-11.2-host-routing"] := {
	"stage": "prod",
	"what": "PROD has a load balancer whose HTTPS listener forwards by host name only",
	"why": "A request for any other name, or for the bare address, must reach no service",
	"fix": "Make the listener's default action a fixed 404 and each service a rule with a host-header condition"
}

violation contains v if {
	is_main
	count({name |
		some name in resources_of_type("AWS::ElasticLoadBalancingV2::Listener")
		at(name, ["Protocol"]) == "HTTPS"
		input.resources[refers_to(at(name, ["LoadBalancerArn"]))].resourceType == "AWS::ElasticLoadBalancingV2::LoadBalancer"
		count(forwards(name)) > 0
	}) == 0
	v := finding("D2-PROD-11.2-host-routing", "", "")
}

violation contains v if {
	some name in resources_of_type("AWS::ElasticLoadBalancingV2::Listener")
	at(name, ["Protocol"]) == "HTTPS"
	some action in list(at(name, ["DefaultActions"]))
	within(action, ["Type"]) == "forward"
	v := finding("D2-PROD-11.2-host-routing", name, "Properties.DefaultActions")
}

violation contains v if {
	some listener in resources_of_type("AWS::ElasticLoadBalancingV2::Listener")
	some name in forwards(listener)
	not routed_by_host(name)
	v := finding("D2-PROD-11.2-host-routing", name, "Properties.Conditions")
}

forwards(listener) := {name |
	some name in resources_of_type("AWS::ElasticLoadBalancingV2::ListenerRule")
	refers_to(at(name, ["ListenerArn"])) == listener
	some action in list(at(name, ["Actions"]))
	within(action, ["Type"]) == "forward"
}

routed_by_host(name) if {
	some condition in list(at(name, ["Conditions"]))
	within(condition, ["Field"]) == "host-header"
}

rules["D2-PROD-11.2-no-stop"] := {
	"stage": "prod",
	"what": "Nothing in PROD stops, or may stop, a database or a host on a schedule",
	"why": "Stopping RDS breaks what high availability promises",
	"fix": "Keep working hours for DEV"
}

violation contains v if {
	some type in ["AWS::Scheduler::Schedule", "AWS::Events::Rule", "AWS::SSM::MaintenanceWindowTask"]
	some name in resources_of_type(type)
	regex.match(`(?i)(rds|ec2|aws-sdk|ssm|autoscaling)[^"]*(stop|terminate|suspend)|AWS-Stop`, resource_text[name])
	v := finding("D2-PROD-11.2-no-stop", name, "Properties")
}

violation contains v if {
	some name in resources_of_type("AWS::AutoScaling::ScheduledAction")
	some key in ["MinSize", "MaxSize", "DesiredCapacity"]
	equals_number(at(name, [key]), 0)
	v := finding("D2-PROD-11.2-no-stop", name, sprintf("Properties.%s", [key]))
}

violation contains v if {
	some grant in grants
	some action in list(within(grant.statement, ["Action"]))
	regex.match(`(?i)^rds:(\*|stop)`, action)
	v := finding("D2-PROD-11.2-no-stop", grant.name, grant.path)
}
