"""SNS: topics, their policies and subscriptions."""

from __future__ import annotations

import json
from typing import Any

from . import fit, tagging
from .registry import Context, Handler, Made, Put, resource

TOPIC_ATTRIBUTES = (
    "DisplayName KmsMasterKeyId SignatureVersion TracingConfig FifoTopic ContentBasedDeduplication "
    "DataProtectionPolicy ArchivePolicy FifoThroughputScope"
)
SUBSCRIPTION_ATTRIBUTES = "DeliveryPolicy FilterPolicy FilterPolicyScope RawMessageDelivery RedrivePolicy"


@resource("AWS::SNS::Topic")
class Topic(Handler):
    """A topic, and the subscriptions written in it."""

    applies = f"TopicName Subscription Tags {TOPIC_ATTRIBUTES}"
    records = {"DeliveryStatusLogging": "moto logs no delivery"}

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        sns, name = ctx.client("sns"), ctx.name(p.get("TopicName"), longest=256)
        arn = sns.create_topic(
            Name=name, Tags=tagging.as_list(tagging.as_dict(p.get("Tags"))),
            Attributes={key: fit.text(value) for key, value in fit.pick(p, TOPIC_ATTRIBUTES).items()},
        )["TopicArn"]
        ctx.begun(arn)
        self._subscribe(ctx, arn, p, {})
        return Made(arn, {"TopicArn": arn, "TopicName": name})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        sns, arn = ctx.client("sns"), made.physical_id
        for name in TOPIC_ATTRIBUTES.split():
            if p.get(name) != old.get(name):
                sns.set_topic_attributes(TopicArn=arn, AttributeName=name, AttributeValue=fit.text(p.get(name, "")))
        self._subscribe(ctx, arn, p, old)
        tagging.change(
            old.get("Tags"), p.get("Tags"),
            lambda tags: sns.tag_resource(ResourceArn=arn, Tags=tagging.as_list(tags)),
            lambda keys: sns.untag_resource(ResourceArn=arn, TagKeys=keys),
        )
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        ctx.client("sns").delete_topic(TopicArn=made.physical_id)

    def _subscribe(self, ctx: Context, arn: str, p: dict[str, Any], old: dict[str, Any]) -> None:
        sns = ctx.client("sns")
        wanted, present = p.get("Subscription", []), old.get("Subscription", [])
        for subscription in sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]:
            itself = {"Protocol": subscription["Protocol"], "Endpoint": subscription["Endpoint"]}
            if itself in present and itself not in wanted:
                sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
        for subscription in wanted:
            if subscription not in present:
                sns.subscribe(TopicArn=arn, **subscription)


@resource("AWS::SNS::TopicPolicy")
class TopicPolicy(Handler):
    """Who may use topics."""

    applies = "Topics PolicyDocument"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        identity = ctx.name()
        for topic in p["Topics"]:
            _put_policy(ctx, topic, p["PolicyDocument"])
        return Made(identity, {"Id": identity})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        for topic in set(old["Topics"]) - set(p["Topics"]):
            _put_policy(ctx, topic, None)
        for topic in p["Topics"]:
            _put_policy(ctx, topic, p["PolicyDocument"])
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        for topic in p["Topics"]:
            _put_policy(ctx, topic, None)


@resource("AWS::SNS::TopicInlinePolicy")
class TopicInlinePolicy(Put):
    """Who may use a topic."""

    applies = "TopicArn PolicyDocument"

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        _put_policy(ctx, p["TopicArn"], p["PolicyDocument"])
        return Made(p["TopicArn"])

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        _put_policy(ctx, p["TopicArn"], None)


@resource("AWS::SNS::Subscription")
class Subscription(Handler):
    """Who hears of a topic's messages."""

    applies = f"TopicArn Protocol Endpoint {SUBSCRIPTION_ATTRIBUTES}"
    records = {"SubscriptionRoleArn": "moto asks no role", "Region": "the topic's ARN tells the region"}

    def create(self, ctx: Context, p: dict[str, Any]) -> Made:
        attributes = {key: fit.text(value) for key, value in fit.pick(p, SUBSCRIPTION_ATTRIBUTES).items()}
        arn = self._client(ctx, p).subscribe(
            TopicArn=p["TopicArn"], Protocol=p["Protocol"], Endpoint=p.get("Endpoint", ""), Attributes=attributes,
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        return Made(arn, {"Arn": arn})

    def update(self, ctx: Context, made: Made, p: dict[str, Any], old: dict[str, Any]) -> Made:
        empty = {"RawMessageDelivery": "false", "FilterPolicyScope": "MessageAttributes"}
        for name in SUBSCRIPTION_ATTRIBUTES.split():
            if p.get(name) != old.get(name):
                value = fit.text(p[name]) if name in p else empty.get(name, "{}")
                self._client(ctx, p).set_subscription_attributes(
                    SubscriptionArn=made.physical_id, AttributeName=name, AttributeValue=value
                )
        return made

    def delete(self, ctx: Context, made: Made, p: dict[str, Any]) -> None:
        self._client(ctx, p).unsubscribe(SubscriptionArn=made.physical_id)

    def _client(self, ctx: Context, p: dict[str, Any]) -> Any:
        return ctx.client("sns", p["TopicArn"].split(":")[3])


def _put_policy(ctx: Context, topic: str, policy: Any) -> None:
    if policy is None:
        # A topic is never without a policy; its first one lets the account use it.
        policy = {
            "Version": "2008-10-17",
            "Statement": [{
                "Sid": "__default_statement_ID", "Effect": "Allow", "Principal": {"AWS": "*"}, "Resource": topic,
                "Action": ["SNS:Publish", "SNS:Subscribe", "SNS:GetTopicAttributes", "SNS:SetTopicAttributes"],
                "Condition": {"StringEquals": {"AWS:SourceOwner": ctx.account}},
            }],
        }
    ctx.client("sns").set_topic_attributes(
        TopicArn=topic, AttributeName="Policy",
        AttributeValue=policy if isinstance(policy, str) else json.dumps(policy),
    )
