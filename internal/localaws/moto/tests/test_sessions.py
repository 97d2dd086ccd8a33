"""Sessions: what the gateway is told of a host and a document, and how its answers are passed on."""

import json
import unittest.mock

from botocore.exceptions import ClientError

from d2moto import commands, databases, gateway
from tests.fleet import FleetCase
from tests.local import ACCOUNT, StackCase, client, eventually, resource


class SessionTest(FleetCase):
    def setUp(self):
        super().setUp()
        self.settled()
        self.instance = min(self.instances())
        self.told = []
        patched = unittest.mock.patch.object(gateway.process, "ask", self.answer)
        patched.start()
        self.addCleanup(patched.stop)
        self.reply = {"SessionId": "s-1", "TokenValue": "t", "StreamUrl": "ws://127.0.0.1:1/"}

    def answer(self, path, body=None, target=""):
        self.told.append((path, body, target))
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply

    def test_a_start_tells_the_gateway_of_the_host_and_the_document(self):
        self.made({**self.template(), "D": resource("SSM::Document", Name=f"{self.stack}-session", DocumentType="Session", Content={
            "schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": {"idleSessionTimeout": "20"}})})
        answer = self.ssm.start_session(Target=self.instance, DocumentName=f"{self.stack}-session")
        self.assertEqual(("s-1", "t"), (answer["SessionId"], answer["TokenValue"]))
        self.ssm.start_session(Target="i-00000000000000000")
        self.ssm.start_session(Target=self.instance, DocumentName="AWS-StartPortForwardingSession", Parameters={"portNumber": ["80"]})
        known = [(body["Online"], (body["Document"] or {}).get("sessionType")) for _, body, _ in self.told]
        self.assertEqual([(True, "Standard_Stream"), (False, None), (True, None)], known)
        self.assertEqual({"portNumber": ["80"]}, self.told[2][1]["Request"]["Parameters"])

    def test_what_the_gateway_refuses_is_refused(self):
        self.reply = gateway.Refused("TargetNotConnected", "i-1 is not connected.")
        with self.assertRaisesRegex(ClientError, r"\(TargetNotConnected\).*i-1 is not connected\."):
            self.ssm.start_session(Target="i-00000000000000001")

    def test_the_other_calls_are_passed_on(self):
        self.ssm.resume_session(SessionId="s-1")
        self.reply = {"SessionId": "s-1"}
        self.ssm.terminate_session(SessionId="s-1")
        self.assertEqual(["AmazonSSM.ResumeSession", "AmazonSSM.TerminateSession"], [target for *_, target in self.told])

    def test_a_command_document_starts_no_session(self):
        self.made({**self.template(), "D": resource("SSM::Document", Name=f"{self.stack}-command", DocumentType="Command", Content={
            "schemaVersion": "2.2", "mainSteps": [{"action": "aws:runShellScript", "name": "a", "inputs": {"runCommand": ["true"]}}]})})
        with self.assertRaisesRegex(ClientError, "InvalidDocument.*is of type Command, not Session"):
            self.ssm.start_session(Target=self.instance, DocumentName=f"{self.stack}-command")
        self.assertEqual([], self.told)

    def test_a_connection_is_there_when_the_agent_answers(self):
        status = self.ssm.get_connection_status
        self.assertEqual("connected", status(Target=self.instance)["Status"])
        self.assertEqual("notconnected", status(Target="i-00000000000000000")["Status"])

    def test_without_a_gateway_there_are_no_sessions(self):
        self.assertEqual([], self.ssm.describe_sessions(State="Active")["Sessions"])
        self.assertEqual([], self.told)

    def test_a_line_of_a_shell_is_answered_from_the_model(self):
        self.assertIn('"service": "app"', str(commands.interactive(ACCOUNT, self.instance, "d2-release status")["out"]))
        self.assertEqual(127, commands.interactive(ACCOUNT, self.instance, "id")["code"])
        self.assertIn("is gone", str(commands.interactive(ACCOUNT, "i-0", "true")["error"]))


class GatewayTest(StackCase):
    def test_a_gateway_that_does_not_start_is_said_so(self):
        for words, said in (([], "was started without"), (["false"], "did not start")):
            process = gateway.Gateway()
            process.use(json.dumps(words), ".")
            with unittest.mock.patch.dict("os.environ", MOTO_PORT="1"), self.assertRaisesRegex(gateway.Refused, said):
                process.url()

    def test_databases_are_listed_with_their_endpoint_and_administrator(self):
        name = self.stack.lower()
        client("rds").create_db_instance(
            DBInstanceIdentifier=name, DBInstanceClass="db.t3.micro", Engine="mysql", AllocatedStorage=20, DBName="app",
            MasterUsername="admin", MasterUserPassword="not a secret", EnableIAMDatabaseAuthentication=True,
        )
        endpoint = client("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]["Endpoint"]
        (told,) = [each for each in databases.listed(ACCOUNT) if each["Identifier"] == name]
        self.assertEqual({
            "Identifier": name, "Host": endpoint["Address"], "Port": endpoint["Port"], "User": "admin",
            "Password": "not a secret", "Database": "app", "IAM": True,
        }, told)
