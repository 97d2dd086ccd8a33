"""EC2: VPCs, subnets, routes, gateways, endpoints and flow logs."""

from __future__ import annotations

from typing import Any

from . import ec2_tags, fit
from .registry import Context, Handler, Made, resource


@resource("AWS::EC2::VPC")
class Vpc(Handler):
    """A virtual network."""

    applies = "CidrBlock EnableDnsHostnames EnableDnsSupport InstanceTenancy Tags"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        ec2 = ctx.client("ec2")
        vpc = ec2.create_vpc(**fit.pick(p, "CidrBlock InstanceTenancy"))["Vpc"]
        vpc_id = ctx.begun(vpc["VpcId"])
        self._dns(ctx, vpc_id, p, {})
        ec2_tags.put(ctx, vpc_id, p)
        here = [{"Name": "vpc-id", "Values": [vpc_id]}]
        groups = ec2.describe_security_groups(Filters=here)["SecurityGroups"]
        acls = ec2.describe_network_acls(Filters=here)["NetworkAcls"]
        return Made(vpc_id, {
            "VpcId": vpc_id,
            "CidrBlock": vpc["CidrBlock"],
            "CidrBlockAssociations": [a["AssociationId"] for a in vpc.get("CidrBlockAssociationSet", [])],
            "DefaultSecurityGroup": next((g["GroupId"] for g in groups if g["GroupName"] == "default"), ""),
            "DefaultNetworkAcl": next((a["NetworkAclId"] for a in acls if a["IsDefault"]), ""),
        })

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        self._dns(ctx, made.physical_id, p, old)
        ec2_tags.change(ctx, made, p, old)
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("ec2").delete_vpc(VpcId=made.physical_id)

    def _dns(self, ctx: Context, vpc_id: str, p: dict[str, Any], old: dict[str, Any]) -> None:
        for name, default in (("EnableDnsSupport", True), ("EnableDnsHostnames", False)):
            if p.get(name, default) != old.get(name, default) or not old:
                ctx.client("ec2").modify_vpc_attribute(VpcId=vpc_id, **{name: {"Value": p.get(name, default)}})


@resource("AWS::EC2::Subnet")
class Subnet(Handler):
    """A subnet of a VPC."""

    applies = "VpcId CidrBlock AvailabilityZone AvailabilityZoneId MapPublicIpOnLaunch AssignIpv6AddressOnCreation Tags"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        ec2 = ctx.client("ec2")
        subnet = ec2.create_subnet(**fit.pick(p, "VpcId CidrBlock AvailabilityZone AvailabilityZoneId"))["Subnet"]
        subnet_id = ctx.begun(subnet["SubnetId"])
        self._addresses(ctx, subnet_id, p, {})
        ec2_tags.put(ctx, subnet_id, p)
        acls = ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [subnet_id]}])
        associations = [a for acl in acls["NetworkAcls"] for a in acl["Associations"] if a["SubnetId"] == subnet_id]
        return Made(subnet_id, {
            "SubnetId": subnet_id,
            "VpcId": subnet["VpcId"],
            "CidrBlock": subnet["CidrBlock"],
            "AvailabilityZone": subnet["AvailabilityZone"],
            "AvailabilityZoneId": subnet["AvailabilityZoneId"],
            "NetworkAclAssociationId": associations[0]["NetworkAclAssociationId"] if associations else "",
            "Ipv6CidrBlocks": [],
        })

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        self._addresses(ctx, made.physical_id, p, old)
        ec2_tags.change(ctx, made, p, old)
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("ec2").delete_subnet(SubnetId=made.physical_id)

    def _addresses(self, ctx: Context, subnet_id: str, p: dict[str, Any], old: dict[str, Any]) -> None:
        for name in ("MapPublicIpOnLaunch", "AssignIpv6AddressOnCreation"):
            if p.get(name, False) != old.get(name, False):
                ctx.client("ec2").modify_subnet_attribute(SubnetId=subnet_id, **{name: {"Value": p.get(name, False)}})


@resource("AWS::EC2::RouteTable")
class RouteTable(Handler):
    """A route table of a VPC."""

    applies = "VpcId Tags"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        table = ctx.client("ec2").create_route_table(VpcId=p["VpcId"])["RouteTable"]["RouteTableId"]
        ec2_tags.put(ctx, ctx.begun(table), p)
        return Made(table, {"RouteTableId": table})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        ec2_tags.change(ctx, made, p, old)
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("ec2").delete_route_table(RouteTableId=made.physical_id)


@resource("AWS::EC2::Route")
class Route(Handler):
    """One route of a table."""

    applies = (
        "RouteTableId DestinationCidrBlock DestinationIpv6CidrBlock DestinationPrefixListId GatewayId NatGatewayId "
        "NetworkInterfaceId InstanceId EgressOnlyInternetGatewayId TransitGatewayId VpcPeeringConnectionId "
        "VpcEndpointId"
    )

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        ctx.client("ec2").create_route(**p)
        return Made(f"{p['RouteTableId']}|{self._destination(p)}", {"CidrBlock": self._destination(p)})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        ctx.client("ec2").replace_route(**p)
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("ec2").delete_route(**fit.pick(
            p, "RouteTableId DestinationCidrBlock DestinationIpv6CidrBlock DestinationPrefixListId"
        ))

    def _destination(self, p: dict[str, Any]) -> str:
        return next(str(v) for k, v in p.items() if k.startswith("Destination"))


