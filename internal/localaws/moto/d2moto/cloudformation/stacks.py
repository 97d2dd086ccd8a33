"""What CloudFormation remembers: stacks, their resources, events and change sets. In memory."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from .parameters import Parameters
from .template import Template
from .wire import ApiError, ValidationError

if TYPE_CHECKING:
    from .deployment import Deployment


def now() -> datetime:
    """The present, in UTC."""
    return datetime.now(timezone.utc)


@dataclass
class Resource:
    """A resource as the stack last made it."""

    logical_id: str
    type: str
    physical_id: str = ""
    properties: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    policies: dict[str, str] = field(default_factory=dict)
    depends_on: set[str] = field(default_factory=set)
    status: str = ""
    reason: str = ""
    changed: datetime = field(default_factory=now)


@dataclass
class Event:
    """One line of a stack's history."""

    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str
    token: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    timestamp: datetime = field(default_factory=now)


@dataclass
class ChangeSet:
    """A proposed deployment and what it would change."""

    id: str
    name: str
    kind: str
    request: dict[str, Any]
    template: Template
    parameters: Parameters
    tags: dict[str, str]
    changes: list[dict[str, Any]] = field(default_factory=list)
    status: str = "CREATE_COMPLETE"
    reason: str = ""
    execution_status: str = "AVAILABLE"
    created: datetime = field(default_factory=now)


@dataclass
class Stack:
    """A stack; deleted ones stay findable by id, as in AWS."""

    id: str
    name: str
    region: str
    account: str
    template: Template | None = None
    parameters: Parameters = field(default_factory=Parameters)
    tags: dict[str, str] = field(default_factory=dict)
    outputs: list[dict[str, Any]] = field(default_factory=list)
    resources: dict[str, Resource] = field(default_factory=dict)
    change_sets: dict[str, ChangeSet] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    imports: set[str] = field(default_factory=set)
    status: str = "REVIEW_IN_PROGRESS"
    reason: str = ""
    role_arn: str = ""
    notification_arns: list[str] = field(default_factory=list)
    capabilities: list[str] = field(default_factory=list)
    termination_protection: bool = False
    disable_rollback: bool = False
    change_set_id: str = ""
    # A deployment that failed without a rollback and may yet be rolled back.
    paused: Deployment | None = None
    created: datetime = field(default_factory=now)
    updated: datetime | None = None
    deleted: datetime | None = None

    @property
    def live(self) -> bool:
        """Whether the stack still exists."""
        return self.status != "DELETE_COMPLETE"

    @property
    def busy(self) -> bool:
        """Whether an operation is running."""
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"

    @property
    def exports(self) -> dict[str, str]:
        """The outputs that other stacks may import, by export name."""
        return {o["ExportName"]: o["OutputValue"] for o in self.outputs if o.get("ExportName")}

    def output(self, key: str) -> str | None:
        """The value of an output."""
        return next((o["OutputValue"] for o in self.outputs if o["OutputKey"] == key), None)

    def set_status(self, status: str, reason: str = "", token: str = "") -> None:
        """Move the stack on and write it into its history."""
        self.status, self.reason = status, reason
        self._note(Event(self.name, self.id, "AWS::CloudFormation::Stack", status, reason, token))

    def set_resource_status(self, resource: Resource, status: str, reason: str = "", token: str = "") -> None:
        """Move a resource on and write it into the stack's history."""
        resource.status, resource.reason, resource.changed = status, reason, now()
        self._note(Event(resource.logical_id, resource.physical_id, resource.type, status, reason, token))

    def _note(self, event: Event) -> None:
        # Readers sort events by time, in milliseconds: no two may share one.
        if self.events:
            event.timestamp = max(event.timestamp, self.events[-1].timestamp + timedelta(milliseconds=1))
        self.events.append(event)

    def change_set(self, name_or_id: str) -> ChangeSet | None:
        """A change set by name or ARN."""
        return next((c for c in self.change_sets.values() if name_or_id in (c.id, c.name)), None)


class Store:
    """All stacks of the one local account, in every region."""

    def __init__(self, account: str):
        self.account = account
        # One operation at a time: moto's services are not made for several.
        self.operating = threading.Lock()
        self._stacks: dict[str, Stack] = {}

    def add(self, name: str, region: str) -> Stack:
        """Begin a stack."""
        arn = f"arn:aws:cloudformation:{region}:{self.account}:stack/{name}/{uuid.uuid4()}"
        stack = Stack(id=arn, name=name, region=region, account=self.account)
        self._stacks[arn] = stack
        return stack

    def discard(self, stack: Stack) -> None:
        """Forget a stack that never came into being."""
        self._stacks.pop(stack.id, None)

    def clear(self) -> None:
        """Forget everything."""
        self._stacks.clear()

    def find(self, region: str, name_or_id: str) -> Stack | None:
        """A live stack by name, or any stack by id."""
        if name_or_id in self._stacks:
            return self._stacks[name_or_id]
        return next((s for s in self.of(region) if s.name == name_or_id and s.live), None)

    def get(self, region: str, name_or_id: str) -> Stack:
        """Like find, but a missing stack is the caller's error."""
        stack = self.find(region, name_or_id)
        if stack is None:
            raise ValidationError(f"Stack with id {name_or_id} does not exist")
        return stack

    def of(self, region: str) -> list[Stack]:
        """The stacks of a region, oldest first."""
        return [s for s in list(self._stacks.values()) if s.region == region]

    def exports(self, region: str) -> dict[str, tuple[Stack, str]]:
        """Every export of a region with the stack that gives it."""
        return {name: (s, value) for s in self.of(region) if s.live for name, value in s.exports.items()}

    def importers(self, region: str, export: str) -> list[str]:
        """Names of the stacks that import an export."""
        return [s.name for s in self.of(region) if s.live and export in s.imports]

    def get_change_set(self, region: str, stack_name: str | None, change_set: str) -> tuple[Stack, ChangeSet]:
        """A change set by name and stack, or by its ARN alone."""
        candidates = [self.get(region, stack_name)] if stack_name else self.of(region)
        for stack in candidates:
            found = stack.change_set(change_set)
            if found:
                return stack, found
        raise ApiError("ChangeSetNotFound", f"ChangeSet [{change_set}] does not exist", 404)
