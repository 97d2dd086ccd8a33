"""The local AWS: moto with a CloudFormation of its own.

moto answers the service APIs (EC2, RDS, S3, ...). Its CloudFormation skips what
it does not know and cannot update, so this package answers the CloudFormation
API itself and makes every resource through those service APIs.
"""
