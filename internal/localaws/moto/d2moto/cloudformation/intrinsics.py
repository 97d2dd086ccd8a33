"""Evaluating a template: references, intrinsic functions and dynamic references."""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable

from ..aws import client
from .template import SUB_VARIABLE, Template
from .wire import ValidationError

if TYPE_CHECKING:
    from .stacks import Store

DYNAMIC = re.compile(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):([^{}]*)\}\}")


class NoValue:
    """The value of ``Ref: AWS::NoValue``: the property is left out."""


@dataclass(frozen=True)
class Unknown:
    """A value that only the deployment can tell: it comes from a resource that is yet to be made."""

    origin: str


class Unresolvable(Exception):
    """An expression that cannot be evaluated; the message says which and why."""


@dataclass
class Scope:
    """What the expressions of one stack can see."""

    store: Store
    stack_id: str
    stack_name: str
    region: str
    account: str
    template: Template
    parameters: dict[str, Any]
    notification_arns: list[str]
    reference: Callable[[str], Any]
    attribute: Callable[[str, str], Any]

    def __post_init__(self) -> None:
        self.imports: set[str] = set()
        self._conditions: dict[str, bool] = {}

    # Conditions

    def taken(self, name: str) -> bool:
        """The value of a condition."""
        if name not in self._conditions:
            if name not in self.template.conditions:
                raise ValidationError(f"Template error: condition {name} does not exist")
            self._conditions[name] = bool(self.resolve(self.template.conditions[name]))
        return self._conditions[name]

    def included(self) -> set[str]:
        """The resources whose condition holds."""
        return {
            name for name, resource in self.template.resources.items()
            if not resource.get("Condition") or self.taken(resource["Condition"])
        }

    # Values

    def resolve(self, node: Any) -> Any:
        """The value of any piece of the template."""
        if isinstance(node, str):
            return self._dynamic(node)
        if isinstance(node, list):
            return [value for value in map(self.resolve, node) if value is not NoValue]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            (name, argument), = node.items()
            if name == "Ref":
                return self._ref(argument)
            if name == "Condition" and isinstance(argument, str):
                return self.taken(argument)
            if name.startswith("Fn::"):
                function = FUNCTIONS.get(name)
                if function is None:
                    raise Unresolvable(f"the intrinsic function {name} is not known to the local AWS")
                return function(self, argument)
        resolved = {key: self.resolve(value) for key, value in node.items()}
        return {key: value for key, value in resolved.items() if value is not NoValue}

    def _ref(self, name: str) -> Any:
        pseudo = {
            "AWS::AccountId": self.account,
            "AWS::Region": self.region,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": self.stack_name,
            "AWS::StackId": self.stack_id,
            "AWS::NotificationARNs": self.notification_arns,
            "AWS::NoValue": NoValue,
        }
        if name in pseudo:
            return pseudo[name]
        if name in self.parameters:
            return self.parameters[name]
        return self.reference(name)

    def _dynamic(self, text: str) -> Any:
        return DYNAMIC.sub(lambda match: _dynamic_reference(match[1], match[2], self.region), text)

    def _get_att(self, argument: Any) -> Any:
        if isinstance(argument, str):
            argument = argument.split(".", 1)
        logical_id, attribute = argument[0], ".".join(str(self.resolve(a)) for a in argument[1:])
        return self.attribute(logical_id, attribute)

    def _sub(self, argument: Any) -> Any:
        text, names = (argument, {}) if isinstance(argument, str) else (argument[0], self.resolve(argument[1]))
        unknown: list[Unknown] = []

        def value(match: re.Match[str]) -> str:
            name = match[1].strip()
            found = names[name] if name in names else self._get_att(name) if "." in name else self._ref(name)
            if isinstance(found, Unknown):
                unknown.append(found)
                return ""
            return _text(found)

        result = SUB_VARIABLE.sub(value, text).replace("${!", "${")
        return unknown[0] if unknown else self._dynamic(result)

    def _join(self, argument: Any) -> Any:
        delimiter, parts = argument[0], self.resolve(argument[1])
        return _known(parts, lambda: self._dynamic(delimiter.join(_text(p) for p in parts)))

    def _select(self, argument: Any) -> Any:
        index, items = self.resolve(argument[0]), self.resolve(argument[1])
        if isinstance(items, Unknown):
            return items
        try:
            return items[int(index)]
        except IndexError as error:
            raise Unresolvable(f"Fn::Select asks for element {index} of {len(items)}") from error

    def _split(self, argument: Any) -> Any:
        text = self.resolve(argument[1])
        return text if isinstance(text, Unknown) else _text(text).split(argument[0])

    def _if(self, argument: Any) -> Any:
        return self.resolve(argument[1 if self.taken(argument[0]) else 2])

    def _equals(self, argument: Any) -> Any:
        left, right = self.resolve(argument)
        return _text(left) == _text(right)

    def _contains(self, argument: Any) -> Any:
        items, wanted = self.resolve(argument[0]), self.resolve(argument[1])
        return _text(wanted) in [_text(item) for item in items]

    def _find_in_map(self, argument: Any) -> Any:
        names = self.resolve(argument[:3])
        table: Any = self.template.mappings
        for name in names:
            if not isinstance(table, dict) or _text(name) not in table:
                if len(argument) > 3 and "DefaultValue" in argument[3]:
                    return self.resolve(argument[3]["DefaultValue"])
                raise Unresolvable(f"Fn::FindInMap finds no {'.'.join(map(_text, names))}")
            table = table[_text(name)]
        return table

    def _get_azs(self, argument: Any) -> Any:
        region = self.resolve(argument) or self.region
        zones = client("ec2", region).describe_availability_zones()["AvailabilityZones"]
        return sorted(z["ZoneName"] for z in zones)

    def _cidr(self, argument: Any) -> Any:
        block, count, bits = (self.resolve(argument) + [8])[:3]
        if isinstance(block, Unknown):
            return block
        network = ipaddress.ip_network(block)
        subnets = network.subnets(new_prefix=network.max_prefixlen - int(bits))
        return [str(subnet) for _, subnet in zip(range(int(count)), subnets)]

    def _base64(self, argument: Any) -> Any:
        text = self.resolve(argument)
        return text if isinstance(text, Unknown) else base64.b64encode(_text(text).encode()).decode()

    def _import_value(self, argument: Any) -> Any:
        name = self.resolve(argument)
        exports = self.store.exports(self.region)
        if name not in exports:
            raise Unresolvable(f"No export named {name} found.")
        self.imports.add(name)
        return exports[name][1]

    def _get_stack_output(self, argument: Any) -> Any:
        argument = self.resolve(argument)
        extra = sorted(set(argument) - {"StackName", "OutputName", "Region", "RoleArn"})
        if extra:
            raise Unresolvable(f"Fn::GetStackOutput has unknown key(s) {', '.join(extra)}")
        region = argument.get("Region", self.region)
        stack = self.store.find(region, argument["StackName"])
        value = stack.output(argument["OutputName"]) if stack else None
        if stack is None:
            raise Unresolvable(
                f"Fn::GetStackOutput: there is no stack {argument['StackName']} in {region}; deploy it first"
            )
        if value is None:
            raise Unresolvable(
                f"Fn::GetStackOutput: stack {argument['StackName']} in {region} has no output {argument['OutputName']}"
            )
        return value


