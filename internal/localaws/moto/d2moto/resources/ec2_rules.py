"""EC2: security groups and their rules."""

from __future__ import annotations

from typing import Any

from . import ec2_tags, fit
from .registry import Context, Handler, Made, resource

PEERS = (
    "CidrIp CidrIpv6 SourceSecurityGroupId DestinationSecurityGroupId SourcePrefixListId DestinationPrefixListId "
    "SourceSecurityGroupOwnerId"
)
RULE = f"IpProtocol FromPort ToPort Description {PEERS}"
EVERYWHERE = {"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}


@resource("AWS::EC2::SecurityGroup")
class SecurityGroup(Handler):
    """A security group with the rules written in it."""

    applies = "GroupName GroupDescription VpcId SecurityGroupIngress SecurityGroupEgress Tags"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        ec2 = ctx.client("ec2")
        group = ec2.create_security_group(
            GroupName=ctx.name(p.get("GroupName"), longest=255), Description=p["GroupDescription"],
            **fit.pick(p, "VpcId"),
        )["GroupId"]
        ctx.begun(group)
        ec2_tags.put(ctx, group, p)
        # A new group lets everything out; rules of its own take the place of that.
        before = {"SecurityGroupEgress": [EVERYWHERE]} if p.get("VpcId") else {}
        self._rules(ctx, group, {**before, **p}, before)
        return Made(group, {"GroupId": group, "Id": group, "VpcId": p.get("VpcId", "")})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        default = {"SecurityGroupEgress": [EVERYWHERE]} if p.get("VpcId") else {}
        self._rules(ctx, made.physical_id, {**default, **p}, {**default, **old})
        ec2_tags.change(ctx, made, p, old)
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("ec2").delete_security_group(GroupId=made.physical_id)

    def _rules(self, ctx: Context, group: str, p: dict[str, Any], old: dict[str, Any]) -> None:
        ec2 = ctx.client("ec2")
        for name, way in (("SecurityGroupIngress", "ingress"), ("SecurityGroupEgress", "egress")):
            wanted = [permission(rule) for rule in p.get(name, [])]
            present = [permission(rule) for rule in old.get(name, [])]
            if dropped := [rule for rule in present if rule not in wanted]:
                getattr(ec2, f"revoke_security_group_{way}")(GroupId=group, IpPermissions=dropped)
            if added := [rule for rule in wanted if rule not in present]:
                getattr(ec2, f"authorize_security_group_{way}")(GroupId=group, IpPermissions=added)


class _Rule(Handler):
    """One rule, apart from the group so that two groups may name each other."""

    way = ""

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        ec2 = ctx.client("ec2")
        answer = getattr(ec2, f"authorize_security_group_{self.way}")(
            GroupId=p["GroupId"], IpPermissions=[permission(fit.without(p, "GroupId"))]
        )
        rules = answer.get("SecurityGroupRules") or [{"SecurityGroupRuleId": ctx.name()}]
        return Made(rules[0]["SecurityGroupRuleId"], {"Id": rules[0]["SecurityGroupRuleId"]})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        # Only the description can change in place; the API has no such call in moto, so the rule is put anew.
        self.delete(ctx, made, old)
        return self.create(ctx, p)

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ec2 = ctx.client("ec2")
        getattr(ec2, f"revoke_security_group_{self.way}")(
            GroupId=p["GroupId"], IpPermissions=[permission(fit.without(p, "GroupId"))]
        )


@resource("AWS::EC2::SecurityGroupIngress")
class SecurityGroupIngress(_Rule):
    """A way in."""

    applies = (
        "GroupId IpProtocol FromPort ToPort Description CidrIp CidrIpv6 SourceSecurityGroupId SourcePrefixListId "
        "SourceSecurityGroupOwnerId"
    )
    way = "ingress"


@resource("AWS::EC2::SecurityGroupEgress")
class SecurityGroupEgress(_Rule):
    """A way out."""

    applies = (
        "GroupId IpProtocol FromPort ToPort Description CidrIp CidrIpv6 DestinationSecurityGroupId "
        "DestinationPrefixListId"
    )
    way = "egress"


def permission(rule: dict[str, Any]) -> dict[str, Any]:
    """A rule in the words of the API."""
    fit.only(rule, RULE, "security group rule")
    api: dict[str, Any] = {"IpProtocol": str(rule["IpProtocol"])}
    for port in ("FromPort", "ToPort"):
        if port in rule:
            api[port] = int(rule[port])
    said = {"Description": rule["Description"]} if "Description" in rule else {}
    if "CidrIp" in rule:
        api["IpRanges"] = [{"CidrIp": rule["CidrIp"], **said}]
    if "CidrIpv6" in rule:
        api["Ipv6Ranges"] = [{"CidrIpv6": rule["CidrIpv6"], **said}]
    for key in ("SourceSecurityGroupId", "DestinationSecurityGroupId"):
        if key in rule:
            owner = {"UserId": rule["SourceSecurityGroupOwnerId"]} if "SourceSecurityGroupOwnerId" in rule else {}
            api["UserIdGroupPairs"] = [{"GroupId": rule[key], **owner, **said}]
    for key in ("SourcePrefixListId", "DestinationPrefixListId"):
        if key in rule:
            api["PrefixListIds"] = [{"PrefixListId": rule[key], **said}]
    return api
