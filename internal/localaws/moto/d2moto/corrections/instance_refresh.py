"""Instance refresh, which moto does not have: the calls of Auto Scaling that roll a fleet.

Instances are really replaced, one after the other. AWS takes minutes for each;
this takes SECONDS. Checkpoint delays, warm-up and bake time are kept and shown
but not waited for.
"""

from __future__ import annotations

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

# How long the replacement of one instance takes.
SECONDS = 0.5
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

    def end(self, status: str, reason: str | None = None) -> None:
        """Come to an end, good or bad."""
        self.status, self.status_reason, self.end_time = status, reason, datetime.now(timezone.utc)


def apply() -> None:
    """Add the calls."""
    AutoScalingResponse.start_instance_refresh = _start
    AutoScalingResponse.describe_instance_refreshes = _describe
    AutoScalingResponse.cancel_instance_refresh = _cancel
    AutoScalingResponse.rollback_instance_refresh = _roll_back


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
    with _lock:
        if _active(group):
            raise InProgress()
        if desired and desired.get("LaunchTemplate"):
            template = desired["LaunchTemplate"]
            group._set_launch_configuration("", template, None)
        refresh = Refresh(group.name, self._get_param("Preferences", {}) or {}, desired)
        _refreshes(group).insert(0, refresh)
    threading.Thread(target=_run, args=(group, refresh), daemon=True).start()
    return ActionResult({"InstanceRefreshId": refresh.instance_refresh_id})


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
    refresh.status = "InProgress"
    try:
        replaced = [state for state in group.instance_states if not _matches(group, refresh, state)]
        refresh.instances_to_update = len(replaced)
        for done, state in enumerate(replaced, start=1):
            time.sleep(SECONDS)
            if refresh.status == "Cancelling":
                refresh.end("Cancelled", "Cancelled due to user request.")
                return
            if alarm := _alarm(group, refresh):
                refresh.end("Failed", f"The CloudWatch alarm {alarm} is in ALARM state.")
                return
            _replace(group, state)
            refresh.instances_to_update = len(replaced) - done
            refresh.percentage_complete = 100 * done // len(replaced)
        refresh.percentage_complete = 100
        refresh.end("Successful")
    except Exception as error:
        refresh.end("Failed", f"{type(error).__name__}: {error}")


def _matches(group: FakeAutoScalingGroup, refresh: Refresh, state: Any) -> bool:
    """With SkipMatching, instances of the wanted launch template version stay."""
    if str(refresh.preferences.get("SkipMatching")).lower() != "true" or not group.ec2_launch_template:
        return False
    wanted = group.ec2_launch_template.get_version(group.launch_template_version).number
    return str((state.launch_template or {}).get("Version")) == str(wanted)


def _alarm(group: FakeAutoScalingGroup, refresh: Refresh) -> str | None:
    alarms = cloudwatch_backends[group.account_id][group.region].alarms
    names = (refresh.preferences.get("AlarmSpecification") or {}).get("Alarms") or []
    return next((name for name in names if name in alarms and alarms[name].state_value == "ALARM"), None)


def _replace(group: FakeAutoScalingGroup, state: Any) -> None:
    """Launch the new instance before the old one goes."""
    if state not in group.instance_states:
        return  # scaled in meanwhile
    group.replace_autoscaling_group_instances(1, group.get_propagated_tags())
    group.instance_states.remove(state)
    group.ec2_backend.terminate_instances([state.instance.id])
    group.autoscaling_backend.update_attached_target_groups(group.name)
