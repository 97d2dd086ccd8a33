package constructs

import (
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	cloudwatch "github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	ec2 "github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	iam "github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	rds "github.com/aws/aws-cdk-go/awscdk/v2/awsrds"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/d2-ride-booking/platform/config"
)

// DatabaseProps sizes the MySQL instance.
type DatabaseProps struct {
	Identifier       string // e.g. d2-ride-booking-prod-rds-mysql (runbook PROD 3.2)
	SecretName       string // of the administrator (runbook PROD 3.5)
	Settings         config.Database
	Network          *Network
	LogGroupName     func(log string) string
	LogRetentionDays int
	Keep             bool // PROD: keep logs, and a final snapshot
	Alerts           *Alerts
}

// Database is RDS MySQL in the tier that has no route out.
type Database struct {
	Instance      rds.DatabaseInstance
	Secret        rds.DatabaseSecret
	SecurityGroup ec2.ISecurityGroup
	appUser       string
}

// databaseLogs are the MySQL logs that flow to CloudWatch: config switches them
// on below, where the original exported logs that were off (facts R8).
var databaseLogs = []string{"error", "slowquery"}

// NewDatabase makes the instance. Its log groups come first, so that RDS finds
// them with their retention; nobody reaches it until let in by AllowFrom.
func NewDatabase(scope constructs.Construct, id string, props DatabaseProps) *Database {
	scope = constructs.NewConstruct(scope, str(id))
	service(scope, config.ServiceDatabase)
	group := ec2.NewSecurityGroup(scope, str("SecurityGroup"), &ec2.SecurityGroupProps{
		Vpc: props.Network.VPC, AllowAllOutbound: no(), Description: str("Database: MySQL from the services and the bastion"),
	})
	name(group, props.Identifier)
	secret := rds.NewDatabaseSecret(scope, str("MasterSecret"), &rds.DatabaseSecretProps{
		SecretName: str(props.SecretName), Username: str(props.Settings.MasterUser),
		ExcludeCharacters: str(unquotable),
	})
	secret.ApplyRemovalPolicy(removal(props.Keep))
	name(secret, props.SecretName)
	instance := rds.NewDatabaseInstance(scope, str("Instance"), databaseSettings(scope, props, group, secret))
	// CDK leaves the mode out without Performance Insights, which a db.t3.micro has not.
	instance.Node().DefaultChild().(rds.CfnDBInstance).SetDatabaseInsightsMode(str("standard"))
	name(instance, props.Identifier)
	for _, log := range databaseLogs {
		instance.Node().AddDependency(NewLogGroup(scope, "Log-"+log, LogGroupProps{
			Name: props.LogGroupName(log), RetentionDays: props.LogRetentionDays, Keep: props.Keep,
		}))
	}
	database := &Database{Instance: instance, Secret: secret, SecurityGroup: group, appUser: props.Settings.AppUser}
	database.alarms(scope, props)
	return database
}

// unquotable are left out of the administrator's password: RDS refuses the first
// four, and the rest need quoting in a shell, where the runbooks paste it.
const unquotable = `/@" '\!#$%&*()[]{}<>?;|~^` + "`"

func databaseSettings(scope constructs.Construct, props DatabaseProps, group ec2.ISecurityGroup, secret rds.DatabaseSecret) *rds.DatabaseInstanceProps {
	s := props.Settings
	engine := mysqlEngine(s.EngineVersion)
	settings := &rds.DatabaseInstanceProps{
		InstanceIdentifier: str(props.Identifier), DatabaseName: str(s.Name), Port: num(config.DatabasePort),
		Engine: engine, EngineLifecycleSupport: lifecycleSupport(s.EngineVersion),
		AutoMinorVersionUpgrade: no(), ApplyImmediately: no(), // raised on purpose, in a window (facts R7)
		CaCertificate: rds.CaCertificate_RDS_CA_RSA2048_G1(),
		InstanceType:  ec2.NewInstanceType(str(s.InstanceClass)),
		Vpc:           props.Network.VPC, VpcSubnets: props.Network.Database,
		SecurityGroups: list(group), PubliclyAccessible: no(),
		StorageType: rds.StorageType_GP3, StorageEncrypted: yes(),
		AllocatedStorage: num(s.AllocatedStorageGiB), MaxAllocatedStorage: num(s.MaxAllocatedStorageGiB),
		Credentials:       rds.Credentials_FromSecret(secret, nil),
		IamAuthentication: boolean(s.IAMAuthentication),
		MultiAz:           boolean(s.MultiAZ),
		BackupRetention:   awscdk.Duration_Days(num(s.BackupRetentionDays)), CopyTagsToSnapshot: yes(),
		PreferredBackupWindow: str(s.BackupWindow), PreferredMaintenanceWindow: str(s.MaintenanceWindow),
		DeletionProtection: boolean(s.DeletionProtection), DeleteAutomatedBackups: boolean(!props.Keep),
		RemovalPolicy:             databaseRemoval(props.Keep),
		CloudwatchLogsExports:     strs(databaseLogs...),
		ParameterGroup:            parameterGroup(scope, props, engine),
		SubnetGroup:               subnetGroup(scope, props),
		EnablePerformanceInsights: boolean(s.PerformanceInsights),
	}
	if s.PerformanceInsights {
		settings.PerformanceInsightRetention = rds.PerformanceInsightRetention_DEFAULT
	}
	if s.MonitoringSeconds > 0 {
		settings.MonitoringInterval = seconds(time.Duration(s.MonitoringSeconds) * time.Second)
	}
	return settings
}

