"""RDS: database instances, subnet groups, parameter groups, event subscriptions."""

from __future__ import annotations

from typing import Any

from . import fit, tagging
from .registry import Context, Handler, Made, resource


@resource("AWS::RDS::DBInstance")
class DBInstance(Handler):
    """A database instance. As in CloudFormation, its data outlives it as a snapshot unless told otherwise."""

    applies = (
        "DBInstanceIdentifier DBInstanceClass Engine EngineVersion AllocatedStorage MaxAllocatedStorage StorageType "
        "Iops StorageThroughput StorageEncrypted KmsKeyId DBName Port MasterUsername MasterUserPassword "
        "ManageMasterUserPassword MultiAZ AvailabilityZone DBSubnetGroupName VPCSecurityGroups DBParameterGroupName "
        "OptionGroupName BackupRetentionPeriod PreferredBackupWindow PreferredMaintenanceWindow "
        "AutoMinorVersionUpgrade CopyTagsToSnapshot DeletionProtection PubliclyAccessible "
        "EnableIAMDatabaseAuthentication EnableCloudwatchLogsExports EnablePerformanceInsights "
        "PerformanceInsightsKMSKeyId PerformanceInsightsRetentionPeriod MonitoringInterval MonitoringRoleArn "
        "LicenseModel CACertificateIdentifier EngineLifecycleSupport DatabaseInsightsMode Tags"
    )
    records = {
        "ApplyImmediately": "changes are always applied at once",
        "AllowMajorVersionUpgrade": "moto allows every version",
        "DeleteAutomatedBackups": "moto has no automated backups that outlive an instance",
        "NetworkType": "moto keeps no network type",
        "DedicatedLogVolume": "moto keeps no log volume",
    }
    replace_on = "Engine"
    default_deletion_policy = "Snapshot"
    names = {
        "VPCSecurityGroups": "VpcSecurityGroupIds",
        "PerformanceInsightsKMSKeyId": "PerformanceInsightsKMSKeyId",
    }
    # Properties that ModifyDBInstance does not take.
    fixed = (
        "DBInstanceIdentifier Engine StorageEncrypted KmsKeyId DBName MasterUsername AvailabilityZone "
        "DBSubnetGroupName EnableCloudwatchLogsExports EngineLifecycleSupport Tags Port"
    )

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        rds, name = ctx.client("rds"), ctx.name(p.get("DBInstanceIdentifier"), longest=63, lower=True)
        given = fit.parameters(
            rds, "CreateDBInstance",
            fit.without(p, "DBInstanceIdentifier Tags " + " ".join(self.records)), **self.names,
        )
        rds.create_db_instance(
            DBInstanceIdentifier=name, Tags=tagging.as_list(tagging.with_system(ctx, p.get("Tags"))), **given
        )
        ctx.begun(name)
        return self._made(ctx, name)

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        rds, name = ctx.client("rds"), made.physical_id
        changed = {k: p[k] for k in p if p[k] != old.get(k)}
        left_out = sorted(k for k in old if k not in p and k not in ("Tags", "EnableCloudwatchLogsExports"))
        changed |= {k: DEFAULTS[k] for k in left_out if k in DEFAULTS}
        change = fit.parameters(
            rds, "ModifyDBInstance", fit.without(changed, f"{self.fixed} " + " ".join(self.records)), **self.names
        )
        if "Port" in changed:
            change["DBPortNumber"] = int(changed["Port"])
        wanted, present = p.get("EnableCloudwatchLogsExports", []), old.get("EnableCloudwatchLogsExports", [])
        if wanted != present:
            change["CloudwatchLogsExportConfiguration"] = {
                "EnableLogTypes": [kind for kind in wanted if kind not in present],
                "DisableLogTypes": [kind for kind in present if kind not in wanted],
            }
        if change:
            rds.modify_db_instance(DBInstanceIdentifier=name, ApplyImmediately=True, **change)
        _retag(ctx, made.attributes["DBInstanceArn"], p, old)
        return self._made(ctx, name)

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("rds").delete_db_instance(DBInstanceIdentifier=made.physical_id, SkipFinalSnapshot=True)

    def snapshot(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        rds, name = ctx.client("rds"), made.physical_id
        snapshot = f"{ctx.stack_name}-snapshot-{ctx.logical_id}-{ctx.name()[-12:]}".lower()
        rds.create_db_snapshot(DBInstanceIdentifier=name, DBSnapshotIdentifier=snapshot)

    def _made(self, ctx: Context, name: str) -> Made:
        instance = ctx.client("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
        endpoint, secret = instance.get("Endpoint", {}), instance.get("MasterUserSecret", {})
        return Made(name, {
            "Endpoint.Address": endpoint.get("Address", ""),
            "Endpoint.Port": str(endpoint.get("Port", "")),
            "Endpoint.HostedZoneId": endpoint.get("HostedZoneId", ""),
            "DBInstanceArn": instance["DBInstanceArn"],
            "DbiResourceId": instance["DbiResourceId"],
            "DBInstanceStatus": instance["DBInstanceStatus"],
            "MasterUserSecret.SecretArn": secret.get("SecretArn", ""),
        })


# What a property that is no longer given goes back to.
DEFAULTS: dict[str, Any] = {
    "BackupRetentionPeriod": 1, "MultiAZ": False, "DeletionProtection": False, "CopyTagsToSnapshot": False,
    "AutoMinorVersionUpgrade": True, "PubliclyAccessible": False, "EnableIAMDatabaseAuthentication": False,
    "EnablePerformanceInsights": False, "MonitoringInterval": 0,
}


@resource("AWS::RDS::DBSubnetGroup")
class DBSubnetGroup(Handler):
    """The subnets a database may stand in."""

    applies = "DBSubnetGroupName DBSubnetGroupDescription SubnetIds Tags"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        # RDS keeps these names in lower case.
        name = ctx.name(p.get("DBSubnetGroupName"), longest=255, lower=True).lower()
        ctx.client("rds").create_db_subnet_group(
            DBSubnetGroupName=name, DBSubnetGroupDescription=p["DBSubnetGroupDescription"], SubnetIds=p["SubnetIds"],
            Tags=tagging.as_list(tagging.with_system(ctx, p.get("Tags"))),
        )
        return Made(name)

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        ctx.client("rds").modify_db_subnet_group(
            DBSubnetGroupName=made.physical_id, SubnetIds=p["SubnetIds"],
            DBSubnetGroupDescription=p["DBSubnetGroupDescription"],
        )
        _retag(ctx, ctx.arn("rds", f"subgrp:{made.physical_id}"), p, old)
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("rds").delete_db_subnet_group(DBSubnetGroupName=made.physical_id)


@resource("AWS::RDS::DBParameterGroup")
class DBParameterGroup(Handler):
    """The settings of the database engine."""

    applies = "DBParameterGroupName Family Description Parameters Tags"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        name = ctx.name(p.get("DBParameterGroupName"), longest=255, lower=True).lower()
        ctx.client("rds").create_db_parameter_group(
            DBParameterGroupName=name, DBParameterGroupFamily=p["Family"], Description=p["Description"],
            Tags=tagging.as_list(tagging.with_system(ctx, p.get("Tags"))),
        )
        ctx.begun(name)
        self._set(ctx, name, p.get("Parameters", {}))
        return Made(name, {"DBParameterGroupName": name})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        wanted, present = p.get("Parameters", {}), old.get("Parameters", {})
        dropped = [name for name in present if name not in wanted]
        if dropped:
            # moto keeps what was once set, so that a dropped parameter has to be named.
            raise fit.Refused(f"Parameters: the local AWS cannot reset {', '.join(dropped)}; set it to its default")
        self._set(ctx, made.physical_id, {k: v for k, v in wanted.items() if v != present.get(k)})
        _retag(ctx, ctx.arn("rds", f"pg:{made.physical_id}"), p, old)
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("rds").delete_db_parameter_group(DBParameterGroupName=made.physical_id)

    def _set(self, ctx: Context, name: str, parameters: dict[str, Any]) -> None:
        entries = [
            {"ParameterName": key, "ParameterValue": fit.text(value), "ApplyMethod": "pending-reboot"}
            for key, value in parameters.items()
        ]
        # The API takes twenty at a time.
        for start in range(0, len(entries), 20):
            ctx.client("rds").modify_db_parameter_group(
                DBParameterGroupName=name, Parameters=entries[start:start + 20]
            )


@resource("AWS::RDS::EventSubscription")
class EventSubscription(Handler):
    """What RDS tells a topic."""

    applies = "SubscriptionName SnsTopicArn SourceType SourceIds EventCategories Enabled Tags"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        name = ctx.name(p.get("SubscriptionName"), longest=255, lower=True)
        ctx.client("rds").create_event_subscription(
            SubscriptionName=name, Tags=tagging.as_list(tagging.as_dict(p.get("Tags"))),
            **fit.without(p, "SubscriptionName Tags"),
        )
        return Made(name)

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        # moto cannot change a subscription, so it is made anew under its name.
        self.delete(ctx, made, old)
        return self.create(ctx, {**p, "SubscriptionName": made.physical_id})

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("rds").delete_event_subscription(SubscriptionName=made.physical_id)


def _retag(ctx: Context, arn: str, p: dict[str, Any], old: dict[str, Any]) -> None:
    rds = ctx.client("rds")
    tagging.change(
        old.get("Tags"), p.get("Tags"),
        lambda tags: rds.add_tags_to_resource(ResourceName=arn, Tags=tagging.as_list(tags)),
        lambda keys: rds.remove_tags_from_resource(ResourceName=arn, TagKeys=keys),
    )
