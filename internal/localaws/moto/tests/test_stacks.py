"""The life of a stack: create, update, replace, keep, roll back, delete."""

import json

from botocore.exceptions import ClientError

from tests.local import REGION, StackCase, att, client, parameter, ref, resource, topic


def value(name, region=REGION):
    return client("ssm", region).get_parameter(Name=name)["Parameter"]["Value"]


def topics():
    return [t["TopicArn"].rpartition(":")[2] for t in client("sns").list_topics()["Topics"]]


class CreateTest(StackCase):
    def test_resources_are_made_in_order_and_reported(self):
        self.made({
            "P": parameter(att("T", "TopicName"), Name="/create/order"),
            "T": topic(TopicName="create-order"),
        }, Outputs={"Name": {"Value": ref("P")}})
        self.assertEqual("create-order", value("/create/order"))
        self.assertEqual("/create/order", self.output("Name"))
        self.assertEqual([("CREATE_IN_PROGRESS", ""), ("CREATE_COMPLETE", "")], self.events("P"))
        listed = self.cloudformation.list_stack_resources(StackName=self.stack)["StackResourceSummaries"]
        self.assertEqual(
            {("T", f"arn:aws:sns:{REGION}:111122223333:create-order", "CREATE_COMPLETE"),
             ("P", "/create/order", "CREATE_COMPLETE")},
            {(r["LogicalResourceId"], r["PhysicalResourceId"], r["ResourceStatus"]) for r in listed},
        )

    def test_depends_on_is_honoured(self):
        self.made({"A": topic() | {"DependsOn": "B"}, "B": topic() | {"DependsOn": ["C"]}, "C": topic()})
        events = self.cloudformation.describe_stack_events(StackName=self.stack)["StackEvents"]
        done = [e["LogicalResourceId"] for e in reversed(events) if e["ResourceStatus"] == "CREATE_COMPLETE"]
        self.assertEqual(["C", "B", "A", self.stack], done)

    def test_no_two_events_share_a_millisecond(self):
        self.made({"A": topic(), "B": topic()})
        events = self.cloudformation.describe_stack_events(StackName=self.stack)["StackEvents"]
        self.assertEqual(len(events), len({e["Timestamp"] for e in events}))

    def test_conditions_leave_resources_and_outputs_out(self):
        self.made(
            {"A": topic(), "B": topic() | {"Condition": "Never"}},
            Conditions={"Never": {"Fn::Equals": [ref("AWS::Region"), "elsewhere"]}},
            Outputs={"O": {"Value": "x", "Condition": "Never"}},
        )
        listed = self.cloudformation.list_stack_resources(StackName=self.stack)["StackResourceSummaries"]
        self.assertEqual(["A"], [r["LogicalResourceId"] for r in listed])
        stack = self.cloudformation.describe_stacks(StackName=self.stack)["Stacks"][0]
        self.assertEqual([], stack.get("Outputs", []))

    def test_names_are_made_up_where_none_is_given(self):
        self.made({"Thing": parameter()})
        self.assertRegex(self.physical("Thing"), f"^{self.stack}-Thing-[A-Z0-9]{{12}}$")

    def test_parameters_are_looked_up_in_ssm(self):
        client("ssm").put_parameter(Name="/image", Value="ami-1", Type="String")
        self.cloudformation.create_stack(StackName=self.stack, TemplateBody=json.dumps({
            "Parameters": {"Image": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/image"},
                           "List": {"Type": "CommaDelimitedList", "Default": "a, b"}},
            "Resources": {"P": parameter({"Fn::Join": ["-", [ref("Image"), {"Fn::Select": [1, ref("List")]}]]}, Name="/looked-up")},
        }))
        self.assertEqual("ami-1-b", value("/looked-up"))
        described = self.cloudformation.describe_stacks(StackName=self.stack)["Stacks"][0]["Parameters"]
        self.assertIn({"ParameterKey": "Image", "ParameterValue": "/image", "ResolvedValue": "ami-1"}, described)

    def test_tags_of_the_stack_and_of_cloudformation_are_put_on(self):
        self.made(
            {"V": resource("EC2::VPC", CidrBlock="10.9.0.0/16", Tags=[{"Key": "own", "Value": "o"}, {"Key": "both", "Value": "o"}])},
            Tags=[{"Key": "stack", "Value": "s"}, {"Key": "both", "Value": "s"}],
        )
        vpc = client("ec2").describe_vpcs(VpcIds=[self.physical("V")])["Vpcs"][0]
        tags = {t["Key"]: t["Value"] for t in vpc["Tags"]}
        self.assertEqual("o", tags["own"])
        self.assertEqual("o", tags["both"])
        self.assertEqual("s", tags["stack"])
        self.assertEqual(self.stack, tags["aws:cloudformation:stack-name"])
        self.assertEqual("V", tags["aws:cloudformation:logical-id"])

    def test_a_second_stack_of_the_name_is_refused(self):
        self.made({"T": topic()})
        with self.assertRaisesRegex(ClientError, "already exists"):
            self.cloudformation.create_stack(
                StackName=self.stack, TemplateBody=json.dumps({"Resources": {"T": topic()}})
            )


