"""Certificate Manager."""

from __future__ import annotations

from typing import Any

from . import fit, tagging
from .registry import Context, Handler, Made, resource


@resource("AWS::CertificateManager::Certificate")
class Certificate(Handler):
    """A certificate; moto issues it without looking at DNS."""

    applies = (
        "DomainName SubjectAlternativeNames ValidationMethod KeyAlgorithm CertificateTransparencyLoggingPreference Tags"
    )
    records = {
        "DomainValidationOptions": "moto validates nothing, so no record is written into the hosted zone",
        "CertificateExport": "moto exports nothing",
    }

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        acm = ctx.client("acm")
        given = fit.pick(p, "DomainName SubjectAlternativeNames ValidationMethod KeyAlgorithm")
        if "CertificateTransparencyLoggingPreference" in p:
            given["Options"] = {
                "CertificateTransparencyLoggingPreference": p["CertificateTransparencyLoggingPreference"]
            }
        tags = tagging.as_list(tagging.as_dict(p.get("Tags")))
        arn = acm.request_certificate(**given, **({"Tags": tags} if tags else {}))["CertificateArn"]
        return Made(arn, {"Id": arn})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        acm, arn = ctx.client("acm"), made.physical_id
        if fit.without(p, "Tags DomainValidationOptions CertificateExport") != fit.without(
            old, "Tags DomainValidationOptions CertificateExport"
        ):
            return super().update(ctx, made, p, old)
        tagging.change(
            old.get("Tags"), p.get("Tags"),
            lambda tags: acm.add_tags_to_certificate(CertificateArn=arn, Tags=tagging.as_list(tags)),
            lambda keys: acm.remove_tags_from_certificate(CertificateArn=arn, Tags=[{"Key": k} for k in keys]),
        )
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("acm").delete_certificate(CertificateArn=made.physical_id)
