package policies_test

func schedule(target object) edit {
	return resource("Nightly", "AWS::Scheduler::Schedule", object{
		"ScheduleExpression": "cron(0 20 * * ? *)", "FlexibleTimeWindow": object{"Mode": "OFF"}, "Target": target,
	})
}

var stabilityBreaches = []breach{
	{rule: "D2-PROD-11.2-zones", kind: wrong, how: "all subnets in one zone",
		edits: []edit{
			set("VpcpublicSubnetB/Properties/AvailabilityZone", "ap-southeast-1a"),
			set("VpcappSubnetB/Properties/AvailabilityZone", "ap-southeast-1a"),
			set("VpcdbSubnetB/Properties/AvailabilityZone", "ap-southeast-1a"),
		}, at: whole, with: []string{"D2-PROD-10.2-fleet-zones"}, alone: true},
	{rule: "D2-PROD-11.2-zones", kind: missing, how: "no VPC of its own",
		edits: []edit{remove("Vpc")}, at: whole, with: []string{"D2-PROD-11.1-addresses"}, alone: true},

	{rule: "D2-PROD-11.2-host-routing", kind: wrong, how: "by path",
		edits: []edit{set("AlbHttpsApiRule/Properties/Conditions/0", object{"Field": "path-pattern", "PathPatternConfig": object{"Values": list{"/*"}}})}},
	{rule: "D2-PROD-11.2-host-routing", kind: wrong, how: "every other name reaches the service",
		edits: []edit{set("AlbHttps/Properties/DefaultActions/0", object{"Type": "forward", "TargetGroupArn": ref("Tg")})}},
	{rule: "D2-PROD-11.2-host-routing", kind: missing, how: "no rule",
		edits: []edit{remove("AlbHttpsApiRule")}, at: whole},
	{rule: "D2-PROD-11.2-host-routing", kind: missing, how: "no load balancer",
		edits: []edit{remove("Alb")}, at: whole, with: []string{"D2-PROD-10.1-open-ingress"}, alone: true}, // its group is then nobody's

	{rule: "D2-PROD-11.2-no-stop", kind: forbidden, how: "a schedule that stops the database",
		edits: []edit{schedule(object{"Arn": "arn:aws:scheduler:::aws-sdk:rds:stopDBInstance", "RoleArn": attribute("AppRole", "Arn")})}},
	{rule: "D2-PROD-11.2-no-stop", kind: forbidden, how: "a schedule that stops hosts, with the partition open",
		edits: []edit{schedule(object{"Arn": object{"Fn::Join": list{"", list{"arn:", ref("Key"), ":scheduler:::aws-sdk:ec2:stopInstances"}}}, "RoleArn": attribute("AppRole", "Arn")})}},
	{rule: "D2-PROD-11.2-no-stop", kind: forbidden, how: "a rule that runs AWS-StopRdsInstance",
		edits: []edit{resource("StopRule", "AWS::Events::Rule", object{"ScheduleExpression": "rate(1 day)", "Targets": list{object{"Id": "stop", "Arn": "arn:aws:ssm:ap-southeast-1::automation-definition/AWS-StopRdsInstance"}}})}},
	{rule: "D2-PROD-11.2-no-stop", kind: forbidden, how: "the fleet at none by night",
		edits: []edit{resource("Night", "AWS::AutoScaling::ScheduledAction", object{"AutoScalingGroupName": ref("AsgASG"), "MinSize": 0, "Recurrence": "0 20 * * *"})}},
	{rule: "D2-PROD-11.2-no-stop", kind: forbidden, how: "a role that may stop the database",
		edits: []edit{set(appPolicy+"/Action", list{"rds:DescribeDBInstances", "rds:StopDBInstance"})}},
}
