package ops

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// fakeLogin is a database with its secret, as RDS and Secrets Manager tell of them.
type fakeLogin struct {
	instance types.DBInstance
	value    string
	asked    string // the secret that was asked for
}

func (f *fakeLogin) DescribeDBInstances(_ context.Context, in *rds.DescribeDBInstancesInput, _ ...func(*rds.Options)) (*rds.DescribeDBInstancesOutput, error) {
	f.instance.DBInstanceIdentifier = in.DBInstanceIdentifier
	return &rds.DescribeDBInstancesOutput{DBInstances: []types.DBInstance{f.instance}}, nil
}

func (f *fakeLogin) GetSecretValue(_ context.Context, in *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	f.asked = *in.SecretId
	return &secretsmanager.GetSecretValueOutput{SecretString: &f.value}, nil
}

func (f *fakeLogin) DescribeSecret(_ context.Context, in *secretsmanager.DescribeSecretInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.DescribeSecretOutput, error) {
	f.asked = *in.SecretId
	return &secretsmanager.DescribeSecretOutput{Name: aws.String("name"), ARN: aws.String("arn:of:ours"), CreatedDate: aws.Time(time.Unix(0, 0))}, nil
}

func databaseServing() *fakeLogin {
	return &fakeLogin{value: `{"username":"admin","password":"canary"}`, instance: types.DBInstance{
		DBInstanceStatus: aws.String("available"), MasterUsername: aws.String("admin"), IAMDatabaseAuthenticationEnabled: aws.Bool(true),
		Endpoint: &types.Endpoint{Address: aws.String("db.example.com"), Port: aws.Int32(3306)},
	}}
}

func TestTheSecretIsTheOneThatTheDatabaseNamesOrTheConfiguredOne(t *testing.T) {
	env, err := config.Shipped(config.Prod)
	require.NoError(t, err)
	api := databaseServing()
	server, err := FindDatabaseServer(t.Context(), api, env)
	require.NoError(t, err)
	password, err := server.AdministratorPassword(t.Context(), api)
	require.NoError(t, err)
	assert.Equal(t, "canary", password)
	assert.Equal(t, env.MasterSecretName(), api.asked)
	api.instance.MasterUserSecret = &types.MasterUserSecret{SecretArn: aws.String("arn:of:ours")}
	server, err = FindDatabaseServer(t.Context(), api, env)
	require.NoError(t, err)
	secret, err := server.ReadAdministratorSecret(t.Context(), api)
	require.NoError(t, err)
	assert.Equal(t, "arn:of:ours", api.asked)
	assert.True(t, secret.Managed)
	assert.False(t, secret.Rotates)
}

func TestASecretThatIsNoneIsNotQuoted(t *testing.T) {
	env, err := config.Shipped(config.Prod)
	require.NoError(t, err)
	for _, value := range []string{"canary", `{"password":""}`, `{"canary":`, `["canary"]`} {
		api := databaseServing()
		api.value = value
		server, err := FindDatabaseServer(t.Context(), api, env)
		require.NoError(t, err)
		_, err = server.AdministratorPassword(t.Context(), api)
		assert.ErrorContains(t, err, "has no password in it")
		assert.NotContains(t, err.Error(), "canary")
		assert.Nil(t, errors.Unwrap(err))
	}
}

func TestADatabaseThatCannotBeLoggedInToSaysWhy(t *testing.T) {
	env, err := config.Shipped(config.Dev)
	require.NoError(t, err)
	for want, change := range map[string]func(*fakeLogin, *config.Environment){
		"is stopped":          func(f *fakeLogin, _ *config.Environment) { f.instance.DBInstanceStatus = aws.String("stopped") },
		"has no endpoint yet": func(f *fakeLogin, _ *config.Environment) { f.instance.Endpoint = nil },
		"dev has no database": func(_ *fakeLogin, e *config.Environment) { e.EnableRDS = false },
	} {
		api, changed := databaseServing(), *env
		change(api, &changed)
		_, err := FindDatabaseServer(t.Context(), api, &changed)
		var known *fault.Error
		require.ErrorAs(t, err, &known, want)
		assert.Contains(t, known.What, want)
		assert.NotEmpty(t, known.Try)
	}
	api := databaseServing()
	api.instance.DBInstanceStatus = aws.String("backing-up")
	_, err = FindDatabaseServer(t.Context(), api, env)
	assert.NoError(t, err, "it serves meanwhile")
}

func TestATokenIsForTheEndpointAndTheUser(t *testing.T) {
	env, err := config.Shipped(config.Dev)
	require.NoError(t, err)
	server, err := FindDatabaseServer(t.Context(), databaseServing(), env)
	require.NoError(t, err)
	token, err := server.LoginToken(t.Context(), aws.Config{Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "canary"}, nil
	})}, "app_user")
	require.NoError(t, err)
	assert.Contains(t, token, "db.example.com:3306?Action=connect&DBUser=app_user&")
	assert.Contains(t, token, "%2F"+env.Region+"%2Frds-db%2Faws4_request")
	assert.NotContains(t, token, "canary")
}
