"""Hosts that boot, what load balancer and group make of them, and how a fleet is rolled."""

import json
import time

from botocore.exceptions import ClientError

from d2moto import hosts
from d2moto.corrections import fleet_health
from tests.fleet import FleetCase, tags
from tests.local import boots_in, client, eventually, parameter, ref, resource


class BootTest(FleetCase):
    def test_an_unreleased_service_has_a_placeholder_that_is_healthy(self):
        self.settled()
        self.assertEqual({"unreleased"}, self.running())

    def test_a_host_that_boots_is_initial_and_its_agent_is_not_there_yet(self):
        self.settled()
        before = self.instances()
        with boots_in(3):
            self.asg.set_desired_capacity(AutoScalingGroupName=self.stack, DesiredCapacity=3)
            self.assertIn(("Elb.RegistrationInProgress", "Target registration is in progress"), self.reasons())
            checking = ("Elb.InitialHealthChecking", "Initial health checks in progress")
            self.assertIn(checking, eventually(self.reasons, lambda seen: checking in seen))
            self.assertEqual(before, self.online())
            with self.assertRaisesRegex(ClientError, "InvalidInstanceId.*not in a valid state for account 111122223333"):
                self.send("true", instance=(self.instances() - before).pop())
        self.settled()

    def test_a_new_instance_runs_what_the_version_parameter_names(self):
        self.settled()
        self.publish("v1")
        self.want("v1")
        self.assertEqual({"unreleased"}, self.running(), "writing the parameter alone changes nothing that runs")
        self.asg.set_desired_capacity(AutoScalingGroupName=self.stack, DesiredCapacity=3)
        self.settled()
        self.assertEqual({"unreleased", "v1"}, self.running())

    def test_a_first_boot_without_its_artifact_runs_nothing_and_is_unhealthy(self):
        self.settled()
        self.want("v9")
        before = self.instances()
        self.asg.set_desired_capacity(AutoScalingGroupName=self.stack, DesiredCapacity=3)
        new = (self.instances() - before).pop()
        self.assertIn("unhealthy", eventually(self.states, lambda seen: "unhealthy" in seen))
        self.assertIn(("Target.FailedHealthChecks", "Health checks failed"), self.reasons())
        log = self.ran("cat /var/log/cloud-init-output.log", instance=new)["StandardOutputContent"]
        self.assertRegex(log, r"d2-release: app: FAILED: app-v9.tar.gz is not in the bucket .*; nothing runs")
        status = json.loads(self.ran("d2-release status app", instance=new)["StandardOutputContent"])
        self.assertEqual({"service": "app", "running": "", "healthy": False, "previous": ""}, status)

    def test_the_group_calls_it_unhealthy_when_the_grace_period_is_over(self):
        self.settled()
        self.want("v9")
        before, began = self.instances(), time.monotonic()
        self.asg.set_desired_capacity(AutoScalingGroupName=self.stack, DesiredCapacity=3)
        new = (self.instances() - before).pop()

        def health():
            return next(i["HealthStatus"] for i in self.group()["Instances"] if i["InstanceId"] == new)
        self.assertEqual("Unhealthy", eventually(health, lambda seen: seen == "Unhealthy"))
        self.assertGreater(time.monotonic() - began, fleet_health.GRACE_BOOTS * hosts.BOOT_SECONDS)
        self.assertEqual(2, [i["HealthStatus"] for i in self.group()["Instances"]].count("Healthy"))

    def test_the_reasons_are_the_load_balancers_own(self):
        self.settled()
        for fault, reason in (
            ("never", ("Target.ResponseCodeMismatch", "Health checks failed with these codes: [503]")),
            ("timeout", ("Target.Timeout", "Request timed out")), ("crash", ("Target.FailedHealthChecks", "Health checks failed")),
        ):
            with self.subTest(fault):
                self.publish(fault, fault=fault)
                self.want(fault)
                before = self.instances()
                self.asg.set_desired_capacity(AutoScalingGroupName=self.stack, DesiredCapacity=3)
                self.assertIn(reason, eventually(self.reasons, lambda seen: reason in seen))
                # The oldest goes first, so the bad one is taken out by its id.
                (new,) = self.instances() - before
                self.asg.terminate_instance_in_auto_scaling_group(InstanceId=new, ShouldDecrementDesiredCapacity=True)

    def test_a_stopped_target_is_unused_and_boots_again_when_it_starts(self):
        self.settled()
        instance = min(self.instances())
        client("ec2").stop_instances(InstanceIds=[instance])
        self.assertIn(("Target.InvalidState", "Target is in the stopped state"), self.reasons())
        self.assertEqual("ConnectionLost", self.ssm.describe_instance_information(
            Filters=[{"Key": "InstanceIds", "Values": [instance]}])["InstanceInformationList"][0]["PingStatus"])
        with boots_in(1):
            client("ec2").start_instances(InstanceIds=[instance])
            self.assertIn("initial", self.states())
        self.settled()

    def test_a_group_without_a_listener_is_unused(self):
        self.settled()
        client("elbv2").delete_listener(ListenerArn=self.physical("HTTP"))
        self.assertEqual({
            ("Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"),
        }, self.reasons())

    def test_a_deregistered_target_drains_for_a_while(self):
        self.settled()
        instance = min(self.instances())
        with boots_in(0.5):
            self.elb.deregister_targets(TargetGroupArn=self.physical("TG"), Targets=[{"Id": instance}])
        self.assertEqual(["draining", "healthy"], self.states())
        self.assertIn(("Target.DeregistrationInProgress", "Target deregistration is in progress"), self.reasons())
        self.assertEqual(["healthy"], eventually(self.states, lambda seen: len(seen) == 1))

    def test_a_host_that_stands_alone_runs_every_service_of_its_environment(self):
        alike = {"ImageId": "ami-1", "SubnetId": ref("S"), "IamInstanceProfile": ref("P")}
        more = {
            "OtherVersion": parameter("unreleased", Name=f"/{self.project}/prod/web/version"),
            "OtherPort": parameter("3001", Name=f"/{self.project}/prod/web/env/PORT"),
            "I": resource("EC2::Instance", **alike, Tags=tags("app", self.project)),
            "Bastion": resource("EC2::Instance", **alike, Tags=tags("bastion", self.project)),
        }
        self.made({**self.template(), **more})
        alone, bastion = self.physical("I"), self.physical("Bastion")
        eventually(self.online, lambda seen: {alone, bastion} <= seen)

        def services(instance):
            lines = self.ran("d2-release status", instance=instance)["StandardOutputContent"].splitlines()
            return [json.loads(line)["service"] for line in lines]
        self.assertEqual(["app", "web"], services(alone))
        self.assertEqual([], services(bastion))
        self.assertEqual(["app"], services(""))


