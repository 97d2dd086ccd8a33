"""S3: buckets and their policies."""

from __future__ import annotations

import json
import re
from typing import Any

from . import fit, tagging
from .registry import Context, Handler, Made, Put, resource

# property: (operation, its parameter, the call that takes it back)
SETTINGS = {
    "VersioningConfiguration": ("put_bucket_versioning", "VersioningConfiguration", ""),
    "PublicAccessBlockConfiguration": (
        "put_public_access_block", "PublicAccessBlockConfiguration", "delete_public_access_block",
    ),
    "OwnershipControls": ("put_bucket_ownership_controls", "OwnershipControls", "delete_bucket_ownership_controls"),
    "BucketEncryption": ("put_bucket_encryption", "ServerSideEncryptionConfiguration", "delete_bucket_encryption"),
    "LifecycleConfiguration": (
        "put_bucket_lifecycle_configuration", "LifecycleConfiguration", "delete_bucket_lifecycle",
    ),
    "CorsConfiguration": ("put_bucket_cors", "CORSConfiguration", "delete_bucket_cors"),
    "WebsiteConfiguration": ("put_bucket_website", "WebsiteConfiguration", "delete_bucket_website"),
    "LoggingConfiguration": ("put_bucket_logging", "BucketLoggingStatus", ""),
    "NotificationConfiguration": ("put_bucket_notification_configuration", "NotificationConfiguration", ""),
    "AccelerateConfiguration": ("put_bucket_accelerate_configuration", "AccelerateConfiguration", ""),
}


@resource("AWS::S3::Bucket")
class Bucket(Handler):
    """A bucket; each of its settings has an API call of its own."""

    applies = "BucketName AccessControl Tags " + " ".join(SETTINGS)

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        s3, name = ctx.client("s3"), ctx.name(p.get("BucketName"), longest=63, lower=True)
        # us-east-1 is the one region that may not be named, and where making a bucket twice is no error.
        placed = {} if ctx.region == "us-east-1" else {
            "CreateBucketConfiguration": {"LocationConstraint": ctx.region}
        }
        if name in [b["Name"] for b in s3.list_buckets()["Buckets"]]:
            raise fit.Refused(f"bucket {name} already exists")
        s3.create_bucket(Bucket=name, **placed)
        ctx.begun(name)
        self._settle(ctx, name, p, {})
        host = f"{name}.s3.{ctx.region}.amazonaws.com"
        return Made(name, {
            "Arn": f"arn:aws:s3:::{name}",
            "DomainName": f"{name}.s3.amazonaws.com",
            "RegionalDomainName": host,
            "DualStackDomainName": f"{name}.s3.dualstack.{ctx.region}.amazonaws.com",
            "WebsiteURL": f"http://{name}.s3-website-{ctx.region}.amazonaws.com",
        })

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        self._settle(ctx, made.physical_id, p, old)
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("s3").delete_bucket(Bucket=made.physical_id)

    def _settle(self, ctx: Context, name: str, p: dict[str, Any], old: dict[str, Any]) -> None:
        s3 = ctx.client("s3")
        for setting, (operation, parameter, remove) in SETTINGS.items():
            if p.get(setting) == old.get(setting):
                continue
            if setting in p:
                value = fit.member(s3, _camel(operation), parameter, _in_api_terms(setting, p[setting]))
                getattr(s3, operation)(Bucket=name, **{parameter: value})
            elif remove:
                getattr(s3, remove)(Bucket=name)
            elif setting == "VersioningConfiguration":
                s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Suspended"})
            else:
                getattr(s3, operation)(Bucket=name, **{parameter: {}})
        if p.get("AccessControl", "Private") != old.get("AccessControl", "Private"):
            acl = re.sub(r"(?<!^)([A-Z])", r"-\1", p.get("AccessControl", "Private")).lower()
            s3.put_bucket_acl(Bucket=name, ACL=acl)
        if p.get("Tags") != old.get("Tags"):
            # S3 refuses keys that begin with aws:, so CloudFormation's own tags stay away.
            s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tagging.as_list(tagging.as_dict(p.get("Tags")))})


