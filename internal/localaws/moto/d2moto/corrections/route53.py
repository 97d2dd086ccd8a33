"""Route 53."""

from __future__ import annotations

from typing import Any

from moto.route53.exceptions import ResourceRecordAlreadyExists
from moto.route53.models import Route53Backend


def apply() -> None:
    """Refuse to create a record exactly when it exists.

    moto looks into the journal of all changes ever, and then for any record that
    sorts after: it misses records that exist and refuses some that were deleted.
    """
    change = Route53Backend.change_resource_record_sets

    def change_resource_record_sets(self: Any, zoneid: str, change_list: list[dict[str, Any]]) -> Any:
        zone = self.get_hosted_zone(zoneid)
        for entry in change_list:
            if entry["Action"] == "CREATE":
                wanted = entry["ResourceRecordSet"]
                if any(_same(record, wanted) for record in zone.rrsets):
                    raise ResourceRecordAlreadyExists(name=wanted["Name"], _type=wanted["Type"])
                entry["Action"] = "UPSERT"
        return change(self, zoneid, change_list)

    Route53Backend.change_resource_record_sets = change_resource_record_sets


def _same(record: Any, wanted: dict[str, Any]) -> bool:
    return (
        record.name.rstrip(".") == wanted["Name"].rstrip(".")
        and record.type == wanted["Type"]
        and (record.set_identifier or None) == wanted.get("SetIdentifier")
    )
