"""Run Command: what runs, what is refused, and how it is told."""

import json
import os
import time

from botocore.exceptions import ClientError

from d2moto import names
from d2moto.corrections import run_command
from tests.fleet import FleetCase
from tests.local import eventually


class CommandTest(FleetCase):
    def setUp(self):
        super().setUp()
        self.settled()

    def test_harmless_commands_run_in_a_real_shell(self):
        told = self.ran("# first", "echo 'a  b' c", "uname -s", "date +%Y")
        self.assertEqual(("Success", "Success", 0), (told["Status"], told["StatusDetails"], told["ResponseCode"]))
        self.assertEqual(["a  b c", os.uname().sysname, time.strftime("%Y")], told["StandardOutputContent"].splitlines())
        self.assertEqual("", told["StandardErrorContent"])

    def test_what_could_do_harm_is_refused_in_words(self):
        for command in (
            # Harmless all, should the refusal ever break: this test has really run them then.
            "id", "echo $(id)", "echo `id`", "echo a; id", "echo a && id", "echo a | cat", "echo a > /dev/null", "date -d now",
            "cat /etc/shadow /etc/passwd", "curl -s http://example.com/", "curl -o x localhost:3000", "pm2 kill", "env",
            "true \"", "df /tmp", "sed -n p /etc/passwd", "sed --sandbox -zE 's/a/b/w x' /etc/passwd", "node -e 1", "systemctl stop pm2",
        ):
            with self.subTest(command):
                told = self.ran("echo before", command, "echo after")
                self.assertNotIn("root", told["StandardOutputContent"])
                if command.startswith("cat"):
                    self.assertIn("/etc/shadow: No such file or directory", told["StandardErrorContent"])
                    continue
                self.assertEqual(("Failed", 127), (told["Status"], told["ResponseCode"]))
                self.assertEqual("before\n", told["StandardOutputContent"])
                self.assertIn(f"the local AWS does not run this: {command}\n", told["StandardErrorContent"])

    def test_the_last_command_decides_unless_the_script_stops_at_the_first_failure(self):
        for script, status, code in (
            (["false", "true"], "Success", 0), (["set -eu", "false", "true"], "Failed", 1), (["exit 7", "true"], "Failed", 7),
            (["true", "exit"], "Success", 0),
        ):
            told = self.ran(*script)
            self.assertEqual((status, code), (told["Status"], told["ResponseCode"]), script)
        self.assertEqual("failed to run commands: exit status 1", self.ran("false")["StandardErrorContent"])

    def test_reads_are_answered_from_the_host(self):
        self.publish("v1")
        self.want("v1")
        self.assertEqual("[]\n", self.ran("pm2 jlist")["StandardOutputContent"], "the placeholder is not PM2's")
        self.assertEqual("Success", self.ran("d2-release app")["Status"])
        self.assertIn('"name": "app"', self.ran("sudo -u app pm2 jlist")["StandardOutputContent"])
        answer = self.ran("curl -fsS http://localhost:3000/health")["StandardOutputContent"]
        self.assertEqual({"status": "ok", "service": "app", "version": "v1"}, json.loads(answer))
        refused = self.ran("curl -s localhost:1/health")
        self.assertEqual((7, True), (refused["ResponseCode"], "Connection refused" in refused["StandardErrorContent"]))
        self.assertIn("Amazon Linux", self.ran("cat /etc/os-release")["StandardOutputContent"])
        log = self.ran("tail -n 2 /var/log/cloud-init-output.log")["StandardOutputContent"]
        self.assertRegex(log, r"^d2-release: app unreleased: the placeholder answers\nd2-boot: \d+\.\d s: done\n$")

    def test_an_apps_logs_processes_and_variables_are_those_of_its_release(self):
        self.assertIn("No such file", self.ran("cat /opt/apps/app/current/.env")["StandardErrorContent"], "the placeholder has none")
        self.assertEqual("", self.ran("pm2 list -m")["StandardOutputContent"])
        secret = names.variables(self.project, "prod", "app") + "/API_KEY"
        self.ssm.put_parameter(Name=secret, Value="it's\nsecret", Type="SecureString")
        self.publish("v1")
        self.want("v1")
        self.assertEqual("Success", self.ran("d2-release app")["Status"])
        self.assertEqual("API_KEY='it'\"'\"'s\nsecret'\nAPP_VERSION=v1\nPORT=3000\n", self.ran("cat /opt/apps/app/current/.env")["StandardOutputContent"])
        hidden = self.ran("""sed --sandbox -zE "s/(^|\\n)(API_KEY)=('[^']*'|[^\\n])*/\\1\\2=hidden/g" /opt/apps/app/current/.env""")
        self.assertEqual("API_KEY=hidden\nAPP_VERSION=v1\nPORT=3000\n", hidden["StandardOutputContent"], hidden["StandardErrorContent"])
        self.assertIn("Database pool initialized", self.ran("tail -n 5 /home/appuser/.pm2/logs/app-out.log")["StandardOutputContent"])
        self.assertEqual("", self.ran("cat /home/appuser/.pm2/logs/app-error.log")["StandardOutputContent"])
        self.assertIn("v1 is running", self.ran("tail -n 1 /var/log/d2/app-release.log")["StandardOutputContent"])
        self.assertEqual("Success", self.ran("pm2 reload app")["Status"])
        self.assertRegex(self.ran("pm2 list -m")["StandardOutputContent"], r"(?s)\+--- app\n.*status : online\n.*restarted : 1\n")
        self.assertNotIn("secret", self.ran("pm2 list -m")["StandardOutputContent"])

    def test_a_variable_is_taken_at_the_next_start(self):
        self.publish("v1")
        self.want("v1")
        self.ran("d2-release app")
        port = names.variables(self.project, "prod", "app") + "/COLOUR"
        self.ssm.put_parameter(Name=port, Value="red", Type="String")
        self.ran("pm2 reload app")
        self.assertNotIn("COLOUR", self.ran("cat /opt/apps/app/current/.env")["StandardOutputContent"])
        self.ran("d2-release restart app")
        self.assertIn("COLOUR=red\n", self.ran("cat /opt/apps/app/current/.env")["StandardOutputContent"])

    def test_a_host_has_what_the_runbook_verifies(self):
        self.assertRegex(self.ran("node --version")["StandardOutputContent"], r"^v20\.")
        self.assertIn("8.0.", self.ran("mysql --version")["StandardOutputContent"])
        self.assertEqual("active\nactive\n", self.ran("systemctl is-active amazon-ssm-agent pm2")["StandardOutputContent"])
        self.assertEqual(3, self.ran("systemctl is-active nginx")["ResponseCode"])
        self.assertIn("TIMEOUT", self.ran("nc -zv -w 5 nowhere.example 3306")["StandardErrorContent"])

    def test_output_is_cut_where_aws_cuts_it(self):
        told = self.ran("echo " + "x" * 30000)
        self.assertEqual(24000, len(told["StandardOutputContent"]))
        self.assertTrue(told["StandardOutputContent"].endswith("--output truncated--"))
        (listed,) = self.ssm.list_command_invocations(CommandId=told["CommandId"], Details=True)["CommandInvocations"]
        self.assertEqual(2500, len(listed["CommandPlugins"][0]["Output"]))

    def test_a_command_is_pending_then_in_progress_then_cancelled(self):
        run_command.DELIVERY, before = 3, run_command.DELIVERY
        try:
            identity = self.send("sleep 50")
            self.assertEqual(("Pending", -1), (self.invocation(identity)["Status"], self.invocation(identity)["ResponseCode"]))
        finally:
            run_command.DELIVERY = before
        self.assertEqual("InProgress", eventually(lambda: self.invocation(identity)["Status"], lambda s: s == "InProgress"))
        self.assertEqual("InProgress", self.ssm.list_commands(CommandId=identity)["Commands"][0]["Status"])
        self.ssm.cancel_command(CommandId=identity)
        self.assertEqual("Cancelled", eventually(lambda: self.invocation(identity)["Status"], lambda s: s == "Cancelled"))
        self.assertEqual("Cancelled", self.ssm.list_commands(CommandId=identity)["Commands"][0]["Status"])

    def test_a_script_that_takes_too_long_is_timed_out(self):
        told = self.ran("echo a", "sleep 30", "echo b", timeout="1")
        seen = tuple(told[key] for key in "Status StatusDetails StandardOutputContent".split())
        self.assertEqual(("TimedOut", "ExecutionTimedOut", "a\n"), seen)

    def test_targets_are_found_by_tag_and_counted(self):
        targets = [{"Key": "tag:Project", "Values": [self.project]}, {"Key": "tag:Service", "Values": ["app"]}]
        identity = self.ssm.send_command(
            DocumentName="AWS-RunShellScript", Targets=targets, Parameters={"commands": ["true"]}, Comment="all",
        )["Command"]["CommandId"]
        told = eventually(lambda: self.ssm.list_commands(CommandId=identity)["Commands"][0], lambda c: c["Status"] == "Success")
        seen = tuple(told[key] for key in "Status TargetCount CompletedCount ErrorCount Comment".split())
        self.assertEqual(("Success", 2, 2, 0, "all"), seen)
        found = self.ssm.list_command_invocations(CommandId=identity)["CommandInvocations"]
        self.assertEqual(self.instances(), {i["InstanceId"] for i in found})

    def test_what_is_not_there_is_an_error(self):
        with self.assertRaisesRegex(ClientError, "InvalidInstanceId"):
            self.send("true", instance="i-00000000000000000")
        with self.assertRaisesRegex(ClientError, "InvocationDoesNotExist"):
            self.invocation("00000000-0000-0000-0000-000000000000")
        with self.assertRaisesRegex(ClientError, "InvalidCommandId"):
            self.ssm.cancel_command(CommandId="00000000-0000-0000-0000-000000000000")
        with self.assertRaisesRegex(ClientError, "InvalidDocument"):
            self.ssm.send_command(DocumentName="AWS-UpdateSSMAgent", InstanceIds=[min(self.instances())])
