"""IAM: roles, policies, instance profiles, identity providers."""

from __future__ import annotations

from typing import Any

from . import fit, tagging
from .registry import Context, Handler, Made, resource


@resource("AWS::IAM::Role")
class Role(Handler):
    """A role with its inline and attached policies."""

    applies = (
        "RoleName Path AssumeRolePolicyDocument Description MaxSessionDuration PermissionsBoundary "
        "ManagedPolicyArns Policies Tags"
    )

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        iam, name = ctx.client("iam"), ctx.name(p.get("RoleName"), longest=64)
        role = iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=fit.text(p["AssumeRolePolicyDocument"]),
            # IAM refuses keys that begin with aws:, so CloudFormation's own tags stay away.
            Tags=tagging.as_list(tagging.as_dict(p.get("Tags"))),
            **fit.pick(p, "Path Description MaxSessionDuration PermissionsBoundary"),
        )["Role"]
        ctx.begun(name)
        self._policies(ctx, name, p, {})
        return Made(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        iam, name = ctx.client("iam"), made.physical_id
        if p["AssumeRolePolicyDocument"] != old["AssumeRolePolicyDocument"]:
            iam.update_assume_role_policy(RoleName=name, PolicyDocument=fit.text(p["AssumeRolePolicyDocument"]))
        described = "Description MaxSessionDuration"
        if fit.pick(p, described) != fit.pick(old, described):
            iam.update_role(
                RoleName=name, Description=p.get("Description", ""),
                MaxSessionDuration=p.get("MaxSessionDuration", 3600),
            )
        if p.get("PermissionsBoundary") != old.get("PermissionsBoundary"):
            if "PermissionsBoundary" in p:
                iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=p["PermissionsBoundary"])
            else:
                iam.delete_role_permissions_boundary(RoleName=name)
        self._policies(ctx, name, p, old)
        tagging.change(
            old.get("Tags"), p.get("Tags"),
            lambda tags: iam.tag_role(RoleName=name, Tags=tagging.as_list(tags)),
            lambda keys: iam.untag_role(RoleName=name, TagKeys=keys),
        )
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        iam, name = ctx.client("iam"), made.physical_id
        self._policies(ctx, name, {}, p)
        iam.delete_role(RoleName=name)

    def _policies(self, ctx: Context, name: str, p: dict[str, Any], old: dict[str, Any]) -> None:
        iam = ctx.client("iam")
        wanted, present = p.get("ManagedPolicyArns", []), old.get("ManagedPolicyArns", [])
        for arn in present:
            if arn not in wanted:
                iam.detach_role_policy(RoleName=name, PolicyArn=arn)
        for arn in wanted:
            if arn not in present:
                iam.attach_role_policy(RoleName=name, PolicyArn=arn)
        inline = {policy["PolicyName"]: policy["PolicyDocument"] for policy in p.get("Policies", [])}
        before = {policy["PolicyName"]: policy["PolicyDocument"] for policy in old.get("Policies", [])}
        for policy in before:
            if policy not in inline:
                iam.delete_role_policy(RoleName=name, PolicyName=policy)
        for policy, document in inline.items():
            if before.get(policy) != document:
                iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=fit.text(document))


HOLDERS = {"Roles": "role", "Users": "user", "Groups": "group"}


@resource("AWS::IAM::Policy")
class Policy(Handler):
    """An inline policy, put into each of its roles, users and groups."""

    applies = "PolicyName PolicyDocument Roles Users Groups"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        identity = ctx.begun(ctx.name(longest=128))
        self._put(ctx, p)
        return Made(identity, {"Id": identity})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        iam, renamed = ctx.client("iam"), p["PolicyName"] != old["PolicyName"]
        for holders, kind in HOLDERS.items():
            for holder in old.get(holders, []):
                if renamed or holder not in p.get(holders, []):
                    getattr(iam, f"delete_{kind}_policy")(
                        **{f"{kind.capitalize()}Name": holder, "PolicyName": old["PolicyName"]}
                    )
        self._put(ctx, p)
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        iam = ctx.client("iam")
        for holders, kind in HOLDERS.items():
            for holder in p.get(holders, []):
                getattr(iam, f"delete_{kind}_policy")(
                    **{f"{kind.capitalize()}Name": holder, "PolicyName": p["PolicyName"]}
                )

    def _put(self, ctx: Context, p: dict[str, Any]) -> None:
        iam = ctx.client("iam")
        for holders, kind in HOLDERS.items():
            for holder in p.get(holders, []):
                getattr(iam, f"put_{kind}_policy")(
                    **{f"{kind.capitalize()}Name": holder, "PolicyName": p["PolicyName"],
                       "PolicyDocument": fit.text(p["PolicyDocument"])}
                )


