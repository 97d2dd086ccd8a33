"""Systems Manager: parameters and documents."""

from __future__ import annotations

from typing import Any

from . import fit, tagging
from .registry import Context, Handler, Made, Refused, resource


@resource("AWS::SSM::Parameter")
class Parameter(Handler):
    """A parameter of the parameter store."""

    applies = "Name Type Value Description AllowedPattern DataType Tier Policies Tags"
    moving = "Value Type"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        if p["Type"] == "SecureString":
            raise Refused("Type: CloudFormation makes no SecureString parameters")
        ssm, name = ctx.client("ssm"), ctx.name(p.get("Name"), longest=1011)
        ssm.put_parameter(
            Name=name, Tags=tagging.as_list(tagging.as_dict(p.get("Tags"))), Overwrite=False,
            **fit.without(p, "Name Tags"),
        )
        return Made(name, {"Type": p["Type"], "Value": p["Value"]})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        ssm, name = ctx.client("ssm"), made.physical_id
        if fit.without(p, "Tags") != fit.without(old, "Tags"):
            # A description that is no longer given has to be emptied: the API keeps what it is not told.
            gone = {key: "" for key in ("Description", "AllowedPattern") if key in old}
            ssm.put_parameter(Name=name, Overwrite=True, **{**gone, **fit.without(p, "Name Tags")})
        tagging.change(
            old.get("Tags"), p.get("Tags"),
            lambda tags: ssm.add_tags_to_resource(
                ResourceType="Parameter", ResourceId=name, Tags=tagging.as_list(tags)
            ),
            lambda keys: ssm.remove_tags_from_resource(ResourceType="Parameter", ResourceId=name, TagKeys=keys),
        )
        return Made(name, {"Type": p["Type"], "Value": p["Value"]})

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("ssm").delete_parameter(Name=made.physical_id)


@resource("AWS::SSM::Document")
class Document(Handler):
    """A document, e.g. one that sets how sessions run."""

    applies = "Name Content DocumentFormat DocumentType TargetType VersionName Tags"
    records = {"UpdateMethod": "decides whether a change of the content makes a version or a new document"}

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        ssm, name = ctx.client("ssm"), ctx.name(p.get("Name"))
        ssm.create_document(
            Name=name, Content=fit.text(p["Content"]), Tags=tagging.as_list(tagging.as_dict(p.get("Tags"))),
            **{"DocumentFormat": "JSON", "DocumentType": "Command",
               **fit.pick(p, "DocumentFormat DocumentType TargetType VersionName")},
        )
        return Made(name)

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        ssm, name = ctx.client("ssm"), made.physical_id
        if fit.without(p, "Tags") != fit.without(old, "Tags"):
            version = ssm.update_document(
                Name=name, Content=fit.text(p["Content"]), DocumentVersion="$LATEST",
                **{"DocumentFormat": "JSON", **fit.pick(p, "DocumentFormat TargetType VersionName")},
            )["DocumentDescription"]["DocumentVersion"]
            ssm.update_document_default_version(Name=name, DocumentVersion=version)
        tagging.change(
            old.get("Tags"), p.get("Tags"),
            lambda tags: ssm.add_tags_to_resource(
                ResourceType="Document", ResourceId=name, Tags=tagging.as_list(tags)
            ),
            lambda keys: ssm.remove_tags_from_resource(ResourceType="Document", ResourceId=name, TagKeys=keys),
        )
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("ssm").delete_document(Name=made.physical_id)
