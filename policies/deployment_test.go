package policies_test

const (
	deployTrust = "Deploy/Properties/AssumeRolePolicyDocument/Statement/0/Condition"
	aud         = "token.actions.githubusercontent.com:aud"
	sub         = "token.actions.githubusercontent.com:sub"
)

var deploymentBreaches = []breach{
	{rule: "D2-PROD-10.3-replacement", kind: wrong, how: "ends the old one first",
		edits: []edit{set("AsgASG/Properties/InstanceMaintenancePolicy", object{"MinHealthyPercentage": 90, "MaxHealthyPercentage": 100})}},
	{rule: "D2-PROD-10.3-replacement", kind: missing, how: "no policy",
		edits: []edit{remove("AsgASG/Properties/InstanceMaintenancePolicy")}},

	{rule: "D2-PROD-10.3-rolling", kind: wrong, how: "the whole group replaced at once",
		edits: []edit{set("AsgASG/UpdatePolicy", object{"AutoScalingReplacingUpdate": object{"WillReplace": true}})}},
	{rule: "D2-PROD-10.3-rolling", kind: missing, how: "no update policy",
		edits: []edit{remove("AsgASG/UpdatePolicy")}},

	{rule: "D2-PROD-10.3-artifacts-kept", kind: forbidden, how: "artifacts expire after 30 days",
		edits: []edit{set("Artifacts/Properties/LifecycleConfiguration/Rules/0/ExpirationInDays", 30)}},
	{rule: "D2-PROD-10.3-artifacts-kept", kind: forbidden, how: "a site expires on a day, by a rule that does not say it is on",
		edits: []edit{set("Site/Properties/LifecycleConfiguration", object{"Rules": list{object{"ExpirationDate": "2030-01-01"}}})}},

	{rule: "D2-PROD-11.3-deploy-trust", kind: wrong, how: "every branch, by a pattern",
		edits: []edit{set(deployTrust, object{"StringEquals": object{aud: "sts.amazonaws.com"}, "StringLike": object{sub: "repo:d2-ride-booking/platform:*"}})}},
	{rule: "D2-PROD-11.3-deploy-trust", kind: wrong, how: "the branch main beside the environment",
		edits: []edit{set(deployTrust+"/StringEquals/"+sub, list{"repo:d2-ride-booking/platform:environment:prod", "repo:d2-ride-booking/platform:ref:refs/heads/main"})}},
	{rule: "D2-PROD-11.3-deploy-trust", kind: wrong, how: "the environment of every repository",
		edits: []edit{set(deployTrust+"/StringEquals/"+sub, "repo:*:environment:prod")}},
	{rule: "D2-PROD-11.3-deploy-trust", kind: missing, how: "no subject, in DEV", in: "dev",
		edits: []edit{remove(deployTrust + "/StringEquals/" + sub)}},
	{rule: "D2-PROD-11.3-deploy-trust", kind: missing, how: "no audience",
		edits: []edit{remove(deployTrust + "/StringEquals/" + aud)}},
	{rule: "D2-PROD-11.3-deploy-trust", kind: missing, how: "no condition",
		edits: []edit{remove(deployTrust)}},
	{rule: "D2-PROD-11.3-deploy-trust", kind: wrong, how: "PROD's subject, in DEV", in: "dev",
		edits: []edit{set(deployTrust+"/StringEquals/"+sub, "repo:d2-ride-booking/platform:environment:prod")},
		with:  []string{"D2-PROD-11.1-names"}},

	{rule: "D2-PROD-11.3-repeatable", kind: forbidden, how: "an image that is resolved at every deploy",
		edits: []edit{set("/Parameters/LatestImage", object{"Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>"})}, at: whole},
	{rule: "D2-PROD-11.3-repeatable", kind: forbidden, how: "a text, in DEV", in: "dev",
		edits: []edit{set("/Parameters/AlarmEmail", object{"Type": "String"})}, at: whole},

	{rule: "D2-PROD-11.3-no-custom-code", kind: forbidden, how: "a function",
		edits: []edit{resource("Helper", "AWS::Lambda::Function", object{})}},
	{rule: "D2-PROD-11.3-no-custom-code", kind: forbidden, how: "a custom resource, in DEV", in: "dev",
		edits: []edit{resource("Restrict", "Custom::VpcRestrictDefaultSG", object{"DefaultSecurityGroupId": attribute("Vpc", "DefaultSecurityGroup")})}},
	{rule: "D2-PROD-11.3-no-custom-code", kind: forbidden, how: "a nested stack, which no rule reads",
		edits: []edit{resource("Nested", "AWS::CloudFormation::Stack", object{"TemplateURL": "https://example.com/t.json"})}},
}
