package test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
)

const (
	alarm    = "AWS::CloudWatch::Alarm"
	logGroup = "AWS::Logs::LogGroup"
	topic    = "AWS::SNS::Topic"
)

// alarmNames are those of a template, without the environment's prefix.
func alarmNames(whole Template) []string {
	var names []string
	for _, each := range whole.All(alarm) {
		names = append(names, short(text(each.At("AlarmName"))))
	}
	return names
}

// Facts 1.17 and R6: what the original watched, and what it should have.
func TestThereIsAnAlarmForEachThingThatCanPageSomeone(t *testing.T) {
	assert.ElementsMatch(t, []string{
		"backend-api-cpu-high", "backend-api-cpu-credits-spent", "backend-api-memory-high", "backend-api-disk-high",
		"backend-api-in-service-low", "backend-api-at-maximum",
		"backend-api-unhealthy-hosts", "backend-api-no-healthy-host", "backend-api-5xx", "backend-api-latency-high", "alb-5xx",
		"rds-cpu-high", "rds-cpu-credits-spent", "rds-storage-low", "rds-memory-low", "rds-connections-high",
		"nat-1-ports-exhausted", "nat-1-packets-dropped", "nat-2-ports-exhausted", "nat-2-packets-dropped",
		"certificate-expiry", "bastion-status-check-failed",
	}, alarmNames(template(t, "D2-Prod")))
	assert.ElementsMatch(t, []string{"certificate-expiry", "sites-5xx"}, alarmNames(template(t, "D2-Prod-Edge")))
	assert.ElementsMatch(t, []string{
		"app-host-status-check-failed", "app-host-cpu-high", "app-host-cpu-credits-spent", "app-host-memory-high", "app-host-disk-high",
		"rds-cpu-high", "rds-cpu-credits-spent", "rds-storage-low", "rds-memory-low", "rds-connections-high",
		"bastion-status-check-failed",
	}, alarmNames(template(t, "D2-Dev")))
	assert.Empty(t, alarmNames(template(t, "D2-Dev-Edge")))
}

func TestAFailedReleaseTellsSomeone(t *testing.T) {
	whole := prod(t, larger)
	rules := whole.All("AWS::Events::Rule")
	require.Len(t, rules, 3, "one a service")
	for _, each := range rules {
		assert.Contains(t, texts(at(each.At("EventPattern"), "detail-type")), "EC2 Auto Scaling Instance Refresh Failed")
		assert.Contains(t, texts(at(each.At("EventPattern"), "detail-type")), "EC2 Instance Launch Unsuccessful")
		assert.Equal(t, whole.Only(t, topic).ID, target(each.At("Targets.0.Arn")))
		assert.Equal(t, "ENABLED", each.At("State"))
		fleets := whole.Where(group, "AutoScalingGroupName", texts(at(each.At("EventPattern"), "detail.AutoScalingGroupName"))[0])
		assert.Len(t, fleets, 1, each.ID)
	}
}

// An alarm on a number that nobody sends is silent for ever.
func TestTheHostsSendTheNumbersThatTheirAlarmsWatch(t *testing.T) {
	for _, whole := range []Template{template(t, "D2-Dev"), prod(t, larger)} {
		for _, host := range whole.All(launchTemplate) {
			if host.Tag(config.TagService) == config.ServiceBastion {
				continue
			}
			agent := oneLine(hostFile(t, host, "etc/d2/cloudwatch-agent.json"))
			for _, each := range whole.Where(alarm, "Namespace", config.MetricsNamespace) {
				measured := map[string]string{"mem_used_percent": `"mem_used_percent"`, "disk_used_percent": `"disk":{`}
				require.Contains(t, measured, text(each.At("MetricName")))
				assert.Contains(t, agent, measured[text(each.At("MetricName"))])
				assert.Contains(t, agent, `["`+text(each.At("Dimensions.0.Name"))+`"]`, "sent by this dimension alone")
			}
		}
	}
}

func TestTheTopicIsEncryptedAndCloudWatchCanReallyPublishToIt(t *testing.T) {
	for _, stack := range []string{"D2-Dev", "D2-Dev-Edge", "D2-Prod", "D2-Prod-Edge"} {
		whole := template(t, stack)
		alarms := whole.Only(t, topic)
		key := whole.Get(t, alarms.At("KmsMasterKeyId"))
		policy := statements(whole.Only(t, "AWS::SNS::TopicPolicy").At("PolicyDocument"))
		for _, publisher := range []string{"cloudwatch.amazonaws.com", "budgets.amazonaws.com"} {
			assert.True(t, serviceMay(policy, publisher, "sns:Publish"), "%s publishes", publisher)
			assert.True(t, serviceMay(statements(key.At("KeyPolicy")), publisher, "kms:GenerateDataKey"), "%s encrypts what it publishes", publisher)
			assert.True(t, serviceMay(statements(key.At("KeyPolicy")), publisher, "kms:Decrypt"), "%s", publisher)
		}
		assert.True(t, deniesPlainText(policy), "TLS only")
		if len(whole.All("AWS::Events::Rule")) > 0 {
			assert.True(t, serviceMay(policy, "events.amazonaws.com", "sns:Publish"))
			assert.True(t, serviceMay(statements(key.At("KeyPolicy")), "events.amazonaws.com", "kms:GenerateDataKey"))
		}
	}
}

