"""How each resource type is made: one module a service. Importing this package registers them all."""

from importlib import import_module

SERVICES = (
    "autoscaling backup bookkeeping budgets certificates cloudfront cloudwatch cognito ec2_addresses ec2_instances "
    "ec2_networks ec2_rules ecr elb events iam kms logs rds route53 s3 scheduler secrets sns ssm waf"
).split()

for _service in SERVICES:
    import_module(f".{_service}", __name__)
