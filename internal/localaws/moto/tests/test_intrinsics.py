"""Evaluating expressions."""

import json
import unittest

from d2moto.cloudformation.intrinsics import NoValue, Scope, Unknown, Unresolvable
from d2moto.cloudformation.stacks import Store
from d2moto.cloudformation.template import Template
from tests.local import ACCOUNT, REGION, client


class IntrinsicsTest(unittest.TestCase):
    def setUp(self):
        template = Template(json.dumps({
            "Mappings": {"M": {"a": {"b": "mapped"}}},
            "Conditions": {
                "Yes": {"Fn::Equals": [1, "1"]}, "No": {"Fn::Not": [{"Condition": "Yes"}]},
                "Both": {"Fn::And": [{"Condition": "Yes"}, {"Condition": "No"}]},
                "Either": {"Fn::Or": [{"Condition": "Yes"}, {"Condition": "No"}]},
            },
            "Resources": {"R": {"Type": "AWS::SNS::Topic"}},
        }))
        self.scope = Scope(
            Store(ACCOUNT), "id", "name", REGION, ACCOUNT, template, {"P": "value", "L": ["x", "y"]}, [],
            lambda name: Unknown(name) if name == "New" else f"ref-{name}",
            lambda name, attribute: f"{name}.{attribute}",
        )

    def test_values(self):
        for expression, value in (
            ({"Ref": "P"}, "value"),
            ({"Ref": "R"}, "ref-R"),
            ({"Ref": "AWS::AccountId"}, ACCOUNT),
            ({"Fn::GetAtt": ["R", "A.B"]}, "R.A.B"),
            ({"Fn::GetAtt": "R.A.B"}, "R.A.B"),
            ({"Fn::Sub": "${P}-${R}-${R.A}-${AWS::Region}-${!kept}"}, f"value-ref-R-R.A-{REGION}-${{kept}}"),
            ({"Fn::Sub": ["${v}${P}", {"v": {"Ref": "R"}}]}, "ref-Rvalue"),
            ({"Fn::Join": [",", ["a", {"Ref": "P"}, 3]]}, "a,value,3"),
            ({"Fn::Join": [",", {"Ref": "L"}]}, "x,y"),
            ({"Fn::Select": ["1", {"Fn::Split": ["-", "a-b-c"]}]}, "b"),
            ({"Fn::If": ["Yes", "a", "b"]}, "a"),
            ({"Fn::If": ["Both", "a", {"Fn::If": ["Either", "c", "d"]}]}, "c"),
            ({"Fn::FindInMap": ["M", "a", "b"]}, "mapped"),
            ({"Fn::FindInMap": ["M", "z", "b", {"DefaultValue": "other"}]}, "other"),
            ({"Fn::Base64": "text"}, "dGV4dA=="),
            ({"Fn::Cidr": ["10.0.0.0/16", 2, 8]}, ["10.0.0.0/24", "10.0.1.0/24"]),
            ({"Fn::Select": [0, {"Fn::GetAZs": ""}]}, f"{REGION}a"),
            ({"a": {"Ref": "AWS::NoValue"}, "b": [{"Ref": "AWS::NoValue"}, 1]}, {"b": [1]}),
        ):
            with self.subTest(expression):
                self.assertEqual(value, self.scope.resolve(expression))
        self.assertIs(NoValue, self.scope.resolve({"Ref": "AWS::NoValue"}))

    def test_what_is_not_made_yet_stays_unknown_however_it_is_wrapped(self):
        new = {"Ref": "New"}
        for expression in (
            new, {"Fn::Sub": "a-${New}"}, {"Fn::Join": ["-", ["a", new]]}, {"Fn::Select": [0, {"Fn::Split": ["-", new]}]},
            {"Fn::Base64": new},
        ):
            with self.subTest(expression):
                self.assertEqual(Unknown("New"), self.scope.resolve(expression))

    def test_what_cannot_be_evaluated_says_so(self):
        for expression, reason in (
            ({"Fn::Transform": {}}, "Fn::Transform is not known"),
            ({"Fn::FindInMap": ["M", "z", "b"]}, "finds no M.z.b"),
            ({"Fn::Select": [7, ["a"]]}, "element 7 of 1"),
            ({"Fn::ImportValue": "nothing"}, "No export named nothing"),
            ({"Fn::GetStackOutput": {"StackName": "S", "OutputName": "O"}}, "there is no stack S"),
            ("{{resolve:ssm:/no/such}}", "resolve:ssm:/no/such"),
        ):
            with self.subTest(expression), self.assertRaisesRegex(Unresolvable, reason):
                self.scope.resolve(expression)

    def test_dynamic_references_are_looked_up(self):
        client("ssm").put_parameter(Name="/dynamic", Value="from ssm", Type="String")
        arn = client("secretsmanager").create_secret(Name="dynamic", SecretString='{"user": "u"}')["ARN"]
        self.assertEqual("<from ssm>", self.scope.resolve("<{{resolve:ssm:/dynamic}}>"))
        self.assertEqual("u", self.scope.resolve(f"{{{{resolve:secretsmanager:{arn}:SecretString:user::}}}}"))
        self.assertEqual("u", self.scope.resolve("{{resolve:secretsmanager:dynamic:SecretString:user}}"))
