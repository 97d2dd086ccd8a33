"""CloudWatch Logs: groups, metric filters, resource policies, saved queries."""

from __future__ import annotations

import uuid
from typing import Any

from . import fit, tagging
from .registry import Context, Handler, Made, Put, Recorded, resource


@resource("AWS::Logs::LogGroup")
class LogGroup(Handler):
    """A log group."""

    applies = "LogGroupName RetentionInDays KmsKeyId LogGroupClass Tags"
    records = {
        "DataProtectionPolicy": "moto keeps no data protection policy",
        "DeletionProtectionEnabled": "moto keeps no deletion protection of a log group",
    }

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        logs, name = ctx.client("logs"), ctx.name(p.get("LogGroupName"), longest=512)
        logs.create_log_group(
            logGroupName=name, tags=tagging.as_dict(p.get("Tags")),
            **fit.parameters(logs, "CreateLogGroup", fit.pick(p, "KmsKeyId LogGroupClass")),
        )
        ctx.begun(name)
        self._retain(ctx, name, p, {})
        return Made(name, {"Arn": ctx.arn("logs", f"log-group:{name}:*")})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        logs, name = ctx.client("logs"), made.physical_id
        self._retain(ctx, name, p, old)
        if p.get("KmsKeyId") != old.get("KmsKeyId"):
            if "KmsKeyId" in p:
                logs.associate_kms_key(logGroupName=name, kmsKeyId=p["KmsKeyId"])
            else:
                logs.disassociate_kms_key(logGroupName=name)
        tagging.change(
            old.get("Tags"), p.get("Tags"),
            lambda tags: logs.tag_log_group(logGroupName=name, tags=tags),
            lambda keys: logs.untag_log_group(logGroupName=name, tags=keys),
        )
        if p.get("LogGroupClass", "STANDARD") != old.get("LogGroupClass", "STANDARD"):
            return super().update(ctx, made, fit.pick(p, "LogGroupClass"), fit.pick(old, "LogGroupClass"))
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("logs").delete_log_group(logGroupName=made.physical_id)

    def _retain(self, ctx: Context, name: str, p: dict[str, Any], old: dict[str, Any]) -> None:
        logs = ctx.client("logs")
        if p.get("RetentionInDays") == old.get("RetentionInDays"):
            return
        if "RetentionInDays" in p:
            logs.put_retention_policy(logGroupName=name, retentionInDays=p["RetentionInDays"])
        else:
            logs.delete_retention_policy(logGroupName=name)


@resource("AWS::Logs::MetricFilter")
class MetricFilter(Put):
    """A metric counted from log lines."""

    applies = "FilterName FilterPattern LogGroupName MetricTransformations"
    records = {"ApplyOnTransformedLogs": "moto transforms no logs"}

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        logs, name = ctx.client("logs"), ctx.physical_id or ctx.name(p.get("FilterName"), longest=512)
        transformations = [
            {**t, "Dimensions": {d["Key"]: d["Value"] for d in t["Dimensions"]}} if "Dimensions" in t else t
            for t in p["MetricTransformations"]
        ]
        logs.put_metric_filter(filterName=name, **fit.parameters(
            logs, "PutMetricFilter",
            {**fit.pick(p, "FilterPattern LogGroupName"), "MetricTransformations": transformations},
        ))
        return Made(name)

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        # moto would keep the filter as it was beside the new one.
        self.delete(ctx, made, old)
        return super().update(ctx, made, p, old)

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("logs").delete_metric_filter(logGroupName=p["LogGroupName"], filterName=made.physical_id)


@resource("AWS::Logs::ResourcePolicy")
class ResourcePolicy(Put):
    """Who besides the account may write logs."""

    applies = "PolicyName PolicyDocument"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        ctx.client("logs").put_resource_policy(policyName=p["PolicyName"], policyDocument=fit.text(p["PolicyDocument"]))
        return Made(p["PolicyName"])

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("logs").delete_resource_policy(policyName=made.physical_id)


@resource("AWS::Logs::QueryDefinition")
class QueryDefinition(Recorded):
    """A saved query."""

    records = dict.fromkeys(
        ("Name", "QueryString", "LogGroupNames", "QueryLanguage", "Parameters"), "moto has no saved queries"
    )

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        made = str(uuid.uuid4())
        return Made(made, {"QueryDefinitionId": made})
