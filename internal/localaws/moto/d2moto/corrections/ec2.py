"""EC2: launch templates, and what an instance takes from one."""

from __future__ import annotations

from typing import Any

from moto.core.types import Base64EncodedString
from moto.ec2.exceptions import InvalidAMIIdError
from moto.ec2.models.instances import InstanceBackend
from moto.ec2.models.launch_templates import LaunchTemplate
from moto.ec2.utils import parse_user_data
from moto.ssm.models import ssm_backends

PREFIX = "resolve:ssm:"


def apply() -> None:
    """Correct launch templates."""
    _follow_launch_templates()
    _decode_later_versions()


def _decode_later_versions() -> None:
    """Let instances be launched from later versions: moto decodes the user data of the first only, then breaks."""
    create = LaunchTemplate.create_version

    def create_version(self: Any, data: dict[str, Any], description: str) -> Any:
        if "UserData" in data and not isinstance(data["UserData"], Base64EncodedString):
            data = {**data, "UserData": parse_user_data(data["UserData"])}
        return create(self, data, description)

    LaunchTemplate.create_version = create_version


def _follow_launch_templates() -> None:
    """Let RunInstances follow a launch template as EC2 does.

    moto leaves out the template's network interface, instance profile, metadata
    options and monitoring, and takes ``resolve:ssm:`` for the id of an image.
    """
    run = InstanceBackend.run_instances

    def run_instances(
        self: Any, image_id: str, count: int, user_data: Any, security_group_names: list[str], **given: Any
    ) -> Any:
        profile: dict[str, str] = {}
        if given.get("launch_template"):
            template = self._get_template_from_args(given["launch_template"])
            image_id = image_id or template.image_id
            profile = _follow(template.data, given)
        reservation = run(self, _image(self, image_id), count, user_data, security_group_names, **given)
        for instance in reservation.instances if profile else []:
            self.associate_iam_instance_profile(
                instance_id=instance.id, iam_instance_profile_name=profile.get("Name"),
                iam_instance_profile_arn=profile.get("Arn"),
            )
        return reservation

    InstanceBackend.run_instances = run_instances


def _follow(template: dict[str, Any], given: dict[str, Any]) -> dict[str, str]:
    """Fill in what the caller leaves to the template; the answer is the instance profile it names."""
    def fill(name: str, value: Any) -> None:
        if value and not given.get(name):
            given[name] = value

    interface = (template.get("NetworkInterfaces") or [{}])[0]
    fill("subnet_id", interface.get("SubnetId"))
    fill("security_group_ids", interface.get("Groups"))
    if given.get("associate_public_ip") is None and "AssociatePublicIpAddress" in interface:
        given["associate_public_ip"] = _true(interface["AssociatePublicIpAddress"])
    fill("metadata_options", template.get("MetadataOptions"))
    if _true((template.get("Monitoring") or {}).get("Enabled")):
        given["monitoring_state"] = "enabled"
    if given.get("iam_instance_profile_name") or given.get("iam_instance_profile_arn"):
        return {}
    return template.get("IamInstanceProfile") or {}


def _true(value: Any) -> bool:
    return str(value).lower() == "true"


def _image(backend: Any, image_id: str) -> str:
    if not image_id or not image_id.startswith(PREFIX):
        return image_id
    parameter = ssm_backends[backend.account_id][backend.region_name].get_parameter(image_id.removeprefix(PREFIX))
    if parameter is None:
        raise InvalidAMIIdError(image_id)
    return str(parameter.value)
