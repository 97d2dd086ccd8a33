"""Systems Manager's Run Command: scripts that run on hosts; moto calls every command a success and runs none.

A command goes Pending, InProgress, then Success, Failed, TimedOut or Cancelled,
on each instance by itself. What a script answers is in ``d2moto.commands``.
"""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.ssm.exceptions import SSMException
from moto.ssm.responses import SimpleSystemManagerResponse

from .. import hosts
from ..commands import STOPPED, Shell
from . import ssm

DOCUMENT, PLUGIN = "AWS-RunShellScript", "aws:runShellScript"
# AWS's limits, in characters: of GetCommandInvocation, and of a plugin in ListCommandInvocations.
OUT_MAX, ERROR_MAX, PLUGIN_MAX = 24000, 8000, 2500
TRUNCATED = "\n--output truncated--"
# A part of a boot: how long a command waits for the agent to fetch it.
DELIVERY = 0.2
# Seconds that a script may run, and that a command waits for an agent, where nobody says.
RUN_SECONDS, WAIT_SECONDS = 3600, 3600
ENDED = ("Success", "Failed", "TimedOut", "Cancelled")
DETAILS = {"TimedOut": "ExecutionTimedOut"}


@dataclass
class Invocation:
    """A command on one instance."""

    command: Command
    instance: Any
    status: str = "Pending"
    code: int = -1
    out: str = ""
    error: str = ""
    began: datetime | None = None
    ended: datetime | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Wait for the agent, run, and say how it went."""
        if self.stop.wait(DELIVERY * hosts.BOOT_SECONDS):
            return self._end("Cancelled", -1)
        self.status, self.began = "InProgress", datetime.now(timezone.utc)
        shell = Shell(hosts.of(self.instance), self.stop, self.command.seconds)
        result = shell.run(self.command.script)
        self.out, self.error = result.out, result.error
        if result.code == STOPPED and (self.stop.is_set() or shell.overdue):
            return self._end("Cancelled" if self.stop.is_set() else "TimedOut", result.code)
        if result.code:
            self.error += f"failed to run commands: exit status {result.code}"
        self._end("Failed" if result.code else "Success", result.code)

    def _end(self, status: str, code: int) -> None:
        # The status last: whoever reads a final one finds the rest.
        self.code, self.ended = code, datetime.now(timezone.utc)
        self.status = status

    @property
    def details(self) -> str:
        """The status more exactly."""
        return DETAILS.get(self.status, self.status)

    def told(self) -> dict[str, Any]:
        """As GetCommandInvocation shows it."""
        return {
            "CommandId": self.command.id, "InstanceId": self.instance.id, "Comment": self.command.comment,
            "DocumentName": DOCUMENT, "DocumentVersion": "$DEFAULT", "PluginName": PLUGIN, "ResponseCode": self.code,
            "ExecutionStartDateTime": _text(self.began), "ExecutionEndDateTime": _text(self.ended),
            "ExecutionElapsedTime": self._elapsed(), "Status": self.status, "StatusDetails": self.details,
            "StandardOutputContent": _cut(self.out, OUT_MAX), "StandardOutputUrl": "",
            "StandardErrorContent": _cut(self.error, ERROR_MAX), "StandardErrorUrl": "",
        }

    def listed(self, details: bool) -> dict[str, Any]:
        """As ListCommandInvocations shows it."""
        output = self.out + (f"\n----------ERROR-------\n{self.error}" if self.error else "")
        plugin = {
            "Name": PLUGIN, "Status": self.status, "StatusDetails": self.details, "ResponseCode": self.code,
            "ResponseStartDateTime": self.began, "ResponseFinishDateTime": self.ended,
            "Output": _cut(output, PLUGIN_MAX), "StandardOutputUrl": "", "StandardErrorUrl": "",
        }
        return {
            "CommandId": self.command.id, "InstanceId": self.instance.id, "InstanceName": self.instance.private_dns_name,
            "Comment": self.command.comment, "DocumentName": DOCUMENT, "DocumentVersion": "$DEFAULT",
            "RequestedDateTime": self.command.requested, "Status": self.status, "StatusDetails": self.details,
            "CommandPlugins": [plugin] if details else [],
        }

    def _elapsed(self) -> str:
        return f"PT{(self.ended - self.began).total_seconds():.3f}S" if self.began and self.ended else ""


@dataclass
class Command:
    """One SendCommand."""

    parameters: dict[str, list[str]]
    comment: str
    targets: list[dict[str, Any]]
    asked: list[str]
    wait: int
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    requested: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    invocations: list[Invocation] = field(default_factory=list)

    @property
    def script(self) -> str:
        """All its commands, which AWS joins to one script."""
        return "\n".join(self.parameters.get("commands", []))

    @property
    def seconds(self) -> float:
        """How long the script may run."""
        return float(self.parameters.get("executionTimeout", [str(RUN_SECONDS)])[0])

    @property
    def status(self) -> str:
        """The worst of its invocations once all have ended."""
        found = {invocation.status for invocation in self.invocations}
        for status in ("InProgress", "Pending", "Failed", "TimedOut", "Cancelled"):
            if status in found:
                # Some have ended and others not begun: that is in progress too.
                return "InProgress" if status == "Pending" and len(found) > 1 else status
        return "Success"

    def told(self) -> dict[str, Any]:
        """As SendCommand and ListCommands show it."""
        statuses = [invocation.status for invocation in self.invocations]
        return {
            "CommandId": self.id, "DocumentName": DOCUMENT, "DocumentVersion": "$DEFAULT", "Comment": self.comment,
            "ExpiresAfter": self.requested + timedelta(seconds=self.wait + self.seconds), "Parameters": self.parameters,
            "InstanceIds": self.asked, "Targets": self.targets, "RequestedDateTime": self.requested,
            "Status": self.status, "StatusDetails": DETAILS.get(self.status, self.status) if statuses else "NoInstancesInTag",
            "TargetCount": len(statuses), "CompletedCount": sum(status in ENDED for status in statuses),
            "ErrorCount": statuses.count("Failed"), "DeliveryTimedOutCount": 0, "TimeoutSeconds": self.wait,
            "MaxConcurrency": "50", "MaxErrors": "0",
        }


def apply() -> None:
    """Take the place of moto's calls, and add those that it lacks."""
    SimpleSystemManagerResponse.send_command = _send
    SimpleSystemManagerResponse.get_command_invocation = _get
    SimpleSystemManagerResponse.list_commands = _list
    SimpleSystemManagerResponse.list_command_invocations = _list_invocations
    SimpleSystemManagerResponse.cancel_command = _cancel