@resource("AWS::IAM::ManagedPolicy")
class ManagedPolicy(Handler):
    """A policy of its own, attached to roles, users and groups."""

    applies = "ManagedPolicyName Path Description PolicyDocument Roles Users Groups"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        iam = ctx.client("iam")
        arn = iam.create_policy(
            PolicyName=ctx.name(p.get("ManagedPolicyName")), PolicyDocument=fit.text(p["PolicyDocument"]),
            **fit.pick(p, "Path Description"),
        )["Policy"]["Arn"]
        ctx.begun(arn)
        self._attach(ctx, arn, p, {})
        return Made(arn, {"PolicyArn": arn})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        iam, arn = ctx.client("iam"), made.physical_id
        if p["PolicyDocument"] != old["PolicyDocument"]:
            # IAM keeps five versions at most.
            versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
            spare = [v["VersionId"] for v in versions if not v["IsDefaultVersion"]]
            if len(versions) >= 5:
                iam.delete_policy_version(PolicyArn=arn, VersionId=sorted(spare, key=lambda v: int(v[1:]))[0])
            iam.create_policy_version(PolicyArn=arn, PolicyDocument=fit.text(p["PolicyDocument"]), SetAsDefault=True)
        self._attach(ctx, arn, p, old)
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        iam, arn = ctx.client("iam"), made.physical_id
        self._attach(ctx, arn, {}, p)
        for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
            if not version["IsDefaultVersion"]:
                iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
        iam.delete_policy(PolicyArn=arn)

    def _attach(self, ctx: Context, arn: str, p: dict[str, Any], old: dict[str, Any]) -> None:
        iam = ctx.client("iam")
        for holders, kind in HOLDERS.items():
            wanted, present = p.get(holders, []), old.get(holders, [])
            for holder in set(present) - set(wanted):
                getattr(iam, f"detach_{kind}_policy")(**{f"{kind.capitalize()}Name": holder, "PolicyArn": arn})
            for holder in set(wanted) - set(present):
                getattr(iam, f"attach_{kind}_policy")(**{f"{kind.capitalize()}Name": holder, "PolicyArn": arn})


@resource("AWS::IAM::InstanceProfile")
class InstanceProfile(Handler):
    """What lets an instance take a role."""

    applies = "InstanceProfileName Path Roles"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        iam, name = ctx.client("iam"), ctx.name(p.get("InstanceProfileName"))
        profile = iam.create_instance_profile(InstanceProfileName=name, **fit.pick(p, "Path"))["InstanceProfile"]
        ctx.begun(name)
        for role in p["Roles"]:
            iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)
        return Made(name, {"Arn": profile["Arn"]})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        iam, name = ctx.client("iam"), made.physical_id
        for role in set(old["Roles"]) - set(p["Roles"]):
            iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=role)
        for role in set(p["Roles"]) - set(old["Roles"]):
            iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        iam, name = ctx.client("iam"), made.physical_id
        for role in iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Roles"]:
            iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=role["RoleName"])
        iam.delete_instance_profile(InstanceProfileName=name)


@resource("AWS::IAM::OIDCProvider")
class OIDCProvider(Handler):
    """An identity provider, e.g. GitHub's."""

    applies = "Url ClientIdList ThumbprintList Tags"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        arn = ctx.client("iam").create_open_id_connect_provider(
            Url=p["Url"], ClientIDList=p.get("ClientIdList", []), ThumbprintList=p.get("ThumbprintList", []),
            Tags=tagging.as_list(tagging.as_dict(p.get("Tags"))),
        )["OpenIDConnectProviderArn"]
        return Made(arn, {"Arn": arn})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        iam, arn = ctx.client("iam"), made.physical_id
        if fit.without(p, "Tags") != fit.without(old, "Tags"):
            # moto cannot change a provider, so it is made anew: its ARN follows from its URL.
            self.delete(ctx, made, old)
            return self.create(ctx, p)
        tagging.change(
            old.get("Tags"), p.get("Tags"),
            lambda tags: iam.tag_open_id_connect_provider(
                OpenIDConnectProviderArn=arn, Tags=tagging.as_list(tags)
            ),
            lambda keys: iam.untag_open_id_connect_provider(OpenIDConnectProviderArn=arn, TagKeys=keys),
        )
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("iam").delete_open_id_connect_provider(OpenIDConnectProviderArn=made.physical_id)
