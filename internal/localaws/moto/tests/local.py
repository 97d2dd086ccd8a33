"""A local AWS within the test's own process, one for all tests of a run."""

from __future__ import annotations

import functools
import itertools
import json
import logging
import os
import threading
import time
import unittest
import unittest.mock
from typing import Any, Callable

ACCOUNT = "111122223333"
REGION = "ap-southeast-1"
os.environ.update(
    MOTO_ACCOUNT_ID=ACCOUNT, MOTO_IAM_LOAD_MANAGED_POLICIES="true", AWS_EC2_METADATA_DISABLED="true",
    AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull,
    NO_PROXY="localhost,127.0.0.1", no_proxy="localhost,127.0.0.1",
)

import boto3  # noqa: E402  moto and boto3 read the environment when they are imported
from botocore.config import Config  # noqa: E402
from botocore.exceptions import ClientError  # noqa: E402
from werkzeug.serving import make_server  # noqa: E402

from d2moto import aws, corrections, hosts, resources, zones  # noqa: E402,F401
from d2moto.server import Application  # noqa: E402

logging.getLogger("werkzeug").setLevel(logging.ERROR)
logging.getLogger("d2moto").setLevel(logging.CRITICAL)
hosts.BOOT_SECONDS = 0.2
_numbers = itertools.count(1)


def _start() -> int:
    corrections.apply()
    server = make_server("127.0.0.1", 0, Application(ACCOUNT), threaded=True)
    aws.use_endpoint(f"http://127.0.0.1:{server.server_port}")
    zones.seeder(ACCOUNT, ["example.com=Z0123456789EXAMPLE"])()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


PORT = _start()


_session = boto3.session.Session(aws_access_key_id="test", aws_secret_access_key="test")


@functools.lru_cache(maxsize=None)
def client(service: str, region: str = REGION) -> Any:
    """A client of the server under test."""
    return _session.client(
        service, region_name=region, endpoint_url=f"http://localhost:{PORT}", config=Config(retries={"max_attempts": 0})
    )


def boots_in(seconds: float) -> Any:
    """Within it everything that is measured in boots takes longer, so that a loaded machine sees it happen."""
    return unittest.mock.patch.object(hosts, "BOOT_SECONDS", seconds)


def eventually(look: Callable[[], Any], wanted: Callable[[Any], bool] = bool, seconds: float = 10) -> Any:
    """Look until what is seen is what is wanted; the answer is what was seen last."""
    deadline = time.monotonic() + seconds
    while not wanted(seen := look()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return seen


class StackCase(unittest.TestCase):
    """A test with a stack name of its own, and short ways to deploy and to look."""

    region = REGION

    def setUp(self) -> None:
        self.stack = f"S{next(_numbers)}"
        self.cloudformation = client("cloudformation", self.region)

    def deploy(self, template_resources: dict[str, Any], stack: str = "", **more: Any) -> str:
        """Deploy by change set, as the CDK does; the answer is the stack's status."""
        stack = stack or self.stack
        request = {key: more.pop(key) for key in ("Parameters", "Tags") if key in more}
        execution = {key: more.pop(key) for key in ("DisableRollback",) if key in more}
        body = json.dumps({"Resources": template_resources, **more})
        kind = "UPDATE" if self.exists(stack) else "CREATE"
        change_set = self.cloudformation.create_change_set(
            StackName=stack, ChangeSetName="test", ChangeSetType=kind, TemplateBody=body, **request
        )["Id"]
        described = self.cloudformation.describe_change_set(ChangeSetName=change_set)
        self.changes = {
            c["ResourceChange"]["LogicalResourceId"]: c["ResourceChange"] for c in described.get("Changes", [])
        }
        if described["Status"] == "FAILED":
            self.cloudformation.delete_change_set(ChangeSetName=change_set)
            return described["StatusReason"]
        self.cloudformation.execute_change_set(ChangeSetName=change_set, **execution)
        return self.status(stack)

    def made(self, template_resources: dict[str, Any], **more: Any) -> None:
        """Deploy, and be sure that it went well."""
        status = self.deploy(template_resources, **more)
        self.assertIn(status, ("CREATE_COMPLETE", "UPDATE_COMPLETE"), self.failures())

    def exists(self, stack: str = "") -> bool:
        """Whether the stack is there."""
        try:
            return self.status(stack) != "REVIEW_IN_PROGRESS"
        except ClientError:
            return False

    def status(self, stack: str = "") -> str:
        """The stack's status."""
        return str(self.cloudformation.describe_stacks(StackName=stack or self.stack)["Stacks"][0]["StackStatus"])

    def events(self, logical_id: str = "") -> list[tuple[str, str]]:
        """(status, reason) of the stack's or a resource's events, oldest first."""
        found = self.cloudformation.describe_stack_events(StackName=self.stack)["StackEvents"]
        return [
            (e["ResourceStatus"], e.get("ResourceStatusReason", "")) for e in reversed(found)
            if e["LogicalResourceId"] == (logical_id or self.stack)
        ]

    def failures(self) -> list[str]:
        """What failed, and why."""
        found = self.cloudformation.describe_stack_events(StackName=self.stack)["StackEvents"]
        return [
            f"{e['LogicalResourceId']}: {e.get('ResourceStatusReason')}" for e in found
            if e["ResourceStatus"].endswith("_FAILED")
        ]

    def physical(self, logical_id: str) -> str:
        """A resource's physical id."""
        detail = self.cloudformation.describe_stack_resource(StackName=self.stack, LogicalResourceId=logical_id)
        return str(detail["StackResourceDetail"]["PhysicalResourceId"])

    def output(self, key: str) -> str:
        """An output of the stack."""
        outputs = self.cloudformation.describe_stacks(StackName=self.stack)["Stacks"][0].get("Outputs", [])
        return next(o["OutputValue"] for o in outputs if o["OutputKey"] == key)


def resource(kind: str, depends_on: str = "", policies: dict[str, str] | None = None, **properties: Any) -> dict[str, Any]:
    """A resource of a template."""
    more = {"DependsOn": depends_on} if depends_on else {}
    return {"Type": f"AWS::{kind}", "Properties": properties, **more, **(policies or {})}


def ref(name: str) -> dict[str, str]:
    """A Ref."""
    return {"Ref": name}


def att(name: str, attribute: str) -> dict[str, list[str]]:
    """A Fn::GetAtt."""
    return {"Fn::GetAtt": [name, attribute]}


def topic(**properties: Any) -> dict[str, Any]:
    """The cheapest resource there is."""
    return resource("SNS::Topic", **properties)


def parameter(value: Any = "1", **properties: Any) -> dict[str, Any]:
    """An SSM parameter."""
    return resource("SSM::Parameter", Type="String", Value=value, **properties)