def _send(self: Any) -> ActionResult:
    if self._get_param("DocumentName") != DOCUMENT:
        raise SSMException("InvalidDocument", f"The local AWS runs the document {DOCUMENT} only.")
    parameters = {name: list(values) for name, values in (self._get_param("Parameters", {}) or {}).items()}
    if not parameters.get("commands") or set(parameters) - {"commands", "executionTimeout"}:
        raise SSMException("InvalidParameters", "Give commands, and executionTimeout if need be; the local AWS has no other.")
    command = Command(
        parameters, self._get_param("Comment", ""), self._get_param("Targets", []) or [],
        self._get_param("InstanceIds", []) or [], self._get_int_param("TimeoutSeconds") or WAIT_SECONDS,
    )
    command.invocations = [Invocation(command, instance) for instance in _instances(self, command)]
    _commands(self)[command.id] = command
    for invocation in command.invocations:
        threading.Thread(target=invocation.run, daemon=True).start()
    return ActionResult({"Command": command.told()})


def _instances(self: Any, command: Command) -> list[Any]:
    """Whom it goes to: instances by id must all be online, targets are those that are."""
    online = [each for each in ec2_backends[self.current_account][self.region].all_instances() if ssm.is_online(each)]
    if absent := set(command.asked) - {instance.id for instance in online}:
        text = f"Instances [[{', '.join(sorted(absent))}]] not in a valid state for account {self.current_account}"
        raise SSMException("InvalidInstanceId", text)
    return [
        instance for instance in online
        if instance.id in command.asked or command.targets and all(_aimed(target, instance) for target in command.targets)
    ]


def _aimed(target: dict[str, Any], instance: Any) -> bool:
    key, values = target["Key"], target.get("Values", [])
    if key.lower() == "instanceids":
        return instance.id in values
    return key.startswith("tag:") and hosts.of(instance).tag(key[4:]) in values


def _commands(self: Any) -> dict[str, Command]:
    return self.ssm_backend.__dict__.setdefault("d2_commands", {})


def _chosen(self: Any) -> list[Command]:
    """The commands that a list asks for, newest first."""
    identity, instance = self._get_param("CommandId"), self._get_param("InstanceId")
    if identity and identity not in _commands(self):
        raise SSMException("InvalidCommandId", "Invalid command id.")
    return [
        command for command in reversed(list(_commands(self).values())) if identity in (None, command.id)
        and (instance is None or instance in [each.instance.id for each in command.invocations])
    ]


def _get(self: Any) -> ActionResult:
    instance, plugin = self._get_param("InstanceId"), self._get_param("PluginName")
    command = _commands(self).get(self._get_param("CommandId"))
    for invocation in command.invocations if command else []:
        if invocation.instance.id == instance and plugin in (None, PLUGIN):
            return ActionResult(invocation.told())
    raise SSMException("InvocationDoesNotExist", "")


def _list(self: Any) -> ActionResult:
    return ActionResult({"Commands": [command.told() for command in _chosen(self)]})


def _list_invocations(self: Any) -> ActionResult:
    instance, details = self._get_param("InstanceId"), bool(self._get_param("Details"))
    return ActionResult({"CommandInvocations": [
        invocation.listed(details) for command in _chosen(self) for invocation in command.invocations
        if instance in (None, invocation.instance.id)
    ]})


def _cancel(self: Any) -> ActionResult:
    command = _commands(self).get(self._get_param("CommandId"))
    if command is None:
        raise SSMException("InvalidCommandId", "Invalid command id.")
    wanted = self._get_param("InstanceIds", []) or []
    for invocation in command.invocations:
        if not wanted or invocation.instance.id in wanted:
            invocation.stop.set()
    return ActionResult({})


def _text(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z" if moment else ""


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - len(TRUNCATED)] + TRUNCATED
