"""What CloudFormation knows of a resource type: AWS's own resource schemas, as cfn-lint ships them.

They tell which properties exist, of which kind they are, and which of them
cannot change without making the resource anew.
"""

from __future__ import annotations

import functools
from typing import Any

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError

# Where the types of global services are, which other regions lack.
GLOBAL_REGION = "us-east-1"
# Types that CloudFormation knows but publishes without properties.
OPEN = {"AWS::CDK::Metadata", "AWS::CloudFormation::WaitConditionHandle"}


class Invalid(Exception):
    """The properties of a resource are not those of its type."""


class Schema:
    """The schema of one resource type."""

    def __init__(self, type_name: str, document: dict[str, Any]):
        self.type = type_name
        self._document = document
        self.properties: dict[str, Any] = document.get("properties", {})
        self.read_only = _paths(document, "readOnlyProperties")
        self.create_only = _paths(document, "createOnlyProperties")
        self.identifiers = [path[0] for path in _paths(document, "primaryIdentifier") if len(path) == 1]
        tagging = document.get("tagging") or {}
        self.tag_property: str | None = None
        if tagging.get("taggable", True) and "tagProperty" in tagging:
            self.tag_property = tagging["tagProperty"].rpartition("/")[2]
        elif "Tags" in self.properties:
            self.tag_property = "Tags"
        if self.tag_property not in self.properties:
            self.tag_property = None

    @property
    def tags_are_a_map(self) -> bool:
        """Whether tags are {key: value} instead of [{Key, Value}]."""
        return "object" in self._kinds(self.properties.get(self.tag_property or "", {}))

    def coerce(self, properties: dict[str, Any], newer: set[str]) -> dict[str, Any]:
        """The properties in the kinds the schema asks for ("5" to 5); Invalid when a name or kind is wrong.

        ``newer`` names properties that CloudFormation has, though these schemas may be too old to say so.
        """
        missing = sorted(name for name in self._document.get("required", []) if name not in properties)
        if missing:
            raise Invalid(f"required property(ies) {', '.join(missing)} of {self.type} are missing")
        given_read_only = sorted(p[0] for p in self.read_only if len(p) == 1 and p[0] in properties)
        if given_read_only:
            raise Invalid(f"property(ies) {', '.join(given_read_only)} of {self.type} are read-only")
        if self.type in OPEN:
            return properties
        beyond = {name: value for name, value in properties.items() if name in newer - set(self.properties)}
        known = {name: value for name, value in properties.items() if name not in beyond}
        return {**self._coerce(known, self._document, ""), **beyond}

    def replaces(self, old: dict[str, Any], new: dict[str, Any]) -> list[str]:
        """The changed properties that only a new resource can take."""
        changed = {".".join(path) for path in self.create_only if _at(old, path) != _at(new, path)}
        return sorted(changed)

    def _kinds(self, node: Any) -> list[str]:
        node = self._follow(node)
        kind = node.get("type", [])
        return kind if isinstance(kind, list) else [kind]

    def _follow(self, node: Any) -> dict[str, Any]:
        while isinstance(node, dict) and "$ref" in node:
            target: Any = self._document
            for part in node["$ref"].lstrip("#/").split("/"):
                target = target[part]
            node = target
        return node if isinstance(node, dict) else {}

    def _coerce(self, value: Any, node: Any, path: str) -> Any:
        node, kinds = self._follow(node), self._kinds(node)
        if isinstance(value, dict) and (not kinds or "object" in kinds):
            return self._coerce_object(value, node, path)
        if isinstance(value, list) and (not kinds or "array" in kinds):
            return [self._coerce(v, node.get("items", {}), f"{path}[{i}]") for i, v in enumerate(value)]
        if kinds and "array" in kinds and "string" not in kinds and isinstance(value, (str, dict)):
            # CloudFormation takes a lone value for a list of one.
            return [self._coerce(value, node.get("items", {}), path)]
        return _scalar(value, kinds, path or self.type)

    def _coerce_object(self, value: dict[str, Any], node: dict[str, Any], path: str) -> dict[str, Any]:
        known = dict(node.get("properties", {}))
        for branch in ("allOf", "anyOf", "oneOf"):
            for part in node.get(branch, []):
                known = {**self._follow(part).get("properties", {}), **known}
        closed = known and node.get("additionalProperties") is False and not node.get("patternProperties")
        unknown = sorted(set(value) - set(known))
        if closed and unknown:
            where = f"[{path.lstrip('.')}] of {self.type}" if path else self.type
            raise Invalid(f"extraneous key(s) {', '.join(unknown)} are not permitted in {where}")
        return {k: self._coerce(v, known.get(k, {}), f"{path}.{k}") for k, v in value.items()}


@functools.lru_cache(maxsize=None)
def schema(type_name: str, region: str) -> Schema | None:
    """The schema of a type in a region, or None when CloudFormation has no such type."""
    if type_name in OPEN:
        return Schema(type_name, {})
    for place in (region, GLOBAL_REGION):
        try:
            return Schema(type_name, PROVIDER_SCHEMA_MANAGER.get_resource_schema(place, type_name).schema)
        except ResourceNotFoundError:
            continue
    return None


def same(old: Any, new: Any) -> bool:
    """Whether two property values mean the same to CloudFormation, which knows only strings."""
    return _plain(old) == _plain(new)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"{value:g}" if isinstance(value, float) else str(value)
    return value


def _scalar(value: Any, kinds: list[str], where: str) -> Any:
    if not kinds or value is None:
        return value
    if isinstance(value, str) and "string" not in kinds:
        if "boolean" in kinds and value.lower() in ("true", "false"):
            return value.lower() == "true"
        try:
            if "integer" in kinds:
                return int(value)
            if "number" in kinds:
                return float(value)
        except ValueError:
            pass
    elif isinstance(value, bool):
        if "boolean" in kinds:
            return value
        if "string" in kinds:
            return "true" if value else "false"
    elif isinstance(value, (int, float)):
        if "integer" in kinds or "number" in kinds:
            return value
        if "string" in kinds:
            return str(value)
    elif isinstance(value, str):
        return value
    elif isinstance(value, (dict, list)) and "string" in kinds:
        # JSON documents may stand where the schema says string.
        return value
    if hasattr(value, "origin"):
        return value  # known only once the deployment has made it
    raise Invalid(f"{where.lstrip('.')}: {value!r} is no {' or '.join(kinds)}")


def _paths(document: dict[str, Any], key: str) -> list[tuple[str, ...]]:
    return [tuple(path.split("/")[2:]) for path in document.get(key) or []]


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        if not isinstance(value, dict):
            return None
        value = value.get(part)
    return _plain(value)
