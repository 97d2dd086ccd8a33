package policies_test

var costBreaches = []breach{
	{rule: "D2-PROD-10.4-tags", kind: wrong, how: "an empty value",
		edits: []edit{set("Artifacts/Properties/Tags/0/Value", "")}},
	{rule: "D2-PROD-10.4-tags", kind: missing, how: "one key less",
		edits: []edit{remove("Site/Properties/Tags/0/Key"), set("Site/Properties/Tags/0/Key", "Comment")}},
	{rule: "D2-PROD-10.4-tags", kind: missing, how: "no tags, in DEV", in: "dev",
		edits: []edit{remove("Bastion/Properties/Tags")}},
	{rule: "D2-PROD-10.4-tags", kind: missing, how: "a map of tags without one key",
		edits: []edit{remove("Users/Properties/UserPoolTags/Service")}},
	{rule: "D2-PROD-10.4-tags", kind: missing, how: "a version parameter without its service",
		edits: []edit{set("Version/Properties/Tags/Service", "")}},
	{rule: "D2-PROD-10.4-tags", kind: missing, how: "another parameter without its domain, in DEV", in: "dev",
		edits: []edit{remove("DbHost/Properties/Tags/Domain")}},
	{rule: "D2-PROD-10.4-tags", kind: missing, how: "instances of a fleet without tags",
		edits: []edit{remove("Lt/Properties/LaunchTemplateData/TagSpecifications")}},

	{rule: "D2-PROD-10.4-budget", kind: wrong, how: "a budget of nothing", in: "prod-edge",
		edits: []edit{set("Budget/Properties/Budget/BudgetLimit/Amount", 0)}, at: whole},
	{rule: "D2-PROD-10.4-budget", kind: missing, how: "a budget that tells nobody", in: "prod-edge",
		edits: []edit{remove("Budget/Properties/NotificationsWithSubscribers")}, at: whole},
	{rule: "D2-PROD-10.4-budget", kind: missing, how: "no budget", in: "prod-edge",
		edits: []edit{remove("Budget")}, at: whole},

	{rule: "D2-PROD-10.4-log-retention", kind: wrong, how: "zero days",
		edits: []edit{set("AppLogs/Properties/RetentionInDays", 0)}},
	{rule: "D2-PROD-10.4-log-retention", kind: missing, how: "for ever, in DEV", in: "dev",
		edits: []edit{remove("AppLogs/Properties/RetentionInDays")}},

	{rule: "D2-PROD-10.4-desired-capacity", kind: forbidden, how: "one",
		edits: []edit{set("AsgASG/Properties/DesiredCapacity", "1")}},
	{rule: "D2-PROD-10.4-desired-capacity", kind: forbidden, how: "none",
		edits: []edit{set("AsgASG/Properties/DesiredCapacity", 0)}},

	{rule: "D2-PROD-10.4-scaling", kind: wrong, how: "no room",
		edits: []edit{set("AsgASG/Properties/MaxSize", "1")}},
	{rule: "D2-PROD-10.4-scaling", kind: missing, how: "no policy",
		edits: []edit{remove("AsgScalingPolicyCpu")}, at: "AsgASG"},
	{rule: "D2-PROD-10.4-scaling", kind: missing, how: "no least size",
		edits: []edit{remove("AsgASG/Properties/MinSize")}},
}
