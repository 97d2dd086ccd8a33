"""Auto Scaling."""

from __future__ import annotations

import itertools
from typing import Any

from botocore import xform_name
from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup, InstanceState
from moto.autoscaling.responses import AutoScalingResponse

from . import fleet_health

# What moto takes for a group without keeping it.
FORGOTTEN = (
    "InstanceMaintenancePolicy DefaultInstanceWarmup MaxInstanceLifetime DesiredCapacityType DefaultCooldown "
    "TerminationPolicies CapacityRebalance"
).split()


def apply() -> None:
    """Correct what a group keeps, how it launches, how large it may be, and what it registers and calls healthy."""
    _keep_settings("create_auto_scaling_group")
    _keep_settings("update_auto_scaling_group")
    _refuse_sizes("set_desired_capacity", _outside_of_desired)
    _refuse_sizes("update_auto_scaling_group", _outside_of_update)
    FakeAutoScalingGroup.replace_autoscaling_group_instances = _launch
    InstanceState.launch_template = property(_launched_from)
    InstanceState.health_status = property(fleet_health.status, fleet_health.set_status)
    _deregister_what_is_gone()
    _register_what_replaces()


def _keep_settings(operation: str) -> None:
    """Show settings in DescribeAutoScalingGroups that moto forgets."""
    plain = getattr(AutoScalingResponse, operation)

    def keeping(self: Any) -> Any:
        answer = plain(self)
        group = self.autoscaling_backend.autoscaling_groups[self._get_param("AutoScalingGroupName")]
        for name in FORGOTTEN:
            value = self._get_param(name)
            if value is not None:
                setattr(group, xform_name(name), value)
        return answer

    setattr(AutoScalingResponse, operation, keeping)


def _refuse_sizes(operation: str, problem: Any) -> None:
    """Refuse a size outside of the group's own limits, which moto takes."""
    plain = getattr(AutoScalingResponse, operation)

    def checked(self: Any) -> Any:
        name = self._get_param("AutoScalingGroupName")
        group = self.autoscaling_backend.autoscaling_groups.get(name)
        if group is None:
            raise ValidationError(f"AutoScalingGroup name not found - AutoScalingGroup {name} not found")
        if why := problem(self, group):
            raise ValidationError(why)
        return plain(self)

    setattr(AutoScalingResponse, operation, checked)


def _outside_of_desired(self: Any, group: Any) -> str:
    wanted = self._get_int_param("DesiredCapacity")
    if wanted > group.max_size:
        return f"New SetDesiredCapacity value {wanted} is above max value {group.max_size} for the AutoScalingGroup."
    if wanted < group.min_size:
        return f"New SetDesiredCapacity value {wanted} is below min value {group.min_size} for the AutoScalingGroup."
    return ""


def _outside_of_update(self: Any, group: Any) -> str:
    wanted = self._get_int_param("DesiredCapacity")
    least, most = self._get_int_param("MinSize"), self._get_int_param("MaxSize")
    least, most = group.min_size if least is None else least, group.max_size if most is None else most
    if least > most:
        return f"Max bound, {most}, must be greater than or equal to min bound, {least}"
    if wanted is not None and not least <= wanted <= most:
        return f"Desired capacity:{wanted} must be between the specified min size:{least} and max size:{most}"
    return ""


def _launch(self: Any, count: int, tags: dict[str, str]) -> None:
    """Launch by the group's own version of the launch template, turn by turn in each of its subnets.

    moto takes the template's default version and puts every instance in the first subnet.
    """
    tags = {**tags, **self.instance_tags, "aws:autoscaling:groupName": self.name}
    template = None
    if self.ec2_launch_template:
        template = {"LaunchTemplateId": self.ec2_launch_template.id, "Version": self.launch_template_version}
    config = self.launch_config
    subnets = self.vpc_zone_identifier.split(",") if self.vpc_zone_identifier else [None]
    used = [state.instance.subnet_id for state in self.instance_states]
    emptiest = sorted(subnets, key=used.count)
    for subnet in itertools.islice(itertools.cycle(emptiest), count):
        zone = self.ec2_backend.get_subnet(subnet).availability_zone if subnet else self.availability_zones[0]
        reservation = self.ec2_backend.run_instances(
            self.image_id, 1, self.user_data, self.security_groups, instance_type=self.instance_type,
            tags={"instance": tags}, placement=zone, launch_config=config, launch_template=template,
            is_instance_type_default=False, subnet_id=subnet,
            associate_public_ip=config.associate_public_ip_address if config else None,
        )
        for instance in reservation.instances:
            instance.autoscaling_group = self
            self.instance_states.append(
                InstanceState(instance, protected_from_scale_in=self.new_instances_protected_from_scale_in)
            )


def _launched_from(self: Any) -> dict[str, Any] | None:
    """The launch template and version that an instance was launched from; moto tells the group's of today."""
    template = self.auto_scaling_group.ec2_launch_template if self.auto_scaling_group else None
    if template is None:
        return None
    tags = {tag["key"]: tag["value"] for tag in self.instance.get_tags()}
    version = tags.get("aws:ec2launchtemplate:version", str(template.default_version_number))
    return {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name, "Version": version}


def _deregister_what_is_gone() -> None:
    """Take terminated instances out of the target groups; moto only adds the new ones."""
    register = AutoScalingBackend.update_attached_target_groups

    def update(self: Any, group_name: str) -> None:
        register(self, group_name)
        for arn in self.autoscaling_groups[group_name].target_group_arns:
            target_group = self.elbv2_backend.target_groups.get(arn)
            for target in list(target_group.targets) if target_group else []:
                instance = self.ec2_backend.get_instance_by_id(target)
                if instance is not None and instance.state == "terminated":
                    target_group.deregister([{"Id": target}])

    AutoScalingBackend.update_attached_target_groups = update


def _register_what_replaces() -> None:
    """Register what is launched for a terminated instance; moto leaves it out of the target groups."""
    notify = AutoScalingBackend.notify_terminate_instances

    def notified(self: Any, instance_ids: list[str]) -> None:
        notify(self, instance_ids)
        for name in list(self.autoscaling_groups):
            self.update_attached_target_groups(name)

    AutoScalingBackend.notify_terminate_instances = notified
