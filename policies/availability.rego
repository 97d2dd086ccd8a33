# Runbook PROD 10.2: redundancy and health checks.
package d2

import rego.v1

rules["D2-PROD-10.2-multi-az"] := {
	"stage": "prod",
	"what": "The database has a standby in a second zone",
	"why": "It fails over by itself when a zone is lost",
	"fix": "Set MultiAZ to true"
}

violation contains v if {
	some name in resources_of_type("AWS::RDS::DBInstance")
	not is_yes(at(name, ["MultiAZ"]))
	v := finding("D2-PROD-10.2-multi-az", name, "Properties.MultiAZ")
}

rules["D2-PROD-10.2-fleet-zones"] := {
	"stage": "prod",
	"what": "Every Auto Scaling group spans two zones",
	"why": "With one subnet the service is lost with its zone",
	"fix": "Give VPCZoneIdentifier a subnet of each zone"
}

violation contains v if {
	some name in fleets
	not spans_zones(list(at(name, ["VPCZoneIdentifier"])))
	v := finding("D2-PROD-10.2-fleet-zones", name, "Properties.VPCZoneIdentifier")
}

fleets contains name if some name in resources_of_type("AWS::AutoScaling::AutoScalingGroup")

# A zone may be a token, but two subnets of one token are one zone.
spans_zones(subnets) if {
	zones := {zone |
		some subnet in subnets
		zone := at(refers_to(subnet), ["AvailabilityZone"])
		not absent(zone)
	}
	count(zones) >= 2
}

rules["D2-PROD-10.2-behind-alb"] := {
	"stage": "prod",
	"what": "Every Auto Scaling group registers with a target group",
	"why": "Otherwise its instances get no requests and ELB says nothing of their health",
	"fix": "Attach the group to the service's target group"
}

violation contains v if {
	some name in fleets
	absent(at(name, ["TargetGroupARNs"]))
	v := finding("D2-PROD-10.2-behind-alb", name, "Properties.TargetGroupARNs")
}

rules["D2-PROD-10.2-health-check"] := {
	"stage": "prod",
	"what": "Every Auto Scaling group asks the load balancer whether an instance is well",
	"why": "EC2 alone calls an instance healthy whose service is dead, and a refresh would go on",
	"fix": "Set HealthCheckType to ELB"
}

violation contains v if {
	some name in fleets
	not "ELB" in split(text(at(name, ["HealthCheckType"])), ",")
	v := finding("D2-PROD-10.2-health-check", name, "Properties.HealthCheckType")
}

rules["D2-PROD-10.2-grace"] := {
	"stage": "prod",
	"what": "A new instance has at least 300 seconds to boot",
	"why": "A shorter grace kills hosts before they serve",
	"fix": "Set HealthCheckGracePeriod above the measured boot time, 300 or more"
}

violation contains v if {
	some name in fleets
	not at_least(at(name, ["HealthCheckGracePeriod"]), 300)
	v := finding("D2-PROD-10.2-grace", name, "Properties.HealthCheckGracePeriod")
}

rules["D2-PROD-10.2-target-health"] := {
	"stage": "both",
	"what": "Every target group asks a path of the service's own",
	"why": "The default, /, is not what says that the service can serve",
	"fix": "Set HealthCheckPath, for example /health, and leave HealthCheckEnabled on"
}

violation contains v if {
	some name in resources_of_type("AWS::ElasticLoadBalancingV2::TargetGroup")
	not asks_service(name)
	v := finding("D2-PROD-10.2-target-health", name, "Properties.HealthCheckPath")
}

asks_service(name) if {
	path := at(name, ["HealthCheckPath"])
	startswith(path, "/")
	path != "/"
	not is_no(at(name, ["HealthCheckEnabled"]))
}

rules["D2-PROD-10.2-target-alarm"] := {
	"stage": "prod",
	"what": "An alarm watches the health of the targets",
	"why": "Somebody must learn that no instance serves before users say so",
	"fix": "Alarm on UnHealthyHostCount or HealthyHostCount of AWS/ApplicationELB"
}

