"""AWS Backup."""

from __future__ import annotations

import uuid
from typing import Any

from . import fit, tagging
from .registry import Context, Handler, Made, Recorded, resource


@resource("AWS::Backup::BackupVault")
class BackupVault(Handler):
    """Where recovery points are kept."""

    applies = "BackupVaultName EncryptionKeyArn BackupVaultTags"
    records = {
        "AccessPolicy": "moto keeps no access policy of a vault",
        "LockConfiguration": "moto locks no vault of a stack",
        "Notifications": "moto sends no notifications",
    }

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        name = p["BackupVaultName"]
        made = ctx.client("backup").create_backup_vault(
            BackupVaultName=name, BackupVaultTags=tagging.as_dict(p.get("BackupVaultTags")),
            **fit.pick(p, "EncryptionKeyArn"),
        )
        return Made(name, {"BackupVaultArn": made["BackupVaultArn"], "BackupVaultName": name})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        backup, arn = ctx.client("backup"), made.attributes["BackupVaultArn"]
        tagging.change(
            old.get("BackupVaultTags"), p.get("BackupVaultTags"),
            lambda tags: backup.tag_resource(ResourceArn=arn, Tags=tags),
            lambda keys: backup.untag_resource(ResourceArn=arn, TagKeyList=keys),
        )
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("backup").delete_backup_vault(BackupVaultName=made.physical_id)


@resource("AWS::Backup::BackupPlan")
class BackupPlan(Handler):
    """When backups are made."""

    applies = "BackupPlan BackupPlanTags"
    replace_on = "BackupPlan BackupPlanTags"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        backup, plan = ctx.client("backup"), p["BackupPlan"]
        given = {**fit.without(plan, "BackupPlanRule"), "Rules": plan["BackupPlanRule"]}
        made = backup.create_backup_plan(
            BackupPlan=fit.member(
                backup, "CreateBackupPlan", "BackupPlan", given, TargetBackupVault="TargetBackupVaultName"
            ),
            BackupPlanTags=tagging.as_dict(p.get("BackupPlanTags")),
        )
        return Made(made["BackupPlanId"], {
            "BackupPlanArn": made["BackupPlanArn"], "BackupPlanId": made["BackupPlanId"],
            "VersionId": made["VersionId"],
        })

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("backup").delete_backup_plan(BackupPlanId=made.physical_id)


@resource("AWS::Backup::BackupSelection")
class BackupSelection(Recorded):
    """What a plan backs up."""

    records = dict.fromkeys(("BackupPlanId", "BackupSelection"), "moto has no backup selections")

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        identity = str(uuid.uuid4())
        return Made(f"{identity}|{p['BackupPlanId']}", {"SelectionId": identity, "Id": identity})
