"""What a group knows of its instances' health, where moto calls every instance healthy."""

from __future__ import annotations

import time
from typing import Any

from .. import hosts
from . import elb

# How many boots an instance has until its health counts, instead of the group's grace period.
GRACE_BOOTS = 4


def is_up(group: Any, state: Any) -> bool:
    """Whether an instance has booted and no health check that the group listens to speaks against it."""
    if not hosts.of(state.instance).booted:
        return False
    if "ELB" not in (group.health_check_type or ""):
        return True
    target_groups = group.autoscaling_backend.elbv2_backend.target_groups
    attached = [target_groups[arn] for arn in group.target_group_arns if arn in target_groups]
    return all(elb.is_healthy(target_group, state.instance) for target_group in attached)


def status(state: Any) -> str:
    """HealthStatus: as SetInstanceHealth left it, else Unhealthy once the grace period is over.

    AWS would now replace the instance; here it stays, so that it can be looked at.
    """
    told = state.__dict__.get("told_health", "Healthy")
    group = state.auto_scaling_group
    if told != "Healthy" or group is None or is_up(group, state):
        return str(told)
    age = time.monotonic() - hosts.of(state.instance).launched
    return "Unhealthy" if age > GRACE_BOOTS * hosts.BOOT_SECONDS else "Healthy"


def set_status(state: Any, value: str) -> None:
    """What SetInstanceHealth says, or the group when it launches."""
    state.__dict__["told_health"] = value
