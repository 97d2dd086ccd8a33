package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

const (
	// leastStorageGiB and mostStorageGiB are RDS's for gp3.
	leastStorageGiB = 20
	mostStorageGiB  = 65536
	// mostBackupDays is RDS's.
	mostBackupDays = 35
)

// monitoringIntervals are RDS's, in seconds.
var monitoringIntervals = []int{0, 1, 5, 10, 15, 30, 60}

var (
	enginePattern     = regexp.MustCompile(`^8\.[04]\.[0-9]{1,2}$`)
	classPattern      = regexp.MustCompile(`^[a-z][a-z0-9]*\.(micro|small|medium|large|[0-9]*xlarge)$`)
	tooSmallForPI     = regexp.MustCompile(`^(t2\..*|t3\.(micro|small)|t4g\.(micro|small))$`)
	schemaPattern     = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,63}$`)
	masterUserPattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,15}$`)
	appUserPattern    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,31}$`)
)

// takenByMySQL are schemas and users that MySQL and RDS have already.
var takenByMySQL = []string{"mysql", "sys", "information_schema", "performance_schema", "innodb", "rdsadmin", "rdsrepladmin", "root"}

// database checks the RDS instance; also where it is off, so that switching it on brings no surprise.
func (v *validator) database() {
	d := v.env.Database
	v.like("database.engine_version", d.EngineVersion, enginePattern, "an exact MySQL version of 8.0 or 8.4", mysqlVersion)
	v.databaseClass()
	v.storage()
	v.databaseNames()
	v.windows()
	v.between("database.backup_retention_days", d.BackupRetentionDays, 0, mostBackupDays, " days")
	v.among("database.enhanced_monitoring_seconds", d.MonitoringSeconds, monitoringIntervals, "enhanced monitoring")
	if v.env.Environment == Dev && v.env.EnableRDS && !d.IAMAuthentication {
		for _, service := range v.env.EnabledServices() {
			if service.UsesDatabase {
				v.bad("database.iam_authentication", "is false, but "+service.Name+" logs in to MySQL by IAM token and has no password", "set true")
				return
			}
		}
	}
}

func (v *validator) databaseClass() {
	d := v.env.Database
	if bare, prefixed := strings.CutPrefix(d.InstanceClass, "db."); prefixed {
		v.bad("database.instance_class", quoted(d.InstanceClass)+" has the prefix db., which is added here", "write "+bare)
		return
	}
	v.like("database.instance_class", d.InstanceClass, classPattern, "an RDS instance class without db.", smallInstance)
	if d.PerformanceInsights && tooSmallForPI.MatchString(d.InstanceClass) {
		v.bad("database.performance_insights", "is true, but RDS does not offer it on db."+d.InstanceClass, "set false, or choose t3.medium or larger as instance_class")
	}
}

// storage: growth ends where it began, or RDS wants a tenth more at least.
func (v *validator) storage() {
	first, most := v.env.Database.AllocatedStorageGiB, v.env.Database.MaxAllocatedStorageGiB
	v.between("database.allocated_storage_gib", first, leastStorageGiB, mostStorageGiB, " GiB")
	const key = "database.max_allocated_storage_gib"
	if most < first {
		v.bad(key, numbers("%d is below allocated_storage_gib, %d", most, first), "raise it, or set both alike for storage that does not grow")
	} else if most > first && most*10 < first*11 {
		v.bad(key, numbers("%d is less than a tenth above allocated_storage_gib, %d, which RDS refuses", most, first),
			numbers("set %d or more, or %d for storage that does not grow", (first*11+9)/10, first))
	}
	if most > mostStorageGiB {
		v.bad(key, numbers("%d is above %d GiB, the most", most, mostStorageGiB), numbers("set %d or less", mostStorageGiB))
	}
}

func (v *validator) databaseNames() {
	d := v.env.Database
	names := []struct {
		key, value, kind, example string
		pattern                   *regexp.Regexp
	}{
		{"database.db_name", d.Name, "a name of 1 to 64 letters, digits and _", "ridebooking", schemaPattern},
		{"database.db_master_username", d.MasterUser, "a user of 1 to 16 letters, digits and _", "admin", masterUserPattern},
		{"database.rds_db_user", d.AppUser, "a user of 1 to 32 letters, digits and _", "app_user", appUserPattern},
	}
	for _, name := range names {
		v.like(name.key, name.value, name.pattern, name.kind, name.example)
		if slices.Contains(takenByMySQL, strings.ToLower(name.value)) {
			v.bad(name.key, quoted(name.value)+" is MySQL's own", "choose another name, e.g. "+name.example)
		}
	}
	if d.AppUser == d.MasterUser && d.AppUser != "" {
		v.bad("database.rds_db_user", quoted(d.AppUser)+" is the administrator too", "give the services a user of their own, e.g. app_user")
	}
}

func (v *validator) windows() {
	d := v.env.Database
	backup, backupOK := parseDaily(d.BackupWindow)
	if !backupOK {
		v.bad("database.backup_window", quoted(d.BackupWindow)+" is not a daily window in UTC", "write hh:mm-hh:mm in quotes, e.g. \"18:00-19:00\"")
	}
	maintenance, maintenanceOK := parseWeekly(d.MaintenanceWindow)
	if !maintenanceOK {
		v.bad("database.maintenance_window", quoted(d.MaintenanceWindow)+" is not a weekly window in UTC", "write ddd:hh:mm-ddd:hh:mm, e.g. Mon:19:30-Mon:20:30")
	}
	v.windowLength("database.backup_window", backup, backupOK)
	v.windowLength("database.maintenance_window", maintenance, maintenanceOK)
	if backupOK && maintenanceOK && maintenance.near(backup) {
		v.bad("database.maintenance_window", fmt.Sprintf("%s comes within %d minutes of the daily backup, %s", d.MaintenanceWindow, windowGap, d.BackupWindow),
			numbers("leave %d minutes between the two", windowGap))
	}
}

func (v *validator) windowLength(key string, w window, ok bool) {
	if ok && (w.length < leastWindow || w.length > minutesADay) {
		v.bad(key, numbers("is %d minutes long, but RDS takes %d minutes to a day", w.length, leastWindow), "move its end")
	}
}
