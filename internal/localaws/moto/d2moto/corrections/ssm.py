"""Systems Manager: which instances its agent answers from."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.ssm.responses import SimpleSystemManagerResponse

from .. import hosts

# How AWS names what can be asked for beside tags; other filters compare the answer's own key.
FILTERS = {"InstanceIds": "InstanceId", "PlatformTypes": "PlatformType"}


def apply() -> None:
    """Add DescribeInstanceInformation, which moto does not have."""
    SimpleSystemManagerResponse.describe_instance_information = _describe


def is_online(instance: Any) -> bool:
    """Whether the agent answers: the instance has booted, and has a profile that lets it."""
    return instance.state == "running" and hosts.of(instance).booted and instance.id in _profiles(instance.ec2_backend)


def _profiles(backend: Any) -> set[str]:
    return {association.instance.id for association in list(backend.iam_instance_profile_associations.values())}


def _describe(self: Any) -> ActionResult:
    backend = ec2_backends[self.current_account][self.region]
    filters = {f["Key"]: set(f["Values"]) for f in self._get_param("Filters", []) or []}
    filters |= {f["key"]: set(f["valueSet"]) for f in self._get_param("InstanceInformationFilterList", []) or []}
    profiles = _profiles(backend)
    # A host that stopped stays listed, as lost; one that never came up is not known yet.
    known = [each for each in backend.all_instances() if each.id in profiles and (is_online(each) or each.state == "stopped")]
    return ActionResult({"InstanceInformationList": [
        told for told in map(_told, known) if _chosen(told, filters, backend)
    ]})


def _told(instance: Any) -> dict[str, Any]:
    return {
        "InstanceId": instance.id,
        "PingStatus": "Online" if is_online(instance) else "ConnectionLost",
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
    for key, wanted in filters.items():
        value = tags.get(key[4:]) if key.startswith("tag:") else told.get(FILTERS.get(key, key))
        if value not in wanted:
            return False
    return True