@resource("AWS::S3::BucketPolicy")
class BucketPolicy(Put):
    """A bucket policy: stored and shown, but not enforced (see corrections)."""

    applies = "Bucket PolicyDocument"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        ctx.client("s3").put_bucket_policy(Bucket=p["Bucket"], Policy=json.dumps(p["PolicyDocument"]))
        return Made(p["Bucket"])

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("s3").delete_bucket_policy(Bucket=made.physical_id)


def _camel(operation: str) -> str:
    return "".join(part.capitalize() for part in operation.split("_"))


def _in_api_terms(setting: str, value: dict[str, Any]) -> dict[str, Any]:
    """A setting in the words of the API, where CloudFormation has its own."""
    if setting == "BucketEncryption":
        return {"Rules": [
            {("ApplyServerSideEncryptionByDefault" if k == "ServerSideEncryptionByDefault" else k): v
             for k, v in rule.items()}
            for rule in value["ServerSideEncryptionConfiguration"]
        ]}
    if setting == "LifecycleConfiguration":
        return {**fit.without(value, "Rules"), "Rules": [_lifecycle_rule(rule) for rule in value["Rules"]]}
    if setting == "CorsConfiguration":
        return {"CORSRules": [
            {{"MaxAge": "MaxAgeSeconds", "Id": "ID", "ExposedHeaders": "ExposeHeaders"}.get(k, k): v
             for k, v in rule.items()}
            for rule in value["CorsRules"]
        ]}
    if setting == "LoggingConfiguration":
        target = {"DestinationBucketName": "TargetBucket", "LogFilePrefix": "TargetPrefix"}
        logging = {target.get(k, k): v for k, v in value.items()}
        return {"LoggingEnabled": {"TargetPrefix": "", **logging}}
    return value


def _lifecycle_rule(rule: dict[str, Any]) -> dict[str, Any]:
    known = (
        "Id Status Prefix ExpirationInDays ExpirationDate ExpiredObjectDeleteMarker Transitions Transition TagFilters "
        "NoncurrentVersionExpiration NoncurrentVersionExpirationInDays NoncurrentVersionTransitions "
        "AbortIncompleteMultipartUpload ObjectSizeGreaterThan ObjectSizeLessThan"
    )
    rule = fit.only(rule, known, "LifecycleConfiguration")
    api: dict[str, Any] = {"Status": rule["Status"]}
    if "Id" in rule:
        api["ID"] = rule["Id"]
    expiration = {
        "ExpirationInDays": "Days", "ExpirationDate": "Date", "ExpiredObjectDeleteMarker": "ExpiredObjectDeleteMarker",
    }
    if expires := {name: rule[key] for key, name in expiration.items() if key in rule}:
        api["Expiration"] = expires
    if "NoncurrentVersionExpiration" in rule:
        api["NoncurrentVersionExpiration"] = rule["NoncurrentVersionExpiration"]
    elif "NoncurrentVersionExpirationInDays" in rule:
        api["NoncurrentVersionExpiration"] = {"NoncurrentDays": rule["NoncurrentVersionExpirationInDays"]}
    if transitions := rule.get("Transitions") or ([rule["Transition"]] if "Transition" in rule else []):
        names = {"TransitionInDays": "Days", "TransitionDate": "Date"}
        api["Transitions"] = [{names.get(k, k): v for k, v in t.items()} for t in transitions]
    if "NoncurrentVersionTransitions" in rule:
        names = {"TransitionInDays": "NoncurrentDays"}
        api["NoncurrentVersionTransitions"] = [
            {names.get(k, k): v for k, v in t.items()} for t in rule["NoncurrentVersionTransitions"]
        ]
    if "AbortIncompleteMultipartUpload" in rule:
        api["AbortIncompleteMultipartUpload"] = rule["AbortIncompleteMultipartUpload"]
    filters = fit.pick(rule, "Prefix ObjectSizeGreaterThan ObjectSizeLessThan")
    tags = rule.get("TagFilters", [])
    if len(filters) + len(tags) > 1:
        api["Filter"] = {"And": {**filters, **({"Tags": tags} if tags else {})}}
    elif tags:
        api["Filter"] = {"Tag": tags[0]}
    else:
        api["Filter"] = filters or {"Prefix": ""}
    return api
