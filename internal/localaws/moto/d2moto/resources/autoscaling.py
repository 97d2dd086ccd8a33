"""Auto Scaling: groups, their policies, hooks and schedules."""

from __future__ import annotations

import time
from typing import Any

from . import fit
from .registry import Context, Handler, Made, Put, resource

ALL_METRICS = (
    "GroupMinSize GroupMaxSize GroupDesiredCapacity GroupInServiceInstances GroupPendingInstances "
    "GroupStandbyInstances GroupTerminatingInstances GroupTotalInstances"
).split()
# What an update of a group may name, as CreateAutoScalingGroup and UpdateAutoScalingGroup both do.
SIZED = (
    "MinSize MaxSize DesiredCapacity LaunchTemplate MixedInstancesPolicy AvailabilityZones HealthCheckType "
    "HealthCheckGracePeriod NewInstancesProtectedFromScaleIn TerminationPolicies CapacityRebalance "
    "MaxInstanceLifetime DefaultInstanceWarmup InstanceMaintenancePolicy DesiredCapacityType"
)


@resource("AWS::AutoScaling::AutoScalingGroup")
class AutoScalingGroup(Handler):
    """A fleet. Without DesiredCapacity it starts at MinSize, and updates leave it where scaling put it."""

    applies = (
        f"AutoScalingGroupName VPCZoneIdentifier TargetGroupARNs MetricsCollection Cooldown "
        f"LifecycleHookSpecificationList Tags {SIZED}"
    )
    records = {
        "NotificationConfigurations": "moto has no notifications of a group",
        "ServiceLinkedRoleARN": "moto asks no role",
        "AvailabilityZoneDistribution": "moto keeps no distribution over zones",
        "AvailabilityZoneImpairmentPolicy": "moto has no zonal shift",
        "CapacityReservationSpecification": "moto has no capacity reservations of a group",
    }

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        autoscaling, name = ctx.client("autoscaling"), ctx.name(p.get("AutoScalingGroupName"), longest=255)
        given = self._given(ctx, "CreateAutoScalingGroup", p)
        if "Cooldown" in p:
            given["DefaultCooldown"] = int(p["Cooldown"])
        autoscaling.create_auto_scaling_group(
            AutoScalingGroupName=name, Tags=self._tags(ctx, name, p),
            **fit.pick(p, "TargetGroupARNs"), **given,
        )
        ctx.begun(name)
        self._metrics(ctx, name, p, {})
        for hook in p.get("LifecycleHookSpecificationList", []):
            autoscaling.put_lifecycle_hook(
                AutoScalingGroupName=name, **fit.parameters(autoscaling, "PutLifecycleHook", hook)
            )
        group = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"][0]
        return Made(name, {"AutoScalingGroupARN": group["AutoScalingGroupARN"]})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        autoscaling, name = ctx.client("autoscaling"), made.physical_id
        given = self._given(ctx, "UpdateAutoScalingGroup", p)
        if "Cooldown" in p:
            given["DefaultCooldown"] = int(p["Cooldown"])
        autoscaling.update_auto_scaling_group(AutoScalingGroupName=name, **given)
        self._targets(ctx, name, p, old)
        self._metrics(ctx, name, p, old)
        if p.get("Tags") != old.get("Tags"):
            wanted = self._tags(ctx, name, p)
            kept = {tag["Key"] for tag in wanted}
            dropped = [tag for tag in self._tags(ctx, name, old) if tag["Key"] not in kept]
            if dropped:
                autoscaling.delete_tags(Tags=dropped)
            autoscaling.create_or_update_tags(Tags=wanted)
        if p.get("LifecycleHookSpecificationList") != old.get("LifecycleHookSpecificationList"):
            changed = "LifecycleHookSpecificationList"
            return super().update(ctx, made, fit.pick(p, changed), fit.pick(old, changed))
        if p.get("LaunchTemplate") != old.get("LaunchTemplate"):
            self._refresh(ctx, name)
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("autoscaling").delete_auto_scaling_group(AutoScalingGroupName=made.physical_id, ForceDelete=True)

    def _refresh(self, ctx: Context, name: str) -> None:
        """Roll the fleet, where the update policy asks for it, and wait for the end as CloudFormation does."""
        policy = ctx.update_policy().get("AutoScalingInstanceRefresh")
        if not policy:
            return
        autoscaling = ctx.client("autoscaling")
        refresh = autoscaling.start_instance_refresh(
            AutoScalingGroupName=name, **fit.parameters(autoscaling, "StartInstanceRefresh", policy)
        )["InstanceRefreshId"]
        while True:
            state = autoscaling.describe_instance_refreshes(
                AutoScalingGroupName=name, InstanceRefreshIds=[refresh]
            )["InstanceRefreshes"][0]
            if state["Status"] == "Successful":
                return
            if "EndTime" in state:
                raise fit.Refused(f"instance refresh {refresh}: {state['Status']}: {state.get('StatusReason', '')}")
            time.sleep(0.1)

    def _given(self, ctx: Context, operation: str, p: dict[str, Any]) -> dict[str, Any]:
        given = fit.parameters(ctx.client("autoscaling"), operation, fit.pick(p, SIZED))
        if "VPCZoneIdentifier" in p:
            given["VPCZoneIdentifier"] = ",".join(p["VPCZoneIdentifier"])
        return given

    def _tags(self, ctx: Context, name: str, p: dict[str, Any]) -> list[dict[str, Any]]:
        own = {"ResourceId": name, "ResourceType": "auto-scaling-group"}
        tags = [{**own, **tag} for tag in p.get("Tags", [])]
        return tags + [{**own, "Key": k, "Value": v, "PropagateAtLaunch": True} for k, v in ctx.system_tags().items()]

    def _targets(self, ctx: Context, name: str, p: dict[str, Any], old: dict[str, Any]) -> None:
        autoscaling = ctx.client("autoscaling")
        wanted, present = p.get("TargetGroupARNs", []), old.get("TargetGroupARNs", [])
        if dropped := [arn for arn in present if arn not in wanted]:
            autoscaling.detach_load_balancer_target_groups(AutoScalingGroupName=name, TargetGroupARNs=dropped)
        if added := [arn for arn in wanted if arn not in present]:
            autoscaling.attach_load_balancer_target_groups(AutoScalingGroupName=name, TargetGroupARNs=added)

    def _metrics(self, ctx: Context, name: str, p: dict[str, Any], old: dict[str, Any]) -> None:
        autoscaling = ctx.client("autoscaling")
        if p.get("MetricsCollection") == old.get("MetricsCollection"):
            return
        for collection in p.get("MetricsCollection", []):
            autoscaling.enable_metrics_collection(
                AutoScalingGroupName=name, Granularity=collection["Granularity"],
                Metrics=collection.get("Metrics") or ALL_METRICS,
            )


