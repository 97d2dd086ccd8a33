"""Making a stack what its template says, and undoing it when that fails."""

from __future__ import annotations

import copy
import logging
from dataclasses import dataclass
from typing import Any, Callable

from botocore.exceptions import BotoCoreError, ClientError

from ..resources.registry import REGISTRY, Context, Handler, Made, Refused, gone
from .desired import Desired, lookup, replacing
from .intrinsics import Unresolvable
from .preview import Preview, attribute
from .parameters import Parameters
from .schema import Invalid, same
from .stacks import Resource, Stack, Store, now
from .template import Template
from .wire import ApiError

log = logging.getLogger("d2moto")


class Failed(Exception):
    """The deployment of a stack failed; the message is the stack's status reason."""


@dataclass
class Step:
    """Something done, and how to undo it."""

    resource: Resource
    undo: Callable[[], None]


def explain(error: Exception) -> str:
    """Why a resource failed, for its event."""
    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        return f"{error.operation_name}: {details.get('Message') or error} ({details.get('Code', 'no code')})"
    if isinstance(error, (Refused, Invalid, Unresolvable, ApiError, BotoCoreError)):
        return str(error)
    return f"{type(error).__name__}: {error} (a defect of the local AWS; its log has the trace)"


class Deployment:
    """One creation or update of a stack."""

    def __init__(
        self,
        store: Store,
        stack: Stack,
        template: Template,
        parameters: Parameters,
        tags: dict[str, str],
        token: str = "",
        disable_rollback: bool = False,
    ):
        self.store, self.stack, self.template = store, stack, template
        self.parameters, self.tags, self.token = parameters, tags, token
        self.disable_rollback = disable_rollback
        self.leftovers: list[Resource] = []
        if stack.paused:
            # What failed before without a rollback is part of what a rollback takes back.
            self.verb, self.done, self.before = stack.paused.verb, stack.paused.done, stack.paused.before
            return
        self.verb = "CREATE" if stack.template is None else "UPDATE"
        self.done: list[Step] = []
        self.before = (stack.template, stack.parameters, stack.tags, stack.outputs, stack.imports)

    def run(self) -> None:
        """Deploy; the stack's status tells how it went."""
        stack = self.stack
        stack.set_status(f"{self.verb}_IN_PROGRESS", "User Initiated", self.token)
        try:
            outputs, imports = self._apply()
        except Failed as failure:
            reason = str(failure)
            log.warning("%s: %s", stack.name, reason)
            if self.disable_rollback:
                stack.template, stack.parameters, stack.tags = self.template, self.parameters, self.tags
                stack.paused = self
                stack.set_status(f"{self.verb}_FAILED", reason, self.token)
            else:
                self.roll_back(reason, self.token)
            return
        stack.template, stack.parameters, stack.tags = self.template, self.parameters, self.tags
        stack.outputs, stack.imports, stack.paused = outputs, imports, None
        if self.verb == "UPDATE":
            stack.set_status("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "", self.token)
            self._clean_up()
        stack.set_status(f"{self.verb}_COMPLETE", "", self.token)

    # Forward

    def _apply(self) -> tuple[list[dict[str, Any]], set[str]]:
        try:
            self._refuse_what_cannot_work()
            desired = Desired(
                self.store, self.stack, self.template, self.parameters, self.tags, self._reference, self._attribute
            )
            for logical_id in desired.order:
                self._bring(desired, logical_id)
            outputs = desired.outputs()
            self._check_exports(outputs)
        except Failed:
            raise
        except Exception as error:
            if not isinstance(error, (ApiError, Unresolvable, Invalid)):
                log.exception("%s", self.stack.name)
            raise Failed(explain(error)) from error
        self.leftovers += [r for name, r in self.stack.resources.items() if name not in desired.order]
        return outputs, desired.scope.imports

    def _refuse_what_cannot_work(self) -> None:
        """Report all that is known to be impossible at once, before anything is made."""
        preview = Preview(self.store, self.stack, self.template, self.parameters, self.tags)
        if not preview.problems:
            return
        for logical_id, reason in preview.problems.items():
            present = self.stack.resources.get(logical_id)
            failed = copy.copy(present) if present else Resource(logical_id, preview.desired.type(logical_id))
            self.stack.set_resource_status(failed, "UPDATE_FAILED" if present else "CREATE_FAILED", reason, self.token)
        raise Failed(f"The following resource(s) failed: [{', '.join(preview.problems)}].")

    def _reference(self, logical_id: str) -> Any:
        return self._resource(logical_id).physical_id

    def _attribute(self, logical_id: str, name: str) -> Any:
        return attribute(self._resource(logical_id), name)

    def _resource(self, logical_id: str) -> Resource:
        if logical_id not in self.stack.resources:
            raise Unresolvable(f"{logical_id} is not in the stack: its condition does not hold")
        return self.stack.resources[logical_id]

    def _bring(self, desired: Desired, logical_id: str) -> None:
        """Make, change, replace or leave one resource."""
        present = self.stack.resources.get(logical_id)
        type_name = desired.type(logical_id)
        handler, known = lookup(type_name, self.stack.region)
        wanted = Resource(logical_id, type_name, policies=desired.policies(logical_id))
        wanted.depends_on = desired.needs(logical_id)
        try:
            wanted.properties = desired.properties(logical_id)
        except (Invalid, Unresolvable) as error:
            self._fail(present or wanted, "UPDATE" if present else "CREATE", error)
        if present is None or not present.physical_id:
            self._create(handler, wanted)
        elif present.type != type_name:
            self._replace(handler, wanted, present)
        elif must_replace := replacing(handler, known, present.properties, wanted.properties):
            named = [i for i in known.identifiers if i in wanted.properties]
            if named and all(same(wanted.properties[i], present.properties.get(i)) for i in named):
                self._fail(present, "UPDATE", Refused(
                    f"{', '.join(must_replace)} changed: CloudFormation cannot update a stack when a custom-named "
                    f"resource requires replacing. Rename {wanted.properties[named[0]]} and update the stack again."
                ))
            self._replace(handler, wanted, present)
        elif not same(present.properties, wanted.properties):
            self._update(handler, wanted, present, lambda: desired.update_policy(logical_id))
        else:
            present.policies, present.depends_on = wanted.policies, wanted.depends_on

    def _create(self, handler: Handler, wanted: Resource, verb: str = "CREATE", reason: str = "") -> None:
        self.stack.set_resource_status(wanted, f"{verb}_IN_PROGRESS", reason, self.token)
        present = self.stack.resources.get(wanted.logical_id)
        ctx = self._context(wanted)
        try:
            made = handler.create(ctx, wanted.properties)
        except Exception as error:
            if ctx.physical_id:
                half = copy.copy(wanted)
                half.physical_id = ctx.physical_id
                self.done.append(Step(half, lambda: self._forget(half, present)))
            self._fail(wanted, verb, error)
        wanted.physical_id, wanted.attributes = made.physical_id, made.attributes
        self.stack.resources[wanted.logical_id] = wanted
        self.done.append(Step(wanted, lambda: self._forget(wanted, present)))
        self.stack.set_resource_status(wanted, f"{verb}_COMPLETE", "", self.token)

    def _replace(self, handler: Handler, wanted: Resource, present: Resource) -> None:
        self._create(handler, wanted, "UPDATE", "Requested update requires the creation of a new physical resource")
        self.leftovers.append(present)

    def _update(
        self, handler: Handler, wanted: Resource, present: Resource, policy: Callable[[], dict[str, Any]]
    ) -> None:
        wanted.physical_id, wanted.attributes = present.physical_id, dict(present.attributes)
        self.stack.set_resource_status(wanted, "UPDATE_IN_PROGRESS", "", self.token)
        self.done.append(Step(wanted, lambda: self._restore(handler, wanted, present, policy)))
        ctx = self._context(wanted)
        ctx.update_policy = policy
        try:
            made = handler.update(
                ctx, Made(wanted.physical_id, wanted.attributes), wanted.properties, present.properties
            )
        except Exception as error:
            self._fail(wanted, "UPDATE", error)
        wanted.physical_id, wanted.attributes = made.physical_id, made.attributes
        self.stack.resources[wanted.logical_id] = wanted
        self.stack.set_resource_status(wanted, "UPDATE_COMPLETE", "", self.token)

    def _fail(self, resource: Resource, verb: str, error: Exception) -> None:
        reason = explain(error)
        log.warning("%s: %s %s failed: %s", self.stack.name, verb, resource.logical_id, reason, exc_info=_defect(error))
        self.stack.set_resource_status(copy.copy(resource), f"{verb}_FAILED", reason, self.token)
        failed = f"The following resource(s) failed to {verb.lower()}: [{resource.logical_id}]. {reason}"
        raise Failed(failed) from error

    def _context(self, resource: Resource) -> Context:
        return context(self.stack, resource)

    def _check_exports(self, outputs: list[dict[str, Any]]) -> None:
        new = {o["ExportName"]: o["OutputValue"] for o in outputs if "ExportName" in o}
        for name in new:
            owner = self.store.exports(self.stack.region).get(name)
            if owner and owner[0] is not self.stack:
                raise Failed(f"Export with name {name} is already exported by stack {owner[0].name}.")
        for name, value in self.stack.exports.items():
            users = self.store.importers(self.stack.region, name)
            if new.get(name) != value and users:
                raise Failed(f"Cannot update or delete export {name} as it is in use by {', '.join(users)}.")

    def _clean_up(self) -> None:
        """Remove what the template no longer has, and what was replaced."""
        replaced = {id(r) for r in self.leftovers if self.stack.resources.get(r.logical_id) is not r}
        for resource in in_delete_order(self.leftovers):
            policy = resource.policies["UpdateReplacePolicy" if id(resource) in replaced else "DeletionPolicy"]
            if remove(self.stack, resource, policy, self.token) and id(resource) not in replaced:
                self.stack.resources.pop(resource.logical_id, None)

    # Back

    def roll_back(self, reason: str, token: str) -> None:
        """Take back what was done, latest first."""
        stack = self.stack
        prefix = "ROLLBACK" if self.verb == "CREATE" else "UPDATE_ROLLBACK"
        stack.set_status(f"{prefix}_IN_PROGRESS", reason, token)
        problems: list[str] = []
        needed: set[str] = set()
        for step in reversed(self.done):
            if step.resource.logical_id in needed:
                needed |= step.resource.depends_on
                continue
            try:
                step.undo()
            except Exception as error:
                # What could not be taken back still needs what it depends on.
                needed |= step.resource.depends_on
                log.warning("%s: undoing %s: %s", stack.name, step.resource.logical_id, error, exc_info=_defect(error))
                problems.append(f"{step.resource.logical_id}: {explain(error)}")
                stack.set_resource_status(step.resource, "DELETE_FAILED" if self.verb == "CREATE" else "UPDATE_FAILED",
                                          explain(error), token)
        stack.template, stack.parameters, stack.tags, stack.outputs, stack.imports = self.before
        stack.paused = None
        if self.verb == "CREATE":
            stack.template = self.template
        stack.set_status(f"{prefix}_FAILED" if problems else f"{prefix}_COMPLETE", "; ".join(problems) or reason, token)

    def _forget(self, made: Resource, present: Resource | None) -> None:
        # A policy of Retain keeps what a rolled back stack made; RetainExceptOnCreate does not.
        policy = "Delete" if made.policies.get("DeletionPolicy") != "Retain" else "Retain"
        if not remove(self.stack, made, policy, self.token):
            raise Refused(f"{made.physical_id} could not be deleted")
        if present is not None:
            self.stack.resources[made.logical_id] = present
        else:
            self.stack.resources.pop(made.logical_id, None)

    def _restore(
        self, handler: Handler, wanted: Resource, present: Resource, policy: Callable[[], dict[str, Any]]
    ) -> None:
        made = Made(wanted.physical_id, wanted.attributes)
        self.stack.set_resource_status(present, "UPDATE_IN_PROGRESS", "", self.token)
        ctx = self._context(present)
        ctx.update_policy = policy
        restored = handler.update(ctx, made, present.properties, wanted.properties)
        present.physical_id, present.attributes = restored.physical_id, restored.attributes
        self.stack.resources[present.logical_id] = present
        self.stack.set_resource_status(present, "UPDATE_COMPLETE", "", self.token)


def delete(store: Store, stack: Stack, retained: set[str], token: str) -> None:
    """Delete a stack and what its policies do not keep."""
    stack.set_status("DELETE_IN_PROGRESS", "User Initiated", token)
    for name in stack.exports:
        users = store.importers(stack.region, name)
        if users:
            reason = f"Export {name} cannot be deleted as it is in use by {', '.join(users)}"
            stack.set_status("DELETE_FAILED", reason, token)
            return
    failed: list[str] = []
    needed: set[str] = set()
    for resource in in_delete_order(list(stack.resources.values())):
        if resource.logical_id in needed:
            needed |= resource.depends_on
            continue
        policy = "Retain" if resource.logical_id in retained else resource.policies.get("DeletionPolicy", "Delete")
        if remove(stack, resource, policy, token):
            stack.resources.pop(resource.logical_id, None)
        else:
            # What could not be deleted still needs what it depends on.
            failed.append(resource.logical_id)
            needed |= resource.depends_on
    if failed:
        reason = f"The following resource(s) failed to delete: [{', '.join(failed)}]. "
        stack.set_status("DELETE_FAILED", reason, token)
        return
    stack.deleted, stack.outputs, stack.imports = now(), [], set()
    stack.set_status("DELETE_COMPLETE", "", token)


def remove(stack: Stack, resource: Resource, policy: str, token: str) -> bool:
    """Delete, snapshot or keep one resource as its policy says; False when that failed."""
    if policy.startswith("Retain"):
        stack.set_resource_status(resource, "DELETE_SKIPPED", "", token)
        return True
    if not resource.physical_id:
        return True
    stack.set_resource_status(resource, "DELETE_IN_PROGRESS", "", token)
    handler, ctx = REGISTRY[resource.type], context(stack, resource)
    made = Made(resource.physical_id, resource.attributes)
    try:
        if policy == "Snapshot":
            handler.snapshot(ctx, made, resource.properties)
        handler.delete(ctx, made, resource.properties)
    except Exception as error:
        if not gone(error):
            log.warning("%s: deleting %s: %s", stack.name, resource.logical_id, error, exc_info=_defect(error))
            stack.set_resource_status(resource, "DELETE_FAILED", explain(error), token)
            return False
    stack.set_resource_status(resource, "DELETE_COMPLETE", "", token)
    return True


def in_delete_order(resources: list[Resource]) -> list[Resource]:
    """Each resource before those it needs."""
    by_name = {r.logical_id: r for r in resources}
    ordered: list[Resource] = []
    seen: set[int] = set()

    def visit(resource: Resource) -> None:
        if id(resource) in seen:
            return
        seen.add(id(resource))
        for name in sorted(resource.depends_on & set(by_name)):
            visit(by_name[name])
        ordered.append(resource)

    for resource in resources:
        visit(resource)
    return ordered[::-1]


def context(stack: Stack, resource: Resource) -> Context:
    """Where the handler of a resource works."""
    return Context(stack.region, stack.account, stack.name, stack.id, resource.logical_id)


def _defect(error: Exception) -> bool:
    """Whether an error is this program's own fault, so that a trace helps."""
    return not isinstance(error, (Refused, Invalid, Unresolvable, ApiError, BotoCoreError, ClientError))
