"""The registry of resource types, and what a handler of one may use."""

from __future__ import annotations

import random
import re
import string
from dataclasses import dataclass, field
from typing import Any, Callable, ClassVar

from botocore.exceptions import ClientError

from .. import aws


class Refused(Exception):
    """A resource that cannot be made as the template asks; the message says why and what to do."""


@dataclass
class Made:
    """A resource: its physical id (what Ref gives) and its attributes (what Fn::GetAtt gives)."""

    physical_id: str
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass
class Context:
    """Where a resource is made: its stack, its region, its logical id."""

    region: str
    account: str
    stack_name: str
    stack_id: str
    logical_id: str
    # Resolves the resource's UpdatePolicy, for the few types that act on one.
    update_policy: Callable[[], dict[str, Any]] = dict
    # Set by begun(): lets a rollback find a resource whose making failed half way.
    physical_id: str = ""

    def client(self, service: str, region: str = "") -> Any:
        """A client of a service, in the stack's region unless told otherwise."""
        return aws.client(service, region or self.region)

    def name(self, given: str | None = None, longest: int = 128, lower: bool = False) -> str:
        """The given physical name, or <stack>-<logical id>-<random> as CloudFormation makes it."""
        if given:
            return given
        suffix = "".join(random.choices(string.ascii_uppercase + string.digits, k=12))
        stem = f"{self.stack_name}-{self.logical_id}"[: longest - 13]
        made = f"{stem}-{suffix}"
        return re.sub(r"[^a-z0-9-]", "-", made.lower()) if lower else made

    def system_tags(self) -> dict[str, str]:
        """The tags that CloudFormation itself puts on what it makes."""
        return {
            "aws:cloudformation:stack-name": self.stack_name,
            "aws:cloudformation:stack-id": self.stack_id,
            "aws:cloudformation:logical-id": self.logical_id,
        }

    def begun(self, physical_id: str) -> str:
        """Note that the resource exists from here on, though it may not be complete."""
        self.physical_id = physical_id
        return physical_id

    def arn(self, service: str, resource: str, region: str | None = None) -> str:
        """An ARN in the stack's account."""
        return f"arn:aws:{service}:{self.region if region is None else region}:{self.account}:{resource}"


class Handler:
    """Makes, changes and removes one resource type. Subclasses are stateless.

    A property is either in ``applies`` (the service API shows it afterwards) or
    in ``records`` (accepted, but moto has nowhere to keep it; the value says so
    in words). Any other property fails the deployment.
    """

    type: ClassVar[str] = ""
    applies: ClassVar[str] = ""
    records: ClassVar[dict[str, str]] = {}
    # Properties that need a new resource beyond those that the schema names.
    replace_on: ClassVar[str] = ""
    # Attributes that an update in place changes, so that their readers change too.
    moving: ClassVar[str] = ""
    default_deletion_policy: ClassVar[str] = "Delete"

    def properties(self) -> set[str]:
        """The names of the properties that the handler takes."""
        return set(self.applies.split()) | set(self.records)

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        """Make the resource."""
        raise NotImplementedError

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        """Change the resource in place."""
        changed = ", ".join(sorted(k for k in {*p, *old} if p.get(k) != old.get(k)))
        raise Refused(f"the local AWS cannot change {changed} of a {self.type} in place")

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        """Remove the resource."""

    def snapshot(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        """Keep the data of a resource with DeletionPolicy Snapshot; called before delete."""
        raise Refused(f"a {self.type} cannot be kept as a snapshot")


REGISTRY: dict[str, Handler] = {}


def resource(type_name: str) -> Any:
    """Register a handler class for a resource type."""

    def register(handler: type[Handler]) -> type[Handler]:
        handler.type = type_name
        REGISTRY[type_name] = handler()
        return handler

    return register


class Put(Handler):
    """A resource whose API creates and changes it by the same call."""

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        ctx.physical_id = made.physical_id
        return self.create(ctx, p)


class Recorded(Handler):
    """A resource that moto has no API for: accepted and remembered by the stack only."""

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        return made


def unsupported(handler: Handler, properties: dict[str, Any]) -> list[str]:
    """The properties that a handler can neither apply nor record."""
    return sorted(set(properties) - handler.properties())


def gone(error: Exception) -> bool:
    """Whether an error says that the resource does not exist (any more)."""
    if not isinstance(error, ClientError):
        return False
    code = str(error.response.get("Error", {}).get("Code", ""))
    return bool(re.search(r"NotFound|NoSuch|NonExist|DoesNotExist|^404$|UnknownResource", code))
