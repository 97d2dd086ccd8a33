"""Reading a template: text to sections, and which resource needs which."""

from __future__ import annotations

import json
import re
from typing import Any, Callable, Iterator

import yaml

from .wire import ValidationError

SECTIONS = {
    "AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Rules",
    "Mappings", "Conditions", "Resources", "Outputs",
}
RESOURCE_KEYS = {
    "Type", "Properties", "DependsOn", "Condition", "Metadata", "DeletionPolicy",
    "UpdateReplacePolicy", "UpdatePolicy", "CreationPolicy",
}
SUB_VARIABLE = re.compile(r"\$\{([^!][^}]*)\}")


class Template:
    """A parsed template; ``body`` is the text as it was submitted."""

    def __init__(self, body: str):
        self.body = body
        document = _load(body)
        unknown = sorted(set(document) - SECTIONS)
        if unknown:
            raise ValidationError(
                f"Template format error: section(s) {', '.join(unknown)} are not known to the local AWS"
            )
        self.description: str = document.get("Description", "")
        self.parameters: dict[str, Any] = document.get("Parameters") or {}
        self.rules: dict[str, Any] = document.get("Rules") or {}
        self.mappings: dict[str, Any] = document.get("Mappings") or {}
        self.conditions: dict[str, Any] = document.get("Conditions") or {}
        self.resources: dict[str, Any] = document.get("Resources") or {}
        self.outputs: dict[str, Any] = document.get("Outputs") or {}
        self._check()

    def _check(self) -> None:
        if not self.resources:
            raise ValidationError("Template format error: At least one Resources member must be defined.")
        for logical_id, resource in self.resources.items():
            where = f"Template format error: [/Resources/{logical_id}]"
            if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
                raise ValidationError(f"{where} 'Type' is missing")
            extra = sorted(set(resource) - RESOURCE_KEYS)
            if extra:
                raise ValidationError(f"{where} attribute(s) {', '.join(extra)} are not known to the local AWS")
            if resource.get("Condition") and resource["Condition"] not in self.conditions:
                raise ValidationError(f"{where} condition {resource['Condition']} does not exist")
        known = set(self.resources) | set(self.parameters)
        for section, entries in (("Resources", self.resources), ("Outputs", self.outputs)):
            for name, entry in entries.items():
                named = {*references(entry.get("Properties")), *references(entry.get("Value")), *_depends_on(entry)}
                missing = sorted(r for r in named if r not in known and not r.startswith("AWS::"))
                if missing:
                    raise ValidationError(
                        f"Template format error: Unresolved resource dependencies [{', '.join(missing)}] "
                        f"in the {section} block of the template ({name})"
                    )

    def order(self, included: set[str], taken: Callable[[str], bool]) -> list[str]:
        """The included resources, each after those it needs.

        ``taken`` tells the value of a condition, so that the branch of an Fn::If
        which is not taken asks for nothing.
        """
        needs = {name: self.needs(name, taken) & included for name in self.resources if name in included}
        ordered: list[str] = []
        state: dict[str, str] = {}

        def visit(name: str, path: list[str]) -> None:
            if state.get(name) == "done":
                return
            if state.get(name) == "open":
                cycle = " -> ".join(path[path.index(name):] + [name])
                raise ValidationError(f"Circular dependency between resources: [{cycle}]")
            state[name] = "open"
            for other in sorted(needs[name], key=list(self.resources).index):
                visit(other, path + [name])
            state[name] = "done"
            ordered.append(name)

        for name in needs:
            visit(name, [])
        return ordered

    def needs(self, logical_id: str, taken: Callable[[str], bool]) -> set[str]:
        """The resources that a resource refers to or depends on."""
        resource = self.resources[logical_id]
        found = set(references(resource.get("Properties"), taken)) | _depends_on(resource)
        return {name for name in found if name in self.resources}


def references(node: Any, taken: Callable[[str], bool] | None = None) -> Iterator[str]:
    """Every logical id or parameter that a piece of a template names."""
    if isinstance(node, list):
        for item in node:
            yield from references(item, taken)
    elif isinstance(node, dict):
        if len(node) == 1:
            (function, argument), = node.items()
            if function == "Ref":
                yield str(argument)
                return
            if function == "Fn::GetAtt":
                yield argument.split(".")[0] if isinstance(argument, str) else str(argument[0])
                return
            if function == "Fn::Sub":
                text, names = (argument, {}) if isinstance(argument, str) else (argument[0], argument[1])
                yield from (n.split(".")[0].strip() for n in SUB_VARIABLE.findall(text) if n.strip() not in names)
                yield from references(names, taken)
                return
            if function == "Fn::If" and taken is not None:
                yield from references(argument[1 if taken(argument[0]) else 2], taken)
                return
        for value in node.values():
            yield from references(value, taken)


def _depends_on(entry: dict[str, Any]) -> set[str]:
    names = entry.get("DependsOn") or []
    return {names} if isinstance(names, str) else set(names)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """YAML with CloudFormation's short forms (!Ref, !GetAtt, ...)."""


def _short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)
# Dates such as 2012-10-17 are strings in CloudFormation.
_Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda loader, node: loader.construct_scalar(node))


def _load(body: str) -> dict[str, Any]:
    try:
        document = json.loads(body) if body.lstrip().startswith("{") else yaml.load(body, _Loader)
    except (ValueError, yaml.YAMLError) as error:
        raise ValidationError(f"Template format error: {error}") from error
    if not isinstance(document, dict):
        raise ValidationError("Template format error: the template is no JSON or YAML object")
    return document