class InPlaceTest(FleetCase):
    size = 1

    def release(self):
        result = self.ran("d2-release app")
        return result["ResponseCode"], result["StandardOutputContent"].strip()

    def test_a_release_in_place_keeps_the_old_one_when_it_cannot(self):
        self.settled()
        self.assertEqual((0, "d2-release: app unreleased: the placeholder answers"), self.release())
        for version, arguments, code, runs, cause in (
            ("never", {"fault": "never"}, 7, "unreleased", "never is not healthy; its last error line: never; the placeholder answers again"),
            ("v1", {}, 0, "v1", "v1 is running"),
            ("broken", {"checksum": "0" * 64}, 5, "v1", "the checksum of app-broken.tar.gz is [0-9a-f]{64}, not 0{64}; v1 keeps running"),
            ("empty", {"members": {"index.js": ""}}, 4, "v1", "the artifact of empty has no ecosystem.config.js; v1 keeps running"),
            ("crash", {"fault": "crash"}, 7, "v1", "crash is not healthy; its last error line: crash; v1 runs again"),
            ("v2", {}, 0, "v2", "v2 is running"),
        ):
            with self.subTest(version):
                self.publish(version, **arguments)
                self.want(version)
                got, line = self.release()
                self.assertEqual(code, got, line)
                self.assertRegex(line, f"^d2-release: app{' ' if not code else ': FAILED: '}{cause}$")
                self.assertEqual({runs}, self.running())
                self.assertEqual(["healthy"], self.states())
        self.want("none")
        self.assertEqual(4, self.release()[0])
        self.want("not a version")
        self.assertEqual(3, self.release()[0])
        self.assertEqual(["healthy"], self.states())
        status = json.loads(self.ran("d2-release status app")["StandardOutputContent"])
        self.assertEqual({"service": "app", "running": "v2", "healthy": True, "previous": "v1"}, status)

    def test_a_restart_needs_a_release_and_its_variables(self):
        self.settled()
        self.assertEqual(2, self.ran("d2-release restart app")["ResponseCode"])
        self.publish("v1")
        self.want("v1")
        self.assertEqual(0, self.release()[0])
        self.assertIn("app v1 is running", self.ran("sudo d2-release restart app")["StandardOutputContent"])
        self.ssm.delete_parameter(Name=f"/{self.project}/prod/app/env/PORT")
        self.assertEqual(3, self.ran("d2-release restart app")["ResponseCode"])
        self.assertEqual(2, self.ran("d2-release other")["ResponseCode"])


