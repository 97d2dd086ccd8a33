"""Reading templates."""

import json
import unittest

from d2moto.cloudformation.template import Template
from d2moto.cloudformation.wire import ValidationError
from tests.local import ref, topic


def yes(_: str) -> bool:
    return True


class TemplateTest(unittest.TestCase):
    def template(self, **resources):
        return Template(json.dumps({"Conditions": {"C": {"Fn::Equals": ["a", "a"]}}, "Resources": resources}))

    def test_each_resource_comes_after_those_it_needs(self):
        template = self.template(
            A=topic(DisplayName=ref("B")), B=topic(DisplayName={"Fn::Sub": "x-${C.TopicName}"}),
            C=topic(), D={**topic(), "DependsOn": ["A"]},
        )
        self.assertEqual(["C", "B", "A", "D"], template.order(set("ABCD"), yes))

    def test_the_branch_that_is_not_taken_needs_nothing(self):
        template = self.template(A=topic(DisplayName={"Fn::If": ["C", "x", ref("B")]}), B=topic(DisplayName=ref("A")))
        self.assertEqual(["A", "B"], template.order(set("AB"), yes))

    def test_a_circle_is_refused(self):
        template = self.template(A=topic(DisplayName=ref("B")), B=topic(DisplayName=ref("A")))
        with self.assertRaisesRegex(ValidationError, "Circular dependency.*A -> B -> A"):
            template.order(set("AB"), yes)

    def test_a_reference_to_nothing_is_refused(self):
        with self.assertRaisesRegex(ValidationError, r"Unresolved resource dependencies \[Nobody\]"):
            self.template(A=topic(DisplayName=ref("Nobody")))

    def test_a_reference_inside_a_policy_condition_counts(self):
        policy = {"Statement": [{"Condition": {"StringEquals": {"aws:SourceArn": ref("B")}}}]}
        template = self.template(A=topic(DataProtectionPolicy=policy), B=topic())
        self.assertEqual({"B"}, template.needs("A", yes))

    def test_yaml_has_short_forms(self):
        template = Template(
            "Resources:\n  A:\n    Type: AWS::SNS::Topic\n    Properties:\n"
            "      DisplayName: !Sub '${AWS::Region}'\n      TopicName: !GetAtt B.TopicName\n"
            "  B:\n    Type: AWS::SNS::Topic\n    Properties: {DisplayName: !If [C, !Ref 'AWS::Region', 2012-10-17]}\n"
        )
        self.assertEqual({"Fn::GetAtt": ["B", "TopicName"]}, template.resources["A"]["Properties"]["TopicName"])
        branches = template.resources["B"]["Properties"]["DisplayName"]["Fn::If"]
        self.assertEqual(["C", {"Ref": "AWS::Region"}, "2012-10-17"], branches)

    def test_what_is_not_known_is_refused(self):
        for body, reason in (
            ('{"Resources": {}}', "At least one Resources member"),
            ('{"Transform": "X", "Resources": {"A": {"Type": "T"}}}', "Transform are not known"),
            ('{"Resources": {"A": {"Properties": {}}}}', "'Type' is missing"),
            ('{"Resources": {"A": {"Type": "T", "Wish": 1}}}', "Wish are not known"),
            ('{"Resources": {"A": {"Type": "T", "Condition": "N"}}}', "condition N does not exist"),
            ("[]", "no JSON or YAML object"),
            ("{", "Template format error"),
        ):
            with self.subTest(body), self.assertRaisesRegex(ValidationError, reason):
                Template(body)
