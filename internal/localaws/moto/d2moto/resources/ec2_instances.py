"""EC2: launch templates and instances."""

from __future__ import annotations

from typing import Any

from . import ec2_tags, fit, tagging
from .registry import Context, Handler, Made, resource


@resource("AWS::EC2::LaunchTemplate")
class LaunchTemplate(Handler):
    """A launch template; every change is a new version, which becomes the default."""

    applies = "LaunchTemplateName LaunchTemplateData VersionDescription TagSpecifications"
    moving = "LatestVersionNumber DefaultVersionNumber"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        ec2 = ctx.client("ec2")
        template = ec2.create_launch_template(
            LaunchTemplateName=ctx.name(p.get("LaunchTemplateName")),
            **fit.parameters(ec2, "CreateLaunchTemplate", fit.without(p, "LaunchTemplateName TagSpecifications")),
        )["LaunchTemplate"]
        template_id = ctx.begun(template["LaunchTemplateId"])
        ec2_tags.put(ctx, template_id, {"Tags": self._tags(p)})
        return self._made(template_id, 1)

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        ec2 = ctx.client("ec2")
        version = int(made.attributes["LatestVersionNumber"])
        versioned = "LaunchTemplateData VersionDescription"
        if fit.pick(p, versioned) != fit.pick(old, versioned):
            version = ec2.create_launch_template_version(
                LaunchTemplateId=made.physical_id,
                **fit.parameters(ec2, "CreateLaunchTemplateVersion", fit.pick(p, versioned)),
            )["LaunchTemplateVersion"]["VersionNumber"]
            ec2.modify_launch_template(LaunchTemplateId=made.physical_id, DefaultVersion=str(version))
        ec2_tags.change(ctx, made, {"Tags": self._tags(p)}, {"Tags": self._tags(old)})
        return self._made(made.physical_id, version)

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("ec2").delete_launch_template(LaunchTemplateId=made.physical_id)

    def _made(self, template_id: str, version: int) -> Made:
        return Made(template_id, {
            "LaunchTemplateId": template_id,
            "LatestVersionNumber": str(version),
            "DefaultVersionNumber": str(version),
        })

    def _tags(self, p: dict[str, Any]) -> list[dict[str, str]]:
        return [
            tag for specification in p.get("TagSpecifications", [])
            if specification["ResourceType"] == "launch-template" for tag in specification["Tags"]
        ]


