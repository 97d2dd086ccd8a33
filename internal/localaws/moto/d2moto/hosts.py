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

from moto.rds.models import rds_backends
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
    env: dict[str, str] = field(default_factory=dict)  # the variables that it was started with
    restarts: int = 0  # since the release started
    logs: dict[str, list[str]] = field(default_factory=lambda: {"out": [], "error": [], "release": []})

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
            self.said = ["d2-boot: 0.0 s: packages"]
            for service in services:
                self.said.append(self.release(service)[1])
            self.said.append(f"d2-boot: {BOOT_SECONDS:.1f} s: done")
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
                code, line = 0, f"d2-release: {service} {work(service, app)}"
            except Unusable as failure:
                code, line = failure.code, f"d2-release: {service}: FAILED: {failure}"
            finally:
                app.starting = False
            app.logs["release"].append(line)
            return code, line

    def _bring(self, service: str, app: App) -> str:
        """Bring the service to the wanted version, or leave it as it was."""
        try:
            version = self._wanted(service)
            if version == names.UNRELEASED:
                app.version, app.fault = version, ""
                return "unreleased: the placeholder answers"
            variables = self._variables(service)
            fault = artifacts.fetch(self._account, names.bucket(*self._place, self._account), service, version)
        except Unusable as failure:
            now = f"{app.version} keeps running" if app.version else "nothing runs"
            raise Unusable(failure.code, f"{failure}; {now}") from failure
        if (app.version, app.healthy) != (version, True):
            self._start(app, version, fault)
            app.env, app.restarts = {**variables, names.VERSION_VARIABLE: version}, 0
        return f"{version} is running"

    def _start(self, app: App, version: str, fault: str) -> None:
        """Start a release in place of what ran, and wait until it is healthy."""
        before = app.version
        app.version, app.fault, app.starting = version, fault, False
        if not fault:
            app.keep(version)
            # What docs/application.md asks an app to say, and runbook DEV 5.4 looks for.
            app.logs["out"] += [f"{version} starts", "Database pool initialized"]
            return
        app.logs["error"].append(f"ERROR {version}: {fault}")
        time.sleep(HEALTH_BOOTS * BOOT_SECONDS)
        app.version, app.fault = before, ""
        now = {"": "nothing runs", names.UNRELEASED: "the placeholder answers again"}.get(before, f"{before} runs again")
        raise Unusable(7, f"{version} is not healthy; its last error line: {fault}; {now}")

    def _again(self, service: str, app: App) -> str:
        if app.version in ("", names.UNRELEASED):
            raise Unusable(2, "no release is running")
        app.env = {**self._variables(service), names.VERSION_VARIABLE: app.version}
        self.reload(service)
        return f"{app.version} is running"

    def reload(self, service: str) -> bool:
        """pm2 reload SERVICE: whether PM2 has such an app. It starts again, with the variables that it has."""
        app = self.app(service)
        if service not in self.services() or app.version in ("", names.UNRELEASED):
            return False
        app.restarts += 1
        app.logs["out"] += [f"{app.version} starts", "Database pool initialized"]
        return True

    def _wanted(self, service: str) -> str:
        name = names.version_parameter(*self._place, service)
        version = self._parameter(name)
        if version is None:
            raise Unusable(3, f"the parameter {name} cannot be read")
        if not names.VERSION.fullmatch(version):
            raise Unusable(3, f"the parameter {name} is {version!r}, which names no version")
        return version

    def _variables(self, service: str) -> dict[str, str]:
        path = names.variables(*self._place, service) + "/"
        found = {name.removeprefix(path): self._secret(name) for name in list(self._ssm._parameters) if name.startswith(path)}
        if not found:
            raise Unusable(3, f"there are no variables under {path.rstrip('/')}")
        return found

    def _secret(self, name: str) -> str:
        """A parameter's value, a SecureString's too."""
        return str(self._ssm.get_parameter(name).response_object(decrypt=True)["Value"])

    def port(self, service: str) -> str:
        """The port that a service listens on, which its variables tell it."""
        return self._parameter(names.variables(*self._place, service) + "/PORT") or ""

    def reaches(self, address: str, port: str) -> bool:
        """Whether a database answers at an address."""
        databases = rds_backends[self._account][self.instance.ec2_backend.region_name].databases.values()
        return any((each.address, str(each.port), each.status) == (address, port, "available") for each in databases)

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
