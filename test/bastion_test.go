package test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
)

func bastionOf(t *testing.T, whole Template) (instance, host Resource) {
	t.Helper()
	instance = whole.Named(t, "AWS::EC2::Instance", "bastion")
	return instance, launched(t, whole, instance)
}

func TestTheBastionIsFoundByTheRunbooksTags(t *testing.T) {
	for stack, environment := range map[string]string{"D2-Dev": "dev", "D2-Prod": "prod"} {
		instance, host := bastionOf(t, template(t, stack))
		assert.Equal(t, "bastion", instance.Tag(config.TagService))
		assert.Equal(t, environment, instance.Tag(config.TagEnvironment))
		assert.Equal(t, "d2-ride-booking-"+environment+"-bastion", instance.Tag(config.TagName))
		assert.Equal(t, "t3.micro", host.At("LaunchTemplateData.InstanceType"))
	}
}

func TestTheBastionLetsNobodyInAndHasNoKey(t *testing.T) {
	for _, stack := range []string{"D2-Dev", "D2-Prod"} {
		whole := template(t, stack)
		_, host := bastionOf(t, whole)
		assert.Nil(t, host.At("LaunchTemplateData.KeyName"))
		groups := targets(host.At("LaunchTemplateData.NetworkInterfaces.0.Groups"))
		require.Len(t, groups, 1)
		assert.Empty(t, firewalls(t, whole)[groups[0]].in)
	}
}

func TestTheBastionStandsInPublicSoThatItsAgentReachesSystemsManager(t *testing.T) {
	whole := template(t, "D2-Prod")
	_, host := bastionOf(t, whole)
	assert.Equal(t, true, host.At("LaunchTemplateData.NetworkInterfaces.0.AssociatePublicIpAddress"))
	assert.Equal(t, "public-ap-southeast-1a", short(whole.Get(t, host.At("LaunchTemplateData.NetworkInterfaces.0.SubnetId")).Tag("Name")))
}

func TestShellsAreRecordedInAnEncryptedLogOfTheEnvironment(t *testing.T) {
	for stack, days := range map[string]float64{"D2-Dev": 7, "D2-Prod": 90} {
		whole := template(t, stack)
		document := whole.Only(t, "AWS::SSM::Document")
		has(t, document, map[string]any{
			"DocumentType": "Session", "Content.sessionType": "Standard_Stream",
			"Content.inputs.cloudWatchEncryptionEnabled": true, "Content.inputs.cloudWatchStreamingEnabled": true,
		})
		log := whole.Get(t, document.At("Content.inputs.cloudWatchLogGroupName"))
		assert.Equal(t, days, log.At("RetentionInDays"))
		key := whole.Get(t, log.At("KmsKeyId"))
		assert.Equal(t, "AWS::KMS::Key", key.Type)
		assert.True(t, logsMayUse(key, text(log.At("LogGroupName"))), "CloudWatch Logs would refuse to make the group")
	}
}

// logsMayUse says whether the key's policy lets CloudWatch Logs encrypt that one group.
func logsMayUse(key Resource, logGroup string) bool {
	for _, statement := range statements(key.At("KeyPolicy")) {
		arn := text(at(statement.Condition, "ArnEquals.kms:EncryptionContext:aws:logs:arn"))
		if len(statement.Principals) == 1 && statement.Principals[0] == "Service:logs.ap-southeast-1.amazonaws.com" &&
			arn == "arn:aws:logs:ap-southeast-1:111122223333:log-group:"+logGroup {
			return may([]Statement{statement}, "kms:Encrypt", "*") && may([]Statement{statement}, "kms:Decrypt", "*") &&
				may([]Statement{statement}, "kms:GenerateDataKey", "*")
		}
	}
	return false
}

// Every host can be reached by a session and record it; the bastion can do nothing else.
func TestEveryHostMayRecordItsSessionsAndTheBastionNothingMore(t *testing.T) {
	whole := prod(t, larger)
	log := "${" + whole.Where("AWS::Logs::LogGroup", "LogGroupName", "/aws/ssm/prod-d2-ride-booking-sessions")[0].ID + ".Arn}"
	for _, role := range whole.All("AWS::IAM::Role") {
		if statements(role.At("AssumeRolePolicyDocument"))[0].Principals[0] != "Service:ec2.amazonaws.com" {
			continue
		}
		allowed := whole.Allowed(role)
		for _, action := range []string{"logs:CreateLogStream", "logs:PutLogEvents"} {
			assert.True(t, may(allowed, action, log), "%s %s", role.ID, action)
		}
		assert.True(t, may(allowed, "ssmmessages:OpenDataChannel", "*"), role.ID)
		if role.Tag(config.TagService) == "bastion" {
			assert.Len(t, allowed, 2, "its agent's calls, and its session log")
		}
	}
}
