"""The state that a template asks for, seen from one stack."""

from __future__ import annotations

from typing import Any, Callable

from ..resources.registry import REGISTRY, Handler, unsupported
from ..resources.tagging import as_dict
from .intrinsics import Scope, Unresolvable
from .parameters import Parameters
from .schema import Invalid, Schema, same, schema
from .stacks import Stack, Store
from .template import Template


class Desired:
    """Resolves the resources of a template one by one.

    ``reference`` and ``attribute`` answer Ref and Fn::GetAtt: with what is made
    during a deployment, with what can be foreseen in a preview.
    """

    def __init__(
        self,
        store: Store,
        stack: Stack,
        template: Template,
        parameters: Parameters,
        tags: dict[str, str],
        reference: Callable[[str], Any],
        attribute: Callable[[str, str], Any],
    ):
        self.template = template
        self.tags = tags
        self.scope = Scope(
            store, stack.id, stack.name, stack.region, stack.account, template, parameters.values,
            stack.notification_arns, reference, attribute,
        )
        self.order = template.order(self.scope.included(), self.scope.taken)

    def type(self, logical_id: str) -> str:
        """The type of a resource."""
        return self.template.resources[logical_id]["Type"]

    def needs(self, logical_id: str) -> set[str]:
        """What a resource needs to be there before it."""
        return self.template.needs(logical_id, self.scope.taken)

    def policies(self, logical_id: str) -> dict[str, str]:
        """DeletionPolicy and UpdateReplacePolicy, with their defaults."""
        resource = self.template.resources[logical_id]
        handler = REGISTRY.get(resource["Type"])
        default = handler.default_deletion_policy if handler else "Delete"
        return {
            "DeletionPolicy": resource.get("DeletionPolicy", default),
            "UpdateReplacePolicy": resource.get("UpdateReplacePolicy", default),
        }

    def update_policy(self, logical_id: str) -> dict[str, Any]:
        """How a resource wants to be updated, resolved."""
        return dict(self.scope.resolve(self.template.resources[logical_id].get("UpdatePolicy") or {}))

    def properties(self, logical_id: str) -> dict[str, Any]:
        """The resolved properties; Invalid or Unresolvable when they cannot be applied as they stand."""
        handler, known = lookup(self.type(logical_id), self.scope.region)
        resolved = self.scope.resolve(self.template.resources[logical_id].get("Properties") or {})
        if not isinstance(resolved, dict):
            raise Invalid("Properties is no object")
        properties = known.coerce(self._tagged(handler, known, resolved), handler.properties())
        beyond = unsupported(handler, properties)
        if beyond:
            raise Invalid(
                f"the local AWS cannot apply property(ies) {', '.join(beyond)} of {known.type}; "
                "teach its handler or leave them out"
            )
        return properties

    def outputs(self) -> list[dict[str, Any]]:
        """The outputs, as DescribeStacks gives them."""
        outputs = []
        for key, output in self.template.outputs.items():
            if output.get("Condition") and not self.scope.taken(output["Condition"]):
                continue
            try:
                value = self.scope.resolve(output["Value"])
                export = self.scope.resolve((output.get("Export") or {}).get("Name"))
            except Unresolvable as error:
                raise Unresolvable(f"output {key}: {error}") from error
            if isinstance(value, (dict, list)):
                raise Invalid(f"output {key}: the value is no string")
            if isinstance(value, bool):
                value = str(value).lower()
            entry = {"OutputKey": key, "OutputValue": str(value)}
            if output.get("Description"):
                entry["Description"] = output["Description"]
            if export:
                entry["ExportName"] = export
            outputs.append(entry)
        return outputs

    def _tagged(self, handler: Handler, known: Schema, properties: dict[str, Any]) -> dict[str, Any]:
        """Stack-level tags go to every resource that takes tags; the resource's own win."""
        name = known.tag_property or "Tags"
        if not self.tags or name not in handler.properties():
            return properties
        own = properties.get(name)
        if known.tags_are_a_map:
            return {**properties, name: {**self.tags, **as_dict(own)}}
        extra = [{"Key": k, "Value": v} for k, v in self.tags.items() if k not in as_dict(own)]
        if known.type == "AWS::AutoScaling::AutoScalingGroup":
            extra = [{**tag, "PropagateAtLaunch": True} for tag in extra]
        return {**properties, name: [*(own or []), *extra]}


def lookup(type_name: str, region: str) -> tuple[Handler, Schema]:
    """The handler and the schema of a type; Invalid when the local AWS does not have it."""
    handler, known = REGISTRY.get(type_name), schema(type_name, region)
    if handler is None or known is None:
        what = "is a custom resource, which needs a Lambda function to run" if type_name.startswith("Custom::") else (
            "is not known to the local AWS" if known else "is no CloudFormation resource type"
        )
        raise Invalid(f"Unsupported resource type: {type_name} {what}")
    return handler, known


def replacing(handler: Handler, known: Schema, old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """The changed properties that only a new resource can take."""
    own = [name for name in handler.replace_on.split() if not same(old.get(name), new.get(name))]
    return sorted({*known.replaces(old, new), *own})
