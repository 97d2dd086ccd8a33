"""Corrections to moto's services, each with its reason. Kept apart so that a newer moto can shed them."""

from . import autoscaling, cloudfront, cloudwatch, ec2, instance_refresh, rds, route53, s3, ssm


def apply() -> None:
    """Correct moto, once, before it serves anything."""
    for service in (autoscaling, cloudfront, cloudwatch, ec2, instance_refresh, rds, route53, s3, ssm):
        service.apply()
