"""CloudWatch."""

from moto.cloudwatch.responses import CloudWatchResponse


def apply() -> None:
    """Add PutCompositeAlarm: moto keeps composite alarms but has no call to make one."""
    CloudWatchResponse.put_composite_alarm = CloudWatchResponse.put_metric_alarm
