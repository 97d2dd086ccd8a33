"""Systems Manager: which instances its agent answers from."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.ssm.responses import SimpleSystemManagerResponse


def apply() -> None:
    """Add DescribeInstanceInformation, which moto does not have: every running instance with a profile is online."""
    SimpleSystemManagerResponse.describe_instance_information = _describe


def _describe(self: Any) -> ActionResult:
    backend = ec2_backends[self.current_account][self.region]
    profiles = {association.instance.id for association in backend.iam_instance_profile_associations.values()}
    filters = {f["Key"]: set(f["Values"]) for f in self._get_param("Filters", []) or []}
    filters |= {f["key"]: set(f["valueSet"]) for f in self._get_param("InstanceInformationFilterList", []) or []}
    found = [
        _told(instance) for instance in backend.all_instances()
        if instance.state == "running" and instance.id in profiles
    ]
    return ActionResult({"InstanceInformationList": [told for told in found if _chosen(told, filters, backend)]})


def _told(instance: Any) -> dict[str, Any]:
    return {
        "InstanceId": instance.id,
        "PingStatus": "Online",
        "LastPingDateTime": datetime.now(timezone.utc),
        "AgentVersion": "3.3.0.0",
        "IsLatestVersion": True,
        "PlatformType": "Linux",
        "PlatformName": "Amazon Linux",
        "PlatformVersion": "2023",
        "ResourceType": "EC2Instance",
        "IPAddress": instance.private_ip,
        "ComputerName": instance.private_dns_name,
    }


def _chosen(told: dict[str, Any], filters: dict[str, set[str]], backend: Any) -> bool:
    tags = {tag["key"]: tag["value"] for tag in backend.describe_tags(filters={"resource-id": [told["InstanceId"]]})}
    names = {"InstanceIds": "InstanceId", "PingStatus": "PingStatus", "PlatformTypes": "PlatformType"}
    for key, wanted in filters.items():
        value = tags.get(key[4:]) if key.startswith("tag:") else told.get(names.get(key, key))
        if value not in wanted:
            return False
    return True
