"""Template parameters: defaults, kinds, SSM look-ups, constraints; and the template's rules."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..aws import client
from .template import Template
from .wire import ValidationError

if TYPE_CHECKING:
    from .intrinsics import Scope

@dataclass(frozen=True)
class Parameters:
    """The parameters of a stack: as given, and as Ref sees them."""

    given: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)

    def described(self, template: Template | None) -> list[dict[str, str]]:
        """As DescribeStacks shows them."""
        shown = []
        for name, value in self.given.items():
            declaration = template.parameters.get(name, {}) if template else {}
            secret = str(declaration.get("NoEcho", "")).lower() == "true"
            entry = {"ParameterKey": name, "ParameterValue": "****" if secret else value}
            if SSM_VALUE.match(declaration.get("Type", "")):
                entry["ResolvedValue"] = str(self.values[name])
            shown.append(entry)
        return shown


SSM_VALUE = re.compile(r"^AWS::SSM::Parameter::Value<(.+)>$")


def settle(template: Template, requested: list[dict[str, Any]], previous: Parameters, region: str) -> Parameters:
    """The parameters of a deployment: requested, previous or default, looked up where they name SSM parameters."""
    raw = _given(template, requested, previous.given)
    return Parameters(raw, {name: _value(name, template.parameters[name], raw[name], region) for name in raw})


def _given(template: Template, requested: list[dict[str, Any]], previous: dict[str, str]) -> dict[str, str]:
    values = {}
    for entry in requested:
        name = entry["ParameterKey"]
        if name not in template.parameters:
            raise ValidationError(f"Parameters: [{name}] do not exist in the template")
        if entry.get("UsePreviousValue", "false") == "true":
            if name not in previous:
                raise ValidationError(f"Parameter {name} has no previous value")
            values[name] = previous[name]
        else:
            values[name] = entry.get("ParameterValue", "")
    for name, declaration in template.parameters.items():
        if name not in values and "Default" in declaration:
            default = declaration["Default"]
            values[name] = str(default).lower() if isinstance(default, bool) else str(default)
    missing = sorted(set(template.parameters) - set(values))
    if missing:
        raise ValidationError(f"Parameters: [{', '.join(missing)}] must have values")
    return values


def check_rules(template: Template, scope: Scope) -> None:
    """Refuse parameters that the template's Rules forbid."""
    for name, rule in template.rules.items():
        if "RuleCondition" in rule and not scope.resolve(rule["RuleCondition"]):
            continue
        for assertion in rule["Assertions"]:
            if not scope.resolve(assertion["Assert"]):
                why = assertion.get("AssertDescription", "assertion failed")
                raise ValidationError(f"Template error: rule {name}: {why}")


def _value(name: str, declaration: dict[str, Any], value: str, region: str) -> Any:
    kind = declaration["Type"]
    looked_up = SSM_VALUE.match(kind)
    if looked_up:
        kind = looked_up[1]
        try:
            value = client("ssm", region).get_parameter(Name=value)["Parameter"]["Value"]
        except Exception as error:
            raise ValidationError(
                f"Parameter {name}: unable to fetch parameter {value} from parameter store in {region}: {error}"
            ) from error
    else:
        _check(name, declaration, value)
    if kind == "CommaDelimitedList" or kind.startswith("List<"):
        return [part.strip() for part in value.split(",")] if value else []
    return value


def _check(name: str, declaration: dict[str, Any], value: str) -> None:
    def refuse(why: str) -> None:
        raise ValidationError(f"Parameter {name} {declaration.get('ConstraintDescription') or why}")

    allowed = declaration.get("AllowedValues")
    if allowed is not None and value not in [str(a).lower() if isinstance(a, bool) else str(a) for a in allowed]:
        refuse(f"must be one of {allowed}")
    if "AllowedPattern" in declaration and not re.fullmatch(declaration["AllowedPattern"], value):
        refuse(f"must match pattern {declaration['AllowedPattern']}")
    if declaration["Type"] == "Number":
        try:
            number = float(value)
        except ValueError:
            refuse("must be a number")
            return
        if number < float(declaration.get("MinValue", number)) or number > float(declaration.get("MaxValue", number)):
            refuse("is out of range")
    else:
        length = len(value)
        if length < int(declaration.get("MinLength", 0)) or length > int(declaration.get("MaxLength", length)):
            refuse("has a forbidden length")
