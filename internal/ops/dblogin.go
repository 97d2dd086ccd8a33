package ops

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/rds/auth"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// SecretValueReader is what is asked of Secrets Manager to log in by password.
type SecretValueReader interface {
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
}

// DatabaseServer is where one logs in to the environment's database.
type DatabaseServer struct {
	// Identifier is its name in RDS.
	Identifier string `json:"identifier"`
	// Host and Port are its endpoint, which its certificate and login tokens are for.
	Host string `json:"host"`
	Port int    `json:"port"`
	// Administrator is the master user.
	Administrator string `json:"administrator"`
	// Secret is ARN or name of the administrator's secret.
	Secret string `json:"secret"`
	// IAM says that users may log in by token.
	IAM bool `json:"iam"`

	region string
}

// FindDatabaseServer is the environment's database, if one can log in to it: the
// instance of the configured name, and the secret that it names itself, or else
// the one of the configured name. Nothing is searched, so nothing else can match.
func FindDatabaseServer(ctx context.Context, api DatabaseReader, env *config.Environment) (*DatabaseServer, error) {
	if !env.EnableRDS {
		_, err := mustReadDatabase(ctx, api, env)
		return nil, err
	}
	answer, err := api.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String(env.DatabaseIdentifier())})
	if err != nil {
		return nil, err
	}
	found := answer.DBInstances[0]
	database := databaseFrom(found)
	if err := mustServe(database, env); err != nil {
		return nil, err
	}
	server := &DatabaseServer{
		Identifier: database.Identifier, Host: aws.ToString(found.Endpoint.Address), Port: int(aws.ToInt32(found.Endpoint.Port)),
		Administrator: cmp.Or(aws.ToString(found.MasterUsername), env.Database.MasterUser), Secret: env.MasterSecretName(),
		IAM: aws.ToBool(found.IAMDatabaseAuthenticationEnabled), region: env.Region,
	}
	if managed := found.MasterUserSecret; managed != nil {
		server.Secret = aws.ToString(managed.SecretArn)
	}
	return server, nil
}

// mustServe refuses a database that is stopped, or has no endpoint yet. One that is
// backed up or changed serves on, whatever its status is called.
func mustServe(database *Database, env *config.Environment) error {
	switch {
	case database.Status == "stopped" || database.Status == "stopping":
		return fault.New(fault.NotFound, "start it: d2ctl start -e "+string(env.Environment), "the database %s is %s", database.Identifier, database.Status)
	case database.Endpoint == "":
		return fault.New(fault.NotFound, "wait until it is made: d2ctl status -e "+string(env.Environment), "the database %s has no endpoint yet, it is %s", database.Identifier, database.Status)
	}
	return nil
}

// LoginToken is a token for one login of a user, good for mysql.TokenLife. It is signed
// here and asked of nobody.
func (s *DatabaseServer) LoginToken(ctx context.Context, signer aws.Config, user string) (string, error) {
	return auth.BuildAuthToken(ctx, hostPort(s.Host, int32(s.Port)), s.region, user, signer.Credentials)
}

// AdministratorPassword reads the administrator's secret. The caller keeps it in memory.
func (s *DatabaseServer) AdministratorPassword(ctx context.Context, api SecretValueReader) (string, error) {
	answer, err := api.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &s.Secret})
	if err != nil {
		return "", err
	}
	var secret struct {
		Password string `json:"password"`
	}
	// What the parser says would quote the secret.
	if json.Unmarshal([]byte(aws.ToString(answer.SecretString)), &secret) != nil || secret.Password == "" {
		return "", fault.New(fault.Failed, "put it right: its value is JSON with username and password (docs/database.md)", "the secret %s has no password in it", s.Secret)
	}
	return secret.Password, nil
}

// AdministratorSecret is what there is to know of the administrator's login, but the password.
type AdministratorSecret struct {
	// User is the administrator.
	User string `json:"user"`
	// Name of the secret, and its ARN.
	Name string `json:"name"`
	ARN  string `json:"arn"`
	// Managed says that RDS keeps the secret itself.
	Managed bool `json:"managed"`
	// Rotates says that it is changed by itself; ours is not (ADR 14).
	Rotates bool `json:"rotates"`
	// Changed is when its value was changed last.
	Changed time.Time `json:"changed"`
}

// ReadAdministratorSecret describes the administrator's secret.
func (s *DatabaseServer) ReadAdministratorSecret(ctx context.Context, api SecretReader) (*AdministratorSecret, error) {
	answer, err := api.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &s.Secret})
	if err != nil {
		return nil, err
	}
	if answer.DeletedDate != nil {
		return nil, fault.New(fault.NotFound, "aws secretsmanager restore-secret --secret-id "+s.Secret, "%s is about to be deleted", s.Secret)
	}
	secret := &AdministratorSecret{
		User: s.Administrator, Name: aws.ToString(answer.Name), ARN: aws.ToString(answer.ARN),
		Managed: s.Secret == aws.ToString(answer.ARN), Rotates: aws.ToBool(answer.RotationEnabled), Changed: aws.ToTime(answer.CreatedDate),
	}
	if answer.LastChangedDate != nil {
		secret.Changed = *answer.LastChangedDate
	}
	return secret, nil
}