violation contains v if {
	is_main
	count({name |
		some name in resources_of_type("AWS::CloudWatch::Alarm")
		regex.match(`"(UnHealthyHostCount|HealthyHostCount)"`, resource_text[name])
	}) == 0
	v := finding("D2-PROD-10.2-target-alarm", "", "")
}

rules["D2-PROD-10.2-alarm-actions"] := {
	"stage": "both",
	"what": "Every alarm tells somebody",
	"why": "An alarm without an action is a picture on a wall",
	"fix": "Give AlarmActions the alarm topic and leave ActionsEnabled on"
}

violation contains v if {
	some type in ["AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"]
	some name in resources_of_type(type)
	not tells_somebody(name)
	v := finding("D2-PROD-10.2-alarm-actions", name, "Properties.AlarmActions")
}

tells_somebody(name) if {
	not absent(at(name, ["AlarmActions"]))
	not is_no(at(name, ["ActionsEnabled"]))
}

rules["D2-PROD-10.2-alarm-delivery"] := {
	"stage": "both",
	"what": "CloudWatch may use the key of the topic that alarms go to",
	"why": "Otherwise the alarm fires and its message is never published",
	"fix": "Use a customer key whose policy allows cloudwatch.amazonaws.com kms:Decrypt and kms:GenerateDataKey*"
}

violation contains v if {
	some alarm in resources_of_type("AWS::CloudWatch::Alarm")
	some action in list(at(alarm, ["AlarmActions"]))
	topic := refers_to(action)
	input.resources[topic].resourceType == "AWS::SNS::Topic"
	not cloudwatch_publishes(at(topic, ["KmsMasterKeyId"]))
	v := finding("D2-PROD-10.2-alarm-delivery", topic, "Properties.KmsMasterKeyId")
}

cloudwatch_publishes(key) if absent(key)

# A key from elsewhere cannot be looked into.
cloudwatch_publishes(key) if {
	is_token(key)
	not refers_to(key)
}

cloudwatch_publishes(key) if {
	some statement in list(at(key_of(refers_to(key)), ["KeyPolicy", "Statement"]))
	statement.Effect == "Allow"
	some service in list(within(statement.Principal, ["Service"]))
	service == "cloudwatch.amazonaws.com"
	allows(statement, `^kms:(\*|GenerateDataKey.*)$`)
	allows(statement, `^kms:(\*|Decrypt.*)$`)
}

key_of(name) := name if input.resources[name].resourceType == "AWS::KMS::Key"

key_of(name) := refers_to(at(name, ["TargetKeyId"])) if input.resources[name].resourceType == "AWS::KMS::Alias"

allows(statement, pattern) if {
	some action in list(statement.Action)
	regex.match(pattern, action)
}

rules["D2-PROD-10.2-cloudfront"] := {
	"stage": "both",
	"what": "Static sites are served by CloudFront alone",
	"why": "A bucket that serves a site itself has one Region and no TLS",
	"fix": "Remove WebsiteConfiguration and give every S3 origin an OriginAccessControlId"
}

violation contains v if {
	some name in resources_of_type("AWS::S3::Bucket")
	not absent(at(name, ["WebsiteConfiguration"]))
	v := finding("D2-PROD-10.2-cloudfront", name, "Properties.WebsiteConfiguration")
}

violation contains v if {
	some name in resources_of_type("AWS::CloudFront::Distribution")
	some i, origin in list(at(name, ["DistributionConfig", "Origins"]))
	input.resources[refers_to(origin.DomainName)].resourceType == "AWS::S3::Bucket"
	absent(within(origin, ["OriginAccessControlId"]))
	v := finding("D2-PROD-10.2-cloudfront", name, sprintf("Properties.DistributionConfig.Origins.%d.OriginAccessControlId", [i]))
}
