"""Faults on demand, as real clients see them in every protocol."""

import json
import time
import unittest
import urllib.error
import urllib.request

from botocore.exceptions import ClientError
from botocore.parsers import create_parser

from d2moto import calls
from tests.local import PORT, client

# What each protocol calls throttling, a missing right and an expired token.
ERRORS = ("ThrottlingException", "AccessDenied", "ExpiredToken")
JSON = ("ThrottlingException", "AccessDeniedException", "ExpiredTokenException")
XML = ("Throttling", "AccessDenied", "ExpiredToken")
S3 = ("SlowDown", "AccessDenied", "ExpiredToken")
EC2 = ("RequestLimitExceeded", "UnauthorizedOperation", "RequestExpired")


def control(method="GET", value=None):
    body = None if value is None else json.dumps(value).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}/_d2/faults", method=method, data=body)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


class FaultsTest(unittest.TestCase):
    def tearDown(self):
        control("DELETE")

    def test_an_error_arrives_in_every_protocol_under_the_services_own_name(self):
        for service, operation, call, names in (
            ("ssm", "GetParameter", lambda c: c.get_parameter(Name="/x"), JSON),
            ("autoscaling", "DescribeAutoScalingGroups", lambda c: c.describe_auto_scaling_groups(), XML),
            ("elbv2", "DescribeLoadBalancers", lambda c: c.describe_load_balancers(), XML),
            ("sts", "GetCallerIdentity", lambda c: c.get_caller_identity(), XML),
            ("cloudformation", "DescribeStacks", lambda c: c.describe_stacks(), XML),
            ("ec2", "DescribeInstances", lambda c: c.describe_instances(), EC2),
            ("cloudwatch", "DescribeAlarms", lambda c: c.describe_alarms(), JSON),
            ("s3", "GetObject", lambda c: c.get_object(Bucket="b", Key="k/1"), S3),
            ("s3", "PutObject", lambda c: c.put_object(Bucket="b", Key="k", Body=b"x"), S3),
            ("s3", "CopyObject", lambda c: c.copy_object(Bucket="b", Key="k", CopySource="b/l"), S3),
            ("s3", "ListBuckets", lambda c: c.list_buckets(), S3),
            ("s3", "ListObjectsV2", lambda c: c.list_objects_v2(Bucket="b"), S3),
            ("s3", "DeleteObjects", lambda c: c.delete_objects(Bucket="b", Delete={"Objects": [{"Key": "k"}]}), S3),
            ("cloudfront", "CreateInvalidation", lambda c: c.create_invalidation(
                DistributionId="E1", InvalidationBatch={"CallerReference": "r", "Paths": {"Quantity": 1, "Items": ["/*"]}}),
             XML),
            ("route53", "ListHostedZones", lambda c: c.list_hosted_zones(), XML),
            ("scheduler", "ListSchedules", lambda c: c.list_schedules(), JSON),
        ):
            for error, name in zip(ERRORS, names):
                with self.subTest(service=service, operation=operation, error=error):
                    control("PUT", [{"service": service, "operation": operation, "error": error}])
                    with self.assertRaises(ClientError) as refused:
                        call(client(service))
                    self.assertEqual(name, refused.exception.response["Error"]["Code"])
                    self.assertTrue(refused.exception.response["Error"]["Message"])

    def test_an_error_is_written_in_cbor_too(self):
        # The SDK for Go asks CloudWatch so; boto3 prefers JSON, but can read it.
        call = calls.read({
            "HTTP_AUTHORIZATION": "AWS4-HMAC-SHA256 Credential=k/20261122/ap-southeast-1/monitoring/aws4_request, x=y",
            "PATH_INFO": "/service/GraniteServiceVersion20100801/operation/DescribeAlarms",
        })
        self.assertEqual(("cloudwatch", ("DescribeAlarms",), "cbor"), (call.service, call.operations, call.protocol))
        refusal = calls.refuse(call, "ThrottlingException", "Rate " + "x" * 300, 400)
        answer = {"status_code": refusal.status, "headers": dict(refusal.headers), "body": refusal.body}
        error = create_parser("smithy-rpc-v2-cbor").parse(answer, None)["Error"]
        self.assertEqual(("ThrottlingException", "Rate " + "x" * 300), (error["Code"], error["Message"]))

    def test_a_refused_action_is_named_as_aws_names_it(self):
        control("PUT", [{"service": "cloudwatch", "operation": "DescribeAlarms", "error": "AccessDenied"}])
        with self.assertRaisesRegex(ClientError, "user/local is not authorized to perform: cloudwatch:DescribeAlarms because"):
            client("cloudwatch").describe_alarms()

    def test_a_rate_is_a_share_and_not_a_chance(self):
        control("PUT", [{"service": "sts", "rate": 0.3, "error": "ThrottlingException"}])
        self.assertEqual([4, 7, 10], [number for number in range(1, 11) if self.fails()])

    def test_times_is_a_limit_and_other_calls_are_left_alone(self):
        control("PUT", [{"service": "sts", "operation": "GetCallerIdentity", "times": 2, "error": "Strange",
                         "message": "so it is"}])
        client("ssm").describe_parameters()
        with self.assertRaisesRegex(ClientError, r"\(Strange\).*so it is"):
            client("sts").get_caller_identity()
        self.assertEqual([True, False, False], [self.fails() for _ in range(3)])
        self.assertEqual((4, 2), tuple(control()[0][key] for key in ("seen", "hit")))

    def test_latency_without_an_error_lets_the_call_through(self):
        control("PUT", [{"service": "*", "latency_ms": 300}])
        began = time.monotonic()
        self.assertFalse(self.fails())
        self.assertGreater(time.monotonic() - began, 0.3)

    def test_what_the_local_aws_asks_itself_is_not_hit(self):
        control("PUT", [{"service": "sns", "error": "AccessDenied"}])
        body = json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic"}}})
        stack = client("cloudformation").create_stack(StackName="faulty", TemplateBody=body)["StackId"]
        self.assertEqual("CREATE_COMPLETE", client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])

    def test_a_fault_that_could_never_strike_is_refused(self):
        for entry, why in (
            ({"service": "monitoring"}, "no service 'monitoring'"),
            ({"service": "ssm", "operation": "sendCommand"}, "no operation"),
            ({"sevice": "ssm"}, "no sevice"), ({"rate": 2}, "at most 1"), ({"times": "2"}, "no times"), ("ssm", "is an object"),
        ):
            with self.subTest(entry), self.assertRaises(urllib.error.HTTPError) as refused:
                control("PUT", [entry])
            self.assertEqual(400, refused.exception.code)
            self.assertIn(why, json.load(refused.exception)["error"])
        self.assertEqual([], control())

    def fails(self):
        try:
            client("sts").get_caller_identity()
        except ClientError:
            return True
        return False
