package ops

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// clientOutput is the stack's output that names the app client (runbook PROD 8.1).
const clientOutput = "cognito.app_client_id"

// SignInAPI is what signing in needs of AWS.
type SignInAPI struct {
	Stacks StackReader
	Pool   interface {
		InitiateAuth(context.Context, *cognito.InitiateAuthInput, ...func(*cognito.Options)) (*cognito.InitiateAuthOutput, error)
	}
}

// SignIn is what a user got who signed in (runbook PROD 8.3).
type SignIn struct {
	// Email that signed in.
	Email string `json:"email"`
	// Client is the app client it signed in to.
	Client string `json:"client"`
	// ExpiresInSeconds is how long the ID and access tokens last.
	ExpiresInSeconds int `json:"expires_in_seconds"`
	// Claims are those of the ID token, decoded, their signature not verified.
	Claims map[string]any `json:"claims"`
	// AccessClaims are those of the access token, likewise.
	AccessClaims map[string]any `json:"access_claims"`
	// Tokens are the tokens themselves, only where they were asked for.
	Tokens *Tokens `json:"tokens,omitempty"`
}

// Tokens are as good as the password until they expire.
type Tokens struct {
	// ID is the ID token, with which the apps call the API.
	ID string `json:"id"`
	// Access is the access token.
	Access string `json:"access"`
	// Refresh is the refresh token, which makes new ones for 30 days.
	Refresh string `json:"refresh"`
}

// TrySignIn signs in as the apps do, by USER_PASSWORD_AUTH. It changes nothing.
func TrySignIn(ctx context.Context, api SignInAPI, env *config.Environment, email, password string) (*SignIn, error) {
	outputs, _, err := ReadOutputs(ctx, api.Stacks, env)
	if err != nil {
		return nil, err
	}
	if _, err := outputs.Under(clientOutput); err != nil {
		return nil, err
	}
	client := outputs[clientOutput]
	answer, err := api.Pool.InitiateAuth(ctx, &cognito.InitiateAuthInput{
		AuthFlow: types.AuthFlowTypeUserPasswordAuth, ClientId: &client,
		AuthParameters: map[string]string{"USERNAME": email, "PASSWORD": password},
	})
	if err != nil {
		return nil, explainSignIn(err, env, email)
	}
	if answer.AuthenticationResult == nil {
		return nil, explainChallenge(answer.ChallengeName, env, email)
	}
	return signInFrom(email, client, answer.AuthenticationResult)
}

func signInFrom(email, client string, got *types.AuthenticationResultType) (*SignIn, error) {
	signIn := &SignIn{Email: email, Client: client, ExpiresInSeconds: int(got.ExpiresIn), Tokens: &Tokens{
		ID: aws.ToString(got.IdToken), Access: aws.ToString(got.AccessToken), Refresh: aws.ToString(got.RefreshToken),
	}}
	var err error
	if signIn.Claims, err = claims(signIn.Tokens.ID); err != nil {
		return nil, err
	}
	signIn.AccessClaims, err = claims(signIn.Tokens.Access)
	return signIn, err
}

// claims are those of a JSON Web Token, read without its key. The error holds nothing of the token.
func claims(token string) (map[string]any, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, fault.New(fault.Failed, "", "the user pool sent a token that is none")
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, fault.New(fault.Failed, "", "the user pool sent a token that cannot be decoded")
	}
	var found map[string]any
	if json.Unmarshal(body, &found) != nil {
		return nil, fault.New(fault.Failed, "", "the user pool sent a token without claims")
	}
	return found, nil
}

// explainSignIn is for what Cognito refuses: a wrong password is a finding, not a
// fault of the caller's AWS credentials.
func explainSignIn(err error, env *config.Environment, email string) error {
	var (
		wrong       *types.NotAuthorizedException
		unknown     *types.UserNotFoundException
		reset       *types.PasswordResetRequiredException
		unconfirmed *types.UserNotConfirmedException
	)
	set := fmt.Sprintf("set its password: d2ctl user password -e %s %s", env.Environment, email)
	switch {
	case errors.As(err, &wrong), errors.As(err, &unknown):
		return &fault.Error{
			Code: fault.Unhealthy, What: "the user pool does not take this password for " + email,
			Try: fmt.Sprintf("see whether it is there and enabled: d2ctl user list -e %s; or %s", env.Environment, set), Cause: err,
		}
	case errors.As(err, &reset):
		return &fault.Error{Code: fault.Unhealthy, What: email + " must reset its password first", Try: set, Cause: err}
	case errors.As(err, &unconfirmed):
		return &fault.Error{Code: fault.Unhealthy, What: email + " has not confirmed its address", Try: "confirm it by the code that was mailed; or " + set, Cause: err}
	}
	return err
}

// explainChallenge is for a password that was right but not enough.
func explainChallenge(challenge types.ChallengeNameType, env *config.Environment, email string) error {
	if challenge == types.ChallengeNameTypeNewPasswordRequired {
		return fault.New(fault.Unhealthy, fmt.Sprintf("set a lasting one: d2ctl user password -e %s %s", env.Environment, email),
			"the password of %s is right but temporary: the user pool asks for a new one (%s)", email, challenge)
	}
	return fault.New(fault.Unhealthy, "sign in on a site, where the second factor can be given",
		"the password of %s is right, and the user pool asks for more: %s", email, challenge)
}
