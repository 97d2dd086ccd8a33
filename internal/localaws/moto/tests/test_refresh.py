"""Rolling a fleet."""

from botocore.exceptions import ClientError

from tests.local import StackCase, att, client, eventually, ref, resource


class RefreshTest(StackCase):
    def template(self, kind="t3.micro", policy=None):
        return {
            "V": resource("EC2::VPC", CidrBlock="10.6.0.0/16"),
            "S": resource("EC2::Subnet", VpcId=ref("V"), CidrBlock="10.6.0.0/24"),
            "R": resource("IAM::Role", AssumeRolePolicyDocument={"Version": "2012-10-17", "Statement": []}),
            "P": resource("IAM::InstanceProfile", Roles=[ref("R")]),
            "L": resource("EC2::LaunchTemplate", LaunchTemplateData={
                "ImageId": "ami-1", "InstanceType": kind, "IamInstanceProfile": {"Arn": att("P", "Arn")}}),
            "A": resource("CloudWatch::Alarm", AlarmName=f"{self.stack}-alarm", MetricName="m", Namespace="n", Period=60,
                          Statistic="Sum", EvaluationPeriods=1, Threshold=1, ComparisonOperator="LessThanThreshold"),
            "G": resource(
                "AutoScaling::AutoScalingGroup", AutoScalingGroupName=self.stack, MinSize="2", MaxSize="4",
                VPCZoneIdentifier=[ref("S")], LaunchTemplate={"LaunchTemplateId": ref("L"), "Version": att("L", "LatestVersionNumber")},
            ) | ({"UpdatePolicy": {"AutoScalingInstanceRefresh": policy}} if policy else {}),
        }

    def instances(self):
        group = client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[self.stack])["AutoScalingGroups"][0]
        return {i["InstanceId"]: i["LaunchTemplate"]["Version"] for i in group["Instances"]}

    def ended(self, identity):
        refresh = eventually(lambda: client("autoscaling").describe_instance_refreshes(
            AutoScalingGroupName=self.stack, InstanceRefreshIds=[identity])["InstanceRefreshes"][0], lambda r: "EndTime" in r)
        self.assertIn("EndTime", refresh)
        return refresh

    def start(self, **preferences):
        return client("autoscaling").start_instance_refresh(
            AutoScalingGroupName=self.stack, Preferences=preferences)["InstanceRefreshId"]

    def test_every_instance_is_replaced(self):
        self.made(self.template())
        before = self.instances()
        refresh = self.ended(self.start(MinHealthyPercentage=100))
        self.assertEqual(("Successful", 100, 0), (refresh["Status"], refresh["PercentageComplete"], refresh["InstancesToUpdate"]))
        self.assertEqual(100, refresh["Preferences"]["MinHealthyPercentage"])
        after = self.instances()
        self.assertEqual(2, len(after))
        self.assertFalse(set(before) & set(after))

    def test_matching_instances_are_skipped_when_asked(self):
        self.made(self.template())
        before = self.instances()
        self.assertEqual("Successful", self.ended(self.start(SkipMatching=True))["Status"])
        self.assertEqual(before, self.instances())

    def test_one_at_a_time_and_it_can_be_cancelled(self):
        self.made(self.template())
        identity = self.start()
        with self.assertRaisesRegex(ClientError, "InstanceRefreshInProgress"):
            self.start()
        client("autoscaling").cancel_instance_refresh(AutoScalingGroupName=self.stack)
        self.assertEqual("Cancelled", self.ended(identity)["Status"])
        with self.assertRaisesRegex(ClientError, "ActiveInstanceRefreshNotFound"):
            client("autoscaling").cancel_instance_refresh(AutoScalingGroupName=self.stack)

    def test_an_alarm_stops_it(self):
        self.made(self.template())
        alarm = f"{self.stack}-alarm"
        client("cloudwatch").set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="test")
        refresh = self.ended(self.start(AlarmSpecification={"Alarms": [alarm]}))
        self.assertEqual("Failed", refresh["Status"])
        self.assertRegex(refresh["StatusReason"], alarm)

    def test_a_changed_launch_template_rolls_the_fleet_where_the_update_policy_says_so(self):
        policy = {"Strategy": "Rolling", "Preferences": {"SkipMatching": True, "AlarmSpecification": {"Alarms": [ref("A")]}}}
        self.made(self.template(policy=policy))
        before = self.instances()
        self.made(self.template("t3.small", policy))
        after = self.instances()
        self.assertEqual({"2"}, set(after.values()))
        self.assertFalse(set(before) & set(after))
        client("cloudwatch").set_alarm_state(AlarmName=f"{self.stack}-alarm", StateValue="ALARM", StateReason="test")
        self.assertEqual("UPDATE_ROLLBACK_COMPLETE", self.deploy(self.template("t3.medium", policy)))
        self.assertEqual(after, self.instances(), "the alarm stopped it before anything was replaced")
        self.assertRegex(self.failures()[-1], "G: instance refresh .*: Failed: The CloudWatch alarm")

    def test_running_instances_with_a_profile_answer_to_session_manager(self):
        self.made(self.template())
        instance = next(iter(self.instances()))
        told = eventually(lambda: client("ssm").describe_instance_information(
            Filters=[{"Key": "InstanceIds", "Values": [instance]}])["InstanceInformationList"])
        self.assertEqual([(instance, "Online", "Linux")], [(i["InstanceId"], i["PingStatus"], i["PlatformType"]) for i in told])
        named = eventually(lambda: client("ssm").describe_instance_information(
            Filters=[{"Key": "tag:aws:autoscaling:groupName", "Values": [self.stack]}])["InstanceInformationList"],
            lambda found: len(found) == 2)
        self.assertEqual(2, len(named))
