"""Secrets Manager: secrets, and what they tell about the database they belong to."""

from __future__ import annotations

import json
from typing import Any

from . import fit, tagging
from .registry import Context, Handler, Made, resource


@resource("AWS::SecretsManager::Secret")
class Secret(Handler):
    """A secret, given or generated."""

    applies = "Name Description SecretString GenerateSecretString KmsKeyId Tags"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        made = ctx.client("secretsmanager").create_secret(
            Name=ctx.name(p.get("Name"), longest=256), SecretString=self._value(ctx, p),
            Tags=tagging.as_list(tagging.with_system(ctx, p.get("Tags"))), **fit.pick(p, "Description KmsKeyId"),
        )
        return Made(made["ARN"], {"Id": made["ARN"]})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        secrets, arn = ctx.client("secretsmanager"), made.physical_id
        change = {k: v for k, v in fit.pick(p, "Description KmsKeyId").items() if v != old.get(k)}
        # A generated value changes only when the way to generate it does.
        if fit.pick(p, "SecretString GenerateSecretString") != fit.pick(old, "SecretString GenerateSecretString"):
            change["SecretString"] = self._value(ctx, p)
        if change:
            secrets.update_secret(SecretId=arn, **change)
        tagging.change(
            old.get("Tags"), p.get("Tags"),
            lambda tags: secrets.tag_resource(SecretId=arn, Tags=tagging.as_list(tags)),
            lambda keys: secrets.untag_resource(SecretId=arn, TagKeys=keys),
        )
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("secretsmanager").delete_secret(SecretId=made.physical_id, ForceDeleteWithoutRecovery=True)

    def _value(self, ctx: Context, p: dict[str, Any]) -> str:
        generate = p.get("GenerateSecretString")
        if generate is None:
            return p.get("SecretString", "")
        secrets = ctx.client("secretsmanager")
        how = fit.parameters(
            secrets, "GetRandomPassword", fit.without(generate, "SecretStringTemplate GenerateStringKey")
        )
        password = secrets.get_random_password(**how)["RandomPassword"]
        if "SecretStringTemplate" not in generate:
            return password
        return json.dumps({**json.loads(generate["SecretStringTemplate"]), generate["GenerateStringKey"]: password})


@resource("AWS::SecretsManager::SecretTargetAttachment")
class SecretTargetAttachment(Handler):
    """Writes where a database is into its secret."""

    applies = "SecretId TargetId TargetType"
    replace_on = "SecretId"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        if p["TargetType"] != "AWS::RDS::DBInstance":
            raise fit.Refused(
                f"TargetType: the local AWS attaches secrets to AWS::RDS::DBInstance, not {p['TargetType']}"
            )
        instance = ctx.client("rds").describe_db_instances(DBInstanceIdentifier=p["TargetId"])["DBInstances"][0]
        where = {
            "engine": instance["Engine"],
            "host": instance["Endpoint"]["Address"],
            "port": instance["Endpoint"]["Port"],
            "dbInstanceIdentifier": p["TargetId"],
        }
        if instance.get("DBName"):
            where["dbname"] = instance["DBName"]
        self._write(ctx, p["SecretId"], lambda value: {**value, **where})
        return Made(p["SecretId"], {"Id": p["SecretId"]})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        return self.create(ctx, p)

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        added = ("engine", "host", "port", "dbInstanceIdentifier", "dbname")
        self._write(ctx, p["SecretId"], lambda value: {k: v for k, v in value.items() if k not in added})

    def _write(self, ctx: Context, secret: str, change: Any) -> None:
        secrets = ctx.client("secretsmanager")
        value = json.loads(secrets.get_secret_value(SecretId=secret)["SecretString"])
        secrets.put_secret_value(SecretId=secret, SecretString=json.dumps(change(value)))
