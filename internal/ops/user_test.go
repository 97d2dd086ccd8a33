package ops

import (
	"context"
	"encoding/base64"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cfn "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// fakePool is a user pool that notes what it is told; refuse names the call that fails.
type fakePool struct {
	UserWriter
	env    *config.Environment
	users  []string
	told   []string
	refuse string
	auth   func() (*cognito.InitiateAuthOutput, error)
}

func (f *fakePool) note(call string) error {
	f.told = append(f.told, call)
	if call == f.refuse {
		return errors.New("no")
	}
	return nil
}

func (f *fakePool) ListUserPools(context.Context, *cognito.ListUserPoolsInput, ...func(*cognito.Options)) (*cognito.ListUserPoolsOutput, error) {
	return &cognito.ListUserPoolsOutput{UserPools: []types.UserPoolDescriptionType{{Id: aws.String("p-1"), Name: aws.String(f.env.UserPoolName())}}}, nil
}

func (f *fakePool) DescribeUserPool(context.Context, *cognito.DescribeUserPoolInput, ...func(*cognito.Options)) (*cognito.DescribeUserPoolOutput, error) {
	return &cognito.DescribeUserPoolOutput{UserPool: &types.UserPoolType{}}, nil
}

func (f *fakePool) AdminGetUser(_ context.Context, in *cognito.AdminGetUserInput, _ ...func(*cognito.Options)) (*cognito.AdminGetUserOutput, error) {
	for _, user := range f.users {
		if user == *in.Username {
			return &cognito.AdminGetUserOutput{Username: aws.String("u-1"), Enabled: true, UserStatus: types.UserStatusTypeConfirmed,
				UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: &user}}}, nil
		}
	}
	return nil, &types.UserNotFoundException{}
}

func (f *fakePool) AdminCreateUser(_ context.Context, in *cognito.AdminCreateUserInput, _ ...func(*cognito.Options)) (*cognito.AdminCreateUserOutput, error) {
	return &cognito.AdminCreateUserOutput{User: &types.UserType{Username: aws.String("u-1"), Attributes: in.UserAttributes, Enabled: true}}, f.note("create " + string(in.MessageAction))
}

func (f *fakePool) AdminAddUserToGroup(_ context.Context, in *cognito.AdminAddUserToGroupInput, _ ...func(*cognito.Options)) (*cognito.AdminAddUserToGroupOutput, error) {
	return nil, f.note("group " + *in.GroupName)
}

func (f *fakePool) AdminSetUserPassword(_ context.Context, in *cognito.AdminSetUserPasswordInput, _ ...func(*cognito.Options)) (*cognito.AdminSetUserPasswordOutput, error) {
	return nil, f.note("password " + *in.Password)
}

func (f *fakePool) InitiateAuth(context.Context, *cognito.InitiateAuthInput, ...func(*cognito.Options)) (*cognito.InitiateAuthOutput, error) {
	return f.auth()
}

func TestAUserGetsItsPasswordLast(t *testing.T) {
	env := shipped(t, config.Prod)
	pool := &fakePool{env: env}
	change, err := PlanUserCreation(t.Context(), pool, env, "admin@fikri.dev", "ADMIN")
	require.NoError(t, err)
	require.NoError(t, change.Create(t.Context(), pool, "Secret-1234!"))
	assert.Equal(t, []string{"create SUPPRESS", "group ADMIN", "password Secret-1234!"}, pool.told)
	assert.Equal(t, User{Email: "admin@fikri.dev", ID: "u-1", Role: "ADMIN", Status: "CONFIRMED", Enabled: true}, change.User)
	for _, call := range change.CreationPlan().Calls {
		assert.NotContains(t, call.With, "Secret")
	}
}

func TestAUserThatIsHalfMadeIsSaidToBe(t *testing.T) {
	env := shipped(t, config.Prod)
	for refused, want := range map[string]string{
		"group ADMIN":           "the user admin@fikri.dev is made, but is not in the group ADMIN: no",
		"password Secret-1234!": "the user admin@fikri.dev is made, but has no password: no",
	} {
		pool := &fakePool{env: env, refuse: refused}
		change, err := PlanUserCreation(t.Context(), pool, env, "admin@fikri.dev", "ADMIN")
		require.NoError(t, err)
		assert.EqualError(t, change.Create(t.Context(), pool, "Secret-1234!"), want)
	}
}

func TestAUserThatIsThereIsNotMadeAgain(t *testing.T) {
	env := shipped(t, config.Dev)
	_, err := PlanUserCreation(t.Context(), &fakePool{env: env, users: []string{"kim@fikri.dev"}}, env, "kim@fikri.dev", "")
	assert.EqualError(t, err, "kim@fikri.dev is a user of d2-ride-booking-dev-users already (CONFIRMED)")
	_, err = PlanUserChange(t.Context(), &fakePool{env: env}, env, "kim@fikri.dev")
	assert.Equal(t, fault.NotFound, fault.CodeOf(err))
}

func TestWhyNobodyIsSignedInIsSaidInWords(t *testing.T) {
	env := shipped(t, config.Dev)
	stacks := fakeStacks{stack: cfn.Stack{Outputs: []cfn.Output{{Description: aws.String(clientOutput), OutputValue: aws.String("c-1")}}}}
	challenged := func(name types.ChallengeNameType) func() (*cognito.InitiateAuthOutput, error) {
		return func() (*cognito.InitiateAuthOutput, error) {
			return &cognito.InitiateAuthOutput{ChallengeName: name}, nil
		}
	}
	refused := func(err error) func() (*cognito.InitiateAuthOutput, error) {
		return func() (*cognito.InitiateAuthOutput, error) { return nil, err }
	}
	for want, auth := range map[string]func() (*cognito.InitiateAuthOutput, error){
		"the password of kim@fikri.dev is right but temporary: the user pool asks for a new one (NEW_PASSWORD_REQUIRED)": challenged("NEW_PASSWORD_REQUIRED"),
		"the password of kim@fikri.dev is right, and the user pool asks for more: SOFTWARE_TOKEN_MFA":                    challenged("SOFTWARE_TOKEN_MFA"),
		"the user pool does not take this password for kim@fikri.dev":                                                    refused(&types.NotAuthorizedException{}),
		"kim@fikri.dev must reset its password first":                                                                    refused(&types.PasswordResetRequiredException{}),
		"kim@fikri.dev has not confirmed its address":                                                                    refused(&types.UserNotConfirmedException{}),
	} {
		_, err := TrySignIn(t.Context(), SignInAPI{Stacks: stacks, Pool: &fakePool{auth: auth}}, env, "kim@fikri.dev", "x")
		require.EqualError(t, err, want)
		assert.Equal(t, fault.Unhealthy, fault.CodeOf(err))
	}
}

func TestWhatIsNoTokenIsNotShownInTheError(t *testing.T) {
	encoded := base64.RawURLEncoding.EncodeToString([]byte(`{"custom:role":"ADMIN","exp":1700000000}`))
	found, err := claims("h." + encoded + ".s")
	require.NoError(t, err)
	assert.Equal(t, "ADMIN", found["custom:role"])
	for _, broken := range []string{"canary", "h.canary!.s", "h.Y2FuYXJ5.s"} {
		_, err := claims(broken)
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "canary")
	}
}
