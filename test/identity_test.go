package test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

const (
	pool   = "AWS::Cognito::UserPool"
	client = "AWS::Cognito::UserPoolClient"
)

func TestPasswordsAreEightCharactersInDEVAndTwelveInPROD(t *testing.T) {
	for stack, length := range map[string]float64{"D2-Dev": 8, "D2-Prod": 12} {
		has(t, template(t, stack).Only(t, pool), map[string]any{
			"Policies.PasswordPolicy.MinimumLength": length, "Policies.PasswordPolicy.RequireLowercase": true,
			"Policies.PasswordPolicy.RequireUppercase": true, "Policies.PasswordPolicy.RequireNumbers": true,
			"Policies.PasswordPolicy.RequireSymbols": true, "Policies.PasswordPolicy.TemporaryPasswordValidityDays": 7.0,
		})
	}
}

func TestPeopleSignInByEMailAndMayAddTOTP(t *testing.T) {
	for _, stack := range []string{"D2-Dev", "D2-Prod"} {
		has(t, template(t, stack).Only(t, pool), map[string]any{
			"UsernameAttributes": []any{"email"}, "UsernameConfiguration.CaseSensitive": false, "AutoVerifiedAttributes": []any{"email"},
			"MfaConfiguration": "OPTIONAL", "EnabledMfas": []any{"SOFTWARE_TOKEN_MFA"}, "SmsConfiguration": nil,
			"AdminCreateUserConfig.AllowAdminCreateUserOnly": false,
		})
		assert.Equal(t, "verified_email", template(t, stack).Only(t, pool).At("AccountRecoverySetting.RecoveryMechanisms.0.Name"))
	}
}

func TestTheAppSignsInByPasswordWithoutASecret(t *testing.T) {
	for _, stack := range []string{"D2-Dev", "D2-Prod"} {
		app := template(t, stack).Only(t, client)
		has(t, app, map[string]any{
			"GenerateSecret": false, "PreventUserExistenceErrors": "ENABLED", "EnableTokenRevocation": true,
			"AllowedOAuthFlowsUserPoolClient": false,
			"AccessTokenValidity":             60.0, "IdTokenValidity": 60.0, "RefreshTokenValidity": 43200.0,
		})
		assert.ElementsMatch(t, []string{"ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}, texts(app.At("ExplicitAuthFlows")))
	}
}

// In the original any user could make himself ADMIN (facts S1).
func TestNobodyCanGiveHimselfARole(t *testing.T) {
	for _, stack := range []string{"D2-Dev", "D2-Prod"} {
		whole := template(t, stack)
		app := whole.Only(t, client)
		assert.Equal(t, []any{"email"}, app.At("WriteAttributes"))
		assert.ElementsMatch(t, []string{"custom:role", "email", "email_verified"}, texts(app.At("ReadAttributes")))
		assert.Equal(t, "role", whole.Only(t, pool).At("Schema.0.Name"))
		assert.Equal(t, true, whole.Only(t, pool).At("Schema.0.Mutable"), "an administrator must be able to")
	}
}

func TestThereAreThreeGroups(t *testing.T) {
	groups := map[string]any{}
	for _, each := range template(t, "D2-Prod").All("AWS::Cognito::UserPoolGroup") {
		groups[text(each.At("GroupName"))] = each.At("Precedence")
		assert.Nil(t, each.At("RoleArn"))
	}
	assert.Equal(t, map[string]any{"ADMIN": 1.0, "PASSENGER": 2.0, "DRIVER": 3.0}, groups)
}

func TestPRODsUsersCannotBeDeleted(t *testing.T) {
	users := template(t, "D2-Prod").Only(t, pool)
	assert.Equal(t, "ACTIVE", users.At("DeletionProtection"))
	assert.Equal(t, "Retain", users.DeletionPolicy)
	assert.Equal(t, "INACTIVE", template(t, "D2-Dev").Only(t, pool).At("DeletionProtection"))
}

func TestOnlyAServiceThatManagesUsersMayChangeThem(t *testing.T) {
	whole := prod(t, larger)
	users := "${" + whole.Only(t, pool).ID + ".Arn}"
	var allowed []string
	for _, role := range whole.All("AWS::IAM::Role") {
		if may(whole.Allowed(role), "cognito-idp:AdminUpdateUserAttributes", users) {
			allowed = append(allowed, short(text(role.At("RoleName"))))
		}
	}
	assert.Equal(t, []string{"backend-api"}, allowed)
}
