package d2ctl

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/ops"
)

// canary is a password that must stand nowhere but on the standard input.
const canary = "Canary-Pass-7301!"

// silent holds that a run let nothing of a password out.
func (o outcome) silent(t *testing.T) outcome {
	t.Helper()
	assert.NotContains(t, o.out+o.errors, canary)
	return o
}

func TestAUserIsMadeSignsInAndIsShutOut(t *testing.T) {
	p := deployed(t)
	made := p.fed(t, canary+"\n", "user", "create", "-e", "prod", "admin@fikri.dev", "--role", "ADMIN", "--password-stdin", "--yes", "--confirm", "prod", "-v").silent(t)
	require.Zero(t, made.code, made.errors)
	found := p.succeeds(t, "user", "list", "-e", "prod", "--jq", `.[] | select(.email == "admin@fikri.dev") | .role, .status, .enabled`)
	assert.Equal(t, "ADMIN\nCONFIRMED\ntrue\n", found.out)

	test := p.fed(t, canary, "user", "test", "-e", "prod", "admin@fikri.dev", "--password-stdin", "--json").silent(t)
	require.Zero(t, test.code, test.errors)
	var signIn ops.SignIn
	require.NoError(t, json.Unmarshal([]byte(test.out), &signIn))
	assert.NoError(t, check(t, "user-test.json", test.out))
	assert.Equal(t, "ADMIN", signIn.Claims["custom:role"])
	assert.Equal(t, []any{"ADMIN"}, signIn.AccessClaims["cognito:groups"])
	assert.NotContains(t, test.out, "eyJ", "no token is shown")
	people := p.fed(t, canary, "user", "test", "-e", "prod", "admin@fikri.dev", "--password-stdin", "--show-tokens").silent(t)
	assert.Contains(t, people.out, "signature is not verified")
	assert.Contains(t, people.out, "eyJ")

	wrong := p.fed(t, canary+"x", "user", "test", "-e", "prod", "admin@fikri.dev", "--password-stdin").silent(t)
	assert.Equal(t, 6, wrong.code)
	assert.Contains(t, wrong.errors, "the user pool does not take this password for admin@fikri.dev")

	disabled := p.succeeds(t, "user", "disable", "-e", "prod", "admin@fikri.dev", "--yes", "--confirm", "prod", "--json")
	assert.NoError(t, check(t, "user-disable.json", disabled.out))
	assert.Equal(t, 6, p.fed(t, canary, "user", "test", "-e", "prod", "admin@fikri.dev", "--password-stdin").code)
	assert.Contains(t, p.succeeds(t, "user", "disable", "-e", "prod", "admin@fikri.dev").errors, "disabled already")
}

func TestAGeneratedPasswordWorksAndIsShownOnce(t *testing.T) {
	p := deployed(t)
	var user ops.User
	made := p.succeeds(t, "user", "create", "-e", "dev", "kim@fikri.dev", "--generate", "--yes", "--json")
	require.NoError(t, json.Unmarshal([]byte(made.out), &user))
	assert.NoError(t, check(t, "user-create.json", made.out))
	assert.NotContains(t, made.errors, user.Password)
	assert.Zero(t, p.fed(t, user.Password, "user", "test", "-e", "dev", "kim@fikri.dev", "--password-stdin").code)
	assert.Zero(t, p.fed(t, canary, "user", "password", "-e", "dev", "kim@fikri.dev", "--password-stdin", "--yes").silent(t).code)
	assert.Zero(t, p.fed(t, canary, "user", "test", "-e", "dev", "kim@fikri.dev", "--password-stdin").silent(t).code)
}

func TestWhatTheUserPoolWouldRefuseIsRefusedBeforeAnythingIsMade(t *testing.T) {
	p := deployed(t)
	short := p.fed(t, "Short1!", "user", "create", "-e", "dev", "short@fikri.dev", "--password-stdin", "--yes")
	assert.Equal(t, 2, short.code)
	assert.Contains(t, short.errors, "the password misses what the user pool asks for: 8 to 256 characters")
	assert.NotContains(t, short.errors, "Short1!")
	assert.NotContains(t, p.succeeds(t, "user", "list", "-e", "dev").out, "short@fikri.dev")

	for want, args := range map[string][]string{
		"is no e-mail address":     {"user", "create", "-e", "dev", "nobody", "--generate", "--yes"},
		`there is no role "KING"`:  {"user", "create", "-e", "dev", "a@fikri.dev", "--role", "KING", "--generate", "--yes"},
		"no password can be asked": {"user", "create", "-e", "dev", "a@fikri.dev", "--yes"},
		"--yes alone does not":     {"user", "create", "-e", "prod", "a@fikri.dev", "--generate", "--yes"},
	} {
		result := p.d2ctl(t, args...)
		assert.Equal(t, 2, result.code, want)
		assert.Contains(t, result.errors, want)
	}
	assert.Equal(t, 3, p.d2ctl(t, "user", "password", "-e", "dev", "nobody@fikri.dev", "--generate", "--yes").code)
	assert.NotContains(t, p.succeeds(t, "user", "list", "-e", "dev").out, " a@fikri.dev")
}

func TestADryRunAsksForNoPasswordAndMakesNobody(t *testing.T) {
	p := deployed(t)
	plan := p.succeeds(t, "user", "create", "-e", "prod", "dry@fikri.dev", "--role", "ADMIN", "--dry-run").out
	assert.Contains(t, plan, "the user dry@fikri.dev is made")
	assert.Contains(t, plan, "AdminSetUserPassword")
	assert.NotContains(t, p.succeeds(t, "user", "list", "-e", "prod").out, "dry@fikri.dev")
}

func TestATemporaryPasswordIsSaidToBeOne(t *testing.T) {
	p := deployed(t)
	pool := p.succeeds(t, "outputs", "-e", "dev", "cognito.user_pool_id").out
	_, err := p.clients(t).Cognito().AdminCreateUser(t.Context(), &cognito.AdminCreateUserInput{
		UserPoolId: aws.String(pool[:len(pool)-1]), Username: aws.String("new@fikri.dev"), TemporaryPassword: aws.String(canary),
		MessageAction: "SUPPRESS",
	})
	require.NoError(t, err)
	result := p.fed(t, canary, "user", "test", "-e", "dev", "new@fikri.dev", "--password-stdin").silent(t)
	assert.Equal(t, 6, result.code)
	assert.Contains(t, result.errors, "is right but temporary")
	assert.Contains(t, result.errors, "Try: set a lasting one: d2ctl user password -e dev new@fikri.dev\n")
	again := p.d2ctl(t, "user", "create", "-e", "dev", "new@fikri.dev", "--generate", "--yes")
	assert.Equal(t, 2, again.code)
	assert.Contains(t, again.errors, "is a user of d2-ride-booking-dev-users already")
}