func subnetGroup(scope constructs.Construct, props DatabaseProps) rds.SubnetGroup {
	group := rds.NewSubnetGroup(scope, str("SubnetGroup"), &rds.SubnetGroupProps{
		SubnetGroupName: str(props.Identifier), Description: str("Database tier"),
		Vpc: props.Network.VPC, VpcSubnets: props.Network.Database, RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	name(group, props.Identifier)
	return group
}

// parameterGroup refuses connections without TLS (facts S6) and writes the slow
// query log to a file, from where RDS ships it.
func parameterGroup(scope constructs.Construct, props DatabaseProps, engine rds.IInstanceEngine) rds.IParameterGroup {
	group := rds.NewParameterGroup(scope, str("Parameters"), &rds.ParameterGroupProps{
		Engine: engine, Description: str("TLS required, slow query log on"),
		Parameters: &map[string]*string{
			"require_secure_transport": str("ON"),
			"slow_query_log":           str("1"),
			"long_query_time":          str("1"),
			"log_output":               str("FILE"),
		},
	})
	group.BindToInstance(&rds.ParameterGroupInstanceBindOptions{})
	name(group, props.Identifier)
	return group
}

func mysqlEngine(version string) rds.IInstanceEngine {
	major := version[:strings.LastIndex(version, ".")]
	return rds.DatabaseInstanceEngine_Mysql(&rds.MySqlInstanceEngineProps{
		Version: rds.MysqlEngineVersion_Of(str(version), str(major)),
	})
}

// lifecycleSupport enrols MySQL 8.0 in Extended Support, without which RDS
// refuses to make it since 31 July 2026, and keeps newer versions out of its bill.
func lifecycleSupport(version string) rds.EngineLifecycleSupport {
	if strings.HasPrefix(version, "8.0.") {
		return rds.EngineLifecycleSupport_OPEN_SOURCE_RDS_EXTENDED_SUPPORT
	}
	return rds.EngineLifecycleSupport_OPEN_SOURCE_RDS_EXTENDED_SUPPORT_DISABLED
}

func databaseRemoval(keep bool) awscdk.RemovalPolicy {
	if keep {
		return awscdk.RemovalPolicy_SNAPSHOT
	}
	return awscdk.RemovalPolicy_DESTROY
}

// AllowFrom lets a host reach MySQL, on both sides.
func (d *Database) AllowFrom(who ec2.ISecurityGroup, why string) {
	d.SecurityGroup.Connections().AllowFrom(who, tcp(config.DatabasePort), str(why))
}

// AllowLogin lets a role log in as the application's user by IAM token (runbook PROD 3.4).
func (d *Database) AllowLogin(role iam.Role) {
	d.Instance.GrantConnect(role, str(d.appUser))
}

// AllowRunbookReads lets DEV's host look the database up and read the
// administrator's secret, as runbook DEV 4.1 and 4 (3.3, method 2) do on it.
func (d *Database) AllowRunbookReads(role iam.Role) {
	// The runbook lists every instance and filters afterwards: RDS checks the list against db:*.
	role.AddToPrincipalPolicy(allow([]string{"rds:DescribeDBInstances"}, arn(role, "rds", "db:*")))
	// ListSecrets knows no resources; it shows names, never values.
	role.AddToPrincipalPolicy(allow([]string{"secretsmanager:ListSecrets"}, "*"))
	d.Secret.GrantRead(role, nil)
}

func (d *Database) alarms(scope constructs.Construct, props DatabaseProps) {
	const gib = 1 << 30
	of := func(metricName, statistic string, period time.Duration) cloudwatch.IMetric {
		return metric("AWS/RDS", metricName, statistic, period,
			map[string]*string{"DBInstanceIdentifier": d.Instance.InstanceIdentifier()})
	}
	for _, alarm := range []namedAlarm{
		{"CpuHigh", Alarm{
			Name:        "rds-cpu-high",
			Description: "Database CPU over 80 % for five minutes. Look at the slow query log.",
			Metric:      of("CPUUtilization", "Average", time.Minute), Above: 80, Periods: 5,
		}},
		{"CpuCreditsSpent", Alarm{
			Name:        "rds-cpu-credits-spent",
			Description: "The database runs on surplus CPU credits, which AWS bills. Choose a larger instance_class if it stays so.",
			Metric:      of("CPUSurplusCreditsCharged", "Maximum", 5*time.Minute), Above: 0, Periods: 3,
		}},
		{"StorageLow", Alarm{
			Name:        "rds-storage-low",
			Description: "Less than a tenth of the first allocation is free. Storage grows by itself up to max_allocated_storage_gib: see that it still can.",
			Metric:      of("FreeStorageSpace", "Minimum", 5*time.Minute),
			Below:       float64(props.Settings.AllocatedStorageGiB) * gib / 10, Periods: 2,
		}},
		{"MemoryLow", Alarm{
			Name:        "rds-memory-low",
			Description: "Under 64 MiB of memory is free for fifteen minutes: the database swaps next. Look at connections; enlarge instance_class.",
			Metric:      of("FreeableMemory", "Minimum", 5*time.Minute), Below: gib / 16, Periods: 3,
		}},
		{"ConnectionsHigh", Alarm{
			Name:        "rds-connections-high",
			Description: "More than 40 connections for ten minutes (a db.t3.micro takes about 60). Look for a leaking pool; ten a host is usual.",
			Metric:      of("DatabaseConnections", "Average", 5*time.Minute), Above: 40, Periods: 2,
		}},
	} {
		props.Alerts.Add(scope, alarm.ID, alarm.Alarm)
	}
}
