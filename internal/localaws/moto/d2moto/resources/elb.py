"""Elastic Load Balancing: load balancers, listeners, rules, target groups."""

from __future__ import annotations

from typing import Any

from . import fit, tagging
from .registry import Context, Handler, Made, resource


@resource("AWS::ElasticLoadBalancingV2::LoadBalancer")
class LoadBalancer(Handler):
    """A load balancer with its attributes."""

    applies = "Name Type Scheme Subnets SubnetMappings SecurityGroups IpAddressType LoadBalancerAttributes Tags"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        elb = ctx.client("elbv2")
        made = elb.create_load_balancer(
            Name=ctx.name(p.get("Name"), longest=32), **_tags(ctx, p),
            **fit.without(p, "Name Tags LoadBalancerAttributes"),
        )["LoadBalancers"][0]
        arn = ctx.begun(made["LoadBalancerArn"])
        _attributes(ctx, "load_balancer", arn, p.get("LoadBalancerAttributes"))
        return Made(arn, {
            "LoadBalancerArn": arn,
            "LoadBalancerName": made["LoadBalancerName"],
            "LoadBalancerFullName": arn.split(":loadbalancer/")[1],
            "DNSName": made["DNSName"],
            "CanonicalHostedZoneID": made["CanonicalHostedZoneId"],
            "SecurityGroups": made.get("SecurityGroups", []),
        })

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        elb, arn = ctx.client("elbv2"), made.physical_id
        if p.get("SecurityGroups") != old.get("SecurityGroups"):
            elb.set_security_groups(LoadBalancerArn=arn, SecurityGroups=p.get("SecurityGroups", []))
        if fit.pick(p, "Subnets SubnetMappings") != fit.pick(old, "Subnets SubnetMappings"):
            elb.set_subnets(LoadBalancerArn=arn, **fit.pick(p, "Subnets SubnetMappings"))
        if p.get("IpAddressType") != old.get("IpAddressType"):
            elb.set_ip_address_type(LoadBalancerArn=arn, IpAddressType=p.get("IpAddressType", "ipv4"))
        if p.get("LoadBalancerAttributes") != old.get("LoadBalancerAttributes"):
            _attributes(ctx, "load_balancer", arn, p.get("LoadBalancerAttributes"))
        _retag(ctx, arn, p, old)
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("elbv2").delete_load_balancer(LoadBalancerArn=made.physical_id)


@resource("AWS::ElasticLoadBalancingV2::TargetGroup")
class TargetGroup(Handler):
    """Where a listener sends its requests."""

    applies = (
        "Name Protocol ProtocolVersion Port VpcId TargetType IpAddressType HealthCheckEnabled HealthCheckProtocol "
        "HealthCheckPort HealthCheckPath HealthCheckIntervalSeconds HealthCheckTimeoutSeconds HealthyThresholdCount "
        "UnhealthyThresholdCount Matcher TargetGroupAttributes Targets Tags"
    )
    checks = (
        "HealthCheckEnabled HealthCheckProtocol HealthCheckPort HealthCheckPath HealthCheckIntervalSeconds "
        "HealthCheckTimeoutSeconds HealthyThresholdCount UnhealthyThresholdCount Matcher"
    )

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        elb = ctx.client("elbv2")
        given = fit.parameters(elb, "CreateTargetGroup", fit.without(p, "Name Tags TargetGroupAttributes Targets"))
        made = elb.create_target_group(
            Name=ctx.name(p.get("Name"), longest=32), **_tags(ctx, p), **given,
        )["TargetGroups"][0]
        arn = ctx.begun(made["TargetGroupArn"])
        _attributes(ctx, "target_group", arn, p.get("TargetGroupAttributes"))
        self._targets(ctx, arn, p, {})
        return Made(arn, {
            "TargetGroupArn": arn,
            "TargetGroupName": made["TargetGroupName"],
            "TargetGroupFullName": arn.split(":")[-1],
            "LoadBalancerArns": made.get("LoadBalancerArns", []),
        })

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        elb, arn = ctx.client("elbv2"), made.physical_id
        if fit.pick(p, self.checks) != fit.pick(old, self.checks):
            elb.modify_target_group(
                TargetGroupArn=arn, **fit.parameters(elb, "ModifyTargetGroup", fit.pick(p, self.checks))
            )
        if p.get("TargetGroupAttributes") != old.get("TargetGroupAttributes"):
            _attributes(ctx, "target_group", arn, p.get("TargetGroupAttributes"))
        self._targets(ctx, arn, p, old)
        _retag(ctx, arn, p, old)
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("elbv2").delete_target_group(TargetGroupArn=made.physical_id)

    def _targets(self, ctx: Context, arn: str, p: dict[str, Any], old: dict[str, Any]) -> None:
        elb = ctx.client("elbv2")
        wanted, present = p.get("Targets", []), old.get("Targets", [])
        if dropped := [target for target in present if target not in wanted]:
            elb.deregister_targets(TargetGroupArn=arn, Targets=dropped)
        if added := [target for target in wanted if target not in present]:
            elb.register_targets(TargetGroupArn=arn, Targets=added)


