package config_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/d2-ride-booking/platform/config"
)

const (
	mysqlPROD = "MySQL 8.0.46 is past RDS standard support since 31 July 2026; Extended Support costs about 292 to 350 USD a month. Set an 8.4 version, e.g. engine_version: 8.4.10, after a trial upgrade"
	mysqlDEV  = "MySQL 8.0.46 is past RDS standard support since 31 July 2026; Extended Support costs about 146 to 175 USD a month. Set an 8.4 version, e.g. engine_version: 8.4.10, after a trial upgrade"
	node20    = "Node.js 20 gets no more security fixes since 30 April 2026. Set node_major: 22"
	noEmail   = "nobody is told when PROD's alarms go off or its budget is spent. Set the address of who is on call"
)

func TestPRODWarnsOfThreeThings(t *testing.T) {
	assert.Equal(t, []config.Warning{
		{Key: "database.engine_version", What: mysqlPROD},
		{Key: "runtime.node_major", What: node20},
		{Key: "observability.alarm_email", What: noEmail},
	}, parse(t, prodHead).Warnings())
}

func TestDEVWarnsOfTwoAndPaysForOneInstanceOnly(t *testing.T) {
	assert.Equal(t, []config.Warning{
		{Key: "database.engine_version", What: mysqlDEV},
		{Key: "runtime.node_major", What: node20},
	}, parse(t, devHead).Warnings())
}

func TestWhoFollowsTheWarningsHasNoneLeft(t *testing.T) {
	env := parse(t, prodHead+"database: {engine_version: 8.4.10}\nruntime: {node_major: 22}\nobservability: {alarm_email: oncall@example.com}\n")
	assert.Empty(t, env.Warnings())
}

func TestExtendedSupportIsPricedByTheCoresOfTheClass(t *testing.T) {
	for class, want := range map[string]string{
		"t3.micro": "146 to 175", "m6g.large": "146 to 175", "r6g.xlarge": "292 to 350",
		"m5.4xlarge": "1168 to 1402", "m6gd.medium": "73 to 88",
	} {
		env := config.Defaults(config.Dev)
		env.Database.InstanceClass = class
		assert.Contains(t, env.Warnings()[0].What, "costs about "+want+" USD a month", class)
	}
}
