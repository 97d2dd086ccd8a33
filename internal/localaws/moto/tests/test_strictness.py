"""Nothing is pretended: what cannot be applied fails the deployment, by name and with its reason."""

import json

from botocore.exceptions import ClientError

from tests.local import StackCase, client, parameter, ref, resource, topic


class StrictnessTest(StackCase):
    def refused(self, logical_id, reason, template_resources):
        self.assertEqual("ROLLBACK_COMPLETE", self.deploy(template_resources))
        failed = [why for status, why in self.events(logical_id) if status == "CREATE_FAILED"]
        self.assertEqual(1, len(failed), self.events())
        self.assertRegex(failed[0], reason)

    def test_a_type_that_is_not_known(self):
        self.refused("X", "AWS::Lambda::Function is not known to the local AWS", {
            "T": topic(TopicName="never-made"),
            "X": resource("Lambda::Function", Code={"ZipFile": "x"}, Role="arn:aws:iam::111122223333:role/x"),
        })
        names = [t["TopicArn"] for t in client("sns").list_topics()["Topics"]]
        self.assertFalse([name for name in names if name.endswith("never-made")], "nothing may be made")

    def test_a_type_that_does_not_exist(self):
        self.refused("X", "AWS::No::Such is no CloudFormation resource type", {"X": resource("No::Such")})

    def test_a_custom_resource(self):
        self.refused("X", "Custom::Thing is a custom resource", {"X": {"Type": "Custom::Thing", "Properties": {}}})

    def test_a_property_that_does_not_exist(self):
        self.refused("X", "extraneous key.*Wish.*AWS::SNS::Topic", {"X": topic(Wish=1)})

    def test_a_property_that_does_not_exist_deep_inside(self):
        rules = {"Rules": [{"Status": "Enabled", "Wish": 1}]}
        self.refused("X", r"Wish.*\[LifecycleConfiguration.Rules\[0\]\]", {
            "X": resource("S3::Bucket", LifecycleConfiguration=rules)
        })

    def test_a_property_that_the_local_aws_cannot_apply(self):
        self.refused("X", "cannot apply property.* ReplicationConfiguration of AWS::S3::Bucket", {
            "X": resource("S3::Bucket", ReplicationConfiguration={"Role": "r", "Rules": []})
        })

    def test_a_property_of_the_wrong_kind(self):
        self.refused("X", "RetentionInDays: 'soon' is no integer", {"X": resource("Logs::LogGroup", RetentionInDays="soon")})

    def test_a_property_that_is_missing(self):
        self.refused("X", "required property.*Type", {"X": resource("SSM::Parameter", Value="1")})

    def test_a_read_only_property(self):
        self.refused("X", "TopicArn.*read-only", {"X": topic(TopicArn="x")})

    def test_an_attribute_that_is_not_known(self):
        self.refused("X", "no such attribute of AWS::SNS::Topic", {
            "T": topic(), "X": parameter({"Fn::GetAtt": ["T", "Wish"]})
        })

    def test_all_that_is_impossible_is_said_at_once(self):
        self.assertEqual("ROLLBACK_COMPLETE", self.deploy({"X": resource("No::Such"), "Y": topic(Wish=1), "Z": topic()}))
        self.assertEqual(2, len(self.failures()), self.failures())

    def test_a_service_that_refuses_takes_back_what_was_made_before(self):
        client("ssm").put_parameter(Name="/taken", Value="v", Type="String")
        self.refused("X", "PutParameter: .*already exists", {
            "T": topic(TopicName="taken-back"), "X": {**parameter(Name="/taken"), "DependsOn": "T"},
        })
        self.assertIn(("DELETE_COMPLETE", ""), self.events("T"))
        arns = [t["TopicArn"] for t in client("sns").list_topics()["Topics"]]
        self.assertFalse([arn for arn in arns if arn.endswith("taken-back")])
        self.assertEqual("v", client("ssm").get_parameter(Name="/taken")["Parameter"]["Value"], "not ours to remove")

    def test_half_a_resource_is_taken_back_too(self):
        # The bucket is made, then its logging is refused: there is no such target.
        self.refused("X", "PutBucketLogging: The target bucket", {
            "X": resource("S3::Bucket", BucketName="half-made", LoggingConfiguration={"DestinationBucketName": "nobody"})
        })
        self.assertNotIn("half-made", [b["Name"] for b in client("s3").list_buckets()["Buckets"]])

    def test_a_rolled_back_stack_takes_no_update_but_can_be_deleted(self):
        self.deploy({"X": resource("No::Such")})
        with self.assertRaisesRegex(ClientError, "ROLLBACK_COMPLETE state and can not be updated"):
            self.deploy({"T": topic()})
        self.cloudformation.delete_stack(StackName=self.stack)
        self.assertFalse(self.exists())
        self.made({"T": topic()})

    def test_actions_that_are_not_known_say_so(self):
        with self.assertRaisesRegex(ClientError, "does not have the CloudFormation action DetectStackDrift"):
            self.cloudformation.detect_stack_drift(StackName=self.stack)

    def test_parameters_are_checked(self):
        declared = {"P": {"Type": "String", "AllowedValues": ["a"]}}
        for given, reason in (
            ([], r"Parameters: \[P\] must have values"),
            ([{"ParameterKey": "P", "ParameterValue": "b"}], "must be one of"),
            ([{"ParameterKey": "Q", "ParameterValue": "b"}], r"\[Q\] do not exist"),
        ):
            with self.subTest(given), self.assertRaisesRegex(ClientError, reason):
                self.cloudformation.create_stack(StackName=self.stack, Parameters=given, TemplateBody=json.dumps(
                    {"Parameters": declared, "Resources": {"T": topic(DisplayName=ref("P"))}}
                ))