@resource("AWS::ElasticLoadBalancingV2::Listener")
class Listener(Handler):
    """A port of a load balancer."""

    applies = "LoadBalancerArn Port Protocol SslPolicy Certificates DefaultActions AlpnPolicy Tags"
    records = {
        "ListenerAttributes": "moto keeps no attributes of a listener",
        "MutualAuthentication": "moto has no mutual TLS",
    }

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        elb = ctx.client("elbv2")
        arn = elb.create_listener(
            **_tags(ctx, p), **fit.parameters(elb, "CreateListener", self._sent(p)),
        )["Listeners"][0]["ListenerArn"]
        return Made(arn, {"ListenerArn": arn})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        elb = ctx.client("elbv2")
        elb.modify_listener(
            ListenerArn=made.physical_id,
            **fit.parameters(elb, "ModifyListener", fit.without(self._sent(p), "LoadBalancerArn")),
        )
        _retag(ctx, made.physical_id, p, old)
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("elbv2").delete_listener(ListenerArn=made.physical_id)

    def _sent(self, p: dict[str, Any]) -> dict[str, Any]:
        return {**fit.without(p, "Tags " + " ".join(self.records)), "DefaultActions": actions(p["DefaultActions"])}


@resource("AWS::ElasticLoadBalancingV2::ListenerRule")
class ListenerRule(Handler):
    """A listener's answer to certain requests."""

    applies = "ListenerArn Priority Conditions Actions Tags"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        elb = ctx.client("elbv2")
        arn = elb.create_rule(**_tags(ctx, p), **fit.parameters(
            elb, "CreateRule", {**fit.without(p, "Tags"), "Actions": actions(p["Actions"])}
        ))["Rules"][0]["RuleArn"]
        return Made(arn, {"RuleArn": arn, "IsDefault": False})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        elb, arn = ctx.client("elbv2"), made.physical_id
        if fit.pick(p, "Conditions Actions") != fit.pick(old, "Conditions Actions"):
            elb.modify_rule(RuleArn=arn, **fit.parameters(
                elb, "ModifyRule", {"Conditions": p["Conditions"], "Actions": actions(p["Actions"])}
            ))
        if p["Priority"] != old["Priority"]:
            elb.set_rule_priorities(RulePriorities=[{"RuleArn": arn, "Priority": p["Priority"]}])
        _retag(ctx, arn, p, old)
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("elbv2").delete_rule(RuleArn=made.physical_id)


@resource("AWS::ElasticLoadBalancingV2::ListenerCertificate")
class ListenerCertificate(Handler):
    """Further certificates of a listener."""

    applies = "ListenerArn Certificates"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        ctx.client("elbv2").add_listener_certificates(**p)
        made = ctx.name()
        return Made(made, {"Id": made})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        elb, arn = ctx.client("elbv2"), p["ListenerArn"]
        if dropped := [c for c in old["Certificates"] if c not in p["Certificates"]]:
            elb.remove_listener_certificates(ListenerArn=arn, Certificates=dropped)
        if added := [c for c in p["Certificates"] if c not in old["Certificates"]]:
            elb.add_listener_certificates(ListenerArn=arn, Certificates=added)
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("elbv2").remove_listener_certificates(**p)


def actions(given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Actions in the form that moto understands."""
    made = []
    for action in given:
        forward = action.get("ForwardConfig", {})
        groups = forward.get("TargetGroups", [])
        if action["Type"] == "forward" and len(groups) == 1 and "TargetGroupArn" not in action:
            action = {**action, "TargetGroupArn": groups[0]["TargetGroupArn"]}
        made.append(action)
    return made


def _attributes(ctx: Context, kind: str, arn: str, attributes: list[dict[str, str]] | None) -> None:
    if attributes:
        name = "LoadBalancerArn" if kind == "load_balancer" else "TargetGroupArn"
        getattr(ctx.client("elbv2"), f"modify_{kind}_attributes")(**{name: arn, "Attributes": attributes})


def _tags(ctx: Context, p: dict[str, Any]) -> dict[str, Any]:
    return {"Tags": tagging.as_list(tagging.with_system(ctx, p.get("Tags")))}


def _retag(ctx: Context, arn: str, p: dict[str, Any], old: dict[str, Any]) -> None:
    elb = ctx.client("elbv2")
    tagging.change(
        old.get("Tags"), p.get("Tags"),
        lambda tags: elb.add_tags(ResourceArns=[arn], Tags=tagging.as_list(tags)),
        lambda keys: elb.remove_tags(ResourceArns=[arn], TagKeys=keys),
    )