class UpdateTest(StackCase):
    def test_only_what_changed_is_touched(self):
        before = {"A": parameter("1", Name="/touch/a"), "B": parameter("1", Name="/touch/b")}
        self.made(before)
        self.made({**before, "A": parameter("2", Name="/touch/a")})
        self.assertEqual("2", value("/touch/a"))
        self.assertIn(("UPDATE_COMPLETE", ""), self.events("A"))
        self.assertEqual([("CREATE_IN_PROGRESS", ""), ("CREATE_COMPLETE", "")], self.events("B"))
        self.assertEqual({"A"}, set(self.changes))
        self.assertEqual(("Modify", "False"), (self.changes["A"]["Action"], self.changes["A"]["Replacement"]))
        self.assertEqual("Value", self.changes["A"]["Details"][0]["Target"]["Name"])

    def test_a_value_that_moves_takes_its_readers_along(self):
        def template(text):
            return {"A": parameter(text, Name="/moves/a"), "B": parameter(att("A", "Value"), Name="/moves/b")}

        self.made(template("1"))
        self.made(template("2"))
        self.assertEqual("2", value("/moves/b"))
        self.assertEqual({"A", "B"}, set(self.changes))

    def test_no_change_is_said_so(self):
        template = {"T": topic(DisplayName="5"), "P": parameter("1", Name="/no/change")}
        self.made(template)
        self.assertRegex(self.deploy(template), "^The submitted information didn't contain changes.")
        # 5 and "5" are the same to CloudFormation.
        self.assertRegex(self.deploy({**template, "T": topic(DisplayName=5)}), "didn't contain changes")
        self.assertEqual("CREATE_COMPLETE", self.status())

    def test_a_changed_tag_of_the_stack_reaches_its_resources(self):
        template = {"V": resource("EC2::VPC", CidrBlock="10.9.0.0/16")}
        self.made(template, Tags=[{"Key": "k", "Value": "1"}])
        self.made(template, Tags=[{"Key": "k", "Value": "2"}])
        vpc = client("ec2").describe_vpcs(VpcIds=[self.physical("V")])["Vpcs"][0]
        self.assertIn({"Key": "k", "Value": "2"}, vpc["Tags"])

    def test_what_cannot_change_in_place_is_replaced(self):
        self.made({"T": topic(TopicName="replace-old"), "P": parameter(ref("T"), Name="/replace")})
        self.made({"T": topic(TopicName="replace-new"), "P": parameter(ref("T"), Name="/replace")})
        self.assertEqual("True", self.changes["T"]["Replacement"])
        self.assertRegex(value("/replace"), ":replace-new$")
        self.assertIn("replace-new", topics())
        self.assertNotIn("replace-old", topics())
        statuses = [status for status, _ in self.events("T")]
        self.assertEqual(
            ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"], statuses[2:],
            "the new one is made before the old one goes",
        )

    def test_a_replaced_resource_is_kept_where_its_policy_says_so(self):
        keep = {"UpdateReplacePolicy": "Retain"}
        self.made({"T": topic(TopicName="kept-old") | keep})
        self.made({"T": topic(TopicName="kept-new") | keep})
        self.assertLessEqual({"kept-old", "kept-new"}, set(topics()))

    def test_a_resource_with_a_name_of_its_own_is_not_replaced_under_that_name(self):
        role = {"RoleName": "named", "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}}
        self.made({"R": resource("IAM::Role", **role, Path="/a/")})
        self.assertEqual("UPDATE_ROLLBACK_COMPLETE", self.deploy({"R": resource("IAM::Role", **role, Path="/b/")}))
        self.assertRegex(self.failures()[0], "R: Path changed: .*custom-named resource requires replacing. Rename named")

    def test_a_removed_resource_is_deleted_unless_its_policy_keeps_it(self):
        self.made({
            "Stays": topic(), "Goes": topic(TopicName="goes"),
            "Kept": topic(TopicName="kept") | {"DeletionPolicy": "Retain"},
            "Except": topic(TopicName="except") | {"DeletionPolicy": "RetainExceptOnCreate"},
        })
        self.made({"Stays": topic()})
        self.assertNotIn("goes", topics())
        self.assertLessEqual({"kept", "except"}, set(topics()))
        self.assertEqual("DELETE_SKIPPED", self.events("Kept")[-1][0])
        self.assertEqual("Remove", self.changes["Goes"]["Action"])
        self.assertEqual("Retain", self.changes["Kept"]["PolicyAction"])

    def test_a_policy_alone_is_a_change(self):
        self.made({"T": topic(TopicName="policy-alone")})
        self.made({"T": topic(TopicName="policy-alone") | {"DeletionPolicy": "Retain"}})
        self.assertEqual(["DeletionPolicy"], self.changes["T"]["Scope"])
        self.cloudformation.delete_stack(StackName=self.stack)
        self.assertIn("policy-alone", topics())

    def test_a_failing_update_leaves_everything_as_it_was(self):
        self.made(
            {"A": parameter("1", Name="/back/a"), "T": topic(TopicName="back-old"), "Gone": topic(TopicName="back-gone")},
            Outputs={"O": {"Value": "before"}},
        )
        status = self.deploy({
            "A": parameter("2", Name="/back/a"), "T": topic(TopicName="back-new"), "New": topic(TopicName="back-added"),
            "Z": resource("S3::Bucket", LoggingConfiguration={"DestinationBucketName": "nobody"}) | {"DependsOn": ["A", "T", "New"]},
        }, Outputs={"O": {"Value": "after"}})
        self.assertEqual("UPDATE_ROLLBACK_COMPLETE", status)
        self.assertRegex(self.failures()[0], "Z: PutBucketLogging: The target bucket")
        self.assertEqual("1", value("/back/a"))
        self.assertLessEqual({"back-old", "back-gone"}, set(topics()))
        self.assertFalse({"back-new", "back-added"} & set(topics()))
        self.assertEqual("before", self.output("O"))
        self.made({"A": parameter("3", Name="/back/a")})
        self.assertEqual("3", value("/back/a"))

    def test_without_rollback_the_failure_stays_until_it_is_rolled_back(self):
        self.made({"A": parameter("1", Name="/paused/a")})
        status = self.deploy({
            "A": parameter("2", Name="/paused/a"),
            "Z": resource("S3::Bucket", LoggingConfiguration={"DestinationBucketName": "nobody"}) | {"DependsOn": "A"},
        }, DisableRollback=True)
        self.assertEqual(("UPDATE_FAILED", "2"), (status, value("/paused/a")))
        self.cloudformation.rollback_stack(StackName=self.stack)
        self.assertEqual(("UPDATE_ROLLBACK_COMPLETE", "1"), (self.status(), value("/paused/a")))

    def test_update_stack_says_when_there_is_nothing_to_do(self):
        body = json.dumps({"Resources": {"T": topic()}})
        self.cloudformation.create_stack(StackName=self.stack, TemplateBody=body)
        with self.assertRaisesRegex(ClientError, "No updates are to be performed"):
            self.cloudformation.update_stack(StackName=self.stack, TemplateBody=body)


class DeleteTest(StackCase):
    def test_everything_goes_but_what_is_kept(self):
        self.made({
            "P": parameter(ref("T"), Name="/delete/p"), "T": topic(TopicName="delete-t"),
            "K": topic(TopicName="delete-kept") | {"DeletionPolicy": "Retain"},
        })
        identity = self.cloudformation.describe_stacks(StackName=self.stack)["Stacks"][0]["StackId"]
        self.cloudformation.delete_stack(StackName=self.stack)
        self.assertEqual("DELETE_COMPLETE", self.status(identity), "a deleted stack is still found by its id")
        with self.assertRaisesRegex(ClientError, f"Stack with id {self.stack} does not exist"):
            self.status()
        self.assertNotIn("delete-t", topics())
        self.assertIn("delete-kept", topics())

    def test_what_is_gone_already_is_no_obstacle(self):
        self.made({"P": parameter(Name="/delete/gone")})
        client("ssm").delete_parameter(Name="/delete/gone")
        self.cloudformation.delete_stack(StackName=self.stack)
        self.assertFalse(self.exists())

    def test_a_bucket_that_is_not_empty_stays_and_says_so(self):
        self.made({"B": resource("S3::Bucket", BucketName="full-bucket")})
        client("s3").put_object(Bucket="full-bucket", Key="k", Body=b"")
        self.cloudformation.delete_stack(StackName=self.stack)
        self.assertEqual("DELETE_FAILED", self.status())
        self.assertRegex(self.failures()[-1], "B: DeleteBucket: .*not empty")
        self.cloudformation.delete_stack(StackName=self.stack, RetainResources=["B"])
        self.assertFalse(self.exists())

    def test_what_a_failed_deletion_needs_is_left_alone(self):
        self.made({
            "B": resource("S3::Bucket", BucketName={"Fn::Join": ["-", ["full", ref("P")]]}), "P": parameter(Name="needed"),
            "T": topic(TopicName="not-needed"),
        })
        client("s3").put_object(Bucket="full-needed", Key="k", Body=b"")
        self.cloudformation.delete_stack(StackName=self.stack)
        self.assertEqual("DELETE_FAILED", self.status())
        self.assertEqual("1", value("needed"))
        self.assertNotIn("not-needed", topics())
        client("s3").delete_object(Bucket="full-needed", Key="k")
        self.cloudformation.delete_stack(StackName=self.stack)
        self.assertFalse(self.exists())

    def test_termination_protection_protects(self):
        self.made({"T": topic()})
        self.cloudformation.update_termination_protection(StackName=self.stack, EnableTerminationProtection=True)
        with self.assertRaisesRegex(ClientError, "TerminationProtection is enabled"):
            self.cloudformation.delete_stack(StackName=self.stack)
        self.cloudformation.update_termination_protection(StackName=self.stack, EnableTerminationProtection=False)
        self.cloudformation.delete_stack(StackName=self.stack)
        self.assertFalse(self.exists())

    def test_the_data_of_a_database_stays_as_a_snapshot(self):
        database = {
            "DBInstanceClass": "db.t3.micro", "Engine": "mysql", "AllocatedStorage": "20", "MasterUsername": "admin",
            "MasterUserPassword": "secret-enough",
        }
        self.made({"D": resource("RDS::DBInstance", DBInstanceIdentifier="snapped", **database)})
        self.cloudformation.delete_stack(StackName=self.stack)
        self.assertFalse(self.exists())
        snapshots = client("rds").describe_db_snapshots()["DBSnapshots"]
        self.assertIn("snapped", [s["DBInstanceIdentifier"] for s in snapshots])

    def test_deleting_what_is_not_there_is_fine(self):
        self.cloudformation.delete_stack(StackName="nobody")
        self.cloudformation.delete_change_set(StackName="nobody", ChangeSetName="nothing")
        self.made({"T": topic()})
        self.cloudformation.delete_change_set(StackName=self.stack, ChangeSetName="nothing")

    def test_a_stack_that_is_only_reviewed_can_be_deleted(self):
        body = json.dumps({"Resources": {"T": topic()}})
        self.cloudformation.create_change_set(
            StackName=self.stack, ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=body
        )
        self.assertEqual("REVIEW_IN_PROGRESS", self.status())
        self.cloudformation.delete_stack(StackName=self.stack)
        with self.assertRaises(ClientError):
            self.status()


class AcrossStacksTest(StackCase):
    def test_an_output_is_read_from_another_region(self):
        edge = client("cloudformation", "us-east-1")
        edge.create_stack(StackName=f"{self.stack}-edge", TemplateBody=json.dumps(
            {"Resources": {"T": topic(TopicName="edge")}, "Outputs": {"Arn": {"Value": ref("T")}}}
        ))
        output = {"Fn::GetStackOutput": {"StackName": f"{self.stack}-edge", "Region": "us-east-1", "OutputName": "Arn"}}
        self.made({"P": parameter(output, Name="/across")})
        self.assertEqual("arn:aws:sns:us-east-1:111122223333:edge", value("/across"))

    def test_an_output_that_is_not_there_fails_by_name(self):
        output = {"Fn::GetStackOutput": {"StackName": "nobody", "Region": "us-east-1", "OutputName": "Arn"}}
        self.assertEqual("ROLLBACK_COMPLETE", self.deploy({"P": parameter(output)}))
        self.assertRegex(self.failures()[0], "P: Fn::GetStackOutput: there is no stack nobody in us-east-1; deploy it first")

    def test_exports_are_imported_and_guarded(self):
        exporting = {"Resources": {"T": topic(TopicName="exported")},
                     "Outputs": {"O": {"Value": ref("T"), "Export": {"Name": f"{self.stack}-export"}}}}
        other = f"{self.stack}-exporter"
        self.cloudformation.create_stack(StackName=other, TemplateBody=json.dumps(exporting))
        self.made({"P": parameter({"Fn::ImportValue": f"{self.stack}-export"}, Name="/imported")})
        self.assertRegex(value("/imported"), ":exported$")
        self.assertEqual([self.stack], self.cloudformation.list_imports(ExportName=f"{self.stack}-export")["Imports"])
        self.cloudformation.delete_stack(StackName=other)
        self.assertEqual("DELETE_FAILED", self.status(other))
        self.cloudformation.delete_stack(StackName=self.stack)
        self.cloudformation.delete_stack(StackName=other)
        with self.assertRaises(ClientError):
            self.status(other)


class TemplateUrlTest(StackCase):
    def test_templates_are_read_from_s3_by_every_form_of_address(self):
        s3 = client("s3")
        s3.create_bucket(Bucket="templates", CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_object(Bucket="templates", Key="a b/t.json", Body=json.dumps({"Resources": {"T": topic()}}))
        for url in (
            "http://localhost:1/templates/a%20b/t.json",
            "http://127.0.0.1:1/templates/a%20b/t.json",
            f"https://s3.{REGION}.amazonaws.com/templates/a%20b/t.json",
            f"https://templates.s3.{REGION}.amazonaws.com/a%20b/t.json",
            "http://templates.localhost:1/a%20b/t.json",
        ):
            with self.subTest(url):
                summary = self.cloudformation.get_template_summary(TemplateURL=url)
                self.assertEqual(["AWS::SNS::Topic"], summary["ResourceTypes"])
        with self.assertRaisesRegex(ClientError, "no template at"):
            self.cloudformation.get_template_summary(TemplateURL="http://localhost:1/templates/none")


class RecordTest(StackCase):
    def test_a_record_can_be_made_deleted_and_made_again_but_not_twice(self):
        record = resource("Route53::RecordSet", HostedZoneId="Z0123456789EXAMPLE", Name="again.example.com", Type="A",
                          TTL="60", ResourceRecords=["10.0.0.1"])
        later = resource("Route53::RecordSet", HostedZoneId="Z0123456789EXAMPLE", Name="later.example.com", Type="A",
                         TTL="60", ResourceRecords=["10.0.0.1"])
        self.made({"Later": later, "X": record})
        self.made({"Later": later})
        self.made({"Later": later, "X": record})
        other = f"{self.stack}-other"
        self.cloudformation.create_stack(StackName=other, TemplateBody=json.dumps({"Resources": {
            "X": {**record, "Properties": {**record["Properties"], "ResourceRecords": ["10.0.0.2"]}}
        }}))
        self.assertEqual("ROLLBACK_COMPLETE", self.status(other))
