package policies_test

var databaseBreaches = []breach{
	{rule: "D2-PROD-10.1-db-encrypted", kind: wrong, how: "switched off",
		edits: []edit{set("Db/Properties/StorageEncrypted", false)}},
	{rule: "D2-PROD-10.1-db-encrypted", kind: missing, how: "nothing said, in DEV", in: "dev",
		edits: []edit{remove("Db/Properties/StorageEncrypted")}},

	{rule: "D2-PROD-10.1-db-private", kind: wrong, how: "public",
		edits: []edit{set("Db/Properties/PubliclyAccessible", true)}},
	{rule: "D2-PROD-10.1-db-private", kind: missing, how: "nothing said, in DEV", in: "dev",
		edits: []edit{remove("Db/Properties/PubliclyAccessible")}},

	{rule: "D2-PROD-10.1-db-subnets", kind: wrong, how: "one public subnet in its group",
		edits: []edit{set("DbSubnetGroup/Properties/SubnetIds/1", ref("VpcpublicSubnetB"))}},
	{rule: "D2-PROD-10.1-db-subnets", kind: wrong, how: "its own subnets with a way to the internet, in DEV", in: "dev",
		edits: []edit{resource("Leak", "AWS::EC2::Route", object{"RouteTableId": ref("VpcdbSubnetARouteTable"), "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": ref("VpcIGW")})},
		at:    "DbSubnetGroup"},
	{rule: "D2-PROD-10.1-db-subnets", kind: missing, how: "no group is the account's default network",
		edits: []edit{remove("Db/Properties/DBSubnetGroupName")}},

	{rule: "D2-PROD-10.1-db-ingress", kind: wrong, how: "the whole VPC may knock",
		edits: []edit{set("DbSg/Properties/SecurityGroupIngress", list{ingressRule(3306, from("10.30.0.0/16"))})}},
	{rule: "D2-PROD-10.1-db-ingress", kind: missing, how: "no group of its own is the default one",
		edits: []edit{remove("Db/Properties/VPCSecurityGroups")}},
	{rule: "D2-PROD-10.1-db-ingress", kind: missing, how: "an ingress without a group, in DEV", in: "dev",
		edits: []edit{remove("DbSgFromAppSg/Properties/SourceSecurityGroupId"), set("DbSgFromAppSg/Properties/CidrIp", attribute("Vpc", "CidrBlock"))}},

	{rule: "D2-PROD-10.1-db-tls", kind: wrong, how: "switched off",
		edits: []edit{set("Pg/Properties/Parameters/require_secure_transport", "OFF")}, at: "Db"},
	{rule: "D2-PROD-10.1-db-tls", kind: missing, how: "nothing said in the parameter group",
		edits: []edit{remove("Pg/Properties/Parameters/require_secure_transport")}, at: "Db"},
	{rule: "D2-PROD-10.1-db-tls", kind: missing, how: "the default parameter group, in DEV", in: "dev",
		edits: []edit{remove("Db/Properties/DBParameterGroupName")}},

	{rule: "D2-PROD-11.2-iam-auth", kind: wrong, how: "switched off",
		edits: []edit{set("Db/Properties/EnableIAMDatabaseAuthentication", false)}},
	{rule: "D2-PROD-11.2-iam-auth", kind: missing, how: "nothing said, in DEV", in: "dev",
		edits: []edit{remove("Db/Properties/EnableIAMDatabaseAuthentication")}},

	{rule: "D2-PROD-11.2-database", kind: missing, how: "no database",
		edits: []edit{remove("Db")}, at: whole, alone: true},
	{rule: "D2-PROD-11.2-database", kind: wrong, how: "another product's cluster in its place",
		edits: []edit{set("Db/Type", "AWS::Neptune::DBInstance")}, at: whole, alone: true},
}
