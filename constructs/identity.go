package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	cognito "github.com/aws/aws-cdk-go/awscdk/v2/awscognito"
	iam "github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/d2-ride-booking/platform/config"
)

// IdentityProps says how people sign in.
type IdentityProps struct {
	PoolName           string
	PasswordMinLength  int // 8 in DEV, 12 in PROD (runbook PROD 1.4)
	DeletionProtection bool
	Keep               bool
}

// Identity is the Cognito user pool with its groups and the one app client.
type Identity struct {
	Pool   cognito.UserPool
	Client cognito.UserPoolClient
}

// roleAttribute is custom:role. Clients read it and never write it: in the
// original any user could make himself ADMIN (facts S1).
const roleAttribute = "role"

// NewIdentity makes the pool. Username is the e-mail address, TOTP is offered,
// and USER_PASSWORD_AUTH works without a secret (runbook PROD 8.3).
func NewIdentity(scope constructs.Construct, id string, props IdentityProps) *Identity {
	scope = constructs.NewConstruct(scope, str(id))
	service(scope, config.ServiceIdentity)
	pool := cognito.NewUserPool(scope, str("UserPool"), &cognito.UserPoolProps{
		UserPoolName:        str(props.PoolName),
		SignInAliases:       &cognito.SignInAliases{Email: yes()},
		SignInCaseSensitive: no(),
		SelfSignUpEnabled:   yes(),
		AutoVerify:          &cognito.AutoVerifiedAttrs{Email: yes()},
		AccountRecovery:     cognito.AccountRecovery_EMAIL_ONLY,
		Mfa:                 cognito.Mfa_OPTIONAL,
		MfaSecondFactor:     &cognito.MfaSecondFactor{Otp: yes(), Sms: no()},
		PasswordPolicy: &cognito.PasswordPolicy{
			MinLength:     num(props.PasswordMinLength),
			RequireDigits: yes(), RequireLowercase: yes(), RequireUppercase: yes(), RequireSymbols: yes(),
			TempPasswordValidity: awscdk.Duration_Days(num(7)),
		},
		CustomAttributes: &map[string]cognito.ICustomAttribute{
			roleAttribute: cognito.NewStringAttribute(&cognito.StringAttributeProps{MinLen: num(5), MaxLen: num(10), Mutable: yes()}),
		},
		DeletionProtection: boolean(props.DeletionProtection),
		RemovalPolicy:      removal(props.Keep),
	})
	name(pool, props.PoolName)
	for precedence, group := range []string{"ADMIN", "PASSENGER", "DRIVER"} {
		cognito.NewCfnUserPoolGroup(scope, str(group), &cognito.CfnUserPoolGroupProps{
			UserPoolId: pool.UserPoolId(), GroupName: str(group), Precedence: num(precedence + 1),
		})
	}
	return &Identity{Pool: pool, Client: appClient(pool, props.PoolName+"-client")}
}

func appClient(pool cognito.UserPool, clientName string) cognito.UserPoolClient {
	email := &cognito.StandardAttributesMask{Email: yes()}
	readable := cognito.NewClientAttributes().
		WithStandardAttributes(&cognito.StandardAttributesMask{Email: yes(), EmailVerified: yes()}).
		WithCustomAttributes(str(roleAttribute))
	return pool.AddClient(str("Client"), &cognito.UserPoolClientOptions{
		UserPoolClientName:         str(clientName),
		GenerateSecret:             no(),
		AuthFlows:                  &cognito.AuthFlow{UserPassword: yes(), UserSrp: yes()},
		DisableOAuth:               yes(),
		PreventUserExistenceErrors: yes(),
		EnableTokenRevocation:      yes(),
		AccessTokenValidity:        awscdk.Duration_Hours(num(1)),
		IdTokenValidity:            awscdk.Duration_Hours(num(1)),
		RefreshTokenValidity:       awscdk.Duration_Days(num(30)),
		ReadAttributes:             readable,
		WriteAttributes:            cognito.NewClientAttributes().WithStandardAttributes(email),
	})
}

// Issuer is the iss of its tokens; the original's was malformed (facts F18).
func (i *Identity) Issuer() string { return "https://" + *i.Pool.UserPoolProviderName() }

// AllowUserManagement lets a role set attributes of a user, custom:role among them (facts 6.1).
func (i *Identity) AllowUserManagement(role iam.Role) {
	role.AddToPrincipalPolicy(allow([]string{"cognito-idp:AdminUpdateUserAttributes"}, *i.Pool.UserPoolArn()))
}
