"""The server: who may reach it, and what it says when it cannot."""

import unittest
import urllib.error
import urllib.request
from datetime import datetime

import botocore.session
from botocore.exceptions import ClientError
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from d2moto.loopback import require_loopback
from tests.local import ACCOUNT, PORT, REGION, client


class ServerTest(unittest.TestCase):
    def test_only_loopback_is_listened_on(self):
        for host in ("127.0.0.1", "127.8.8.8", "::1", "localhost"):
            require_loopback(host)
        for host in ("0.0.0.0", "::", "10.0.0.1", "example.com", ""):
            with self.subTest(host), self.assertRaisesRegex(SystemExit, "refusing to listen"):
                require_loopback(host)

    def test_everything_is_in_one_account(self):
        self.assertEqual(ACCOUNT, client("sts").get_caller_identity()["Account"])

    def test_a_zone_has_the_id_that_was_asked_for(self):
        zone = client("route53").get_hosted_zone(Id="Z0123456789EXAMPLE")["HostedZone"]
        self.assertEqual("example.com.", zone["Name"])

    def test_managed_policies_are_there(self):
        arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
        self.assertEqual("AmazonSSMManagedInstanceCore", client("iam").get_policy(PolicyArn=arn)["Policy"]["PolicyName"])

    def test_what_moto_does_not_have_is_said_in_every_protocol(self):
        for service, call in (
            ("autoscaling", lambda c: c.describe_account_limits()),
            ("ec2", lambda c: c.describe_bundle_tasks()),
            ("ssm", lambda c: c.describe_patch_groups()),
        ):
            with self.subTest(service), self.assertRaises(ClientError) as refused:
                call(client(service))
            self.assertRegex(str(refused.exception), "the local AWS .moto. does not have it")


class CborTest(unittest.TestCase):
    """CloudWatch as the SDK for Go asks it; boto3 prefers JSON."""

    def ask(self, operation, **given):
        model = botocore.session.Session().get_service_model("cloudwatch").operation_model(operation)
        request = urllib.request.Request(
            f"http://127.0.0.1:{PORT}/service/GraniteServiceVersion20100801/operation/{operation}", method="POST",
            data=create_serializer("smithy-rpc-v2-cbor").serialize_to_request(given, model)["body"], headers={
                "Authorization": f"AWS4-HMAC-SHA256 Credential=k/20261122/{REGION}/monitoring/aws4_request, SignedHeaders=host",
                "Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"})
        try:
            answer = urllib.request.urlopen(request)
        except urllib.error.HTTPError as refused:
            answer = refused
        with answer:
            told = {"status_code": answer.status, "headers": dict(answer.headers), "body": answer.read()}
        return create_parser("smithy-rpc-v2-cbor").parse(told, model.output_shape)

    def test_what_is_put_is_there_and_told_with_its_types(self):
        client("cloudwatch").put_metric_alarm(
            AlarmName="cbor", Namespace="n", MetricName="m", Statistic="Sum", Period=60, EvaluationPeriods=1, Threshold=1.5,
            ComparisonOperator="GreaterThanThreshold")
        self.ask("SetAlarmState", AlarmName="cbor", StateValue="ALARM", StateReason="test")
        (alarm,) = self.ask("DescribeAlarms", AlarmNames=["cbor"])["MetricAlarms"]
        self.assertEqual(("cbor", "ALARM", 1.5, 60), tuple(alarm[k] for k in "AlarmName StateValue Threshold Period".split()))
        self.assertIsInstance(alarm["StateUpdatedTimestamp"], datetime)

    def test_an_error_is_told_too(self):
        error = self.ask("SetAlarmState", AlarmName="nobody", StateValue="ALARM", StateReason="test")["Error"]
        self.assertEqual("ResourceNotFound", error["Code"])
