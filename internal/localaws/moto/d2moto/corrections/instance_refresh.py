"""Instance refresh, which moto does not have: the calls of Auto Scaling that roll a fleet.

Instances are really replaced, within the healthy percentages that the request or
the group's maintenance policy sets, and a replacement counts once it is healthy.
AWS takes minutes for each; this takes a boot (``hosts.BOOT_SECONDS``). Checkpoint
delays, warm-up and bake time are kept and shown but not waited for.
"""

from __future__ import annotations

import logging
import math
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.models import FakeAutoScalingGroup
from moto.autoscaling.responses import AutoScalingResponse
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.responses import ActionResult

from .. import hosts
from . import fleet_health
from .scaling_activities import REFRESH, recording

log = logging.getLogger("d2moto")

# How many boots a replacement has to become healthy; AWS gives it an hour.
PATIENCE_BOOTS = 5
# How many times a boot the fleet is looked at, and so how far apart launches are.
LOOKS = 4
# What AWS takes where neither the request nor the group says otherwise.
MIN_HEALTHY, MAX_HEALTHY = 90, 100
ACTIVE = ("Pending", "InProgress", "Cancelling", "RollbackInProgress", "Baking")

_lock = threading.Lock()


class InProgress(AutoscalingClientError):
    """A group takes one refresh at a time."""

    code = "InstanceRefreshInProgress"
    message = "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh."


class NotFound(AutoscalingClientError):
    """There is nothing to cancel."""

    code = "ActiveInstanceRefreshNotFound"
    message = "No in progress or pending Instance Refresh found for this Auto Scaling group."


class Irreversible(AutoscalingClientError):
    """AWS rolls back to a launch template version, and this group's refresh named none."""

    code = "IrreversibleInstanceRefresh"
    message = "The instance refresh has no desired configuration to roll back from."


class Stuck(Exception):
    """The refresh cannot go on; the message is its status reason."""


@dataclass
class Refresh:
    """One refresh of a group; the attributes are what DescribeInstanceRefreshes shows."""

    auto_scaling_group_name: str
    preferences: dict[str, Any]
    desired_configuration: dict[str, Any] | None
    instance_refresh_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "Pending"
    status_reason: str | None = None
    start_time: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    end_time: datetime | None = None
    percentage_complete: int = 0
    instances_to_update: int = 0

    @property
    def progress_details(self) -> dict[str, Any]:
        """The same progress once more, as AWS has it beside a warm pool's."""
        return {"LivePoolProgress": {
            "InstancesToUpdate": self.instances_to_update, "PercentageComplete": self.percentage_complete,
        }}

    def end(self, status: str, reason: str | None = None) -> None:
        """Come to an end, good or bad."""
        # In this order: whoever reads a final status finds its reason, whoever reads an end finds both.
        self.status_reason = reason
        self.status = status
        self.end_time = datetime.now(timezone.utc)


def apply() -> None:
    """Add the calls, and let a refresh alone decide over the instances while it goes on."""
    AutoScalingResponse.start_instance_refresh = _start
    AutoScalingResponse.describe_instance_refreshes = _describe
    AutoScalingResponse.cancel_instance_refresh = _cancel
    AutoScalingResponse.rollback_instance_refresh = _roll_back
    scale = FakeAutoScalingGroup.set_desired_capacity

    def set_desired_capacity(self: Any, new_capacity: int | None) -> None:
        if _active(self):
            self.desired_capacity = self.min_size if new_capacity is None else new_capacity
        else:
            scale(self, new_capacity)

    FakeAutoScalingGroup.set_desired_capacity = set_desired_capacity


def _group(self: Any) -> FakeAutoScalingGroup:
    name = self._get_param("AutoScalingGroupName")
    group = self.autoscaling_backend.autoscaling_groups.get(name)
    if group is None:
        raise ValidationError(f"AutoScalingGroup name not found - AutoScalingGroup {name} not found")
    return group


def _refreshes(group: FakeAutoScalingGroup) -> list[Refresh]:
    """The refreshes of a group, newest first."""
    return group.__dict__.setdefault("refreshes", [])