@resource("AWS::AutoScaling::ScalingPolicy")
class ScalingPolicy(Put):
    """When a fleet grows and shrinks."""

    applies = (
        "AutoScalingGroupName PolicyType AdjustmentType Cooldown EstimatedInstanceWarmup MetricAggregationType "
        "MinAdjustmentMagnitude ScalingAdjustment StepAdjustments TargetTrackingConfiguration "
        "PredictiveScalingConfiguration"
    )

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        autoscaling = ctx.client("autoscaling")
        # The physical id is the policy's ARN, which ends in its name.
        name = ctx.physical_id.rpartition("policyName/")[2] or ctx.name(longest=255)
        given = fit.parameters(autoscaling, "PutScalingPolicy", p)
        autoscaling.put_scaling_policy(PolicyName=name, **given)
        arn = ctx.physical_id or next(
            policy["PolicyARN"] for policy in autoscaling.describe_policies(PolicyNames=[name])["ScalingPolicies"]
        )
        return Made(arn, {"Arn": arn, "PolicyName": name})

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("autoscaling").delete_policy(
            AutoScalingGroupName=p["AutoScalingGroupName"], PolicyName=made.attributes["PolicyName"]
        )


@resource("AWS::AutoScaling::LifecycleHook")
class LifecycleHook(Put):
    """A pause before an instance comes or goes."""

    applies = (
        "LifecycleHookName AutoScalingGroupName LifecycleTransition DefaultResult HeartbeatTimeout"
    )
    records = {
        "NotificationMetadata": "moto sends no notifications", "NotificationTargetARN": "moto sends no notifications",
        "RoleARN": "moto sends no notifications",
    }

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        name = ctx.physical_id or ctx.name(p.get("LifecycleHookName"), longest=255)
        ctx.client("autoscaling").put_lifecycle_hook(LifecycleHookName=name, **fit.without(p, "LifecycleHookName"))
        return Made(name)

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("autoscaling").delete_lifecycle_hook(
            AutoScalingGroupName=p["AutoScalingGroupName"], LifecycleHookName=made.physical_id
        )


@resource("AWS::AutoScaling::ScheduledAction")
class ScheduledAction(Put):
    """A size for certain hours."""

    applies = "AutoScalingGroupName MinSize MaxSize DesiredCapacity Recurrence StartTime EndTime TimeZone"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        name = ctx.physical_id or ctx.name(longest=255)
        autoscaling = ctx.client("autoscaling")
        autoscaling.put_scheduled_update_group_action(
            ScheduledActionName=name, **fit.parameters(autoscaling, "PutScheduledUpdateGroupAction", p)
        )
        return Made(name, {"ScheduledActionName": name})

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("autoscaling").delete_scheduled_action(
            AutoScalingGroupName=p["AutoScalingGroupName"], ScheduledActionName=made.physical_id
        )
