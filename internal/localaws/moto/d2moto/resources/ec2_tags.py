"""Tags of EC2 resources, which all share one API for them."""

from __future__ import annotations

from typing import Any

from . import tagging
from .registry import Context, Made


def put(ctx: Context, resource_id: str, p: dict[str, Any]) -> None:
    """Tag a new resource: the template's tags and CloudFormation's own."""
    ctx.client("ec2").create_tags(
        Resources=[resource_id], Tags=tagging.as_list(tagging.with_system(ctx, p.get("Tags")))
    )


def change(ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any], resource_id: str = "") -> None:
    """Bring the tags of a resource up to date."""
    ec2, resource_id = ctx.client("ec2"), resource_id or made.physical_id
    tagging.change(
        old.get("Tags"), p.get("Tags"),
        lambda tags: ec2.create_tags(Resources=[resource_id], Tags=tagging.as_list(tags)),
        lambda keys: ec2.delete_tags(Resources=[resource_id], Tags=[{"Key": key} for key in keys]),
    )
