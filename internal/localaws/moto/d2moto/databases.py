"""What the database behind an RDS endpoint has to know of its instance."""

from __future__ import annotations

from typing import Any

from moto.rds.models import rds_backends


def listed(account: str) -> list[dict[str, Any]]:
    """Every database instance of the account, in all regions, with its administrator's password."""
    return [
        {
            "Identifier": each.db_instance_identifier, "Host": each.address, "Port": int(each.port),
            "User": each.master_username, "Password": each._master_user_password or "", "Database": each.db_name or "",
            "IAM": bool(each.enable_iam_database_authentication),
        }
        for backend in list(rds_backends[account].values()) for each in list(backend.databases.values())
        if each.status == "available"
    ]
