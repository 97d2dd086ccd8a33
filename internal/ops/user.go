package ops

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/awsapi"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// roleAttribute is what the app reads a user's role from; users cannot write it (facts S1).
const roleAttribute = "custom:role"

// Roles are those that the app knows, each also a group of the pool (facts 1.8).
var Roles = []string{"ADMIN", "DRIVER", "PASSENGER"}

// UserReader is what is asked of Cognito about users.
type UserReader interface {
	PoolReader
	AdminGetUser(context.Context, *cognito.AdminGetUserInput, ...func(*cognito.Options)) (*cognito.AdminGetUserOutput, error)
	ListUsers(context.Context, *cognito.ListUsersInput, ...func(*cognito.Options)) (*cognito.ListUsersOutput, error)
}

// User is one of the user pool (runbook PROD 8.2).
type User struct {
	// Email is how the user signs in.
	Email string `json:"email"`
	// ID is Cognito's, and the sub of the user's tokens.
	ID string `json:"id"`
	// Role is ADMIN, DRIVER or PASSENGER; empty while the app gave none.
	Role string `json:"role,omitempty"`
	// Status is Cognito's: CONFIRMED, FORCE_CHANGE_PASSWORD, UNCONFIRMED, ...
	Status string `json:"status"`
	// Enabled is false for one that may not sign in.
	Enabled bool `json:"enabled"`
	// Created is when.
	Created time.Time `json:"created"`
	// Password is a generated one, this once; absent everywhere else.
	Password string `json:"password,omitempty"`
}

// ReadUsers are all users of the environment's pool, by e-mail address.
func ReadUsers(ctx context.Context, api UserReader, env *config.Environment) ([]User, error) {
	pool, err := ReadPool(ctx, api, env)
	if err != nil {
		return nil, err
	}
	users := []User{}
	pages := cognito.NewListUsersPaginator(api, &cognito.ListUsersInput{UserPoolId: &pool.ID})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, found := range page.Users {
			users = append(users, userFrom(found))
		}
	}
	slices.SortFunc(users, func(a, b User) int { return cmp.Or(cmp.Compare(a.Email, b.Email), cmp.Compare(a.ID, b.ID)) })
	return users, nil
}

// ReadUser is the user of an e-mail address; nil where there is none.
func ReadUser(ctx context.Context, api UserReader, pool *Pool, email string) (*User, error) {
	found, err := api.AdminGetUser(ctx, &cognito.AdminGetUserInput{UserPoolId: &pool.ID, Username: &email})
	if awsapi.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	user := userFrom(types.UserType{
		Username: found.Username, UserStatus: found.UserStatus, Enabled: found.Enabled,
		UserCreateDate: found.UserCreateDate, Attributes: found.UserAttributes,
	})
	return &user, nil
}

func userFrom(found types.UserType) User {
	user := User{ID: aws.ToString(found.Username), Status: string(found.UserStatus), Enabled: found.Enabled, Created: aws.ToTime(found.UserCreateDate)}
	for _, attribute := range found.Attributes {
		switch aws.ToString(attribute.Name) {
		case "email":
			user.Email = aws.ToString(attribute.Value)
		case roleAttribute:
			user.Role = aws.ToString(attribute.Value)
		}
	}
	return user
}

// findUser is the pool and a user that must be in it.
func findUser(ctx context.Context, api UserReader, env *config.Environment, email string) (*Pool, *User, error) {
	pool, err := ReadPool(ctx, api, env)
	if err != nil {
		return nil, nil, err
	}
	user, err := ReadUser(ctx, api, pool, email)
	if err == nil && user == nil {
		err = fault.New(fault.NotFound, "see all: d2ctl user list -e "+string(env.Environment), "there is no user %s in %s", email, pool.Name)
	}
	return pool, user, err
}
