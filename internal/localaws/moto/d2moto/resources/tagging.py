"""Tags in the forms that templates and APIs give and take."""

from __future__ import annotations

from typing import Any, Callable

from .registry import Context


def as_dict(tags: Any) -> dict[str, str]:
    """Tags of a template, list or map, as a map."""
    if isinstance(tags, dict):
        return {str(k): str(v) for k, v in tags.items()}
    return {str(tag["Key"]): str(tag.get("Value", "")) for tag in tags or []}


def as_list(tags: dict[str, str], key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    """Tags as a list of pairs."""
    return [{key: k, value: v} for k, v in tags.items()]


def with_system(ctx: Context, tags: Any) -> dict[str, str]:
    """The template's tags and CloudFormation's own, for services where moto takes those."""
    return {**as_dict(tags), **ctx.system_tags()}


def change(
    old: Any, new: Any, add: Callable[[dict[str, str]], Any], remove: Callable[[list[str]], Any]
) -> None:
    """Call for what has to be tagged and untagged between two sets of tags."""
    before, after = as_dict(old), as_dict(new)
    if dropped := [key for key in before if key not in after]:
        remove(dropped)
    if added := {key: value for key, value in after.items() if before.get(key) != value}:
        add(added)
