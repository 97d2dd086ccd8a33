"""S3."""

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket, S3Backend


def apply() -> None:
    """Correct what moto asks of bucket policies, and when it delivers access logs."""
    _do_not_enforce_policies()
    _do_not_ask_for_log_delivery()
    _do_not_deliver_logs_at_once()


def _do_not_enforce_policies() -> None:
    # moto enforces bucket policies but ignores their Condition, so that "deny unless the
    # transport is secure" would deny everything. They are stored and shown, not enforced.
    FakeBucket.get_permission = lambda self, *args, **kwargs: PermissionResult.NEUTRAL


def _do_not_ask_for_log_delivery() -> None:
    # S3 takes a target for access logs before that target's policy lets the logs in, which is the
    # order in which CloudFormation makes them; moto refuses it.
    FakeBucket._log_permissions_enabled_policy = lambda self, *args, **kwargs: True


def _do_not_deliver_logs_at_once() -> None:
    # S3 delivers access logs hours later. moto writes an object for each request at once, so that
    # a rollback or a destroy minutes after a deployment would find a bucket that is not empty.
    S3Backend.log_incoming_request = lambda self, *args, **kwargs: None
