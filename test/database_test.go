package test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const database = "AWS::RDS::DBInstance"

// has checks properties of a resource at once.
func has(t *testing.T, resource Resource, want map[string]any) {
	t.Helper()
	for path, value := range want {
		assert.Equal(t, value, resource.At(path), "%s %s", resource.ID, path)
	}
}

func TestTheDatabaseIsTheRunbooks(t *testing.T) {
	for stack, identifier := range map[string]string{"D2-Dev": "d2-ride-booking-dev-rds-mysql", "D2-Prod": "d2-ride-booking-prod-rds-mysql"} {
		has(t, template(t, stack).Only(t, database), map[string]any{
			"DBInstanceIdentifier": identifier, "Engine": "mysql", "EngineVersion": "8.0.46", "DBName": "ridebooking",
			"Port": "3306", "DBInstanceClass": "db.t3.micro", "MaxAllocatedStorage": 100.0, "StorageType": "gp3",
			"EnableIAMDatabaseAuthentication": true, "StorageEncrypted": true, "PubliclyAccessible": false,
			"CACertificateIdentifier": "rds-ca-rsa2048-g1", "CopyTagsToSnapshot": true,
			"AutoMinorVersionUpgrade": false, "ApplyImmediately": false,
		})
	}
}

func TestPRODsDatabaseIsKeptAndWatched(t *testing.T) {
	whole := template(t, "D2-Prod")
	instance := whole.Only(t, database)
	has(t, instance, map[string]any{
		"MultiAZ": true, "BackupRetentionPeriod": 7.0, "DeletionProtection": true, "DeleteAutomatedBackups": false,
		"MonitoringInterval": 60.0, "AllocatedStorage": "30", "DatabaseInsightsMode": "standard",
	})
	assert.Equal(t, "Snapshot", instance.DeletionPolicy)
	assert.Equal(t, "Snapshot", instance.UpdateReplacePolicy)
	assert.Equal(t, []string{"Service:monitoring.rds.amazonaws.com"},
		statements(whole.Get(t, instance.At("MonitoringRoleArn")).At("AssumeRolePolicyDocument"))[0].Principals)
}

// A db.t3.micro, the runbook's size, has no Performance Insights; a larger class has it by one key.
func TestPerformanceInsightsAreOnWhereTheClassHasThem(t *testing.T) {
	has(t, prod(t, otherwise).Only(t, database), map[string]any{"EnablePerformanceInsights": true, "PerformanceInsightsRetentionPeriod": 7.0})
}

// RDS refuses to stop an instance with a standby or a replica (runbook DEV 6.2 stops it).
func TestDEVsDatabaseCanBeStoppedAndThrownAway(t *testing.T) {
	instance := template(t, "D2-Dev").Only(t, database)
	has(t, instance, map[string]any{
		"MultiAZ": false, "BackupRetentionPeriod": 1.0, "DeletionProtection": false, "AllocatedStorage": "20", "SourceDBInstanceIdentifier": nil,
	})
	assert.Equal(t, "Delete", instance.DeletionPolicy)
}

func TestBackupsComeWellBeforeMaintenance(t *testing.T) {
	has(t, template(t, "D2-Prod").Only(t, database), map[string]any{
		"PreferredBackupWindow": "18:00-19:00", "PreferredMaintenanceWindow": "Mon:19:30-Mon:20:30",
	})
}

func TestMySQLRefusesAConnectionWithoutTLS(t *testing.T) {
	for family, whole := range map[string]Template{"mysql8.0": template(t, "D2-Prod"), "mysql8.4": prod(t, otherwise)} {
		parameters := whole.Get(t, whole.Only(t, database).At("DBParameterGroupName"))
		assert.Equal(t, family, parameters.At("Family"))
		assert.Equal(t, "ON", at(parameters.At("Parameters"), "require_secure_transport"))
	}
}

// Since 31 July 2026 RDS makes an 8.0 only with Extended Support, and 8.4 must not be billed for it.
func TestExtendedSupportIsPaidForWhereItIsNeeded(t *testing.T) {
	assert.Equal(t, "open-source-rds-extended-support", template(t, "D2-Prod").Only(t, database).At("EngineLifecycleSupport"))
	assert.Equal(t, "open-source-rds-extended-support-disabled", prod(t, otherwise).Only(t, database).At("EngineLifecycleSupport"))
}

