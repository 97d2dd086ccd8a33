"""CloudFormation properties to API parameters, by the shapes of the API itself.

The two spell the same things differently: upper or lower first letters, lists
that CloudFront counts, documents that the API wants as text. Names are matched
without regard to case; whatever the API has no place for is refused.
"""

from __future__ import annotations

import json
from typing import Any

from .registry import Refused


def parameters(client: Any, operation: str, properties: dict[str, Any], **rename: str) -> dict[str, Any]:
    """The parameters of an API operation, from properties of the same meaning.

    ``rename`` maps a property name, at any depth, to its name in the API.
    """
    model = client.meta.service_model.operation_model(operation)
    return _fit(properties, model.input_shape, rename, operation)


def member(client: Any, operation: str, name: str, properties: Any, **rename: str) -> Any:
    """The value of a single parameter of an API operation; ``name`` may be a path, A.B."""
    shape = client.meta.service_model.operation_model(operation).input_shape
    for part in name.split("."):
        shape = shape.members[part]
    return _fit(properties, shape, rename, name)


def _fit(value: Any, shape: Any, rename: dict[str, str], path: str) -> Any:
    kind = shape.type_name
    if kind == "structure":
        return _structure(value, shape, rename, path)
    if kind == "list":
        items = value if isinstance(value, list) else [value]
        return [_fit(item, shape.member, rename, f"{path}[{i}]") for i, item in enumerate(items)]
    if kind == "map":
        return {str(k): _fit(v, shape.value, rename, f"{path}.{k}") for k, v in value.items()}
    if kind in ("integer", "long"):
        return int(value)
    if kind in ("float", "double"):
        return float(value)
    if kind == "boolean":
        return value if isinstance(value, bool) else str(value).lower() == "true"
    if kind == "string":
        return text(value)
    if kind == "blob":
        return value.encode() if isinstance(value, str) else value
    return value


def _structure(value: Any, shape: Any, rename: dict[str, str], path: str) -> Any:
    if getattr(shape, "is_document_type", False):
        return value
    members = shape.members
    if isinstance(value, list) and {"Quantity", "Items"} <= set(members):
        return {"Quantity": len(value), "Items": [_fit(i, members["Items"].member, rename, path) for i in value]}
    if not isinstance(value, dict):
        raise Refused(f"{path}: the API wants an object, the template gives {value!r}")
    by_name = {name.lower(): name for name in members}
    fitted = {}
    for key, item in value.items():
        name = by_name.get(rename.get(key, key).lower())
        if name is None:
            raise Refused(f"{path}: the API has no place for {key}")
        fitted[name] = _fit(item, members[name], rename, f"{path}.{key}")
    return fitted


def text(value: Any) -> str:
    """A value as the APIs want text: documents as JSON, numbers without a needless fraction."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, separators=(",", ":")) if isinstance(value, (dict, list)) else str(value)


def only(properties: dict[str, Any], names: str, where: str) -> dict[str, Any]:
    """The properties, after making sure that there is none besides the named ones."""
    extra = sorted(set(properties) - set(names.split()))
    if extra:
        raise Refused(f"{where}: the local AWS cannot apply {', '.join(extra)}")
    return properties


def pick(properties: dict[str, Any], names: str) -> dict[str, Any]:
    """Those of the named properties that are given."""
    return {name: properties[name] for name in names.split() if name in properties}


def without(properties: dict[str, Any], names: str) -> dict[str, Any]:
    """The properties but for the named ones."""
    return {name: value for name, value in properties.items() if name not in names.split()}
