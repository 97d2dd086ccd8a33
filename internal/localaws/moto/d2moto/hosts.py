"""Hosts that boot: what a real host of the platform does with a release, as a model.

An instance boots when it is launched, started or rebooted: it reads the version
parameter of each of its services, fetches and verifies the artifact, and runs
it. host/ is the program that does so on a real one; its contract is kept here.
An instance without the platform's tags boots too, and runs no service.
"""

from __future__ import annotations

import itertools
import json
import logging
import os
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from moto.ssm.models import ssm_backends

from . import artifacts, names
from .artifacts import Unusable

log = logging.getLogger("d2moto")

# How long a boot takes. AWS takes minutes; a larger value is for watching.
BOOT_SECONDS = float(os.environ.get("LOCALAWS_BOOT_SECONDS") or 0.5)
# How many boots d2-release waits for the health check before it gives a release up.
HEALTH_BOOTS = 4


@dataclass
class App:
    """One service on a host."""

    version: str = ""  # what runs: "" is nothing
    fault: str = ""  # why its health check gets no 200
    starting: bool = False  # between boot and the first outcome
    kept: list[str] = field(default_factory=list)  # releases on the disk, the one started last first

    @property
    def healthy(self) -> bool:
        """Whether its health check gets a 200."""
        return bool(self.version) and not self.fault

    def keep(self, version: str) -> None:
        """Put a release first on the disk."""
        self.kept = [version, *(v for v in self.kept if v != version)]


class Host:
    """One instance, and what runs on it."""

    def __init__(self, instance: Any):
        self.instance = instance
        self.launched = time.monotonic()
        self.booted = False
        self.said: list[str] = []  # the boot's log
        self.apps: dict[str, App] = {}
        self._boots = itertools.count(1)
        self._boot = 0
        self._alone = threading.Lock()  # d2-release runs once at a time

    def boot(self) -> None:
        """Start to boot; what was booting before does not go on."""
        self.booted, self._boot, self.launched = False, next(self._boots), time.monotonic()
        timer = threading.Timer(BOOT_SECONDS, self._come_up, [self._boot])
        timer.daemon = True
        timer.start()

    def halt(self) -> None:
        """Stop: nothing answers, the disk stays."""
        self.booted, self._boot = False, next(self._boots)

    def _come_up(self, boot: int) -> None:
        if boot != self._boot or self.instance.state != "running":
            return
        try:
            services = self.services()
            for service in services:
                self.apps.setdefault(service, App()).starting = True
            self.booted = True
            self.said = ["d2-boot: the host is up"]
            for service in services:
                self.said.append(self.release(service)[1])
        except Exception:
            log.exception("boot of %s", self.instance.id)

    def tag(self, key: str) -> str:
        """A tag of the instance, or nothing."""
        return next((str(tag["value"]) for tag in self.instance.get_tags() if tag["key"] == key), "")

    def services(self) -> list[str]:
        """What runs here. A fleet's instance runs the service it is tagged with; one that stands alone
        and runs a service at all (the bastion does not) runs every service of its environment."""
        own = self.tag(names.SERVICE)
        if not own or self._parameter(names.version_parameter(*self._place, own)) is None:
            return []
        if self.tag("aws:autoscaling:groupName"):
            return [own]
        before, after = names.version_parameter(*self._place, "*").split("*")
        known = [name.removeprefix(before).removesuffix(after) for name in list(self._ssm._parameters)
                 if name.startswith(before) and name.endswith(after)]
        return sorted(service for service in known if service and "/" not in service)

    def app(self, service: str) -> App:
        """A service of this host. One that came after the boot has the placeholder that the boot would have given it."""
        return self.apps.setdefault(service, App(names.UNRELEASED))

    def release(self, service: str) -> tuple[int, str]:
        """d2-release SERVICE: its exit code and its last line."""
        return self._do(service, self._bring)

    def restart(self, service: str) -> tuple[int, str]:
        """d2-release restart SERVICE."""
        return self._do(service, self._again)

    def status(self, service: str) -> str:
        """d2-release status SERVICE: a line of JSON."""
        app = self.app(service)
        others = [version for version in app.kept if version != app.version]
        return json.dumps({
            "service": service, "running": app.version, "healthy": app.healthy, "previous": (others or [""])[0],
        })

    def _do(self, service: str, work: Any) -> tuple[int, str]:
        if service not in self.services():
            return 2, f"d2-release: {service}: FAILED: this host runs {', '.join(self.services()) or 'no service'}"
        app = self.app(service)
        with self._alone:
            try:
                return 0, f"d2-release: {service} {work(service, app)}"
            except Unusable as failure:
                return failure.code, f"d2-release: {service}: FAILED: {failure}"
            finally:
                app.starting = False

    def _bring(self, service: str, app: App) -> str:
        """Bring the service to the wanted version, or leave it as it was."""
        try:
            version = self._wanted(service)
            if version == names.UNRELEASED:
                app.version, app.fault = version, ""
                return "unreleased: the placeholder answers"
            self._variables(service)
            fault = artifacts.fetch(self._account, names.bucket(*self._place, self._account), service, version)
        except Unusable as failure:
            now = f"{app.version} keeps running" if app.version else "nothing runs"
            raise Unusable(failure.code, f"{failure}; {now}") from failure
        if (app.version, app.healthy) != (version, True):
            self._start(app, version, fault)
        return f"{version} is running"

    def _start(self, app: App, version: str, fault: str) -> None:
        """Start a release in place of what ran, and wait until it is healthy."""
        before = app.version
        app.version, app.fault, app.starting = version, fault, False
        if not fault:
            app.keep(version)
            return
        time.sleep(HEALTH_BOOTS * BOOT_SECONDS)
        app.version, app.fault = before, ""
        now = {"": "nothing runs", names.UNRELEASED: "the placeholder answers again"}.get(before, f"{before} runs again")
        raise Unusable(7, f"{version} is not healthy; its last error line: {fault}; {now}")

    def _again(self, service: str, app: App) -> str:
        if app.version in ("", names.UNRELEASED):
            raise Unusable(2, "no release is running")
        self._variables(service)
        return f"{app.version} is running"

    def _wanted(self, service: str) -> str:
        name = names.version_parameter(*self._place, service)
        version = self._parameter(name)
        if version is None:
            raise Unusable(3, f"the parameter {name} cannot be read")
        if not names.VERSION.fullmatch(version):
            raise Unusable(3, f"the parameter {name} is {version!r}, which names no version")
        return version

    def _variables(self, service: str) -> None:
        path = names.variables(*self._place, service)
        if not any(name.startswith(path + "/") for name in list(self._ssm._parameters)):
            raise Unusable(3, f"there are no variables under {path}")

    def port(self, service: str) -> str:
        """The port that a service listens on, which its variables tell it."""
        return self._parameter(names.variables(*self._place, service) + "/PORT") or ""

    @property
    def _place(self) -> tuple[str, str]:
        return self.tag(names.PROJECT), self.tag(names.ENVIRONMENT)

    @property
    def _account(self) -> str:
        return str(self.instance.ec2_backend.account_id)

    @property
    def _ssm(self) -> Any:
        return ssm_backends[self._account][self.instance.ec2_backend.region_name]

    def _parameter(self, name: str) -> str | None:
        found = self._ssm.get_parameter(name)
        return None if found is None else str(found.value)


def of(instance: Any) -> Host:
    """The host that an instance is."""
    return instance.__dict__.setdefault("d2_host", Host(instance))
