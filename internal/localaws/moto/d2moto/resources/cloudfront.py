"""CloudFront: distributions and what they are made of."""

from __future__ import annotations

import uuid
from typing import Any

from . import fit, tagging
from .registry import Context, Handler, Made, Recorded, resource

# CloudFormation's word: the API's.
WORDS = {
    "IPV6Enabled": "IsIPV6Enabled",
    "OriginCustomHeaders": "CustomHeaders",
    "Locations": "Items",
}


@resource("AWS::CloudFront::Distribution")
class Distribution(Handler):
    """A distribution."""

    applies = "DistributionConfig Tags"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        cloudfront = ctx.client("cloudfront")
        made = cloudfront.create_distribution_with_tags(DistributionConfigWithTags={
            "DistributionConfig": self._config(ctx, p["DistributionConfig"], str(uuid.uuid4())),
            "Tags": {"Items": tagging.as_list(tagging.with_system(ctx, p.get("Tags")))},
        })["Distribution"]
        return Made(made["Id"], {"Id": made["Id"], "DomainName": made["DomainName"]})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        cloudfront = ctx.client("cloudfront")
        if p["DistributionConfig"] != old["DistributionConfig"]:
            present = cloudfront.get_distribution_config(Id=made.physical_id)
            reference = present["DistributionConfig"]["CallerReference"]
            cloudfront.update_distribution(
                Id=made.physical_id, IfMatch=present["ETag"],
                DistributionConfig=self._config(ctx, p["DistributionConfig"], reference),
            )
        arn = ctx.arn("cloudfront", f"distribution/{made.physical_id}", region="")
        tagging.change(
            old.get("Tags"), p.get("Tags"),
            lambda tags: cloudfront.tag_resource(Resource=arn, Tags={"Items": tagging.as_list(tags)}),
            lambda keys: cloudfront.untag_resource(Resource=arn, TagKeys={"Items": keys}),
        )
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        cloudfront = ctx.client("cloudfront")
        present = cloudfront.get_distribution(Id=made.physical_id)
        cloudfront.delete_distribution(Id=made.physical_id, IfMatch=present["ETag"])

    def _config(self, ctx: Context, config: dict[str, Any], reference: str) -> dict[str, Any]:
        given = {"Comment": "", **config, "CallerReference": reference}
        given["DefaultCacheBehavior"] = _behavior(config["DefaultCacheBehavior"])
        if "CacheBehaviors" in config:
            given["CacheBehaviors"] = [_behavior(behavior) for behavior in config["CacheBehaviors"]]
        given["Origins"] = [_origin(origin) for origin in config["Origins"]]
        if "Logging" in config:
            given["Logging"] = {"Enabled": True, "IncludeCookies": False, "Prefix": "", **config["Logging"]}
        if "Restrictions" in config:
            geography = config["Restrictions"]["GeoRestriction"]
            places = geography.get("Locations", [])
            given["Restrictions"] = {"GeoRestriction": {
                "RestrictionType": geography["RestrictionType"], "Quantity": len(places), "Items": places,
            }}
        return fit.member(
            ctx.client("cloudfront"), "CreateDistributionWithTags", "DistributionConfigWithTags.DistributionConfig",
            given, **WORDS,
        )


@resource("AWS::CloudFront::OriginAccessControl")
class OriginAccessControl(Handler):
    """How CloudFront proves itself to a bucket."""

    applies = "OriginAccessControlConfig"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        made = ctx.client("cloudfront").create_origin_access_control(OriginAccessControlConfig=self._config(p))
        identity = made["OriginAccessControl"]["Id"]
        return Made(identity, {"Id": identity})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        ctx.client("cloudfront").update_origin_access_control(
            Id=made.physical_id, OriginAccessControlConfig=self._config(p), IfMatch=self._etag(ctx, made)
        )
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("cloudfront").delete_origin_access_control(Id=made.physical_id, IfMatch=self._etag(ctx, made))

    def _config(self, p: dict[str, Any]) -> dict[str, Any]:
        return {"Description": "", **p["OriginAccessControlConfig"]}

    def _etag(self, ctx: Context, made: Made) -> str:
        return str(ctx.client("cloudfront").get_origin_access_control(Id=made.physical_id)["ETag"])


class _NoApi(Recorded):
    """moto has no API for these: the stack remembers them and gives them an id."""

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        identity = str(uuid.uuid4())
        return Made(identity, {"Id": identity, "LastModifiedTime": "2024-01-01T00:00:00Z"})


@resource("AWS::CloudFront::ResponseHeadersPolicy")
class ResponseHeadersPolicy(_NoApi):
    """Headers added to answers."""

    records = {"ResponseHeadersPolicyConfig": "moto has no response headers policies"}


@resource("AWS::CloudFront::CachePolicy")
class CachePolicy(_NoApi):
    """What is cached, and how long."""

    records = {"CachePolicyConfig": "moto has no cache policies"}


@resource("AWS::CloudFront::OriginRequestPolicy")
class OriginRequestPolicy(_NoApi):
    """What an origin gets to see."""

    records = {"OriginRequestPolicyConfig": "moto has no origin request policies"}


@resource("AWS::CloudFront::Function")
class Function(Recorded):
    """Code at the edge."""

    records = dict.fromkeys(
        ("Name", "AutoPublish", "FunctionCode", "FunctionConfig", "FunctionMetadata", "Tags"),
        "moto has no CloudFront functions",
    )

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        arn = ctx.arn("cloudfront", f"function/{p['Name']}", region="")
        return Made(arn, {"FunctionARN": arn, "FunctionMetadata.FunctionARN": arn, "Stage": "LIVE"})


def _behavior(behavior: dict[str, Any]) -> dict[str, Any]:
    given = fit.without(behavior, "CachedMethods AllowedMethods TrustedSigners TrustedKeyGroups ForwardedValues")
    methods = behavior.get("AllowedMethods", ["GET", "HEAD"])
    cached = behavior.get("CachedMethods", ["GET", "HEAD"])
    given["AllowedMethods"] = {
        "Quantity": len(methods), "Items": methods, "CachedMethods": {"Quantity": len(cached), "Items": cached},
    }
    for name in ("TrustedSigners", "TrustedKeyGroups"):
        if name in behavior:
            given[name] = {"Enabled": True, "Quantity": len(behavior[name]), "Items": behavior[name]}
    if "ForwardedValues" in behavior:
        forwarded = behavior["ForwardedValues"]
        cookies = forwarded.get("Cookies", {"Forward": "none"})
        given["ForwardedValues"] = {**forwarded, "Cookies": cookies}
    return given


def _origin(origin: dict[str, Any]) -> dict[str, Any]:
    given = dict(origin)
    if "S3OriginConfig" in given:
        given["S3OriginConfig"] = {"OriginAccessIdentity": "", **given["S3OriginConfig"]}
    if "CustomOriginConfig" in given:
        given["CustomOriginConfig"] = {"HTTPPort": 80, "HTTPSPort": 443, **given["CustomOriginConfig"]}
    return given
