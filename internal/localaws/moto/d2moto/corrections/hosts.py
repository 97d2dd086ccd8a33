"""EC2: an instance boots (see ``d2moto.hosts``) when it is launched, started and rebooted."""

from __future__ import annotations

from typing import Any

from moto.ec2.models.instances import Instance, InstanceBackend

from .. import hosts


def apply() -> None:
    """Boot what moto only calls running."""
    launch = InstanceBackend.run_instances

    def run_instances(self: Any, *args: Any, **given: Any) -> Any:
        reservation = launch(self, *args, **given)
        for instance in reservation.instances:
            hosts.of(instance).boot()
        return reservation

    InstanceBackend.run_instances = run_instances
    for operation, then in (("start", hosts.Host.boot), ("reboot", hosts.Host.boot), ("stop", hosts.Host.halt),
                            ("terminate", hosts.Host.halt)):
        _after(operation, then)


def _after(operation: str, then: Any) -> None:
    plain = getattr(Instance, operation)

    def done(self: Any, *args: Any, **given: Any) -> Any:
        was = self.state
        answer = plain(self, *args, **given)
        # Starting what runs is no boot.
        if operation == "reboot" or self.state != was:
            then(hosts.of(self))
        return answer

    setattr(Instance, operation, done)
