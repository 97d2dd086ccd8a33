"""DescribeScalingActivities: what a group launched and terminated, and why; moto tells nothing.

A change of a group's instances is recorded by comparing them before and after.
"""

from __future__ import annotations

import contextlib
import json
import uuid
from datetime import datetime, timezone
from typing import Any, Iterator

from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult

REFRESH = "in response to an instance refresh"
LOST = "in response to an EC2 health check indicating it has been terminated or stopped"


def apply() -> None:
    """Record what scaling and lost instances do, and show it."""
    AutoScalingResponse.describe_scaling_activities = _describe
    scale = FakeAutoScalingGroup.set_desired_capacity
    notify = AutoScalingBackend.notify_terminate_instances

    def set_desired_capacity(self: Any, new_capacity: int | None) -> None:
        with recording(self, _asked(self, self.min_size if new_capacity is None else new_capacity)):
            scale(self, new_capacity)

    def notify_terminate_instances(self: Any, instance_ids: list[str]) -> None:
        with contextlib.ExitStack() as all_groups:
            for group in self.autoscaling_groups.values():
                all_groups.enter_context(recording(group, "", left=LOST))
            notify(self, instance_ids)

    FakeAutoScalingGroup.set_desired_capacity = set_desired_capacity
    AutoScalingBackend.notify_terminate_instances = notify_terminate_instances


@contextlib.contextmanager
def recording(group: Any, asked: str, came: str = "", left: str = "") -> Iterator[None]:
    """Record the instances that come and go meanwhile. ``asked`` is what somebody asked for, in a sentence;
    ``came`` and ``left`` say why an instance did, where it was not the difference of capacities."""
    before = {state.instance.id: state.instance for state in group.__dict__.get("instance_states", [])}
    yield
    after = {state.instance.id: state.instance for state in group.instance_states}
    grown = f", increasing the capacity from {len(before)} to {len(after)}" if len(after) > len(before) else ""
    shrunk = f", shrinking the capacity from {len(before)} to {len(after)}" if len(after) < len(before) else ""
    difference = "in response to a difference between desired and actual capacity"
    for identity in before.keys() - after.keys():
        cause = f"{asked}{_at()} an instance was taken out of service {left or difference}{shrunk}."
        _add(group, f"Terminating EC2 instance: {identity}", cause, before[identity])
    for identity in after.keys() - before.keys():
        cause = f"{asked}{_at()} an instance was started {came or difference}{grown}."
        _add(group, f"Launching a new EC2 instance: {identity}", cause, after[identity])


def _asked(group: Any, wanted: int) -> str:
    if "desired_capacity" not in group.__dict__:
        return f"{_at()} a user request created an AutoScalingGroup changing the desired capacity from 0 to {wanted}.  "
    return (
        f"{_at()} a user request update of AutoScalingGroup constraints to min: {group.min_size}, max: {group.max_size}, "
        f"desired: {wanted} changing the desired capacity from {group.desired_capacity} to {wanted}.  "
    )


def _at() -> str:
    return f"At {datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"


def _add(group: Any, description: str, cause: str, instance: Any) -> None:
    now = datetime.now(timezone.utc)
    group.__dict__.setdefault("activities", []).insert(0, {
        "ActivityId": str(uuid.uuid4()), "AutoScalingGroupName": group.name, "AutoScalingGroupARN": group.arn,
        "Description": description, "Cause": cause, "StartTime": now, "EndTime": now,
        "StatusCode": "Successful", "Progress": 100,
        "Details": json.dumps({"Subnet ID": instance.subnet_id, "Availability Zone": instance.placement.zone}),
    })


def _describe(self: Any) -> ActionResult:
    groups, name = self.autoscaling_backend.autoscaling_groups, self._get_param("AutoScalingGroupName")
    if name and name not in groups:
        raise ValidationError(f"AutoScalingGroup name not found - AutoScalingGroup {name} not found")
    wanted = self._get_param("ActivityIds", [])
    found = [
        activity for group in groups.values() if group.name == (name or group.name)
        for activity in group.__dict__.get("activities", []) if not wanted or activity["ActivityId"] in wanted
    ]
    found.sort(key=lambda activity: activity["StartTime"], reverse=True)
    return ActionResult({"Activities": found[: int(self._get_param("MaxRecords", 100))]})
