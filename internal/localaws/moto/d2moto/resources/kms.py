"""KMS: keys and aliases."""

from __future__ import annotations

from typing import Any

from . import fit, tagging
from .registry import Context, Handler, Made, resource


@resource("AWS::KMS::Key")
class Key(Handler):
    """A key; deleting it schedules its end, as in AWS."""

    applies = (
        "Description KeyPolicy KeySpec KeyUsage EnableKeyRotation RotationPeriodInDays Enabled MultiRegion Origin Tags"
    )
    records = {
        "PendingWindowInDays": "decides the deletion only",
        "BypassPolicyLockoutSafetyCheck": "decides the check of a policy only",
    }
    replace_on = "KeySpec KeyUsage MultiRegion Origin"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        kms = ctx.client("kms")
        at_birth = fit.pick(p, "Description KeyPolicy KeySpec KeyUsage MultiRegion Origin")
        given = fit.parameters(kms, "CreateKey", at_birth, KeyPolicy="Policy")
        tags = tagging.as_list(tagging.as_dict(p.get("Tags")), "TagKey", "TagValue")
        made = kms.create_key(Tags=tags, **given)["KeyMetadata"]
        key = ctx.begun(made["KeyId"])
        self._settle(ctx, key, p, {})
        return Made(key, {"Arn": made["Arn"], "KeyId": key})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        kms, key = ctx.client("kms"), made.physical_id
        if p.get("Description") != old.get("Description"):
            kms.update_key_description(KeyId=key, Description=p.get("Description", ""))
        if p.get("KeyPolicy") != old.get("KeyPolicy") and "KeyPolicy" in p:
            kms.put_key_policy(KeyId=key, PolicyName="default", Policy=fit.text(p["KeyPolicy"]))
        self._settle(ctx, key, p, old)
        tagging.change(
            old.get("Tags"), p.get("Tags"),
            lambda tags: kms.tag_resource(KeyId=key, Tags=tagging.as_list(tags, "TagKey", "TagValue")),
            lambda keys: kms.untag_resource(KeyId=key, TagKeys=keys),
        )
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("kms").schedule_key_deletion(
            KeyId=made.physical_id, PendingWindowInDays=p.get("PendingWindowInDays", 30)
        )

    def _settle(self, ctx: Context, key: str, p: dict[str, Any], old: dict[str, Any]) -> None:
        kms = ctx.client("kms")
        rotation = fit.pick(p, "EnableKeyRotation RotationPeriodInDays")
        if rotation != fit.pick(old, "EnableKeyRotation RotationPeriodInDays"):
            if p.get("EnableKeyRotation"):
                kms.enable_key_rotation(KeyId=key, **fit.pick(p, "RotationPeriodInDays"))
            else:
                kms.disable_key_rotation(KeyId=key)
        if p.get("Enabled", True) != old.get("Enabled", True):
            (kms.enable_key if p.get("Enabled", True) else kms.disable_key)(KeyId=key)


@resource("AWS::KMS::Alias")
class Alias(Handler):
    """An alias of a key."""

    applies = "AliasName TargetKeyId"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        ctx.client("kms").create_alias(AliasName=p["AliasName"], TargetKeyId=p["TargetKeyId"])
        return Made(p["AliasName"])

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        ctx.client("kms").update_alias(AliasName=made.physical_id, TargetKeyId=p["TargetKeyId"])
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("kms").delete_alias(AliasName=made.physical_id)
