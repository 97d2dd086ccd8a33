"""WAF: web ACLs, what they protect, where they log."""

from __future__ import annotations

from typing import Any

from . import fit, tagging
from .registry import Context, Handler, Made, Put, resource

CONFIGURATION = "DefaultAction Description Rules VisibilityConfig CustomResponseBodies CaptchaConfig ChallengeConfig " \
    "TokenDomains AssociationConfig"


@resource("AWS::WAFv2::WebACL")
class WebAcl(Handler):
    """A web ACL; Ref gives name|id|scope."""

    applies = f"Name Scope Tags {CONFIGURATION}"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        waf, name = ctx.client("wafv2"), ctx.name(p.get("Name"))
        tags = tagging.as_list(tagging.as_dict(p.get("Tags")))
        given = fit.parameters(waf, "CreateWebACL", fit.pick(p, f"Scope {CONFIGURATION}"))
        made = waf.create_web_acl(Name=name, **given, **({"Tags": tags} if tags else {}))["Summary"]
        return Made(f"{name}|{made['Id']}|{p['Scope']}", {
            "Arn": made["ARN"], "Id": made["Id"], "Capacity": 0,
            "LabelNamespace": f"awswaf:{ctx.account}:webacl:{name}:",
        })

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        waf = ctx.client("wafv2")
        if fit.pick(p, CONFIGURATION) != fit.pick(old, CONFIGURATION):
            given = fit.parameters(waf, "UpdateWebACL", fit.pick(p, CONFIGURATION))
            waf.update_web_acl(**self._key(made), LockToken=self._lock(ctx, made), **given)
        arn = made.attributes["Arn"]
        tagging.change(
            old.get("Tags"), p.get("Tags"),
            lambda tags: waf.tag_resource(ResourceARN=arn, Tags=tagging.as_list(tags)),
            lambda keys: waf.untag_resource(ResourceARN=arn, TagKeys=keys),
        )
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("wafv2").delete_web_acl(**self._key(made), LockToken=self._lock(ctx, made))

    def _key(self, made: Made) -> dict[str, str]:
        name, identity, scope = made.physical_id.split("|")
        return {"Name": name, "Id": identity, "Scope": scope}

    def _lock(self, ctx: Context, made: Made) -> str:
        return str(ctx.client("wafv2").get_web_acl(**self._key(made))["LockToken"])


@resource("AWS::WAFv2::WebACLAssociation")
class WebAclAssociation(Handler):
    """What a web ACL protects."""

    applies = "ResourceArn WebACLArn"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        ctx.client("wafv2").associate_web_acl(**p)
        return Made(f"{p['WebACLArn']}|{p['ResourceArn']}")

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("wafv2").disassociate_web_acl(ResourceArn=p["ResourceArn"])


@resource("AWS::WAFv2::LoggingConfiguration")
class LoggingConfiguration(Put):
    """Where a web ACL logs."""

    applies = "ResourceArn LogDestinationConfigs LoggingFilter RedactedFields"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        waf = ctx.client("wafv2")
        waf.put_logging_configuration(
            LoggingConfiguration=fit.member(waf, "PutLoggingConfiguration", "LoggingConfiguration", p)
        )
        return Made(p["ResourceArn"])

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("wafv2").delete_logging_configuration(ResourceArn=made.physical_id)
