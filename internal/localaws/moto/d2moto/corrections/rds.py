"""RDS."""

from __future__ import annotations

from typing import Any

from moto.rds.models import RDSBackend

# What moto takes for an instance without keeping it.
FORGOTTEN = "monitoring_interval monitoring_role_arn engine_lifecycle_support database_insights_mode".split()


def apply() -> None:
    """Show settings in DescribeDBInstances that moto forgets."""
    create, modify = RDSBackend.create_db_instance, RDSBackend.modify_db_instance

    def create_db_instance(self: Any, given: dict[str, Any]) -> Any:
        return _keep(create(self, given), given)

    def modify_db_instance(self: Any, identifier: str, given: dict[str, Any]) -> Any:
        return _keep(modify(self, identifier, given), given)

    RDSBackend.create_db_instance, RDSBackend.modify_db_instance = create_db_instance, modify_db_instance


def _keep(instance: Any, given: dict[str, Any]) -> Any:
    for name in FORGOTTEN:
        if name in given:
            setattr(instance, name, given[name])
    return instance
