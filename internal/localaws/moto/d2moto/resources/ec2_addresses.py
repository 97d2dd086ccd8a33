"""EC2: public addresses and the NAT gateways that use them."""

from __future__ import annotations

from typing import Any

from . import ec2_tags, fit
from .registry import Context, Handler, Made, resource


@resource("AWS::EC2::EIP")
class ElasticIp(Handler):
    """A public address; Ref gives the address itself."""

    applies = "Domain InstanceId Tags"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        ec2 = ctx.client("ec2")
        address = ec2.allocate_address(Domain=p.get("Domain", "vpc"))
        allocation = address["AllocationId"]
        ctx.begun(address["PublicIp"])
        ec2_tags.put(ctx, allocation, p)
        if "InstanceId" in p:
            ec2.associate_address(AllocationId=allocation, InstanceId=p["InstanceId"])
        return Made(address["PublicIp"], {"AllocationId": allocation, "PublicIp": address["PublicIp"]})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        ec2, allocation = ctx.client("ec2"), made.attributes["AllocationId"]
        if p.get("InstanceId") != old.get("InstanceId"):
            if "InstanceId" in p:
                ec2.associate_address(AllocationId=allocation, InstanceId=p["InstanceId"], AllowReassociation=True)
            else:
                ec2.disassociate_address(PublicIp=made.physical_id)
        ec2_tags.change(ctx, made, p, old, allocation)
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ec2 = ctx.client("ec2")
        # Looked up by address: a half-made one has no attributes yet.
        for address in ec2.describe_addresses(PublicIps=[made.physical_id])["Addresses"]:
            if address.get("AssociationId"):
                ec2.disassociate_address(AssociationId=address["AssociationId"])
            ec2.release_address(AllocationId=address["AllocationId"])


@resource("AWS::EC2::NatGateway")
class NatGateway(Handler):
    """A way out for private subnets."""

    applies = "SubnetId AllocationId ConnectivityType Tags"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        gateway = ctx.client("ec2").create_nat_gateway(**fit.without(p, "Tags"))["NatGateway"]
        gateway_id = ctx.begun(gateway["NatGatewayId"])
        ec2_tags.put(ctx, gateway_id, p)
        addresses = gateway.get("NatGatewayAddresses") or [{}]
        return Made(gateway_id, {"NatGatewayId": gateway_id, "EniId": addresses[0].get("NetworkInterfaceId", "")})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        ec2_tags.change(ctx, made, p, old)
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("ec2").delete_nat_gateway(NatGatewayId=made.physical_id)
