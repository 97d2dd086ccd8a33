"""Load balancing: target health is what the hosts are, where moto calls everything healthy."""

from __future__ import annotations

import time
from typing import Any

from moto.elbv2.models import ELBv2Backend, FakeHealthStatus, FakeTargetGroup, elbv2_backends

from .. import hosts, names

# How many boots a target drains; AWS takes the group's deregistration delay.
DRAIN_BOOTS = 2

# AWS's words (Elastic Load Balancing, "Target health status").
REGISTERING = ("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
CHECKING = ("initial", "Elb.InitialHealthChecking", "Initial health checks in progress")
HEALTHY = ("healthy", None, None)
NOT_IN_USE = ("unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer")
DRAINING = ("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
FAILED = ("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
UNHEALTHY = {
    "never": ("unhealthy", "Target.ResponseCodeMismatch", "Health checks failed with these codes: [503]"),
    "timeout": ("unhealthy", "Target.Timeout", "Request timed out"),
}


def apply() -> None:
    """Correct DescribeTargetHealth, and let what is deregistered drain."""
    _drain("deregister")
    _drain("deregister_terminated_instances")
    _list_what_drains()
    plain = FakeTargetGroup.health_for

    def health_for(self: Any, target: dict[str, Any], ec2_backend: Any) -> Any:
        told = _health(self, target["Id"], ec2_backend)
        if told is None:
            return plain(self, target, ec2_backend)
        port = (self.targets.get(target["Id"]) or target).get("Port", self.port)
        return FakeHealthStatus(target["Id"], port, self.health_check_port, *told)

    FakeTargetGroup.health_for = health_for


def is_healthy(target_group: Any, instance: Any) -> bool:
    """Whether a group's health checks do not speak against an instance; an unused group has none."""
    told = _health(target_group, instance.id, instance.ec2_backend)
    return told in (HEALTHY, NOT_IN_USE)


def _health(group: Any, target: str, ec2_backend: Any) -> tuple[str, str | None, str | None] | None:
    """State, reason and description; nothing where moto's own answer is right."""
    if target not in group.targets:
        return DRAINING if target in _draining(group) else None
    instance = ec2_backend.get_instance_by_id(target)
    if instance is None or instance.state != "running":
        return None
    backend = elbv2_backends[group.account_id][group.region_name]
    if not backend._any_listener_using(group.arn):
        return NOT_IN_USE
    service = backend.tagging_service.get_tag_dict_for_resource(group.arn).get(names.SERVICE, "")
    return _of_host(hosts.of(instance), service)


def _of_host(host: hosts.Host, service: str) -> tuple[str, str | None, str | None]:
    if not host.booted:
        early = time.monotonic() - host.launched < hosts.BOOT_SECONDS / 5
        return REGISTERING if early else CHECKING
    if service not in host.services():
        return HEALTHY  # no service of ours: as moto tells it
    app = host.app(service)
    if app.starting:
        return CHECKING
    return HEALTHY if app.healthy else UNHEALTHY.get(app.fault, FAILED)


def _draining(group: Any) -> dict[str, float]:
    """Targets that still drain, with the time at which they are done."""
    leaving = group.__dict__.setdefault("draining", {})
    return {target: until for target, until in list(leaving.items()) if until > time.monotonic()}


def _drain(operation: str) -> None:
    plain = getattr(FakeTargetGroup, operation)

    def leave(self: Any, *args: Any) -> Any:
        before = set(self.targets)
        answer = plain(self, *args)
        until = time.monotonic() + DRAIN_BOOTS * hosts.BOOT_SECONDS
        self.__dict__.setdefault("draining", {}).update(dict.fromkeys(before - set(self.targets), until))
        return answer

    setattr(FakeTargetGroup, operation, leave)


def _list_what_drains() -> None:
    """Without targets asked for, AWS lists those that drain too."""
    plain = ELBv2Backend.describe_target_health

    def describe_target_health(self: Any, target_group_arn: str, targets: list[dict[str, Any]]) -> Any:
        group = self.target_groups.get(target_group_arn)
        if group is not None and not targets:
            gone = [{"Id": target} for target in _draining(group) if target not in group.targets]
            targets = [*list(group.targets.values()), *gone]
            if not targets:
                return []
        return plain(self, target_group_arn, targets)

    ELBv2Backend.describe_target_health = describe_target_health