func serviceMay(all []Statement, service, action string) bool {
	for _, statement := range all {
		if statement.Effect == "Allow" && slices.Contains(statement.Principals, "Service:"+service) &&
			slices.ContainsFunc(statement.Actions, matcher(action)) {
			return true
		}
	}
	return false
}

// deniesPlainText says whether a policy refuses whoever comes without TLS.
func deniesPlainText(all []Statement) bool {
	for _, statement := range all {
		everyone := slices.Contains(statement.Principals, "*") || slices.Contains(statement.Principals, "AWS:*")
		if statement.Effect == "Deny" && everyone && text(at(statement.Condition, "Bool.aws:SecureTransport")) == "false" {
			return true
		}
	}
	return false
}

func TestAnAddressIsSubscribedToBothTopicsOfItsEnvironment(t *testing.T) {
	for stack, whole := range largest(t) {
		subscription := whole.Only(t, "AWS::SNS::Subscription")
		has(t, subscription, map[string]any{"Protocol": "email", "Endpoint": "oncall@example.com"})
		assert.Equal(t, whole.Only(t, topic).ID, target(subscription.At("TopicArn")), stack)
	}
	assert.Empty(t, template(t, "D2-Prod").All("AWS::SNS::Subscription"), "nobody is asked for by name")
}

func TestDEVMayGoWithoutAlarms(t *testing.T) {
	quiet := synthesized(t, environment(t, config.Dev, everything, func(e *config.Environment) { e.Observability.EnableAlarms = false }))
	for _, whole := range quiet {
		assert.Empty(t, whole.All(alarm))
		assert.Empty(t, whole.All("AWS::Events::Rule"))
	}
}

func TestTheDashboardDrawsEveryAlarm(t *testing.T) {
	for stack, name := range map[string]string{"D2-Dev": "d2-ride-booking-dev", "D2-Prod": "d2-ride-booking-prod"} {
		whole := template(t, stack)
		dashboard := whole.Only(t, "AWS::CloudWatch::Dashboard")
		assert.Equal(t, name, dashboard.At("DashboardName"))
		var body struct {
			Widgets []struct{ Properties struct{ Title string } }
		}
		require.NoError(t, json.Unmarshal([]byte(flat(dashboard.At("DashboardBody"))), &body))
		var drawn []string
		for _, widget := range body.Widgets {
			drawn = append(drawn, widget.Properties.Title)
		}
		assert.ElementsMatch(t, alarmNames(whole), drawn)
	}
}

func TestLogsFlowWhereTheRunbooksLookForThem(t *testing.T) {
	for stack, names := range map[string][]string{
		"D2-Dev":  {"/aws/ec2/dev-d2-ride-booking-backend"},
		"D2-Prod": {"/aws/ec2/prod-d2-ride-booking-backend-api"},
	} {
		for _, name := range names {
			whole := template(t, stack)
			groups := whole.Where(logGroup, "LogGroupName", name)
			require.Len(t, groups, 1)
			for _, host := range whole.All(launchTemplate) {
				if strings.Contains(text(host.At("LaunchTemplateName")), "bastion") {
					continue
				}
				assert.Contains(t, oneLine(hostFile(t, host, "etc/d2/cloudwatch-agent.json")), `"log_group_name":"`+name+`"`)
				role := whole.Resources[targets(whole.Get(t, host.At("LaunchTemplateData.IamInstanceProfile.Arn")).At("Roles"))[0]]
				assert.True(t, may(whole.Allowed(role), "logs:PutLogEvents", "${"+groups[0].ID+".Arn}"))
			}
		}
	}
}

func TestAnAlarmSaysWhatToDo(t *testing.T) {
	for stack, whole := range largest(t) {
		for _, each := range whole.All(alarm) {
			assert.Greater(t, len(text(each.At("AlarmDescription"))), 40, "%s %s", stack, each.ID)
			assert.NotNil(t, each.At("TreatMissingData"), each.ID)
		}
	}
}

// oneLine is JSON without the spaces that people like.
func oneLine(text string) string {
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(text)); err != nil {
		return err.Error()
	}
	return compact.String()
}