def _active(group: FakeAutoScalingGroup) -> Refresh | None:
    return next((refresh for refresh in _refreshes(group) if refresh.status in ACTIVE), None)


def _start(self: Any) -> ActionResult:
    group = _group(self)
    desired = self._get_param("DesiredConfiguration")
    preferences = self._get_param("Preferences", {}) or {}
    if _true(preferences.get("AutoRollback")) and not desired:
        raise ValidationError(
            "The request isn't valid. The AutoRollback parameter cannot be set to true when the DesiredConfiguration "
            "parameter is empty. Set AutoRollback to false or specify a desired configuration and try again."
        )
    with _lock:
        if _active(group):
            raise InProgress()
        if desired and desired.get("LaunchTemplate"):
            group._set_launch_configuration("", desired["LaunchTemplate"], None)
        refresh = Refresh(group.name, _with_defaults(group, preferences), desired)
        _refreshes(group).insert(0, refresh)
    threading.Thread(target=_run, args=(group, refresh), daemon=True).start()
    return ActionResult({"InstanceRefreshId": refresh.instance_refresh_id})


def _with_defaults(group: Any, preferences: dict[str, Any]) -> dict[str, Any]:
    """The healthy percentages are the request's, else the group's maintenance policy's, else AWS's."""
    policy = group.__dict__.get("instance_maintenance_policy") or {}
    if "MinHealthyPercentage" in preferences:
        policy = {}  # AWS takes both from one place
    least, most = policy.get("MinHealthyPercentage", MIN_HEALTHY), policy.get("MaxHealthyPercentage", MAX_HEALTHY)
    percentages = {"MinHealthyPercentage": int(least), "MaxHealthyPercentage": int(most)}
    return {**percentages, "SkipMatching": False, "AutoRollback": False, **preferences}


def _describe(self: Any) -> ActionResult:
    wanted = self._get_param("InstanceRefreshIds", [])
    found = [r for r in _refreshes(_group(self)) if not wanted or r.instance_refresh_id in wanted]
    return ActionResult({"InstanceRefreshes": found[: int(self._get_param("MaxRecords", 50))]})


def _cancel(self: Any) -> ActionResult:
    refresh = _active(_group(self))
    if refresh is None:
        raise NotFound()
    refresh.status = "Cancelling"
    return ActionResult({"InstanceRefreshId": refresh.instance_refresh_id})


def _roll_back(self: Any) -> ActionResult:
    if _active(_group(self)) is None:
        raise NotFound()
    raise Irreversible()


def _run(group: FakeAutoScalingGroup, refresh: Refresh) -> None:
    if refresh.status == "Pending":
        refresh.status = "InProgress"
    roll = Roll(group, refresh)
    try:
        while not roll.step():
            time.sleep(hosts.BOOT_SECONDS / LOOKS)
        outcome = ("Cancelled", "Cancelled due to user request.") if roll.cancelling else ("Successful", None)
    except Stuck as stuck:
        outcome = ("Cancelled" if roll.cancelling else "Failed", str(stuck))
    except Exception as error:
        log.exception("instance refresh of %s", group.name)
        outcome = ("Failed", f"{type(error).__name__}: {error}; a defect of the local AWS, its log has the trace")
    refresh.end(*outcome)
    # What was asked of the group meanwhile, and what a failure left above its size.
    group.set_desired_capacity(group.desired_capacity)


