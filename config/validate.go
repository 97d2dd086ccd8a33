package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Validate checks an environment, however it was made, and returns Problems that
// hold everything wrong with it. Parse and Load call it.
func (e *Environment) Validate() error { return e.check().orNil() }

// check is Validate before its problems know their lines.
func (e *Environment) check() Problems {
	v := &validator{env: e}
	if e.Environment != Dev && e.Environment != Prod {
		v.bad("environment", quoted(string(e.Environment))+" is neither dev nor prod", "write dev or prod")
		return v.problems
	}
	v.identity()
	v.domain()
	v.network()
	v.hosts()
	v.services()
	v.sites()
	v.addresses()
	v.growth()
	v.lengths()
	v.database()
	v.users()
	v.release()
	v.observability()
	v.cost()
	v.production()
	return v.problems
}

// validator collects what is wrong with one environment; each topic has its own file.
type validator struct {
	env      *Environment
	problems Problems
}

func (v *validator) bad(key, what, remedy string) {
	v.problems = append(v.problems, Problem{Key: key, What: what, Remedy: remedy})
}

// demand refuses key unless ok.
func (v *validator) demand(ok bool, key, what, remedy string) {
	if !ok {
		v.bad(key, what, remedy)
	}
}

// production are the promises that PROD may not be configured out of (runbook PROD 10, 11).
func (v *validator) production() {
	e := v.env
	if e.Environment != Prod {
		return
	}
	on := func(ok bool, key, why string) { v.demand(ok, key, "is false, but "+why, "set true") }
	on(e.EnableRDS, "enable_rds", "PROD's database is always on (runbook PROD 1.4, 11.2)")
	on(e.EnableALB, "enable_alb", "PROD serves through a load balancer with HTTPS and host-based routing (runbook PROD 1.4, 11.2)")
	on(e.EnableNATGateway, "enable_nat_gateway", "PROD's hosts have no public address (runbook PROD 10.1) and "+
		"without NAT no way out to install themselves; VPC endpoints do not carry packages and npm")
	on(e.Database.MultiAZ, "database.multi_az", "PROD's database survives the loss of a zone (runbook PROD 10.2)")
	on(e.Database.IAMAuthentication, "database.iam_authentication", "PROD's services log in to MySQL without a password (runbook PROD 11.2)")
	on(e.Database.DeletionProtection, "database.deletion_protection", "no one deletes PROD's database by mistake (runbook PROD 11.2)")
	on(e.Observability.EnableAlarms, "observability.enable_alarms", "PROD's health is watched (runbook PROD 10.2)")
	v.demand(e.Network.NATGateways != NATOne, "network.nat_gateways",
		"is one, but PROD's network is redundant over its zones (runbook PROD 11.2)", "set one_per_zone")
	if days := e.Database.BackupRetentionDays; days >= 0 && days < 7 {
		v.bad("database.backup_retention_days", fmt.Sprintf("%d is below 7, the least PROD keeps (runbook PROD 10.5)", days), "set 7 or more")
	}
	if length := e.Identity.PasswordMinLength; length >= leastPassword && length < 12 {
		v.bad("identity.cognito_password_min_length", fmt.Sprintf("%d is below 12, the least in PROD (runbook PROD 1.4)", length), "set 12 or more")
	}
	v.demand(e.Cost.WorkingHours == nil, "cost.working_hours",
		"would stop PROD's hosts and database, which are always on (runbook PROD 11.2)", "take working_hours out")
}

// Small checks that many keys share.

// between refuses a number outside low and high; unit follows the numbers in the message.
func (v *validator) between(key string, value, low, high int, unit string) {
	remedy := fmt.Sprintf("set %d to %d", low, high)
	switch {
	case value < low:
		v.bad(key, fmt.Sprintf("%d is below %d%s, the least", value, low, unit), remedy)
	case value > high:
		v.bad(key, fmt.Sprintf("%d is above %d%s, the most", value, high, unit), remedy)
	}
}

// among refuses a number that is none of the allowed.
func (v *validator) among(key string, value int, allowed []int, taker string) {
	if !slices.Contains(allowed, value) {
		choices := strings.ReplaceAll(strings.Trim(fmt.Sprint(allowed), "[]"), " ", ", ")
		v.bad(key, fmt.Sprintf("%d is not among what %s takes", value, taker), "set one of "+choices)
	}
}

// like refuses a text that does not match; kind says what it should be, example shows one.
func (v *validator) like(key, value string, pattern *regexp.Regexp, kind, example string) bool {
	switch {
	case value == "":
		v.bad(key, "is missing", "give "+kind+", e.g. "+example)
	case !pattern.MatchString(value):
		v.bad(key, quoted(value)+" is not "+kind, "write it like "+example)
	default:
		return true
	}
	return false
}
