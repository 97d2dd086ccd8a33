package test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
)

const schedule = "AWS::Scheduler::Schedule"

func TestEachEnvironmentHasABudgetThatWarns(t *testing.T) {
	for _, stage := range []config.Stage{config.Dev, config.Prod} {
		env := environment(t, stage)
		edge := template(t, env.EdgeStackName())
		budget := edge.Only(t, "AWS::Budgets::Budget")
		has(t, budget, map[string]any{
			"Budget.TimeUnit": "MONTHLY", "Budget.BudgetType": "COST",
			"Budget.BudgetLimit.Amount": float64(env.Cost.MonthlyBudgetUSD), "Budget.BudgetLimit.Unit": "USD",
			"Budget.CostFilters.TagKeyValue": []any{"user:Environment$" + string(stage)},
		})
		var alerts []string
		for _, i := range []string{"0", "1"} {
			notice := budget.At("NotificationsWithSubscribers." + i)
			alerts = append(alerts, text(at(notice, "Notification.NotificationType"))+" "+text(at(notice, "Notification.Threshold")))
			assert.Equal(t, edge.Only(t, topic).ID, target(at(notice, "Subscribers.0.Address")))
		}
		assert.Equal(t, []string{"ACTUAL 80", "FORECASTED 100"}, alerts)
	}
}

// schedules are the calls of a template's working hours, with when and on what.
func schedules(t *testing.T, whole Template) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for _, each := range whole.All(schedule) {
		assert.Equal(t, "Asia/Singapore", each.At("ScheduleExpressionTimezone"))
		assert.Equal(t, "OFF", each.At("FlexibleTimeWindow.Mode"))
		_, call, _ := strings.Cut(flat(each.At("Target.Arn")), ":aws-sdk:")
		found[call] = []string{text(each.At("ScheduleExpression")), flat(each.At("Target.Input"))}
	}
	return found
}

func TestDEVIsStartedOnWorkingDaysAndStoppedEveryDay(t *testing.T) {
	whole := template(t, "D2-Dev")
	host, bastion := whole.Named(t, "AWS::EC2::Instance", "app-host"), whole.Named(t, "AWS::EC2::Instance", "bastion")
	hostsInput := `{"InstanceIds":["${` + host.ID + `}","${` + bastion.ID + `}"]}`
	databaseInput := `{"DbInstanceIdentifier":"${` + whole.Only(t, database).ID + `}"}`
	working, daily := "cron(0 9 ? * MON-FRI *)", "cron(0 18 * * ? *)"
	assert.Equal(t, map[string][]string{
		"ec2:startInstances": {working, hostsInput}, "ec2:stopInstances": {daily, hostsInput},
		"rds:startDBInstance": {working, databaseInput},
		// Each day, so that a database which AWS started after seven days is stopped again.
		"rds:stopDBInstance": {daily, databaseInput},
	}, schedules(t, whole))
}

func TestTheScheduleMayStartAndStopWhatItNamesAndNothingElse(t *testing.T) {
	whole := template(t, "D2-Dev")
	role := whole.Named(t, iamRole, "working-hours")
	trust := statements(role.At("AssumeRolePolicyDocument"))
	assert.Equal(t, []string{"Service:scheduler.amazonaws.com"}, trust[0].Principals)
	assert.Equal(t, map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": "111122223333"}}, trust[0].Condition)
	granted := map[string][]string{}
	for _, statement := range whole.Allowed(role) {
		for _, action := range statement.Actions {
			granted[action] = statement.Resources
		}
	}
	host, bastion := whole.Named(t, "AWS::EC2::Instance", "app-host"), whole.Named(t, "AWS::EC2::Instance", "bastion")
	instances := []string{"arn:aws:ec2:ap-southeast-1:111122223333:instance/${" + bastion.ID + "}", "arn:aws:ec2:ap-southeast-1:111122223333:instance/${" + host.ID + "}"}
	databases := []string{"arn:aws:rds:ap-southeast-1:111122223333:db:${" + whole.Only(t, database).ID + "}"}
	assert.Equal(t, map[string][]string{
		"ec2:StartInstances": instances, "ec2:StopInstances": instances, "rds:StartDBInstance": databases, "rds:StopDBInstance": databases,
	}, granted)
	for _, each := range whole.All(schedule) {
		assert.Equal(t, role.ID, target(each.At("Target.RoleArn")))
	}
}

func TestPRODIsNeverStopped(t *testing.T) {
	for _, whole := range []Template{template(t, "D2-Prod"), prod(t, larger)} {
		assert.Empty(t, whole.All(schedule))
		for _, role := range whole.All(iamRole) {
			for _, action := range []string{"rds:StopDBInstance", "ec2:StopInstances", "ec2:TerminateInstances", "rds:DeleteDBInstance"} {
				assert.False(t, may(whole.Allowed(role), action, "*"), "%s %s", role.ID, action)
			}
		}
	}
}

func TestDEVRunsOnWhereItsWorkingHoursAreTakenOut(t *testing.T) {
	awake := dev(t, func(e *config.Environment) { e.Cost.WorkingHours = nil })
	assert.Empty(t, awake.All(schedule))
	require.Len(t, awake.All(database), 1)
}

func TestWorkingHoursStopOnlyWhatThereIs(t *testing.T) {
	calls := func(keys ...string) []string {
		var found []string
		for call := range schedules(t, dev(t, only(keys...))) {
			found = append(found, call)
		}
		return found
	}
	assert.Empty(t, calls())
	assert.ElementsMatch(t, []string{"rds:startDBInstance", "rds:stopDBInstance"}, calls("enable_rds"))
	assert.ElementsMatch(t, []string{"ec2:startInstances", "ec2:stopInstances"}, calls("enable_bastion"))
}