FUNCTIONS: dict[str, Callable[[Scope, Any], Any]] = {
    "Fn::GetAtt": Scope._get_att,
    "Fn::Sub": Scope._sub,
    "Fn::Join": Scope._join,
    "Fn::Select": Scope._select,
    "Fn::Split": Scope._split,
    "Fn::If": Scope._if,
    "Fn::Equals": Scope._equals,
    "Fn::Not": lambda scope, argument: not scope.resolve(argument[0]),
    "Fn::And": lambda scope, argument: all(scope.resolve(a) for a in argument),
    "Fn::Or": lambda scope, argument: any(scope.resolve(a) for a in argument),
    "Fn::Contains": Scope._contains,
    "Fn::FindInMap": Scope._find_in_map,
    "Fn::GetAZs": Scope._get_azs,
    "Fn::Cidr": Scope._cidr,
    "Fn::Base64": Scope._base64,
    "Fn::ImportValue": Scope._import_value,
    "Fn::GetStackOutput": Scope._get_stack_output,
}


def has_unknown(value: Any) -> bool:
    """Whether a value contains something that only the deployment can tell."""
    if isinstance(value, Unknown):
        return True
    if isinstance(value, dict):
        return any(map(has_unknown, value.values()))
    return isinstance(value, list) and any(map(has_unknown, value))


def _known(parts: Any, make: Callable[[], Any]) -> Any:
    if isinstance(parts, Unknown):
        return parts
    unknown = next((p for p in parts if isinstance(p, Unknown)), None)
    return unknown or make()


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(map(_text, value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _dynamic_reference(service: str, reference: str, region: str) -> str:
    try:
        if service.startswith("ssm"):
            return client("ssm", region).get_parameter(Name=reference, WithDecryption=True)["Parameter"]["Value"]
        # A secret's ARN holds six colons of its own: arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME.
        parts = reference.split(":")
        head = 7 if parts[0] == "arn" else 1
        secret, (kind, key, stage, version) = ":".join(parts[:head]), (parts[head:] + [""] * 4)[:4]
        if kind not in ("", "SecretString"):
            raise Unresolvable(f"{{{{resolve:{service}:{reference}}}}}: only SecretString can be resolved")
        chosen = {"VersionId": version} if version else {"VersionStage": stage} if stage else {}
        text = client("secretsmanager", region).get_secret_value(SecretId=secret, **chosen)["SecretString"]
        return str(json.loads(text)[key]) if key else text
    except Unresolvable:
        raise
    except Exception as error:
        raise Unresolvable(f"{{{{resolve:{service}:{reference}}}}}: {error}") from error
