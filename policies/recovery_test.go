package policies_test

var recoveryBreaches = []breach{
	{rule: "D2-PROD-10.5-backups", kind: wrong, how: "six days",
		edits: []edit{set("Db/Properties/BackupRetentionPeriod", 6)}},
	{rule: "D2-PROD-10.5-backups", kind: missing, how: "nothing said is one day",
		edits: []edit{remove("Db/Properties/BackupRetentionPeriod")}},

	{rule: "D2-PROD-10.5-snapshot", kind: wrong, how: "deleted with the stack",
		edits: []edit{set("Db/DeletionPolicy", "Delete")}},
	{rule: "D2-PROD-10.5-snapshot", kind: missing, how: "nothing said of a replacement",
		edits: []edit{remove("Db/UpdateReplacePolicy")}},

	{rule: "D2-PROD-10.5-database-protected", kind: wrong, how: "switched off, as the original had it",
		edits: []edit{set("Db/Properties/DeletionProtection", false)}},
	{rule: "D2-PROD-10.5-database-protected", kind: missing, how: "nothing said",
		edits: []edit{remove("Db/Properties/DeletionProtection")}},

	{rule: "D2-PROD-10.5-balancer-protected", kind: wrong, how: "switched off",
		edits: []edit{set("Alb/Properties/LoadBalancerAttributes/0/Value", "false")}},
	{rule: "D2-PROD-10.5-balancer-protected", kind: missing, how: "the attribute left out",
		edits: []edit{set("Alb/Properties/LoadBalancerAttributes/0", object{"Key": "idle_timeout.timeout_seconds", "Value": "60"})}},

	{rule: "D2-PROD-10.5-users-protected", kind: wrong, how: "switched off",
		edits: []edit{set("Users/Properties/DeletionProtection", "INACTIVE")}},
	{rule: "D2-PROD-10.5-users-protected", kind: missing, how: "nothing said",
		edits: []edit{remove("Users/Properties/DeletionProtection")}},

	{rule: "D2-PROD-10.5-versioning", kind: wrong, how: "suspended",
		edits: []edit{set("Site/Properties/VersioningConfiguration/Status", "Suspended")}},
	{rule: "D2-PROD-10.5-versioning", kind: missing, how: "artifacts without versions, in DEV", in: "dev",
		edits: []edit{remove("Artifacts/Properties/VersioningConfiguration")}},
	{rule: "D2-PROD-10.5-versioning", kind: missing, how: "a site whose bucket also receives logs",
		edits: []edit{remove("Site/Properties/VersioningConfiguration"), set("Artifacts/Properties/LoggingConfiguration/DestinationBucketName", ref("Site"))}},

	{rule: "D2-PROD-10.5-retain", kind: wrong, how: "a site deleted with the stack",
		edits: []edit{set("Site/DeletionPolicy", "Delete")}},
	{rule: "D2-PROD-10.5-retain", kind: missing, how: "users deleted with the stack, by default",
		edits: []edit{remove("Users/DeletionPolicy")}},
}