@resource("AWS::EC2::SubnetRouteTableAssociation")
class SubnetRouteTableAssociation(Handler):
    """Which table a subnet's traffic follows."""

    applies = "SubnetId RouteTableId"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        association = ctx.client("ec2").associate_route_table(**p)["AssociationId"]
        return Made(association, {"Id": association})

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("ec2").disassociate_route_table(AssociationId=made.physical_id)


@resource("AWS::EC2::InternetGateway")
class InternetGateway(Handler):
    """A way to the internet."""

    applies = "Tags"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        gateway = ctx.client("ec2").create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2_tags.put(ctx, ctx.begun(gateway), p)
        return Made(gateway, {"InternetGatewayId": gateway})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        ec2_tags.change(ctx, made, p, old)
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("ec2").delete_internet_gateway(InternetGatewayId=made.physical_id)


@resource("AWS::EC2::VPCGatewayAttachment")
class VpcGatewayAttachment(Handler):
    """An internet gateway's place at a VPC."""

    applies = "VpcId InternetGatewayId"
    replace_on = "InternetGatewayId"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        ctx.client("ec2").attach_internet_gateway(**p)
        return Made(f"IGW|{p['VpcId']}", {"AttachmentType": "IGW"})

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("ec2").detach_internet_gateway(**p)


@resource("AWS::EC2::VPCEndpoint")
class VpcEndpoint(Handler):
    """A private way to an AWS service: gateway or interface."""

    applies = (
        "VpcId ServiceName VpcEndpointType RouteTableIds SubnetIds SecurityGroupIds PrivateDnsEnabled "
        "PolicyDocument Tags"
    )
    records = {"IpAddressType": "moto keeps no address type of an endpoint"}

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        ec2 = ctx.client("ec2")
        endpoint = ec2.create_vpc_endpoint(
            **fit.parameters(ec2, "CreateVpcEndpoint", fit.without(p, "Tags IpAddressType"))
        )["VpcEndpoint"]
        endpoint_id = ctx.begun(endpoint["VpcEndpointId"])
        ec2_tags.put(ctx, endpoint_id, p)
        entries = [f"{e.get('HostedZoneId', 'Z0')}:{e['DnsName']}" for e in endpoint.get("DnsEntries", [])]
        return Made(endpoint_id, {
            "Id": endpoint_id,
            "CreationTimestamp": str(endpoint.get("CreationTimestamp", "")),
            "NetworkInterfaceIds": endpoint.get("NetworkInterfaceIds", []),
            "DnsEntries": entries,
        })

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        change: dict[str, Any] = {}
        if p.get("PolicyDocument") != old.get("PolicyDocument"):
            policy = p.get("PolicyDocument")
            change |= {"PolicyDocument": fit.text(policy)} if policy else {"ResetPolicy": True}
        if p.get("PrivateDnsEnabled") != old.get("PrivateDnsEnabled"):
            change["PrivateDnsEnabled"] = p.get("PrivateDnsEnabled", False)
        for name in ("RouteTableIds", "SubnetIds", "SecurityGroupIds"):
            wanted, present = p.get(name, []), old.get(name, [])
            if added := [i for i in wanted if i not in present]:
                change[f"Add{name}"] = added
            if dropped := [i for i in present if i not in wanted]:
                change[f"Remove{name}"] = dropped
        if change:
            ctx.client("ec2").modify_vpc_endpoint(VpcEndpointId=made.physical_id, **change)
        ec2_tags.change(ctx, made, p, old)
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[made.physical_id])


@resource("AWS::EC2::FlowLog")
class FlowLog(Handler):
    """A record of a network's traffic."""

    applies = (
        "ResourceId ResourceType TrafficType LogDestinationType LogGroupName LogDestination DeliverLogsPermissionArn "
        "LogFormat MaxAggregationInterval Tags"
    )
    records = {"DestinationOptions": "moto keeps no file format of a flow log"}

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        ec2 = ctx.client("ec2")
        answer = ec2.create_flow_logs(
            ResourceIds=[p["ResourceId"]],
            **fit.parameters(ec2, "CreateFlowLogs", fit.without(p, "ResourceId Tags DestinationOptions")),
        )
        if answer.get("Unsuccessful"):
            raise fit.Refused(answer["Unsuccessful"][0]["Error"]["Message"])
        flow_log = ctx.begun(answer["FlowLogIds"][0])
        ec2_tags.put(ctx, flow_log, p)
        return Made(flow_log, {"Id": flow_log})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        ec2_tags.change(ctx, made, p, old)
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("ec2").delete_flow_logs(FlowLogIds=[made.physical_id])
