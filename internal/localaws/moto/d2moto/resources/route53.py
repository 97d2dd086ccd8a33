"""Route 53: zones and records."""

from __future__ import annotations

import uuid
from typing import Any

from . import fit, tagging
from .registry import Context, Handler, Made, resource


@resource("AWS::Route53::HostedZone")
class HostedZone(Handler):
    """A hosted zone."""

    applies = "Name HostedZoneConfig HostedZoneTags VPCs"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        route53 = ctx.client("route53")
        given: dict[str, Any] = {"HostedZoneConfig": p["HostedZoneConfig"]} if "HostedZoneConfig" in p else {}
        vpcs = [fit.member(route53, "CreateHostedZone", "VPC", vpc) for vpc in p.get("VPCs", [])]
        if vpcs:
            given["VPC"] = vpcs[0]
        answer = route53.create_hosted_zone(Name=p["Name"], CallerReference=str(uuid.uuid4()), **given)
        zone = ctx.begun(answer["HostedZone"]["Id"].rpartition("/")[2])
        for vpc in vpcs[1:]:
            route53.associate_vpc_with_hosted_zone(HostedZoneId=zone, VPC=vpc)
        self._tag(ctx, zone, p, {})
        return Made(zone, {"Id": zone, "NameServers": answer.get("DelegationSet", {}).get("NameServers", [])})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        route53, zone = ctx.client("route53"), made.physical_id
        if p.get("VPCs") != old.get("VPCs"):
            return super().update(ctx, made, p, old)
        if p.get("HostedZoneConfig") != old.get("HostedZoneConfig"):
            route53.update_hosted_zone_comment(Id=zone, Comment=p.get("HostedZoneConfig", {}).get("Comment", ""))
        self._tag(ctx, zone, p, old)
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("route53").delete_hosted_zone(Id=made.physical_id)

    def _tag(self, ctx: Context, zone: str, p: dict[str, Any], old: dict[str, Any]) -> None:
        route53 = ctx.client("route53")
        tagging.change(
            old.get("HostedZoneTags"), p.get("HostedZoneTags"),
            lambda tags: route53.change_tags_for_resource(
                ResourceType="hostedzone", ResourceId=zone, AddTags=tagging.as_list(tags)
            ),
            lambda keys: route53.change_tags_for_resource(
                ResourceType="hostedzone", ResourceId=zone, RemoveTagKeys=keys
            ),
        )


@resource("AWS::Route53::RecordSet")
class RecordSet(Handler):
    """A DNS record."""

    applies = (
        "HostedZoneId HostedZoneName Name Type TTL ResourceRecords AliasTarget SetIdentifier Weight Region Failover "
        "GeoLocation MultiValueAnswer HealthCheckId"
    )
    records = {"Comment": "a comment on the change, not on the record"}

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        self._change(ctx, "CREATE", p)
        return Made(p["Name"], {"Id": p["Name"]})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        # A record is known by its type and set beside its name.
        key = "Type SetIdentifier"
        if fit.pick(p, key) != fit.pick(old, key):
            self._change(ctx, "DELETE", old)
        self._change(ctx, "UPSERT", p)
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        self._change(ctx, "DELETE", p)

    def _change(self, ctx: Context, action: str, p: dict[str, Any]) -> None:
        route53 = ctx.client("route53")
        record = fit.without(p, "HostedZoneId HostedZoneName Comment ResourceRecords AliasTarget")
        if "ResourceRecords" in p:
            record["ResourceRecords"] = [{"Value": value} for value in p["ResourceRecords"]]
        if "AliasTarget" in p:
            record["AliasTarget"] = {"EvaluateTargetHealth": False, **p["AliasTarget"]}
        fitted = fit.member(route53, "ChangeResourceRecordSets", "ChangeBatch", {
            "Changes": [{"Action": action, "ResourceRecordSet": record}]
        })
        route53.change_resource_record_sets(HostedZoneId=self._zone(ctx, p), ChangeBatch=fitted)

    def _zone(self, ctx: Context, p: dict[str, Any]) -> str:
        if "HostedZoneId" in p:
            return str(p["HostedZoneId"])
        name = p["HostedZoneName"].rstrip(".") + "."
        for zone in ctx.client("route53").list_hosted_zones()["HostedZones"]:
            if zone["Name"] == name:
                return str(zone["Id"]).rpartition("/")[2]
        raise fit.Refused(f"HostedZoneName: there is no hosted zone {name}")