@resource("AWS::EC2::Instance")
class Instance(Handler):
    """A single instance, most often from a launch template."""

    applies = (
        "LaunchTemplate ImageId InstanceType KeyName SubnetId SecurityGroupIds SecurityGroups IamInstanceProfile "
        "UserData AvailabilityZone BlockDeviceMappings NetworkInterfaces PrivateIpAddress Monitoring EbsOptimized "
        "MetadataOptions DisableApiTermination InstanceInitiatedShutdownBehavior SourceDestCheck Tenancy Tags"
    )
    records = {
        "CreditSpecification": "moto keeps no credit specification of an instance",
        "PropagateTagsToVolumeOnCreation": "moto tags volumes by tag specifications only",
    }

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        ec2 = ctx.client("ec2")
        beside = "Tags AvailabilityZone Tenancy Monitoring SourceDestCheck IamInstanceProfile " + " ".join(self.records)
        given = fit.parameters(
            ec2, "RunInstances", fit.without(p, beside),
            # Of an interface, CloudFormation and the API name two things differently.
            GroupSet="Groups", DeviceIndex="DeviceIndex",
        )
        if "IamInstanceProfile" in p:
            given["IamInstanceProfile"] = {"Name": p["IamInstanceProfile"]}
        if "Monitoring" in p:
            given["Monitoring"] = {"Enabled": p["Monitoring"]}
        placement = {"AvailabilityZone": p.get("AvailabilityZone"), "Tenancy": p.get("Tenancy")}
        if placement := {k: v for k, v in placement.items() if v}:
            given["Placement"] = placement
        instance = ec2.run_instances(MinCount=1, MaxCount=1, **given)["Instances"][0]
        instance_id = ctx.begun(instance["InstanceId"])
        if p.get("Tags"):
            ec2.create_tags(Resources=[instance_id], Tags=tagging.as_list(tagging.as_dict(p["Tags"])))
        ec2.create_tags(Resources=[instance_id], Tags=tagging.as_list(ctx.system_tags()))
        if p.get("SourceDestCheck") is False:
            ec2.modify_instance_attribute(InstanceId=instance_id, SourceDestCheck={"Value": False})
        return self._made(ctx, instance_id)

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        ec2, instance_id = ctx.client("ec2"), made.physical_id
        attributes = (
            "DisableApiTermination InstanceInitiatedShutdownBehavior SourceDestCheck EbsOptimized UserData InstanceType"
        )
        changed = [name for name in attributes.split() if p.get(name) != old.get(name)]
        others = sorted(
            k for k in {*p, *old} if p.get(k) != old.get(k)
            and k not in f"{attributes} Tags SecurityGroupIds Monitoring MetadataOptions IamInstanceProfile".split()
            and k not in self.records
        )
        if others:
            return super().update(ctx, made, fit.pick(p, " ".join(others)), fit.pick(old, " ".join(others)))
        # As in AWS, type and user data change only while the instance is stopped.
        stopped = {"UserData", "InstanceType"} & set(changed)
        if stopped:
            ec2.stop_instances(InstanceIds=[instance_id])
        for name in changed:
            value = p.get(name, {"SourceDestCheck": True, "InstanceInitiatedShutdownBehavior": "stop"}.get(name, False))
            ec2.modify_instance_attribute(InstanceId=instance_id, **{name: {"Value": value}})
        if stopped:
            ec2.start_instances(InstanceIds=[instance_id])
        if p.get("SecurityGroupIds") != old.get("SecurityGroupIds"):
            ec2.modify_instance_attribute(InstanceId=instance_id, Groups=p.get("SecurityGroupIds", []))
        if p.get("Monitoring") != old.get("Monitoring"):
            (ec2.monitor_instances if p.get("Monitoring") else ec2.unmonitor_instances)(InstanceIds=[instance_id])
        if p.get("MetadataOptions") != old.get("MetadataOptions"):
            ec2.modify_instance_metadata_options(InstanceId=instance_id, **p.get("MetadataOptions", {}))
        if p.get("IamInstanceProfile") != old.get("IamInstanceProfile"):
            self._profile(ctx, instance_id, p.get("IamInstanceProfile"))
        ec2_tags.change(ctx, made, p, old)
        return self._made(ctx, instance_id)

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("ec2").terminate_instances(InstanceIds=[made.physical_id])

    def _profile(self, ctx: Context, instance_id: str, profile: str | None) -> None:
        ec2 = ctx.client("ec2")
        present = ec2.describe_iam_instance_profile_associations(
            Filters=[{"Name": "instance-id", "Values": [instance_id]}]
        )["IamInstanceProfileAssociations"]
        for association in present:
            ec2.disassociate_iam_instance_profile(AssociationId=association["AssociationId"])
        if profile:
            ec2.associate_iam_instance_profile(InstanceId=instance_id, IamInstanceProfile={"Name": profile})

    def _made(self, ctx: Context, instance_id: str) -> Made:
        answer = ctx.client("ec2").describe_instances(InstanceIds=[instance_id])
        instance = answer["Reservations"][0]["Instances"][0]
        return Made(instance_id, {
            "InstanceId": instance_id,
            "AvailabilityZone": instance["Placement"]["AvailabilityZone"],
            "PrivateIp": instance.get("PrivateIpAddress", ""),
            "PublicIp": instance.get("PublicIpAddress", ""),
            "PrivateDnsName": instance.get("PrivateDnsName", ""),
            "PublicDnsName": instance.get("PublicDnsName", ""),
            "VpcId": instance.get("VpcId", ""),
            "State.Name": instance["State"]["Name"],
            "State.Code": str(instance["State"]["Code"]),
        })
