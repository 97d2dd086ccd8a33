"""What stands in the local AWS: stacks, and what they made as the services themselves see it.

python -m d2moto.inventory REGION/STACK... prints JSON: for each stack, lines of
[kind, name, state]. It is an ordinary client and follows AWS_ENDPOINT_URL.
"""

from __future__ import annotations

import json
import sys
from typing import Any, Iterator

import boto3
from botocore.exceptions import ClientError

Line = tuple[str, str, str]


class StackView:
    """A stack, and clients in its region."""

    def __init__(self, region: str, name: str):
        self.region, self.name = region, name
        cloudformation = self.client("cloudformation")
        self.stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
        self.resources = [resource for page in pages for resource in page["StackResourceSummaries"]]

    def client(self, service: str) -> Any:
        """A client of a service."""
        return boto3.client(service, region_name=self.region)

    def ids(self, type_name: str) -> list[str]:
        """The physical ids of a type."""
        return [r["PhysicalResourceId"] for r in self.resources if r["ResourceType"] == type_name]

    def lines(self) -> Iterator[Line]:
        """All there is to tell."""
        yield "stack", self.name, f"{self.stack['StackStatus']}, {len(self.resources)} resources in {self.region}"
        for describe in (networks, fleets, balancers, hosts, databases, pools, sites, alarms):
            yield from describe(self)


def networks(view: StackView) -> Iterator[Line]:
    """VPCs."""
    if ids := view.ids("AWS::EC2::VPC"):
        for vpc in view.client("ec2").describe_vpcs(VpcIds=ids)["Vpcs"]:
            subnets, gateways = len(view.ids("AWS::EC2::Subnet")), len(view.ids("AWS::EC2::NatGateway"))
            yield "network", vpc["VpcId"], f"{vpc['CidrBlock']}, {subnets} subnets, {gateways} NAT gateways"


def fleets(view: StackView) -> Iterator[Line]:
    """Auto Scaling groups."""
    if names := view.ids("AWS::AutoScaling::AutoScalingGroup"):
        answer = view.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=names)
        for group in answer["AutoScalingGroups"]:
            serving = [i for i in group["Instances"] if i["LifecycleState"] == "InService"]
            size = f"{group['MinSize']} to {group['MaxSize']}"
            serving_of = f"{len(serving)} of {group['DesiredCapacity']} in service"
            yield "fleet", group["AutoScalingGroupName"], f"{serving_of} ({size})"


def balancers(view: StackView) -> Iterator[Line]:
    """Load balancers, and how well their targets are."""
    if not (arns := view.ids("AWS::ElasticLoadBalancingV2::LoadBalancer")):
        return
    elb = view.client("elbv2")
    for balancer in elb.describe_load_balancers(LoadBalancerArns=arns)["LoadBalancers"]:
        targets = [
            target["TargetHealth"]["State"]
            for group in view.ids("AWS::ElasticLoadBalancingV2::TargetGroup")
            for target in elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        ]
        healthy = f"{targets.count('healthy')} of {len(targets)} targets healthy"
        yield "load balancer", balancer["LoadBalancerName"], f"{balancer['State']['Code']}, {healthy}"


def hosts(view: StackView) -> Iterator[Line]:
    """Single instances."""
    if ids := view.ids("AWS::EC2::Instance"):
        for reservation in view.client("ec2").describe_instances(InstanceIds=ids)["Reservations"]:
            for instance in reservation["Instances"]:
                tags = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", [])}
                identity = instance["InstanceId"]
                yield "host", tags.get("Name", identity), f"{instance['State']['Name']}, {identity}"


def databases(view: StackView) -> Iterator[Line]:
    """RDS instances."""
    for name in view.ids("AWS::RDS::DBInstance"):
        instance = view.client("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
        zones = "Multi-AZ" if instance["MultiAZ"] else "one zone"
        engine = f"{instance['Engine']} {instance['EngineVersion']}"
        yield "database", name, f"{instance['DBInstanceStatus']}, {engine}, {zones}"


def pools(view: StackView) -> Iterator[Line]:
    """Cognito user pools."""
    for identity in view.ids("AWS::Cognito::UserPool"):
        pool = view.client("cognito-idp").describe_user_pool(UserPoolId=identity)["UserPool"]
        yield "user pool", pool["Name"], identity


def sites(view: StackView) -> Iterator[Line]:
    """CloudFront distributions."""
    for identity in view.ids("AWS::CloudFront::Distribution"):
        distribution = view.client("cloudfront").get_distribution(Id=identity)["Distribution"]
        aliases = distribution["DistributionConfig"].get("Aliases", {}).get("Items", [])
        yield "site", ", ".join(aliases) or identity, f"{distribution['Status']}, {distribution['DomainName']}"


def alarms(view: StackView) -> Iterator[Line]:
    """Alarms, counted by what they say."""
    if names := view.ids("AWS::CloudWatch::Alarm"):
        pages = view.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNames=names)
        found = [alarm["StateValue"] for page in pages for alarm in page["MetricAlarms"]]
        yield "alarms", str(len(found)), f"{found.count('ALARM')} in alarm"


def main(arguments: list[str]) -> None:
    """Print the inventory of the named stacks."""
    report = []
    for argument in arguments:
        region, _, name = argument.partition("/")
        try:
            report.append({"stack": name, "lines": list(StackView(region, name).lines())})
        except ClientError as error:
            missing = "does not exist" in str(error)
            state = "not deployed" if missing else str(error)
            report.append({"stack": name, "lines": [("stack", name, state)]})
    print(json.dumps(report))


if __name__ == "__main__":
    main(sys.argv[1:])
