"""Types that stand for nothing outside the stack."""

from __future__ import annotations

from typing import Any

from .registry import Context, Made, Recorded, resource


@resource("AWS::CDK::Metadata")
class Metadata(Recorded):
    """The CDK's usage report."""

    records = {"Analytics": "a report to AWS about the constructs in use"}

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        return Made(ctx.name())


@resource("AWS::CloudFormation::WaitConditionHandle")
class WaitConditionHandle(Recorded):
    """A place to signal; templates also use it as a resource that does nothing."""

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        return Made(f"https://cloudformation-waitcondition-{ctx.region}.s3.amazonaws.com/{ctx.name()}")
