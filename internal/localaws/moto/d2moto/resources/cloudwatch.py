"""CloudWatch: alarms and dashboards."""

from __future__ import annotations

from typing import Any

from . import fit, tagging
from .registry import Context, Made, Put, resource


class _Alarm(Put):
    def _name(self, ctx: Context, p: dict[str, Any]) -> str:
        return ctx.physical_id or ctx.name(p.get("AlarmName"), longest=255)

    def _made(self, ctx: Context, name: str) -> Made:
        return Made(name, {"Arn": ctx.arn("cloudwatch", f"alarm:{name}")})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        cloudwatch, arn = ctx.client("cloudwatch"), made.attributes["Arn"]
        # An alarm that is put again keeps the tags it has.
        tagging.change(
            old.get("Tags"), p.get("Tags"),
            lambda tags: cloudwatch.tag_resource(ResourceARN=arn, Tags=tagging.as_list(tags)),
            lambda keys: cloudwatch.untag_resource(ResourceARN=arn, TagKeys=keys),
        )
        return super().update(ctx, made, fit.without(p, "Tags"), old)

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("cloudwatch").delete_alarms(AlarmNames=[made.physical_id])


@resource("AWS::CloudWatch::Alarm")
class Alarm(_Alarm):
    """An alarm on a metric or an expression of metrics."""

    applies = (
        "AlarmName AlarmDescription ActionsEnabled AlarmActions OKActions InsufficientDataActions MetricName Namespace "
        "Statistic ExtendedStatistic Dimensions Period Unit EvaluationPeriods DatapointsToAlarm Threshold "
        "ComparisonOperator TreatMissingData EvaluateLowSampleCountPercentile Metrics ThresholdMetricId Tags"
    )

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        cloudwatch, name = ctx.client("cloudwatch"), self._name(ctx, p)
        given = fit.parameters(cloudwatch, "PutMetricAlarm", {"ActionsEnabled": True, **p, "AlarmName": name})
        cloudwatch.put_metric_alarm(**given)
        return self._made(ctx, name)


@resource("AWS::CloudWatch::CompositeAlarm")
class CompositeAlarm(_Alarm):
    """An alarm on other alarms."""

    applies = (
        "AlarmName AlarmDescription ActionsEnabled AlarmActions OKActions InsufficientDataActions AlarmRule Tags"
    )
    records = dict.fromkeys(
        ("ActionsSuppressor", "ActionsSuppressorExtensionPeriod", "ActionsSuppressorWaitPeriod"),
        "moto suppresses no actions",
    )

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        cloudwatch, name = ctx.client("cloudwatch"), self._name(ctx, p)
        given = {"ActionsEnabled": True, **fit.without(p, " ".join(self.records)), "AlarmName": name}
        cloudwatch.put_composite_alarm(**fit.parameters(cloudwatch, "PutCompositeAlarm", given))
        return self._made(ctx, name)


@resource("AWS::CloudWatch::Dashboard")
class Dashboard(Put):
    """A dashboard."""

    applies = "DashboardName DashboardBody"
    records = {"Tags": "moto keeps no tags of a dashboard"}

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        name = ctx.physical_id or ctx.name(p.get("DashboardName"), longest=255)
        ctx.client("cloudwatch").put_dashboard(DashboardName=name, DashboardBody=fit.text(p["DashboardBody"]))
        return Made(name)

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("cloudwatch").delete_dashboards(DashboardNames=[made.physical_id])
