"""What a deployment would change: the contents of a change set."""

from __future__ import annotations

import json
from typing import Any

from ..resources.registry import REGISTRY
from .desired import Desired, lookup, replacing
from .intrinsics import Unknown, Unresolvable, has_unknown
from .parameters import Parameters
from .schema import Invalid, same
from .stacks import Resource, Stack, Store
from .template import Template
from .wire import ApiError


class Preview:
    """The changes between a stack and a template, and the problems that would stop them."""

    def __init__(
        self, store: Store, stack: Stack, template: Template, parameters: Parameters, tags: dict[str, str]
    ):
        self.stack = stack
        self.changes: list[dict[str, Any]] = []
        self.problems: dict[str, str] = {}
        self._anew: set[str] = set()
        self._updated: set[str] = set()
        self.desired = Desired(store, stack, template, parameters, tags, self._reference, self._attribute)
        for logical_id in self.desired.order:
            self._foresee(logical_id)
        for logical_id in stack.resources:
            if logical_id not in self.desired.order:
                self._add("Remove", stack.resources[logical_id])

    def _reference(self, logical_id: str) -> Any:
        resource = self.stack.resources.get(logical_id)
        if logical_id in self._anew or resource is None:
            return Unknown(logical_id)
        return resource.physical_id

    def _attribute(self, logical_id: str, name: str) -> Any:
        resource = self.stack.resources.get(logical_id)
        if logical_id in self._anew or resource is None:
            return Unknown(f"{logical_id}.{name}")
        if logical_id in self._updated and name in REGISTRY[resource.type].moving.split():
            return Unknown(f"{logical_id}.{name}")
        return attribute(resource, name)

    def _foresee(self, logical_id: str) -> None:
        type_name = self.desired.type(logical_id)
        present = self.stack.resources.get(logical_id)
        try:
            handler, known = lookup(type_name, self.stack.region)
            new = self.desired.properties(logical_id)
        except (Invalid, Unresolvable, ApiError) as error:
            self.problems[logical_id] = str(error)
            self._anew.add(logical_id)
            self._add("Modify" if present else "Add", present or Resource(logical_id, type_name))
            return
        if present is None or not present.physical_id:
            self._anew.add(logical_id)
            self._add("Add", Resource(logical_id, type_name), new=new)
            return
        old = present.properties
        changed = [name for name in {*old, *new} if not same(old.get(name), new.get(name))]
        must_replace = replacing(handler, known, old, new)
        if present.type != type_name or must_replace:
            self._anew.add(logical_id)
            self._add("Modify", present, new=new, changed=changed, replaced=must_replace or ["Type"])
        elif changed:
            self._updated.add(logical_id)
            self._add("Modify", present, new=new, changed=changed)
        elif scope := self._changed_around(present):
            self._add("Modify", present, scope=scope)

    def _changed_around(self, present: Resource) -> list[str]:
        """What changed of a resource beside its properties: only the stack's own memory has to follow."""
        name, old = present.logical_id, self.stack.template
        policies = self.desired.policies(name)
        scope = [p for p in policies if policies[p] != present.policies.get(p)]
        before = old.resources.get(name, {}) if old else {}
        after = self.desired.template.resources[name]
        return scope + [a for a in ("Metadata", "UpdatePolicy", "CreationPolicy") if before.get(a) != after.get(a)]

    def _add(
        self,
        action: str,
        resource: Resource,
        new: dict[str, Any] | None = None,
        changed: list[str] | None = None,
        replaced: list[str] | None = None,
        scope: list[str] | None = None,
    ) -> None:
        change: dict[str, Any] = {
            "Action": action,
            "LogicalResourceId": resource.logical_id,
            "PhysicalResourceId": resource.physical_id or None,
            "ResourceType": resource.type,
            "Scope": scope or [],
            "Details": [],
        }
        if action == "Remove" and resource.policies:
            change["PolicyAction"] = {"Retain": "Retain", "RetainExceptOnCreate": "Retain", "Snapshot": "Snapshot"}.get(
                resource.policies["DeletionPolicy"], "Delete"
            )
        if action == "Modify":
            change["Replacement"] = "True" if replaced else "False"
        if action in ("Remove", "Modify") and resource.physical_id:
            change["BeforeContext"] = _context(resource.properties)
        if new is not None:
            change["AfterContext"] = _context(new)
        if changed:
            change["Scope"] = ["Properties"]
            anew = {path.split(".")[0] for path in replaced or []}
            change["Details"] = [
                {
                    "Target": {
                        "Attribute": "Properties",
                        "Name": name,
                        "RequiresRecreation": "Always" if name in anew else "Never",
                    },
                    "Evaluation": "Dynamic" if has_unknown((new or {}).get(name)) else "Static",
                    "ChangeSource": "DirectModification",
                }
                for name in sorted(changed)
            ]
        self.changes.append({"Type": "Resource", "ResourceChange": change})


def attribute(resource: Resource, name: str) -> Any:
    """An attribute of a made resource."""
    if name in resource.attributes:
        return resource.attributes[name]
    raise Unresolvable(
        f"Fn::GetAtt [{resource.logical_id}, {name}]: the local AWS knows no such attribute of {resource.type}"
    )


def _context(properties: dict[str, Any]) -> str:
    def shown(value: Any) -> str:
        return "{{changeSet:KNOWN_AFTER_APPLY}}" if isinstance(value, Unknown) else str(value)

    return json.dumps({"Properties": properties}, default=shown, separators=(",", ":"))
