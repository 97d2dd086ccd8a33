"""EventBridge rules."""

from __future__ import annotations

import json
from typing import Any

from . import fit, tagging
from .registry import Context, Handler, Made, resource


@resource("AWS::Events::Rule")
class Rule(Handler):
    """A rule and its targets."""

    applies = "Name Description EventBusName EventPattern RoleArn ScheduleExpression State Targets Tags"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        name = ctx.name(p.get("Name"), longest=64)
        tags = tagging.as_list(tagging.as_dict(p.get("Tags")))
        arn = self._put(ctx, name, p, **({"Tags": tags} if tags else {}))
        ctx.begun(name)
        self._targets(ctx, name, p, {})
        return Made(name, {"Arn": arn})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        events, arn = ctx.client("events"), made.attributes["Arn"]
        self._put(ctx, made.physical_id, p)
        self._targets(ctx, made.physical_id, p, old)
        tagging.change(
            old.get("Tags"), p.get("Tags"),
            lambda tags: events.tag_resource(ResourceARN=arn, Tags=tagging.as_list(tags)),
            lambda keys: events.untag_resource(ResourceARN=arn, TagKeys=keys),
        )
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        self._targets(ctx, made.physical_id, {**p, "Targets": []}, p)
        ctx.client("events").delete_rule(Name=made.physical_id, **fit.pick(p, "EventBusName"))

    def _put(self, ctx: Context, name: str, p: dict[str, Any], **more: Any) -> str:
        given = fit.pick(p, "Description EventBusName RoleArn ScheduleExpression State")
        if "EventPattern" in p:
            pattern = p["EventPattern"]
            given["EventPattern"] = pattern if isinstance(pattern, str) else json.dumps(pattern)
        return str(ctx.client("events").put_rule(Name=name, **given, **more)["RuleArn"])

    def _targets(self, ctx: Context, name: str, p: dict[str, Any], old: dict[str, Any]) -> None:
        events, bus = ctx.client("events"), fit.pick(p, "EventBusName")
        wanted, present = p.get("Targets", []), old.get("Targets", [])
        kept = {target["Id"] for target in wanted}
        if dropped := [target["Id"] for target in present if target["Id"] not in kept]:
            events.remove_targets(Rule=name, Ids=dropped, **bus)
        if changed := [target for target in wanted if target not in present]:
            answer = events.put_targets(
                Rule=name, Targets=fit.member(events, "PutTargets", "Targets", changed), **bus
            )
            if answer.get("FailedEntryCount"):
                raise fit.Refused(f"Targets: {answer['FailedEntries']}")
