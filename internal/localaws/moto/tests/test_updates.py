"""Changes in place: seen through each service's own API, on the resource that was there before."""

import json

from tests.local import ACCOUNT, StackCase, att, client, ref, resource

TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
]}


def allow(action):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}


class ChangeCase(StackCase):
    """A test of changes in place."""

    def change(self, kind, before, after, look, beside=None):
        """Deploy a resource X with properties before, then after; look(physical id) tells both times."""
        beside = beside or {}
        self.made({"X": resource(kind, **before), **beside})
        identity = self.physical("X")
        first = look(identity)
        self.made({"X": resource(kind, **{**before, **after}), **beside})
        self.assertEqual(identity, self.physical("X"), "changed in place, not made anew")
        self.assertEqual(("Modify", "False"), (self.changes["X"]["Action"], self.changes["X"]["Replacement"]))
        second = look(identity)
        self.cloudformation.delete_stack(StackName=self.stack)
        self.assertFalse(self.exists(), "and deleted")
        return first, second


class InPlaceTest(ChangeCase):
    """What stands alone."""

    def test_alarm(self):
        before = dict(AlarmName="up-alarm", MetricName="m", Namespace="n", Statistic="Average", Period=60,
                      EvaluationPeriods=1, Threshold=5, ComparisonOperator="GreaterThanThreshold", TreatMissingData="breaching")
        seen = self.change("CloudWatch::Alarm", before, {"Threshold": 7.5, "AlarmDescription": "d"}, lambda name: [
            (a["Threshold"], a.get("AlarmDescription"), a["TreatMissingData"])
            for a in client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
        ])
        self.assertEqual(([(5.0, None, "breaching")], [(7.5, "d", "breaching")]), seen)

    def test_alarm_on_an_expression(self):
        def metrics(expression):
            return [{"Id": "e", "Expression": expression}, {"Id": "m", "ReturnData": False, "MetricStat": {
                "Metric": {"Namespace": "n", "MetricName": "x", "Dimensions": [{"Name": "d", "Value": "v"}]},
                "Period": 60, "Stat": "Sum"}}]

        before = dict(EvaluationPeriods=1, Threshold=1, ComparisonOperator="LessThanThreshold", Metrics=metrics("m*2"))
        seen = self.change("CloudWatch::Alarm", before, {"Metrics": metrics("m*3")}, lambda name: [
            m.get("Expression") for a in client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
            for m in a["Metrics"]
        ])
        self.assertEqual((["m*2", None], ["m*3", None]), seen)

    def test_composite_alarm(self):
        seen = self.change(
            "CloudWatch::CompositeAlarm", {"AlarmName": "up-composite", "AlarmRule": "ALARM(a)"}, {"AlarmRule": "ALARM(b)"},
            lambda name: [
                a["AlarmRule"] for a in client("cloudwatch").describe_alarms(
                    AlarmNames=[name], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
            ])
        self.assertEqual((["ALARM(a)"], ["ALARM(b)"]), seen)

    def test_dashboard(self):
        seen = self.change(
            "CloudWatch::Dashboard", {"DashboardName": "up", "DashboardBody": '{"widgets":[]}'},
            {"DashboardBody": '{"widgets":[],"start":"-PT1H"}'},
            lambda name: client("cloudwatch").get_dashboard(DashboardName=name)["DashboardBody"])
        self.assertEqual(('{"widgets":[]}', '{"widgets":[],"start":"-PT1H"}'), seen)

    def test_parameter(self):
        def look(name):
            found = client("ssm").describe_parameters(
                ParameterFilters=[{"Key": "Name", "Values": [name]}])["Parameters"][0]
            tags = client("ssm").list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]
            value = client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
            return value, found.get("Description", ""), found["Tier"], {t["Key"]: t["Value"] for t in tags}

        before = dict(Name="/up/p", Type="String", Value="1", Description="d", Tags={"a": "1", "b": "1"})
        after = dict(Value="2", Description="e", Tier="Advanced", Tags={"a": "2", "c": "1"})
        self.assertEqual(
            (("1", "d", "Standard", {"a": "1", "b": "1"}), ("2", "e", "Advanced", {"a": "2", "c": "1"})),
            self.change("SSM::Parameter", before, after, look))

    def test_document(self):
        def content(limit):
            return {"schemaVersion": "1.0", "description": "d", "sessionType": "Standard_Stream", "inputs": {"idleSessionTimeout": limit}}

        seen = self.change(
            "SSM::Document", dict(Name="up-doc", DocumentType="Session", Content=content("20"), UpdateMethod="NewVersion"),
            {"Content": content("30")},
            lambda name: json.loads(client("ssm").get_document(Name=name)["Content"])["inputs"]["idleSessionTimeout"])
        self.assertEqual(("20", "30"), seen)

    def test_log_group(self):
        def look(name):
            return [g.get("retentionInDays") for g in client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]]

        self.assertEqual(([30], [7]), self.change(
            "Logs::LogGroup", dict(LogGroupName="/up/logs", RetentionInDays=30), {"RetentionInDays": 7}, look))

    def test_metric_filter(self):
        def properties(value):
            return dict(FilterName="up-filter", LogGroupName=ref("G"), FilterPattern="ERROR", MetricTransformations=[
                {"MetricName": "m", "MetricNamespace": "n", "MetricValue": value}])

        seen = self.change("Logs::MetricFilter", properties("1"), properties("2"), lambda name: [
            f["metricTransformations"][0]["metricValue"]
            for f in client("logs").describe_metric_filters(filterNamePrefix=name)["metricFilters"]
        ], {"G": resource("Logs::LogGroup", LogGroupName="/up/filtered")})
        self.assertEqual((["1"], ["2"]), seen)

    def test_bucket(self):
        def look(name):
            s3 = client("s3")
            return (
                s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"][0]["Expiration"]["Days"],
                s3.get_bucket_versioning(Bucket=name).get("Status"),
                s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]["BlockPublicAcls"],
                s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"][0]["ObjectOwnership"],
                s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"][0][
                    "ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"],
                s3.get_bucket_logging(Bucket=name)["LoggingEnabled"]["TargetPrefix"],
                {t["Key"]: t["Value"] for t in s3.get_bucket_tagging(Bucket=name)["TagSet"]},
            )

        def properties(days, versioning, block, ownership, algorithm, prefix, tag):
            return dict(
                BucketName="up-bucket",
                LifecycleConfiguration={"Rules": [{"Id": "r", "Status": "Enabled", "ExpirationInDays": days}]},
                VersioningConfiguration={"Status": versioning},
                PublicAccessBlockConfiguration=dict.fromkeys(
                    ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), block),
                OwnershipControls={"Rules": [{"ObjectOwnership": ownership}]},
                BucketEncryption={"ServerSideEncryptionConfiguration": [
                    {"ServerSideEncryptionByDefault": {"SSEAlgorithm": algorithm}}]},
                LoggingConfiguration={"DestinationBucketName": ref("L"), "LogFilePrefix": prefix},
                Tags=[{"Key": "t", "Value": tag}],
            )

        before = (30, "Enabled", True, "BucketOwnerEnforced", "AES256", "a/", "1")
        after = (60, "Suspended", False, "ObjectWriter", "aws:kms", "b/", "2")
        logs = resource("S3::Bucket", BucketName="up-bucket-logs")
        self.made({"X": resource("S3::Bucket", **properties(*before)), "L": logs})
        self.assertEqual((*before[:6], {"t": "1"}), look("up-bucket"))
        self.made({"X": resource("S3::Bucket", **properties(*after)), "L": logs})
        self.assertEqual((*after[:6], {"t": "2"}), look("up-bucket"))

    def test_bucket_policy(self):
        def policy(action):
            return {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": action,
                    "Resource": "arn:aws:s3:::up-policy/*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}

        seen = self.change("S3::BucketPolicy", dict(Bucket=ref("B"), PolicyDocument=policy("s3:*")),
                           {"PolicyDocument": policy("s3:GetObject")}, lambda name: json.loads(
            client("s3").get_bucket_policy(Bucket=name)["Policy"])["Statement"][0]["Action"],
            {"B": resource("S3::Bucket", BucketName="up-policy")})
        self.assertEqual(("s3:*", "s3:GetObject"), seen)

    def test_role(self):
        def look(name):
            iam = client("iam")
            role = iam.get_role(RoleName=name)["Role"]
            inline = {n: iam.get_role_policy(RoleName=name, PolicyName=n)["PolicyDocument"]["Statement"][0]["Action"]
                      for n in iam.list_role_policies(RoleName=name)["PolicyNames"]}
            attached = [p["PolicyName"] for p in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]]
            return role["MaxSessionDuration"], inline, attached

        def properties(hours, policies, attached):
            return dict(RoleName="up-role", AssumeRolePolicyDocument=TRUST, MaxSessionDuration=hours * 3600,
                        Policies=[{"PolicyName": n, "PolicyDocument": allow(a)} for n, a in policies.items()],
                        ManagedPolicyArns=[f"arn:aws:iam::aws:policy/{a}" for a in attached])

        seen = self.change("IAM::Role", properties(1, {"a": "s3:*", "b": "ec2:*"}, ["AmazonSSMManagedInstanceCore"]),
                           properties(2, {"a": "s3:GetObject"}, ["CloudWatchAgentServerPolicy"]), look)
        self.assertEqual(((3600, {"a": "s3:*", "b": "ec2:*"}, ["AmazonSSMManagedInstanceCore"]),
                          (7200, {"a": "s3:GetObject"}, ["CloudWatchAgentServerPolicy"])), seen)

    def test_policies_of_roles(self):
        roles = {name: resource("IAM::Role", RoleName=f"up-{name}", AssumeRolePolicyDocument=TRUST) for name in "AB"}

        def inline(_):
            iam = client("iam")
            return [iam.list_role_policies(RoleName=f"up-{name}")["PolicyNames"] for name in "AB"]

        seen = self.change("IAM::Policy", dict(PolicyName="p", PolicyDocument=allow("s3:*"), Roles=[ref("A")]),
                           dict(Roles=[ref("B")]), inline, roles)
        self.assertEqual(([["p"], []], [[], ["p"]]), seen)

        self.stack += "m"

        def managed(arn):
            iam = client("iam")
            version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]["Statement"][0]["Action"]

        seen = self.change("IAM::ManagedPolicy", dict(ManagedPolicyName="up", PolicyDocument=allow("s3:*"), Roles=[ref("A")]),
                           dict(PolicyDocument=allow("ec2:*")), managed, roles)
        self.assertEqual(("s3:*", "ec2:*"), seen)

    def test_identity_provider(self):
        seen = self.change(
            "IAM::OIDCProvider", dict(Url="https://token.example.com", ClientIdList=["a"]), dict(ClientIdList=["b"]),
            lambda arn: client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["ClientIDList"])
        self.assertEqual((["a"], ["b"]), seen)

    def test_user_pool(self):
        def look(identity):
            pool = client("cognito-idp").describe_user_pool(UserPoolId=identity)["UserPool"]
            return (pool["Policies"]["PasswordPolicy"]["MinimumLength"], pool["MfaConfiguration"],
                    pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"])

        def properties(length, mfa, closed):
            return dict(UserPoolName="up-pool", Policies={"PasswordPolicy": {"MinimumLength": length}}, MfaConfiguration=mfa,
                        EnabledMfas=["SOFTWARE_TOKEN_MFA"], AdminCreateUserConfig={"AllowAdminCreateUserOnly": closed})

        self.assertEqual(((8, "OPTIONAL", True), (16, "ON", False)), self.change(
            "Cognito::UserPool", properties(8, "OPTIONAL", True), properties(16, "ON", False), look))

    def test_user_pool_client_and_group(self):
        pool = {"U": resource("Cognito::UserPool", UserPoolName="up-clients")}

        def pool_id():
            return self.physical("U")

        seen = self.change(
            "Cognito::UserPoolClient",
            dict(UserPoolId=ref("U"), ClientName="c", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]),
            dict(ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH"]),
            lambda i: client("cognito-idp").describe_user_pool_client(
                UserPoolId=pool_id(), ClientId=i)["UserPoolClient"]["ExplicitAuthFlows"], pool)
        self.assertEqual((["ALLOW_USER_PASSWORD_AUTH"], ["ALLOW_USER_SRP_AUTH"]), seen)
        seen = self.change(
            "Cognito::UserPoolGroup", dict(UserPoolId=ref("U"), GroupName="g", Precedence=1), dict(Precedence=2),
            lambda name: client("cognito-idp").get_group(UserPoolId=pool_id(), GroupName=name)["Group"]["Precedence"], pool)
        self.assertEqual((1, 2), seen)

    def test_key(self):
        def look(key):
            kms = client("kms")
            return (kms.describe_key(KeyId=key)["KeyMetadata"]["Description"],
                    kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"])

        self.assertEqual((("a", True), ("b", False)), self.change(
            "KMS::Key", dict(Description="a", EnableKeyRotation=True, Tags=[{"Key": "k", "Value": "v"}]),
            dict(Description="b", EnableKeyRotation=False), look))

    def test_secret(self):
        def look(arn):
            secrets = client("secretsmanager")
            return secrets.describe_secret(SecretId=arn)["Description"], secrets.get_secret_value(SecretId=arn)["SecretString"]

        how = {"SecretStringTemplate": '{"username":"admin"}', "GenerateStringKey": "password", "PasswordLength": 20}
        first, second = self.change(
            "SecretsManager::Secret", dict(Name="up-secret", Description="a", GenerateSecretString=how), dict(Description="b"), look)
        self.assertEqual(("a", "b"), (first[0], second[0]))
        self.assertEqual(first[1], second[1], "a generated password outlives a change of the description")
        self.assertEqual(("admin", 20), (json.loads(first[1])["username"], len(json.loads(first[1])["password"])))

    def test_topic_and_its_policy(self):
        seen = self.change("SNS::Topic", dict(TopicName="up-topic", DisplayName="a"), dict(DisplayName="b"),
                           lambda arn: client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"])
        self.assertEqual(("a", "b"), seen)

        self.stack += "p"

        def policy(_):
            text = client("sns").get_topic_attributes(TopicArn=self.physical("T"))["Attributes"]["Policy"]
            return json.loads(text)["Statement"][0]["Action"]

        seen = self.change("SNS::TopicPolicy", dict(Topics=[ref("T")], PolicyDocument=allow("sns:Publish")),
                           dict(PolicyDocument=allow("sns:Subscribe")), policy, {"T": resource("SNS::Topic")})
        self.assertEqual(("sns:Publish", "sns:Subscribe"), seen)

    def test_rule(self):
        def properties(pattern, target):
            return dict(Name="up-rule", EventPattern={"source": [pattern]}, Targets=[{"Id": target, "Arn": ref("T")}])

        def look(name):
            events = client("events")
            return (json.loads(events.describe_rule(Name=name)["EventPattern"])["source"],
                    [t["Id"] for t in events.list_targets_by_rule(Rule=name)["Targets"]])

        self.assertEqual(((["a"], ["one"]), (["b"], ["two"])), self.change(
            "Events::Rule", properties("a", "one"), properties("b", "two"), look, {"T": resource("SNS::Topic")}))

    def test_schedule(self):
        target = {"Arn": "arn:aws:scheduler:::aws-sdk:rds:stopDBInstance", "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r", "Input": "{}"}

        def properties(hour):
            return dict(Name="up-schedule", ScheduleExpression=f"cron(0 {hour} * * ? *)", Target=target,
                        FlexibleTimeWindow={"Mode": "OFF"}, ScheduleExpressionTimezone="Asia/Jakarta")

        seen = self.change("Scheduler::Schedule", properties(9), properties(18),
                           lambda name: client("scheduler").get_schedule(Name=name)["ScheduleExpression"])
        self.assertEqual(("cron(0 9 * * ? *)", "cron(0 18 * * ? *)"), seen)

    def test_budget(self):
        def properties(amount):
            return dict(Budget={"BudgetName": "up-budget", "BudgetType": "COST", "TimeUnit": "MONTHLY",
                                "BudgetLimit": {"Amount": amount, "Unit": "USD"}})

        seen = self.change("Budgets::Budget", properties(300), properties(400), lambda name: client("budgets", "us-east-1")
                           .describe_budget(AccountId=ACCOUNT, BudgetName=name)["Budget"]["BudgetLimit"]["Amount"])
        self.assertEqual(("300", "400"), seen)

    def test_web_acl(self):
        visible = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "m"}

        def properties(limit):
            return dict(Name="up-acl", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=visible, Rules=[
                {"Name": "rate", "Priority": 1, "Action": {"Block": {}}, "VisibilityConfig": visible,
                 "Statement": {"RateBasedStatement": {"Limit": limit, "AggregateKeyType": "IP"}}}])

        def look(identity):
            name, key, scope = identity.split("|")
            acl = client("wafv2").get_web_acl(Name=name, Id=key, Scope=scope)["WebACL"]
            return acl["Rules"][0]["Statement"]["RateBasedStatement"]["Limit"]

        self.assertEqual((1000, 2000), self.change("WAFv2::WebACL", properties(1000), properties(2000), look))

    def test_distribution(self):
        def properties(comment, aliases, root):
            return dict(DistributionConfig={
                "Enabled": True, "Comment": comment, "Aliases": aliases, "DefaultRootObject": root, "HttpVersion": "http2and3",
                "IPV6Enabled": True, "PriceClass": "PriceClass_200",
                "Origins": [{"Id": "o", "DomainName": "b.s3.amazonaws.com", "S3OriginConfig": {}, "OriginAccessControlId": ref("O"),
                             "OriginCustomHeaders": [{"HeaderName": "h", "HeaderValue": "v"}]}],
                "DefaultCacheBehavior": {"TargetOriginId": "o", "ViewerProtocolPolicy": "redirect-to-https",
                                         "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6", "Compress": True,
                                         "AllowedMethods": ["GET", "HEAD", "OPTIONS"]},
                "CustomErrorResponses": [{"ErrorCode": 404, "ResponseCode": 200, "ResponsePagePath": "/index.html"}],
                "ViewerCertificate": {"CloudFrontDefaultCertificate": True},
            })

        control = {"Name": "up-oac", "OriginAccessControlOriginType": "s3", "SigningBehavior": "always", "SigningProtocol": "sigv4"}

        def look(identity):
            config = client("cloudfront").get_distribution(Id=identity)["Distribution"]["DistributionConfig"]
            listed = client("cloudfront").list_distributions()["DistributionList"]["Items"]
            summary = next(d for d in listed if d["Id"] == identity)
            self.assertEqual(config["Comment"], summary["Comment"])
            self.assertEqual(config["Aliases"]["Items"], summary["Aliases"]["Items"])
            error = config["CustomErrorResponses"]["Items"][0]
            self.assertEqual((404, "200", "/index.html"), (error["ErrorCode"], error["ResponseCode"], error["ResponsePagePath"]))
            return config["Comment"], config["Aliases"]["Items"], config["DefaultRootObject"], config["PriceClass"]

        self.assertEqual(
            (("a", ["a.example.com"], "index.html", "PriceClass_200"), ("b", ["b.example.com"], "other.html", "PriceClass_200")),
            self.change("CloudFront::Distribution", properties("a", ["a.example.com"], "index.html"),
                        properties("b", ["b.example.com"], "other.html"), look,
                        {"O": resource("CloudFront::OriginAccessControl", OriginAccessControlConfig=control)}))

    def test_record_in_a_zone_that_was_there_before(self):
        def properties(address):
            return dict(HostedZoneId="Z0123456789EXAMPLE", Name="up.example.com.", Type="A", TTL="60", ResourceRecords=[address])

        def look(_):
            sets = client("route53").list_resource_record_sets(HostedZoneId="Z0123456789EXAMPLE")["ResourceRecordSets"]
            return [r["ResourceRecords"][0]["Value"] for r in sets if r["Name"] == "up.example.com."]

        self.assertEqual((["10.0.0.1"], ["10.0.0.2"]), self.change(
            "Route53::RecordSet", properties("10.0.0.1"), properties("10.0.0.2"), look))

    def test_vault(self):
        seen = self.change("Backup::BackupVault", dict(BackupVaultName="up-vault", BackupVaultTags={"a": "1"}),
                           dict(BackupVaultTags={"a": "2"}), lambda name: client("backup").list_tags(
            ResourceArn=f"arn:aws:backup:{self.region}:{ACCOUNT}:backup-vault:{name}")["Tags"])
        self.assertEqual(({"a": "1"}, {"a": "2"}), seen)

    def test_repository(self):
        seen = self.change("ECR::Repository", dict(RepositoryName="up-repo"), dict(ImageTagMutability="IMMUTABLE"), lambda name:
                           client("ecr").describe_repositories(repositoryNames=[name])["repositories"][0]["imageTagMutability"])
        self.assertEqual(("MUTABLE", "IMMUTABLE"), seen)


class NetworkedTest(ChangeCase):
    """What stands in a network."""

    def network(self):
        zones = [{"Fn::Select": [i, {"Fn::GetAZs": ""}]} for i in (0, 1)]
        subnets = {f"S{i}": resource("EC2::Subnet", VpcId=ref("V"), CidrBlock=f"10.8.{i}.0/24", AvailabilityZone=zone)
                   for i, zone in enumerate(zones)}
        return {
            "V": resource("EC2::VPC", CidrBlock="10.8.0.0/16", EnableDnsHostnames=True),
            "G": resource("EC2::SecurityGroup", GroupDescription="g", VpcId=ref("V")), **subnets,
        }

    def test_vpc_and_subnet(self):
        seen = self.change("EC2::VPC", dict(CidrBlock="10.7.0.0/16", EnableDnsHostnames=False), dict(EnableDnsHostnames=True),
                           lambda vpc: client("ec2").describe_vpc_attribute(
            VpcId=vpc, Attribute="enableDnsHostnames")["EnableDnsHostnames"]["Value"])
        self.assertEqual((False, True), seen)
        seen = self.change("EC2::Subnet", dict(VpcId=ref("V"), CidrBlock="10.8.9.0/24"), dict(MapPublicIpOnLaunch=True),
                           lambda subnet: client("ec2").describe_subnets(SubnetIds=[subnet])["Subnets"][0]["MapPublicIpOnLaunch"],
                           self.network())
        self.assertEqual((False, True), seen)

    def test_routes(self):
        way = {"I": resource("EC2::InternetGateway"), "T": resource("EC2::RouteTable", VpcId=ref("V")),
               "A": resource("EC2::VPCGatewayAttachment", VpcId=ref("V"), InternetGatewayId=ref("I")),
               "E": resource("EC2::EIP", Domain="vpc"),
               "N": resource("EC2::NatGateway", SubnetId=ref("S0"), AllocationId=att("E", "AllocationId")),
               "B": resource("EC2::SubnetRouteTableAssociation", SubnetId=ref("S0"), RouteTableId=ref("T")), **self.network()}

        def look(_):
            table = client("ec2").describe_route_tables(RouteTableIds=[self.physical("T")])["RouteTables"][0]
            route = next(r for r in table["Routes"] if r["DestinationCidrBlock"] == "0.0.0.0/0")
            return "nat" if "NatGatewayId" in route else "igw"

        before = dict(RouteTableId=ref("T"), DestinationCidrBlock="0.0.0.0/0", GatewayId=ref("I"))
        self.made({"X": resource("EC2::Route", **before), **way})
        self.assertEqual("igw", look(""))
        del before["GatewayId"]
        self.made({"X": resource("EC2::Route", **before, NatGatewayId=ref("N")), **way})
        self.assertEqual("nat", look(""))
        self.cloudformation.delete_stack(StackName=self.stack)
        self.assertFalse(self.exists())

    def test_endpoint(self):
        tables = {name: resource("EC2::RouteTable", VpcId=ref("V")) for name in ("T", "U")}
        seen = self.change(
            "EC2::VPCEndpoint", dict(VpcId=ref("V"), ServiceName=f"com.amazonaws.{self.region}.s3", VpcEndpointType="Gateway",
                                     RouteTableIds=[ref("T")]), dict(RouteTableIds=[ref("T"), ref("U")]),
            lambda identity: len(client("ec2").describe_vpc_endpoints(VpcEndpointIds=[identity])["VpcEndpoints"][0]["RouteTableIds"]),
            {**tables, **self.network()})
        self.assertEqual((1, 2), seen)

    def test_security_group_rules(self):
        def look(group):
            found = client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
            return ([(p["FromPort"], p["IpRanges"][0]["CidrIp"]) for p in found["IpPermissions"]],
                    [p["IpProtocol"] for p in found["IpPermissionsEgress"]])

        def rule(port, cidr):
            return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIp": cidr, "Description": "d"}

        seen = self.change(
            "EC2::SecurityGroup",
            dict(GroupDescription="g", VpcId=ref("V"), SecurityGroupIngress=[rule(443, "10.0.0.0/8"), rule(80, "10.0.0.0/8")]),
            dict(SecurityGroupIngress=[rule(443, "10.0.0.0/8"), rule(8443, "10.1.0.0/16")],
                 SecurityGroupEgress=[rule(443, "10.0.0.0/8")]), look, self.network())
        self.assertEqual((([(443, "10.0.0.0/8"), (80, "10.0.0.0/8")], ["-1"]),
                          ([(443, "10.0.0.0/8"), (8443, "10.1.0.0/16")], ["tcp"])), seen)

    def test_a_changed_rule_of_its_own_is_replaced(self):
        def template(port):
            return {"X": resource("EC2::SecurityGroupIngress", GroupId=ref("G"), IpProtocol="tcp", FromPort=port, ToPort=port,
                                  SourceSecurityGroupId=ref("G")), **self.network()}

        def look():
            group = client("ec2").describe_security_groups(GroupIds=[self.physical("G")])["SecurityGroups"][0]
            return [p["FromPort"] for p in group["IpPermissions"]]

        self.made(template(3000))
        self.assertEqual([3000], look())
        self.made(template(3306))
        self.assertEqual([3306], look())
        self.assertEqual("True", self.changes["X"]["Replacement"])

    def balancer(self):
        return {
            "LB": resource("ElasticLoadBalancingV2::LoadBalancer", Name="up-lb", Subnets=[ref("S0"), ref("S1")],
                           SecurityGroups=[ref("G")], Scheme="internet-facing"),
            "TG": resource("ElasticLoadBalancingV2::TargetGroup", Name="up-tg-beside", Port=80, Protocol="HTTP", VpcId=ref("V"),
                           TargetType="instance"),
            **self.network(),
        }

    def test_load_balancer(self):
        def properties(seconds):
            return dict(Name="up-lb-alone", Subnets=[ref("S0"), ref("S1")], SecurityGroups=[ref("G")],
                        LoadBalancerAttributes=[{"Key": "idle_timeout.timeout_seconds", "Value": seconds}])

        def look(arn):
            attributes = client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
            return next(a["Value"] for a in attributes if a["Key"] == "idle_timeout.timeout_seconds")

        self.assertEqual(("60", "120"), self.change(
            "ElasticLoadBalancingV2::LoadBalancer", properties("60"), properties("120"), look, self.network()))

    def test_target_group(self):
        def properties(path, seconds, delay):
            return dict(Name="up-tg", Port=80, Protocol="HTTP", VpcId=ref("V"), TargetType="instance", HealthCheckPath=path,
                        HealthCheckIntervalSeconds=seconds, Matcher={"HttpCode": "200-299"},
                        TargetGroupAttributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": delay}])

        def look(arn):
            elb = client("elbv2")
            group = elb.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"][0]
            attributes = {a["Key"]: a["Value"] for a in elb.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]}
            return (group["HealthCheckPath"], group["HealthCheckIntervalSeconds"],
                    attributes["deregistration_delay.timeout_seconds"])

        self.assertEqual((("/a", 30, "60"), ("/b", 10, "90")), self.change(
            "ElasticLoadBalancingV2::TargetGroup", properties("/a", 30, "60"), properties("/b", 10, "90"), look, self.network()))

    def test_listener_and_rule(self):
        def fixed(code):
            return [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": code, "ContentType": "text/plain"}}]

        def look(arn):
            listener = client("elbv2").describe_listeners(ListenerArns=[arn])["Listeners"][0]
            return listener["DefaultActions"][0]["FixedResponseConfig"]["StatusCode"]

        seen = self.change("ElasticLoadBalancingV2::Listener",
                           dict(LoadBalancerArn=ref("LB"), Port=80, Protocol="HTTP", DefaultActions=fixed("404")),
                           dict(DefaultActions=fixed("403")), look, self.balancer())
        self.assertEqual(("404", "403"), seen)

        self.stack += "r"

        def rule(arn):
            found = client("elbv2").describe_rules(RuleArns=[arn])["Rules"][0]
            return found["Priority"], found["Conditions"][0]["HostHeaderConfig"]["Values"], found["Actions"][0]["Type"]

        def properties(priority, host):
            return dict(ListenerArn=ref("L"), Priority=priority, Actions=[{"Type": "forward", "TargetGroupArn": ref("TG")}],
                        Conditions=[{"Field": "host-header", "HostHeaderConfig": {"Values": [host]}}])

        listener = resource("ElasticLoadBalancingV2::Listener", LoadBalancerArn=ref("LB"), Port=80, Protocol="HTTP",
                            DefaultActions=fixed("404"))
        seen = self.change("ElasticLoadBalancingV2::ListenerRule", properties(1, "a.example.com"), properties(5, "b.example.com"),
                           rule, {"L": listener, **self.balancer()})
        self.assertEqual((("1", ["a.example.com"], "forward"), ("5", ["b.example.com"], "forward")), seen)

    def test_database(self):
        def properties(days, size, protection):
            return dict(DBInstanceIdentifier="up-db", DBInstanceClass=size, Engine="mysql", EngineVersion="8.0.40",
                        AllocatedStorage="20", MasterUsername="admin", MasterUserPassword="secret-enough", DBSubnetGroupName=ref("DS"),
                        DBParameterGroupName=ref("DP"), VPCSecurityGroups=[ref("G")], BackupRetentionPeriod=days,
                        PreferredBackupWindow="18:00-19:00", PreferredMaintenanceWindow="mon:19:30-mon:20:30",
                        DeletionProtection=protection, EnableIAMDatabaseAuthentication=True, StorageEncrypted=True)

        beside = {
            "DS": resource("RDS::DBSubnetGroup", DBSubnetGroupDescription="d", SubnetIds=[ref("S0"), ref("S1")]),
            "DP": resource("RDS::DBParameterGroup", Family="mysql8.0", Description="d",
                           Parameters={"require_secure_transport": "1", "max_connections": 50}), **self.network(),
        }

        def look(name):
            db = client("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
            group = db["DBParameterGroups"][0]["DBParameterGroupName"]
            self.assertEqual(self.physical("DP"), group)
            settings = {p["ParameterName"]: p.get("ParameterValue")
                        for p in client("rds").describe_db_parameters(DBParameterGroupName=group)["Parameters"]}
            self.assertEqual(("1", "50"), (settings["require_secure_transport"], settings["max_connections"]))
            self.assertTrue(db["IAMDatabaseAuthenticationEnabled"] and db["StorageEncrypted"])
            return db["BackupRetentionPeriod"], db["DBInstanceClass"], db["DeletionProtection"]

        self.assertEqual(((7, "db.t3.micro", True), (14, "db.t3.small", False)), self.change(
            "RDS::DBInstance", properties(7, "db.t3.micro", True), properties(14, "db.t3.small", False), look, beside))

    def test_secret_of_a_database(self):
        database = resource("RDS::DBInstance", DBInstanceIdentifier="attached", DBInstanceClass="db.t3.micro", Engine="mysql",
                            AllocatedStorage="20", MasterUsername="admin", DBName="rides",
                            MasterUserPassword={"Fn::Sub": "{{resolve:secretsmanager:${S}:SecretString:password::}}"})
        self.made({
            "S": resource("SecretsManager::Secret", GenerateSecretString={
                "SecretStringTemplate": '{"username":"admin"}', "GenerateStringKey": "password"}),
            "D": {**database, "DeletionPolicy": "Delete"},
            "X": resource("SecretsManager::SecretTargetAttachment", SecretId=ref("S"), TargetId=ref("D"),
                          TargetType="AWS::RDS::DBInstance"),
        })
        secret = json.loads(client("secretsmanager").get_secret_value(SecretId=self.physical("S"))["SecretString"])
        self.assertEqual(("mysql", 3306, "attached", "rides", "admin"), tuple(
            secret[key] for key in ("engine", "port", "dbInstanceIdentifier", "dbname", "username")))

    def fleet(self, version, size, **more):
        data = {
            "ImageId": "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
            "InstanceType": "t3.micro", "UserData": {"Fn::Base64": f"#!/bin/sh\necho {version}"},
            "IamInstanceProfile": {"Arn": att("P", "Arn")}, "MetadataOptions": {"HttpTokens": "required"},
            "NetworkInterfaces": [{"DeviceIndex": 0, "Groups": [ref("G")]}],
            "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "from", "Value": "template"}]}],
        }
        return {
            "R": resource("IAM::Role", AssumeRolePolicyDocument=TRUST),
            "P": resource("IAM::InstanceProfile", Roles=[ref("R")]),
            "LT": resource("EC2::LaunchTemplate", LaunchTemplateName=f"up-{self.stack}", LaunchTemplateData=data),
            "TG": resource("ElasticLoadBalancingV2::TargetGroup", Port=80, Protocol="HTTP", VpcId=ref("V")),
            "X": resource(
                "AutoScaling::AutoScalingGroup", AutoScalingGroupName=f"up-{self.stack}", MinSize="1", MaxSize=size,
                VPCZoneIdentifier=[ref("S0"), ref("S1")], TargetGroupARNs=[ref("TG")], HealthCheckType="ELB",
                HealthCheckGracePeriod=300, MetricsCollection=[{"Granularity": "1Minute"}],
                LaunchTemplate={"LaunchTemplateId": ref("LT"), "Version": att("LT", "LatestVersionNumber")},
                InstanceMaintenancePolicy={"MinHealthyPercentage": 100, "MaxHealthyPercentage": 200},
                Tags=[{"Key": "Name", "Value": "fleet", "PropagateAtLaunch": True}], **more),
            **self.network(),
        }

    def test_fleet(self):
        autoscaling, ec2, name = client("autoscaling"), client("ec2"), f"up-{self.stack}"

        def group():
            return autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"][0]

        self.made(self.fleet(1, "3"))
        first = group()
        self.assertEqual((1, 3, 1, 1), (first["MinSize"], first["MaxSize"], first["DesiredCapacity"], len(first["Instances"])))
        self.assertEqual({"MinHealthyPercentage": 100, "MaxHealthyPercentage": 200}, first["InstanceMaintenancePolicy"])
        self.assertEqual(8, len(first["EnabledMetrics"]))
        instance = ec2.describe_instances(InstanceIds=[first["Instances"][0]["InstanceId"]])["Reservations"][0]["Instances"][0]
        tags = {t["Key"]: t["Value"] for t in instance["Tags"]}
        self.assertEqual(("fleet", "template", name), (tags["Name"], tags["from"], tags["aws:autoscaling:groupName"]))
        self.assertEqual([self.physical("G")], [g["GroupId"] for g in instance["SecurityGroups"]])
        self.assertRegex(instance["ImageId"], "^ami-")
        self.assertRegex(instance["IamInstanceProfile"]["Arn"], self.physical("P"))
        self.assertEqual("required", instance["MetadataOptions"]["HttpTokens"])

        # Scaling decides the size from here on; a deployment does not take it back.
        autoscaling.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=2)
        self.made(self.fleet(2, "5"))
        second = group()
        self.assertEqual((5, 2, "2"), (second["MaxSize"], second["DesiredCapacity"], second["LaunchTemplate"]["Version"]))
        self.assertEqual(2, len({i["AvailabilityZone"] for i in second["Instances"]}), "one instance in each zone")
        autoscaling.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=3)
        versions = sorted(i["LaunchTemplate"]["Version"] for i in group()["Instances"])
        self.assertEqual(["1", "1", "2"], versions, "running instances stay, new ones are of the new version")
        health = client("elbv2").describe_target_health(TargetGroupArn=self.physical("TG"))["TargetHealthDescriptions"]
        self.assertEqual(3, len(health))
        autoscaling.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=1)
        health = client("elbv2").describe_target_health(TargetGroupArn=self.physical("TG"))["TargetHealthDescriptions"]
        left = [target for target in health if target["TargetHealth"]["State"] != "draining"]
        self.assertEqual(1, len(left), "what is terminated is no target any more, but drains")
        self.cloudformation.delete_stack(StackName=self.stack)
        self.assertFalse(self.exists())

    def test_scaling_policy_and_hook(self):
        def target(value):
            return {"PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"}, "TargetValue": value}

        fleet = self.fleet(1, "3")
        fleet["F"] = fleet.pop("X")
        autoscaling = client("autoscaling")
        seen = self.change(
            "AutoScaling::ScalingPolicy", dict(AutoScalingGroupName=ref("F"), PolicyType="TargetTrackingScaling",
                                               TargetTrackingConfiguration=target(50)), dict(TargetTrackingConfiguration=target(60)),
            lambda arn: [p["TargetTrackingConfiguration"]["TargetValue"] for p in autoscaling.describe_policies(
                AutoScalingGroupName=self.physical("F"))["ScalingPolicies"]], fleet)
        self.assertEqual(([50.0], [60.0]), seen)

        self.stack += "h"
        seen = self.change(
            "AutoScaling::LifecycleHook", dict(AutoScalingGroupName=ref("F"), LifecycleHookName="h", HeartbeatTimeout=60,
                                               LifecycleTransition="autoscaling:EC2_INSTANCE_LAUNCHING"), dict(HeartbeatTimeout=90),
            lambda name: [h["HeartbeatTimeout"] for h in autoscaling.describe_lifecycle_hooks(
                AutoScalingGroupName=self.physical("F"))["LifecycleHooks"]], fleet)
        self.assertEqual(([60], [90]), seen)

    def test_instance_from_a_launch_template(self):
        def template(version, **more):
            fleet = self.fleet(version, "1")
            del fleet["X"]
            return {**fleet, "X": resource("EC2::Instance", LaunchTemplate={
                "LaunchTemplateId": ref("LT"), "Version": att("LT", "LatestVersionNumber")}, SubnetId=ref("S1"), **more)}

        def look():
            found = client("ec2").describe_instances(InstanceIds=[self.physical("X")])["Reservations"][0]["Instances"][0]
            return found, {t["Key"]: t["Value"] for t in found["Tags"]}

        self.made(template(1, Tags=[{"Key": "Name", "Value": "a"}]))
        first, tags = look()
        self.assertEqual(("a", "template", self.stack), (tags["Name"], tags["from"], tags["aws:cloudformation:stack-name"]))
        self.assertEqual((self.physical("S1"), "running"), (first["SubnetId"], first["State"]["Name"]))
        self.assertEqual([self.physical("G")], [g["GroupId"] for g in first["SecurityGroups"]])
        self.assertRegex(first["IamInstanceProfile"]["Arn"], self.physical("P"))
        self.made(template(1, Tags=[{"Key": "Name", "Value": "b"}], DisableApiTermination=True))
        second, tags = look()
        self.assertEqual((first["InstanceId"], "b"), (second["InstanceId"], tags["Name"]))
        self.made(template(1, Tags=[{"Key": "Name", "Value": "b"}], DisableApiTermination=False))
        self.made(template(2, Tags=[{"Key": "Name", "Value": "b"}]))
        third, _ = look()
        self.assertNotEqual(first["InstanceId"], third["InstanceId"], "another launch template version is another instance")
        gone = client("ec2").describe_instances(InstanceIds=[first["InstanceId"]])["Reservations"][0]["Instances"][0]
        self.assertEqual("terminated", gone["State"]["Name"])
        self.cloudformation.delete_stack(StackName=self.stack)
        self.assertFalse(self.exists())
