"""Corrections to moto's services, each with its reason. Kept apart so that a newer moto can shed them."""

from . import (
    autoscaling, cloudfront, cloudwatch, ec2, elb, hosts, instance_refresh, rds, route53, run_command, s3,
    scaling_activities, sessions, ssm,
)


def apply() -> None:
    """Correct moto, once, before it serves anything."""
    for service in (
        autoscaling, cloudfront, cloudwatch, ec2, elb, rds, route53, run_command, s3, sessions, ssm,
        hosts,  # after ec2: what is launched right boots
        scaling_activities,  # after autoscaling: what is corrected is recorded
        instance_refresh,  # after scaling_activities: it decides whether there is anything to record
    ):
        service.apply()