// The original exported logs that MySQL never wrote, to groups that never expired (facts R5, R8).
func TestErrorAndSlowQueryLogsReallyFlowAndAreForgottenInTime(t *testing.T) {
	for stack, days := range map[string]float64{"D2-Dev": 7, "D2-Prod": 90} {
		whole := template(t, stack)
		instance := whole.Only(t, database)
		assert.Equal(t, []any{"error", "slowquery"}, instance.At("EnableCloudwatchLogsExports"))
		parameters := whole.Get(t, instance.At("DBParameterGroupName")).At("Parameters")
		assert.Equal(t, map[string]any{"require_secure_transport": "ON", "slow_query_log": "1", "long_query_time": "1", "log_output": "FILE"}, parameters)
		for _, log := range []string{"error", "slowquery"} {
			groups := whole.Where("AWS::Logs::LogGroup", "LogGroupName", "/aws/rds/instance/"+text(instance.At("DBInstanceIdentifier"))+"/"+log)
			require.Len(t, groups, 1, log)
			assert.Equal(t, days, groups[0].At("RetentionInDays"))
			assert.Contains(t, instance.DependsOn, groups[0].ID, "RDS would make the group first, without retention")
		}
	}
}

func TestTheAdministratorsSecretFitsTheRunbooksCommands(t *testing.T) {
	for stack, name := range map[string]string{"D2-Dev": "d2-ride-booking-dev-rds-master", "D2-Prod": "d2-ride-booking-prod-rds-master"} {
		whole := template(t, stack)
		secret := whole.Only(t, "AWS::SecretsManager::Secret")
		assert.Equal(t, name, secret.At("Name"), "runbook PROD 3.5 searches by it")
		assert.Equal(t, "password", secret.At("GenerateSecretString.GenerateStringKey"), "runbook DEV 4 (3.3) reads .password")
		var shape map[string]string
		require.NoError(t, json.Unmarshal([]byte(text(secret.At("GenerateSecretString.SecretStringTemplate"))), &shape))
		assert.Equal(t, map[string]string{"username": "admin"}, shape)
		attachment := whole.Only(t, "AWS::SecretsManager::SecretTargetAttachment")
		assert.Equal(t, whole.Only(t, database).ID, target(attachment.At("TargetId")), "host and port come into the secret")
		instance := whole.Only(t, database)
		assert.Contains(t, flat(instance.At("MasterUserPassword")), "{{resolve:secretsmanager:${"+secret.ID+"}:SecretString:password::}}")
	}
}

func TestTheDatabaseStandsInItsOwnTier(t *testing.T) {
	for _, stack := range []string{"D2-Dev", "D2-Prod"} {
		whole := template(t, stack)
		subnets := whole.Get(t, whole.Only(t, database).At("DBSubnetGroupName"))
		assert.Equal(t, []string{"database-ap-southeast-1a", "database-ap-southeast-1b"}, subnetNames(t, whole, subnets.At("SubnetIds")))
	}
}

func TestOnlyAServiceThatUsesTheDatabaseMayLogIn(t *testing.T) {
	whole := prod(t, larger)
	var allowed []string
	for _, role := range whole.All("AWS::IAM::Role") {
		for _, statement := range whole.Allowed(role) {
			if slices.Contains(statement.Actions, "rds-db:connect") {
				allowed = append(allowed, short(text(role.At("RoleName"))))
				assert.Equal(t, []string{"arn:aws:rds-db:ap-southeast-1:111122223333:dbuser:${" + whole.Only(t, database).ID + ".DbiResourceId}/app_user"}, statement.Resources)
			}
		}
	}
	assert.Equal(t, []string{"backend-api"}, allowed)
}

// Runbook DEV 4.1 and 4 (3.3) look the database up and read its secret on the host; PROD's never does.
func TestOnlyDEVsHostReadsTheAdministratorsSecret(t *testing.T) {
	readers := func(whole Template) []string {
		secret := "${" + whole.Only(t, "AWS::SecretsManager::Secret").ID + "}"
		var names []string
		for _, role := range whole.All("AWS::IAM::Role") {
			if may(whole.Allowed(role), "secretsmanager:GetSecretValue", secret) {
				names = append(names, short(text(role.At("RoleName"))))
			}
		}
		return names
	}
	assert.Equal(t, []string{"app-host"}, readers(template(t, "D2-Dev")))
	assert.Empty(t, readers(template(t, "D2-Prod")))
}
