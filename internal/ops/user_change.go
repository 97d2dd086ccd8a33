package ops

import (
	"context"
	"fmt"
	"net/mail"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// UserWriter is what changing users needs of Cognito.
type UserWriter interface {
	UserReader
	AdminCreateUser(context.Context, *cognito.AdminCreateUserInput, ...func(*cognito.Options)) (*cognito.AdminCreateUserOutput, error)
	AdminAddUserToGroup(context.Context, *cognito.AdminAddUserToGroupInput, ...func(*cognito.Options)) (*cognito.AdminAddUserToGroupOutput, error)
	AdminSetUserPassword(context.Context, *cognito.AdminSetUserPasswordInput, ...func(*cognito.Options)) (*cognito.AdminSetUserPasswordOutput, error)
	AdminDisableUser(context.Context, *cognito.AdminDisableUserInput, ...func(*cognito.Options)) (*cognito.AdminDisableUserOutput, error)
	AdminUserGlobalSignOut(context.Context, *cognito.AdminUserGlobalSignOutInput, ...func(*cognito.Options)) (*cognito.AdminUserGlobalSignOutOutput, error)
}

// UserChange is something that is done to one user.
type UserChange struct {
	// User as it was found, or as it is to be.
	User User
	pool *Pool
	env  *config.Environment
}

// PlanUserCreation looks whether the e-mail address is free; role may be empty.
func PlanUserCreation(ctx context.Context, api UserReader, env *config.Environment, email, role string) (*UserChange, error) {
	if address, err := mail.ParseAddress(email); err != nil || address.Address != email {
		return nil, fault.New(fault.Usage, "give one such as admin@fikri.dev", "%q is no e-mail address", email)
	}
	if role != "" && !slices.Contains(Roles, role) {
		return nil, fault.New(fault.Usage, "name one of: "+listed(Roles), "there is no role %q", role)
	}
	pool, err := ReadPool(ctx, api, env)
	if err != nil {
		return nil, err
	}
	user, err := ReadUser(ctx, api, pool, email)
	if err != nil {
		return nil, err
	}
	if user != nil {
		return nil, fault.New(fault.Usage, fmt.Sprintf("set its password: d2ctl user password -e %s %s", env.Environment, email),
			"%s is a user of %s already (%s)", email, pool.Name, user.Status)
	}
	return &UserChange{User: User{Email: email, Role: role}, pool: pool, env: env}, nil
}

// PlanUserChange finds the user whose password is set or who is disabled.
func PlanUserChange(ctx context.Context, api UserReader, env *config.Environment, email string) (*UserChange, error) {
	pool, user, err := findUser(ctx, api, env, email)
	if err != nil {
		return nil, err
	}
	return &UserChange{User: *user, pool: pool, env: env}, nil
}

// CreationPlan is what Create will do.
func (c *UserChange) CreationPlan() *Plan {
	plan := NewPlan(c.env).
		Do("the user %s is made in %s, with a confirmed address and a lasting password; no mail is sent", c.User.Email, c.pool.Name).
		Call("CognitoIdentityProvider.AdminCreateUser", c.User.Email, c.roleGiven())
	if c.User.Role != "" {
		plan.Call("CognitoIdentityProvider.AdminAddUserToGroup", c.User.Email, "group "+c.User.Role)
	}
	return plan.Call("CognitoIdentityProvider.AdminSetUserPassword", c.User.Email, "permanent")
}

func (c *UserChange) roleGiven() string {
	if c.User.Role == "" {
		return "email_verified true"
	}
	return "email_verified true, " + roleAttribute + " " + c.User.Role
}

// Create makes the user with a password. The password comes last: until then
// nobody can sign in, with a role or without.
func (c *UserChange) Create(ctx context.Context, api UserWriter, password string) error {
	attributes := []types.AttributeType{
		{Name: aws.String("email"), Value: &c.User.Email}, {Name: aws.String("email_verified"), Value: aws.String("true")},
	}
	if c.User.Role != "" {
		attributes = append(attributes, types.AttributeType{Name: aws.String(roleAttribute), Value: &c.User.Role})
	}
	made, err := api.AdminCreateUser(ctx, &cognito.AdminCreateUserInput{
		UserPoolId: &c.pool.ID, Username: &c.User.Email, UserAttributes: attributes,
		MessageAction: types.MessageActionTypeSuppress, // the mail would bring a password that does not work
	})
	if err != nil {
		return err
	}
	c.User = userFrom(*made.User)
	if c.User.Role != "" {
		if _, err := api.AdminAddUserToGroup(ctx, &cognito.AdminAddUserToGroupInput{
			UserPoolId: &c.pool.ID, Username: &c.User.Email, GroupName: &c.User.Role,
		}); err != nil {
			return c.halfMade("is not in the group "+c.User.Role, err)
		}
	}
	if err := c.SetPassword(ctx, api, password); err != nil {
		return c.halfMade("has no password", err)
	}
	return nil
}

func (c *UserChange) halfMade(missing string, cause error) error {
	return &fault.Error{
		Code: fault.Failed, What: fmt.Sprintf("the user %s is made, but %s: %v", c.User.Email, missing, cause), Cause: cause,
		Try: fmt.Sprintf("set its password: d2ctl user password -e %s %s", c.env.Environment, c.User.Email),
	}
}

// PasswordPlan is what SetPassword will do.
func (c *UserChange) PasswordPlan() *Plan {
	return NewPlan(c.env).
		Do("%s signs in with another password from now on; who is signed in stays so", c.User.Email).
		Call("CognitoIdentityProvider.AdminSetUserPassword", c.User.Email, "permanent")
}

// SetPassword gives the user a lasting password, and notes in User how it stands then.
func (c *UserChange) SetPassword(ctx context.Context, api UserWriter, password string) error {
	if _, err := api.AdminSetUserPassword(ctx, &cognito.AdminSetUserPasswordInput{
		UserPoolId: &c.pool.ID, Username: &c.User.Email, Password: &password, Permanent: true,
	}); err != nil {
		return err
	}
	c.User.Status = string(types.UserStatusTypeConfirmed)
	return nil
}

// DisablingPlan is what Disable will do.
func (c *UserChange) DisablingPlan() *Plan {
	return NewPlan(c.env).
		Do("%s can no longer sign in, and its refresh tokens end", c.User.Email).
		Do("tokens that it holds stay valid until they expire, at most an hour").
		Call("CognitoIdentityProvider.AdminDisableUser", c.User.Email, "").
		Call("CognitoIdentityProvider.AdminUserGlobalSignOut", c.User.Email, "")
}

// Disable keeps the user from signing in, and ends what it has open.
func (c *UserChange) Disable(ctx context.Context, api UserWriter) error {
	if _, err := api.AdminDisableUser(ctx, &cognito.AdminDisableUserInput{UserPoolId: &c.pool.ID, Username: &c.User.Email}); err != nil {
		return err
	}
	if _, err := api.AdminUserGlobalSignOut(ctx, &cognito.AdminUserGlobalSignOutInput{UserPoolId: &c.pool.ID, Username: &c.User.Email}); err != nil {
		return err
	}
	c.User.Enabled = false
	return nil
}
