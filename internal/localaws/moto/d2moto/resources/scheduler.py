"""EventBridge Scheduler."""

from __future__ import annotations

from typing import Any

from . import fit, tagging
from .registry import Context, Handler, Made, resource


@resource("AWS::Scheduler::Schedule")
class Schedule(Handler):
    """Something done at certain hours."""

    applies = (
        "Name GroupName Description ScheduleExpression ScheduleExpressionTimezone FlexibleTimeWindow State StartDate "
        "EndDate KmsKeyArn Target"
    )
    replace_on = "GroupName"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        name = ctx.name(p.get("Name"), longest=64)
        scheduler = ctx.client("scheduler")
        arn = scheduler.create_schedule(
            **fit.parameters(scheduler, "CreateSchedule", {**p, "Name": name})
        )["ScheduleArn"]
        return Made(name, {"Arn": arn})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        scheduler = ctx.client("scheduler")
        scheduler.update_schedule(
            **fit.parameters(scheduler, "UpdateSchedule", {"State": "ENABLED", **p, "Name": made.physical_id})
        )
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("scheduler").delete_schedule(Name=made.physical_id, **fit.pick(p, "GroupName"))


@resource("AWS::Scheduler::ScheduleGroup")
class ScheduleGroup(Handler):
    """Schedules that belong together."""

    applies = "Name Tags"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        name = ctx.name(p.get("Name"), longest=64)
        arn = ctx.client("scheduler").create_schedule_group(
            Name=name, Tags=tagging.as_list(tagging.as_dict(p.get("Tags")))
        )["ScheduleGroupArn"]
        return Made(name, {"Arn": arn, "State": "ACTIVE"})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        scheduler, arn = ctx.client("scheduler"), made.attributes["Arn"]
        tagging.change(
            old.get("Tags"), p.get("Tags"),
            lambda tags: scheduler.tag_resource(ResourceArn=arn, Tags=tagging.as_list(tags)),
            lambda keys: scheduler.untag_resource(ResourceArn=arn, TagKeys=keys),
        )
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("scheduler").delete_schedule_group(Name=made.physical_id)