class RollTest(FleetCase):
    size = 3

    def setUp(self):
        super().setUp()
        self.publish("v1")
        self.want("v1")
        self.settled()

    def test_a_bare_refresh_renews_every_instance_and_never_has_fewer_than_desired(self):
        before, looks = self.instances(), 0
        with boots_in(0.8):
            identity = self.refresh()
            with self.assertRaisesRegex(ClientError, "InstanceRefreshInProgress"):
                self.refresh()
            while "EndTime" not in (seen := self.seen(identity)):
                in_service = [i for i in self.group()["Instances"] if i["LifecycleState"] == "InService"]
                self.assertGreaterEqual(len(in_service), 3)
                self.assertGreaterEqual(self.states().count("healthy"), 3)
                self.assertEqual(3 - round(seen["PercentageComplete"] * 3 / 100), seen["InstancesToUpdate"])
                looks += 1
        self.assertGreater(looks, 1)
        self.assertEqual(("Successful", 100, 0), tuple(seen[k] for k in "Status PercentageComplete InstancesToUpdate".split()))
        self.assertEqual({"InstancesToUpdate": 0, "PercentageComplete": 100}, seen["ProgressDetails"]["LivePoolProgress"])
        told = seen["Preferences"]
        self.assertEqual((100, 200), (told["MinHealthyPercentage"], told["MaxHealthyPercentage"]))
        self.assertEqual(3, len(self.instances()))
        self.assertFalse(before & self.instances())
        self.settled()
        self.assertEqual({"v1"}, self.running())

    def test_a_release_that_never_gets_healthy_fails_and_the_old_instances_stay(self):
        before = self.instances()
        self.publish("v2", fault="never")
        self.want("v2")
        seen = self.ended(self.refresh())
        self.assertEqual("Failed", seen["Status"])
        self.assertRegex(seen["StatusReason"], "did not become healthy in time. For example: i-")
        self.assertEqual((0, 3), (seen["PercentageComplete"], seen["InstancesToUpdate"]))
        self.assertEqual(before, self.instances())
        self.settled()

    def test_what_is_replaced_stays_replaced_when_it_is_cancelled(self):
        before = self.instances()
        with boots_in(1):
            identity = self.refresh(MinHealthyPercentage=100, MaxHealthyPercentage=134)
            eventually(lambda: self.seen(identity), lambda r: r["PercentageComplete"] >= 33)
            self.asg.cancel_instance_refresh(AutoScalingGroupName=self.stack)
            seen = self.ended(identity)
        self.assertEqual(("Cancelled", "Cancelled due to user request."), (seen["Status"], seen["StatusReason"]))
        self.assertIn(len(before & self.instances()), (1, 2))
        self.assertEqual(3, len(self.instances()))

    def test_without_room_above_one_goes_before_one_comes(self):
        before, least = self.instances(), 3
        identity = self.refresh(MinHealthyPercentage=60, MaxHealthyPercentage=100)
        while "EndTime" not in (seen := self.seen(identity)):
            self.assertLessEqual(len(self.group()["Instances"]), 3)
            least = min(least, self.states().count("healthy"))
        self.assertEqual(("Successful", 2), (seen["Status"], least))
        self.assertFalse(before & self.instances())

    def test_a_rollback_by_aws_needs_a_configuration_to_roll_back_to(self):
        with self.assertRaisesRegex(ClientError, "ValidationError.*AutoRollback parameter cannot be set to true"):
            self.refresh(AutoRollback=True)

    def test_an_alarm_stops_it_on_its_way(self):
        before = self.instances()
        identity = self.refresh(AlarmSpecification={"Alarms": [f"{self.stack}-alarm"]})
        client("cloudwatch").set_alarm_state(AlarmName=f"{self.stack}-alarm", StateValue="ALARM", StateReason="test")
        seen = self.ended(identity)
        self.assertEqual("Failed", seen["Status"])
        self.assertRegex(seen["StatusReason"], f"{self.stack}-alarm")
        self.assertEqual(3, len(self.instances()))
        self.assertTrue(before & self.instances())

    def test_what_is_asked_of_the_size_meanwhile_is_done_afterwards(self):
        identity = self.refresh()
        self.asg.set_desired_capacity(AutoScalingGroupName=self.stack, DesiredCapacity=4)
        self.assertEqual("Successful", self.ended(identity)["Status"])
        self.assertEqual(4, len(eventually(self.instances, lambda seen: len(seen) == 4)))

    def test_the_activities_tell_what_came_and_went_and_why(self):
        self.assertEqual("Successful", self.ended(self.refresh())["Status"])
        self.asg.set_desired_capacity(AutoScalingGroupName=self.stack, DesiredCapacity=4)
        told = self.asg.describe_scaling_activities(AutoScalingGroupName=self.stack)["Activities"]
        self.assertRegex(told[0]["Description"], "^Launching a new EC2 instance: i-")
        self.assertRegex(told[0]["Cause"], r"changing the desired capacity from 3 to 4\..*increasing the capacity from 3 to 4\.")
        self.assertRegex(told[1]["Cause"], "was taken out of service in response to an instance refresh")
        self.assertEqual(3, sum("was started in response to an instance refresh" in activity["Cause"] for activity in told))
        self.assertRegex(told[-1]["Cause"], "a user request created an AutoScalingGroup changing the desired capacity from 0 to 3")
        self.assertEqual(10, len(told), "three at first, three for three, one more")
        client("ec2").terminate_instances(InstanceIds=[min(self.instances())])
        told = self.asg.describe_scaling_activities(AutoScalingGroupName=self.stack)["Activities"]
        self.assertRegex(" ".join(a["Cause"] for a in told[:2]), "EC2 health check indicating it has been terminated or stopped")
        self.settled()
        with self.assertRaisesRegex(ClientError, "ValidationError.*AutoScalingGroup nobody not found"):
            self.asg.describe_scaling_activities(AutoScalingGroupName="nobody")

    def test_a_size_outside_of_the_limits_is_refused(self):
        for wanted, why in ((5, "value 5 is above max value 4"), (2, "value 2 is below min value 3")):
            with self.assertRaisesRegex(ClientError, f"ValidationError.*New SetDesiredCapacity {why} for the AutoScalingGroup"):
                self.asg.set_desired_capacity(AutoScalingGroupName=self.stack, DesiredCapacity=wanted)
        with self.assertRaisesRegex(ClientError, "ValidationError.*nobody not found"):
            self.asg.set_desired_capacity(AutoScalingGroupName="nobody", DesiredCapacity=1)
        with self.assertRaisesRegex(ClientError, "Desired capacity:9 must be between the specified min size:3 and max size:4"):
            self.asg.update_auto_scaling_group(AutoScalingGroupName=self.stack, DesiredCapacity=9)
        self.assertEqual(3, self.group()["DesiredCapacity"])