class Roll:
    """The replacement of a group's instances: who is to go, who came for them, who went."""

    def __init__(self, group: Any, refresh: Refresh):
        self.group, self.refresh = group, refresh
        self.old = [state for state in group.instance_states if not _matches(group, refresh, state)]
        self.total = len(self.old)
        self.new: list[Any] = []
        self.gone = 0
        desired, preferences = group.desired_capacity or 0, refresh.preferences
        surplus = desired * int(preferences["MaxHealthyPercentage"]) // 100 - desired
        # Above 100 % there is room for one at least; without room, one at least has to go first.
        self.ahead = 0 if int(preferences["MaxHealthyPercentage"]) <= 100 else max(1, surplus)
        spare = desired - math.ceil(desired * int(preferences["MinHealthyPercentage"]) / 100)
        self.behind = 0 if self.ahead else max(1, spare)
        self._progress(0)

    @property
    def cancelling(self) -> bool:
        """Whether somebody asked to stop; what has begun is finished then."""
        return self.refresh.status == "Cancelling"

    def step(self) -> bool:
        """Look at the fleet once, launch and terminate what may be; tells whether that was all."""
        ready = [state for state in self.new if fleet_health.is_up(self.group, state)]
        self._progress(min(len(ready), self.gone))
        if self.gone == len(ready) == self._aim:
            return True
        if alarm := _alarm(self.group, self.refresh):
            self._give_up(f"The CloudWatch alarm {alarm} is in ALARM state.")
        while self.gone < min(self._aim, len(ready) + self.behind):
            self._terminate(self.old[self.gone])
            self.gone += 1
        if len(self.new) < min(self._aim, self.gone + self.ahead) or self.gone > len(self.new):
            self._launch()
        self._lose_patience([state for state in self.new if state not in ready])
        return False

    @property
    def _aim(self) -> int:
        """How many are to be replaced: all, or once it is cancelled those that were begun."""
        return max(self.gone, len(self.new)) if self.cancelling else self.total

    def _progress(self, done: int) -> None:
        self.refresh.instances_to_update = self.total - done
        self.refresh.percentage_complete = 100 * done // self.total if self.total else 100

    def _launch(self) -> None:
        with recording(self.group, "", came=REFRESH):
            self.group.replace_autoscaling_group_instances(1, self.group.get_propagated_tags())
        self.new.append(self.group.instance_states[-1])
        self.group.autoscaling_backend.update_attached_target_groups(self.group.name)

    def _terminate(self, state: Any) -> None:
        if state not in self.group.instance_states:
            return  # scaled in or lost meanwhile
        with recording(self.group, "", left=REFRESH):
            # A new list: somebody may be reading the old one.
            self.group.instance_states = [each for each in self.group.instance_states if each is not state]
        self.group.ec2_backend.terminate_instances([state.instance.id])
        self.group.autoscaling_backend.update_attached_target_groups(self.group.name)

    def _lose_patience(self, waiting: list[Any]) -> None:
        """Fail when a replacement had its time; else say whom the refresh waits for, in AWS's words."""
        for state in waiting:
            identity = state.instance.id
            if time.monotonic() - hosts.of(state.instance).launched > PATIENCE_BOOTS * hosts.BOOT_SECONDS:
                self._give_up(f"Instances did not become healthy in time. For example: {identity} is not healthy.")
            self.refresh.status_reason = (
                f"Waiting for instances to warm up before continuing. For example: {identity} is warming up."
            )

    def _give_up(self, reason: str) -> None:
        """Stop, and take back the replacements that are not healthy: the old instances go on serving."""
        for state in self.new:
            if not fleet_health.is_up(self.group, state):
                self._terminate(state)
        raise Stuck(reason)


def _true(value: Any) -> bool:
    return str(value).lower() == "true"


def _matches(group: FakeAutoScalingGroup, refresh: Refresh, state: Any) -> bool:
    """With SkipMatching, instances of the wanted launch template version stay."""
    if not _true(refresh.preferences.get("SkipMatching")) or not group.ec2_launch_template:
        return False
    wanted = group.ec2_launch_template.get_version(group.launch_template_version).number
    return str((state.launch_template or {}).get("Version")) == str(wanted)


def _alarm(group: FakeAutoScalingGroup, refresh: Refresh) -> str | None:
    alarms = cloudwatch_backends[group.account_id][group.region].alarms
    names = (refresh.preferences.get("AlarmSpecification") or {}).get("Alarms") or []
    return next((name for name in names if name in alarms and alarms[name].state_value == "ALARM"), None)
