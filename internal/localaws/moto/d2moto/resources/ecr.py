"""ECR: the repository of the CDK's bootstrap."""

from __future__ import annotations

from typing import Any

from . import fit, tagging
from .registry import Context, Handler, Made, resource


@resource("AWS::ECR::Repository")
class Repository(Handler):
    """An image repository."""

    applies = (
        "RepositoryName ImageTagMutability ImageScanningConfiguration EncryptionConfiguration LifecyclePolicy "
        "RepositoryPolicyText Tags"
    )
    records = {"EmptyOnDelete": "decides the deletion only"}

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        ecr = ctx.client("ecr")
        name = ctx.name(p.get("RepositoryName"), longest=256, lower=True)
        made = ecr.create_repository(
            repositoryName=name,
            tags=tagging.as_list(tagging.as_dict(p.get("Tags"))),
            **fit.parameters(ecr, "CreateRepository", fit.pick(
                p, "ImageTagMutability ImageScanningConfiguration EncryptionConfiguration"
            )),
        )["repository"]
        ctx.begun(name)
        self._policies(ctx, name, p, {})
        return Made(name, {"Arn": made["repositoryArn"], "RepositoryUri": made["repositoryUri"]})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        ecr, name = ctx.client("ecr"), made.physical_id
        if p.get("ImageTagMutability") != old.get("ImageTagMutability"):
            ecr.put_image_tag_mutability(
                repositoryName=name, imageTagMutability=p.get("ImageTagMutability", "MUTABLE")
            )
        if p.get("ImageScanningConfiguration") != old.get("ImageScanningConfiguration"):
            ecr.put_image_scanning_configuration(
                repositoryName=name,
                imageScanningConfiguration=fit.member(
                    ecr, "PutImageScanningConfiguration", "imageScanningConfiguration",
                    p.get("ImageScanningConfiguration", {"ScanOnPush": False}),
                ),
            )
        self._policies(ctx, name, p, old)
        arn = made.attributes["Arn"]
        tagging.change(
            old.get("Tags"), p.get("Tags"),
            lambda tags: ecr.tag_resource(resourceArn=arn, tags=tagging.as_list(tags)),
            lambda keys: ecr.untag_resource(resourceArn=arn, tagKeys=keys),
        )
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("ecr").delete_repository(repositoryName=made.physical_id, force=bool(p.get("EmptyOnDelete")))

    def _policies(self, ctx: Context, name: str, p: dict[str, Any], old: dict[str, Any]) -> None:
        ecr = ctx.client("ecr")
        lifecycle, before = p.get("LifecyclePolicy", {}), old.get("LifecyclePolicy", {})
        if lifecycle != before:
            if lifecycle:
                ecr.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=lifecycle["LifecyclePolicyText"])
            else:
                ecr.delete_lifecycle_policy(repositoryName=name)
        policy, before = p.get("RepositoryPolicyText"), old.get("RepositoryPolicyText")
        if policy != before:
            if policy:
                ecr.set_repository_policy(repositoryName=name, policyText=fit.text(policy))
            else:
                ecr.delete_repository_policy(repositoryName=name)
