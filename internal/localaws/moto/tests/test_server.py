"""The server: who may reach it, and what it says when it cannot."""

import unittest

from botocore.exceptions import ClientError

from d2moto.loopback import require_loopback
from tests.local import ACCOUNT, client


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
