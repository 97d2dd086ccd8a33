"""A small platform for tests: a fleet behind a load balancer, its parameters and its bucket, as the stacks make them."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from typing import Any

from d2moto import names
from tests.local import ACCOUNT, StackCase, att, client, eventually, parameter, ref, resource


def tags(service: str, project: str) -> list[dict[str, str]]:
    """The platform's tags."""
    values = {"Environment": "prod", "Project": project, "Service": service}
    return [{"Key": key, "Value": value} for key, value in values.items()]


def packed(members: dict[str, str]) -> bytes:
    """A tar.gz."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


class FleetCase(StackCase):
    """A fleet of two that runs the service app; the project is named after the stack, so that no test sees another's."""

    size = 2

    def setUp(self) -> None:
        super().setUp()
        self.project = self.stack.lower()
        self.made(self.template())
        self.asg, self.elb, self.ssm = client("autoscaling"), client("elbv2"), client("ssm")

    def template(self, **group: Any) -> dict[str, Any]:
        """The stack; further properties are the group's."""
        instance = {"ResourceType": "instance", "Tags": tags("app", self.project)}
        return {
            "V": resource("EC2::VPC", CidrBlock="10.7.0.0/16"),
            "S": resource("EC2::Subnet", VpcId=ref("V"), CidrBlock="10.7.0.0/24", AvailabilityZone="ap-southeast-1a"),
            "T": resource("EC2::Subnet", VpcId=ref("V"), CidrBlock="10.7.1.0/24", AvailabilityZone="ap-southeast-1b"),
            "R": resource("IAM::Role", AssumeRolePolicyDocument={"Version": "2012-10-17", "Statement": []}),
            "P": resource("IAM::InstanceProfile", Roles=[ref("R")]),
            "B": resource("S3::Bucket", BucketName=names.bucket(self.project, "prod", ACCOUNT)),
            "Version": parameter("unreleased", Name=names.version_parameter(self.project, "prod", "app")),
            "Port": parameter("3000", Name=names.variables(self.project, "prod", "app") + "/PORT"),
            "LB": resource("ElasticLoadBalancingV2::LoadBalancer", Subnets=[ref("S"), ref("T")]),
            "TG": resource("ElasticLoadBalancingV2::TargetGroup", VpcId=ref("V"), Port=3000, Protocol="HTTP",
                           Tags=tags("app", self.project)),
            "HTTP": resource("ElasticLoadBalancingV2::Listener", LoadBalancerArn=ref("LB"), Port=80, Protocol="HTTP",
                             DefaultActions=[{"Type": "forward", "TargetGroupArn": ref("TG")}]),
            "L": resource("EC2::LaunchTemplate", LaunchTemplateData={
                "ImageId": "ami-1", "InstanceType": "t3.micro", "IamInstanceProfile": {"Arn": att("P", "Arn")},
                "TagSpecifications": [instance]}),
            "A": resource("CloudWatch::Alarm", AlarmName=f"{self.stack}-alarm", MetricName="m", Namespace="n", Period=60,
                          Statistic="Sum", EvaluationPeriods=1, Threshold=1, ComparisonOperator="LessThanThreshold"),
            "G": resource("AutoScaling::AutoScalingGroup", "HTTP", **{
                "AutoScalingGroupName": self.stack, "MinSize": str(self.size), "MaxSize": "4", "HealthCheckType": "ELB",
                "VPCZoneIdentifier": [ref("S"), ref("T")], "TargetGroupARNs": [ref("TG")],
                "LaunchTemplate": {"LaunchTemplateId": ref("L"), "Version": att("L", "LatestVersionNumber")},
                "InstanceMaintenancePolicy": {"MinHealthyPercentage": 100, "MaxHealthyPercentage": 200}, **group}),
        }

    def publish(self, version: str, fault: str = "", checksum: str = "", members: dict[str, str] | None = None) -> None:
        """Put an artifact with its checksum into the bucket."""
        if members is None:
            members = {"ecosystem.config.js": "", "d2-fault.json": json.dumps({"health": fault})}
        body = packed({name: text for name, text in members.items() if fault or name != "d2-fault.json"})
        bucket, key = names.bucket(self.project, "prod", ACCOUNT), f"apps/backend/{names.artifact('app', version)}"
        client("s3").put_object(Bucket=bucket, Key=key, Body=body)
        told = f"{checksum or hashlib.sha256(body).hexdigest()}  {names.artifact('app', version)}\n"
        client("s3").put_object(Bucket=bucket, Key=key + ".sha256", Body=told.encode())

    def want(self, version: str) -> None:
        """Write the version parameter."""
        name = names.version_parameter(self.project, "prod", "app")
        self.ssm.put_parameter(Name=name, Value=version, Type="String", Overwrite=True)

    def group(self) -> dict[str, Any]:
        """The Auto Scaling group."""
        found: dict[str, Any] = self.asg.describe_auto_scaling_groups(AutoScalingGroupNames=[self.stack])["AutoScalingGroups"][0]
        return found

    def instances(self) -> set[str]:
        """The ids of its instances."""
        return {instance["InstanceId"] for instance in self.group()["Instances"]}

    def targets(self) -> list[dict[str, Any]]:
        """What DescribeTargetHealth tells."""
        told = self.elb.describe_target_health(TargetGroupArn=self.physical("TG"))
        return list(told["TargetHealthDescriptions"])

    def states(self) -> list[str]:
        """The states of the targets."""
        return sorted(target["TargetHealth"]["State"] for target in self.targets())

    def reasons(self) -> set[tuple[str, str]]:
        """Reason and description of each target."""
        return {(t["TargetHealth"].get("Reason", ""), t["TargetHealth"].get("Description", "")) for t in self.targets()}

    def settled(self) -> None:
        """Wait until every target is healthy."""
        wanted = ["healthy"] * self.group()["DesiredCapacity"]
        self.assertEqual(wanted, eventually(self.states, lambda seen: seen == wanted))
        eventually(self.online, lambda seen: seen == self.instances())

    def online(self) -> set[str]:
        """The instances of the fleet whose agent answers."""
        filters = [{"Key": "tag:Project", "Values": [self.project]}, {"Key": "PingStatus", "Values": ["Online"]}]
        return {i["InstanceId"] for i in self.ssm.describe_instance_information(Filters=filters)["InstanceInformationList"]}

    def refresh(self, **preferences: Any) -> str:
        """Start a refresh: bare, as the runbook does, unless there are preferences."""
        given = {"Preferences": preferences} if preferences else {}
        return str(self.asg.start_instance_refresh(AutoScalingGroupName=self.stack, **given)["InstanceRefreshId"])

    def seen(self, identity: str) -> dict[str, Any]:
        """A refresh as it is now."""
        found: dict[str, Any] = self.asg.describe_instance_refreshes(
            AutoScalingGroupName=self.stack, InstanceRefreshIds=[identity])["InstanceRefreshes"][0]
        return found

    def ended(self, identity: str) -> dict[str, Any]:
        """A refresh once it has ended."""
        refresh = eventually(lambda: self.seen(identity), lambda r: "EndTime" in r)
        self.assertIn("EndTime", refresh)
        return refresh

    def send(self, *commands: str, instance: str = "", timeout: str = "60") -> str:
        """SendCommand; the answer is the command's id."""
        return str(self.ssm.send_command(
            DocumentName="AWS-RunShellScript", InstanceIds=[instance or min(self.instances())],
            Parameters={"commands": list(commands), "executionTimeout": [timeout]},
        )["Command"]["CommandId"])

    def invocation(self, command: str, instance: str = "") -> dict[str, Any]:
        """A command's invocation as it is now."""
        found: dict[str, Any] = self.ssm.get_command_invocation(
            CommandId=command, InstanceId=instance or min(self.instances()))
        return found

    def ran(self, *commands: str, instance: str = "", timeout: str = "60") -> dict[str, Any]:
        """Send commands and wait for what came of them."""
        identity = self.send(*commands, instance=instance, timeout=timeout)
        going_on = ("Pending", "InProgress")
        return eventually(lambda: self.invocation(identity, instance), lambda seen: seen["Status"] not in going_on)

    def running(self) -> set[str]:
        """What d2-release says that runs, on all hosts."""
        told = [self.ran("d2-release status", instance=i)["StandardOutputContent"] for i in self.instances()]
        return {json.loads(line)["running"] for line in told}
