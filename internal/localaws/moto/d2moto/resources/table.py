"""The table of resource types, for people: TYPES.md."""

from __future__ import annotations

from .registry import REGISTRY, Handler, Recorded

HEAD = """# Resource types of the local AWS

Written by `UPDATE_SNAPS=true go test ./internal/localaws -run TableOfTypes`; do not edit.

*Applied* properties are handed to the service's own API, and change there when
they change in the template. *Recorded* ones are accepted and remembered by the
stack, because moto has nowhere to keep them. Any other property, and any other
type, fails the deployment.

| type | applied | recorded |
|---|---|---|
"""


def markdown() -> str:
    """What each type's properties become, as Markdown."""
    return HEAD + "\n".join(_row(name, REGISTRY[name]) for name in sorted(REGISTRY))


def _row(name: str, handler: Handler) -> str:
    applied = ", ".join(sorted(handler.applies.split()))
    reasons: dict[str, list[str]] = {}
    for name_of, why in handler.records.items():
        reasons.setdefault(why, []).append(name_of)
    recorded = "; ".join(f"{', '.join(names)}: {why}" for why, names in reasons.items())
    if isinstance(handler, Recorded):
        applied = "nothing"
    return f"| {name} | {applied} | {recorded} |"
