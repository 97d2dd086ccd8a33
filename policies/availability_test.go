package policies_test

var availabilityBreaches = []breach{
	{rule: "D2-PROD-10.2-multi-az", kind: wrong, how: "one zone",
		edits: []edit{set("Db/Properties/MultiAZ", false)}},
	{rule: "D2-PROD-10.2-multi-az", kind: missing, how: "nothing said",
		edits: []edit{remove("Db/Properties/MultiAZ")}},

	{rule: "D2-PROD-10.2-fleet-zones", kind: wrong, how: "one subnet",
		edits: []edit{set("AsgASG/Properties/VPCZoneIdentifier", list{ref("VpcappSubnetA")})}},
	{rule: "D2-PROD-10.2-fleet-zones", kind: wrong, how: "two subnets of one zone",
		edits: []edit{set("AsgASG/Properties/VPCZoneIdentifier", list{ref("VpcappSubnetA"), ref("VpcdbSubnetA")})}},
	{rule: "D2-PROD-10.2-fleet-zones", kind: missing, how: "no subnets",
		edits: []edit{remove("AsgASG/Properties/VPCZoneIdentifier")}},

	{rule: "D2-PROD-10.2-behind-alb", kind: wrong, how: "an empty list of target groups",
		edits: []edit{set("AsgASG/Properties/TargetGroupARNs", list{})}},
	{rule: "D2-PROD-10.2-behind-alb", kind: missing, how: "no target group",
		edits: []edit{remove("AsgASG/Properties/TargetGroupARNs")}},

	{rule: "D2-PROD-10.2-health-check", kind: wrong, how: "EC2 alone, as the original had it",
		edits: []edit{set("AsgASG/Properties/HealthCheckType", "EC2")}},
	{rule: "D2-PROD-10.2-health-check", kind: missing, how: "nothing said is EC2",
		edits: []edit{remove("AsgASG/Properties/HealthCheckType")}},

	{rule: "D2-PROD-10.2-grace", kind: wrong, how: "120 seconds, as a text",
		edits: []edit{set("AsgASG/Properties/HealthCheckGracePeriod", "120")}},
	{rule: "D2-PROD-10.2-grace", kind: missing, how: "no grace",
		edits: []edit{remove("AsgASG/Properties/HealthCheckGracePeriod")}},

	{rule: "D2-PROD-10.2-target-health", kind: wrong, how: "the root page",
		edits: []edit{set("Tg/Properties/HealthCheckPath", "/")}},
	{rule: "D2-PROD-10.2-target-health", kind: wrong, how: "switched off",
		edits: []edit{set("Tg/Properties/HealthCheckEnabled", false)}},
	{rule: "D2-PROD-10.2-target-health", kind: missing, how: "no path, in DEV", in: "dev",
		edits: []edit{remove("Tg/Properties/HealthCheckPath")}},

	{rule: "D2-PROD-10.2-target-alarm", kind: wrong, how: "the alarm watches something else",
		edits: []edit{set("Unhealthy/Properties/MetricName", "RequestCount")}, at: whole},
	{rule: "D2-PROD-10.2-target-alarm", kind: missing, how: "no alarm",
		edits: []edit{remove("Unhealthy")}, at: whole},

	{rule: "D2-PROD-10.2-alarm-actions", kind: wrong, how: "actions switched off",
		edits: []edit{set("Unhealthy/Properties/ActionsEnabled", false)}},
	{rule: "D2-PROD-10.2-alarm-actions", kind: missing, how: "no action, in DEV", in: "dev",
		edits: []edit{remove("Unhealthy/Properties/AlarmActions")}},

	{rule: "D2-PROD-10.2-alarm-delivery", kind: wrong, how: "AWS's own key, whose policy nobody can change",
		edits: []edit{set("Alarms/Properties/KmsMasterKeyId", "alias/aws/sns")}},
	{rule: "D2-PROD-10.2-alarm-delivery", kind: missing, how: "a key that does not know CloudWatch, as the original's",
		edits: []edit{remove("Key/Properties/KeyPolicy/Statement/1/Principal")}, at: "Alarms"},
	{rule: "D2-PROD-10.2-alarm-delivery", kind: wrong, how: "CloudWatch may only decrypt, in DEV", in: "dev",
		edits: []edit{set("Key/Properties/KeyPolicy/Statement/1/Action", "kms:Decrypt")}, at: "Alarms", alone: true}, // an alarm must go there

	{rule: "D2-PROD-10.2-cloudfront", kind: wrong, how: "the bucket serves the site itself",
		edits: []edit{set("Site/Properties/WebsiteConfiguration", object{"IndexDocument": "index.html"})}},
	{rule: "D2-PROD-10.2-cloudfront", kind: missing, how: "an origin without access control, in DEV", in: "dev",
		edits: []edit{remove(distribution + "/Origins/0/OriginAccessControlId")}},
}
