package policies_test

const (
	fleetData   = "Lt/Properties/LaunchTemplateData"
	appPolicy   = "AppRole/Properties/Policies/0/PolicyDocument/Statement/0"
	appTrust    = "AppRole/Properties/AssumeRolePolicyDocument/Statement/0"
	balancerWeb = "AlbSg/Properties/SecurityGroupIngress"
)

func ingressRule(port int, source object) object {
	rule := object{"IpProtocol": "tcp", "FromPort": port, "ToPort": port}
	for key, value := range source {
		rule[key] = value
	}
	return rule
}

func from(cidr string) object { return object{"CidrIp": cidr} }

var securityBreaches = []breach{
	{rule: "D2-PROD-10.1-no-ssh", kind: wrong, how: "SSH from one home address",
		edits: []edit{set("BastionSg/Properties/SecurityGroupIngress", list{ingressRule(22, from("203.0.113.7/32"))})}},
	{rule: "D2-PROD-10.1-no-ssh", kind: wrong, how: "SSH from the bastion, inside a range, as a resource of its own",
		edits: []edit{set("AppSgFromAlbSg/Properties/FromPort", 20), set("AppSgFromAlbSg/Properties/ToPort", "3000")}},
	{rule: "D2-PROD-10.1-no-ssh", kind: missing, how: "TCP without ports is every port",
		edits: []edit{remove("AppSgFromAlbSg/Properties/FromPort"), remove("AppSgFromAlbSg/Properties/ToPort")}},
	{rule: "D2-PROD-10.1-no-ssh", kind: missing, how: "no protocol is every protocol",
		edits: []edit{remove("DbSgFromAppSg/Properties/IpProtocol")}},
	{rule: "D2-PROD-10.1-no-ssh", kind: wrong, how: "every protocol, in DEV", in: "dev",
		edits: []edit{set("AppSgFromAlbSg/Properties/IpProtocol", "-1")}},

	{rule: "D2-PROD-10.1-open-ingress", kind: wrong, how: "the service open to the world beside the load balancer",
		edits: []edit{set("AppSg/Properties/SecurityGroupIngress", list{ingressRule(3000, from("0.0.0.0/0"))})}},
	{rule: "D2-PROD-10.1-open-ingress", kind: wrong, how: "a port of the load balancer that is not the web's, over IPv6",
		edits: []edit{add(balancerWeb, ingressRule(8080, object{"CidrIpv6": "::/0"}))}},
	{rule: "D2-PROD-10.1-open-ingress", kind: wrong, how: "half of the internet, in DEV", in: "dev",
		edits: []edit{set("AppSg/Properties/SecurityGroupIngress", list{ingressRule(443, from("128.0.0.0/1"))})}},
	{rule: "D2-PROD-10.1-open-ingress", kind: missing, how: "a rule without a source",
		edits: []edit{remove("AppSgFromAlbSg/Properties/SourceSecurityGroupId")}},

	{rule: "D2-PROD-10.1-no-wildcard", kind: wrong, how: "everything on everything, inline",
		edits: []edit{set(appPolicy+"/Action", "*")}},
	{rule: "D2-PROD-10.1-no-wildcard", kind: wrong, how: "a whole service on everything, in a policy of its own",
		edits: []edit{set("DeployDefaultPolicy/Properties/PolicyDocument/Statement/0/Action", list{"s3:GetObject", "s3:*"}),
			set("DeployDefaultPolicy/Properties/PolicyDocument/Statement/0/Resource", list{"*"})}},
	{rule: "D2-PROD-10.1-no-wildcard", kind: wrong, how: "the administrator's managed policy",
		edits: []edit{add("BastionInstanceRole/Properties/ManagedPolicyArns", object{"Fn::Join": list{"", list{"arn:", object{"Fn::ImportValue": "partition"}, ":iam::aws:policy/AdministratorAccess"}}})}},
	{rule: "D2-PROD-10.1-no-wildcard", kind: wrong, how: "a role that trusts everybody, in DEV", in: "dev",
		edits: []edit{set(appTrust+"/Principal", object{"AWS": list{"*"}})}},
	{rule: "D2-PROD-10.1-no-wildcard", kind: missing, how: "no word of actions",
		edits: []edit{remove(appPolicy + "/Action")}},
	{rule: "D2-PROD-10.1-no-wildcard", kind: missing, how: "no action but NotAction, and no resource",
		edits: []edit{remove(appPolicy + "/Action"), set(appPolicy+"/NotAction", "iam:*"), remove(appPolicy + "/Resource")}},

	{rule: "D2-PROD-10.1-no-users", kind: forbidden, how: "a user",
		edits: []edit{resource("Robot", "AWS::IAM::User", object{"UserName": "d2-ride-booking-prod-robot"})}},
	{rule: "D2-PROD-10.1-no-users", kind: forbidden, how: "an access key of a user from elsewhere",
		edits: []edit{resource("RobotKey", "AWS::IAM::AccessKey", object{"UserName": "robot"})}},

	{rule: "D2-PROD-10.1-no-key-pair", kind: forbidden, how: "a key on the fleet",
		edits: []edit{set(fleetData+"/KeyName", "fikri-platform-key")}},
	{rule: "D2-PROD-10.1-no-key-pair", kind: forbidden, how: "a key on the bastion, by reference",
		edits: []edit{set("Bastion/Properties/KeyName", ref("AWS::StackName"))}},
	{rule: "D2-PROD-10.1-no-key-pair", kind: forbidden, how: "a key pair, in DEV", in: "dev",
		edits: []edit{resource("Pair", "AWS::EC2::KeyPair", object{"KeyName": "d2-ride-booking-dev"})}},

	{rule: "D2-PROD-10.1-imdsv2", kind: wrong, how: "tokens optional on the fleet",
		edits: []edit{set(fleetData+"/MetadataOptions/HttpTokens", "optional")}},
	{rule: "D2-PROD-10.1-imdsv2", kind: missing, how: "nothing said in the bastion's template",
		edits: []edit{remove("BastionLaunchTemplate/Properties/LaunchTemplateData/MetadataOptions")}},
	{rule: "D2-PROD-10.1-imdsv2", kind: missing, how: "a host without a template",
		edits: []edit{remove("Bastion/Properties/LaunchTemplate")},
		at:    "Bastion", with: []string{"D2-PROD-10.1-encrypted-volumes"}, alone: true}, // nobody maps the template's volumes then
	{rule: "D2-PROD-10.1-imdsv2", kind: missing, how: "a launch configuration",
		edits: []edit{resource("Old", "AWS::AutoScaling::LaunchConfiguration", object{"ImageId": "ami-0123456789abcdef0"})}},
	{rule: "D2-PROD-10.1-imdsv2", kind: missing, how: "DEV's host", in: "dev",
		edits: []edit{remove(fleetData + "/MetadataOptions")}},

	{rule: "D2-PROD-10.1-no-public-fleet", kind: wrong, how: "a public address in the launch template",
		edits: []edit{set(fleetData+"/NetworkInterfaces/0/AssociatePublicIpAddress", true)}},
	{rule: "D2-PROD-10.1-no-public-fleet", kind: wrong, how: "the group in public subnets",
		edits: []edit{set("AsgASG/Properties/VPCZoneIdentifier", list{ref("VpcpublicSubnetA"), ref("VpcpublicSubnetB")})}},
	{rule: "D2-PROD-10.1-no-public-fleet", kind: missing, how: "nothing said where the subnet gives addresses out",
		edits: []edit{set("VpcappSubnetA/Properties/MapPublicIpOnLaunch", true), remove(fleetData + "/NetworkInterfaces/0/AssociatePublicIpAddress")},
		at:    "AsgASG"},

	{rule: "D2-PROD-10.1-no-client-role", kind: wrong, how: "custom:role among the writable",
		edits: []edit{add("UsersApp/Properties/WriteAttributes", "custom:role")}},
	{rule: "D2-PROD-10.1-no-client-role", kind: missing, how: "no list is every attribute, in DEV", in: "dev",
		edits: []edit{remove("UsersApp/Properties/WriteAttributes")}},
}
