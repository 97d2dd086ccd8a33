package config

import (
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a time zone must be known on every machine, also one without zoneinfo
)

// retentionDays are the periods that CloudWatch Logs takes.
var retentionDays = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

// scheduleDays are EventBridge Scheduler's, in its order: a range may not run backwards.
var scheduleDays = []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}

var zonePattern = regexp.MustCompile(`^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$`)

// release checks how releases are kept; two on a host are what a rollback needs.
func (v *validator) release() {
	v.between("release.keep_on_host", v.env.Release.KeepOnHost, 2, 20, " releases")
	v.between("release.health_timeout_seconds", v.env.Release.HealthTimeoutSeconds, 5, 900, " seconds")
	v.between("release.noncurrent_days", v.env.Release.NoncurrentDays, 1, 3650, " days")
}

// observability checks who is told, and how long logs are kept.
func (v *validator) observability() {
	o := v.env.Observability
	if o.AlarmEmail != "" && !isEmail(o.AlarmEmail) {
		v.bad("observability.alarm_email", quoted(o.AlarmEmail)+" is not an e-mail address", "write one like oncall@example.com, or \"\" for none")
	}
	v.retention("observability.log_retention_days", o.LogRetentionDays)
}

func (v *validator) retention(key string, days int) {
	v.among(key, days, retentionDays, "CloudWatch Logs")
}

// cost checks the budget and DEV's hours.
func (v *validator) cost() {
	v.between("cost.monthly_budget_usd", v.env.Cost.MonthlyBudgetUSD, 1, 1_000_000, " USD")
	hours := v.env.Cost.WorkingHours
	if hours == nil || v.env.Environment == Prod {
		return // PROD may have none at all; production says so
	}
	const key = "cost.working_hours"
	v.like(key+".start", hours.Start, clockPattern, "a time of day", `"09:00"`)
	v.like(key+".stop", hours.Stop, clockPattern, "a time of day", `"18:00"`)
	if hours.Start == hours.Stop && hours.Start != "" {
		v.bad(key+".stop", quoted(hours.Stop)+" is when DEV starts too", "choose a later time, or write working_hours: null to let DEV run on")
	}
	if !areDays(hours.Days) {
		v.bad(key+".days", quoted(hours.Days)+" are no days of EventBridge Scheduler", "write a range from SUN to SAT or a list, e.g. MON-FRI or FRI,SAT,SUN")
	}
	if !isTimeZone(hours.TimeZone) {
		v.bad(key+".time_zone", quoted(hours.TimeZone)+" is no time zone of IANA's list", "write one like Asia/Singapore")
	}
}

// areDays takes a list of days and of ranges within Sunday to Saturday.
func areDays(text string) bool {
	for part := range strings.SplitSeq(text, ",") {
		from, to, isRange := strings.Cut(part, "-")
		first, last := slices.Index(scheduleDays, from), slices.Index(scheduleDays, to)
		if first < 0 || (isRange && last <= first) {
			return false
		}
	}
	return true
}

func isTimeZone(name string) bool {
	if !zonePattern.MatchString(name) || name == "Local" {
		return false
	}
	_, err := time.LoadLocation(name)
	return err == nil
}
