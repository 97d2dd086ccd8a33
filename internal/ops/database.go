package ops

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// DatabaseReader is what is asked of RDS.
type DatabaseReader interface {
	DescribeDBInstances(context.Context, *rds.DescribeDBInstancesInput, ...func(*rds.Options)) (*rds.DescribeDBInstancesOutput, error)
}

// Database is the RDS instance of the environment.
type Database struct {
	// Identifier is its name in RDS.
	Identifier string `json:"identifier"`
	// Status is RDS's: available, stopped, backing-up, ...
	Status string `json:"status"`
	// Engine is engine and version, e.g. "mysql 8.0.46".
	Engine string `json:"engine"`
	// MultiAZ says that a standby stands in the second zone.
	MultiAZ bool `json:"multi_az"`
	// Endpoint is host name and port; empty while it is being made.
	Endpoint string `json:"endpoint,omitempty"`
}

// databaseAvailable is the status of a database that serves, and of a snapshot that can be restored from.
const databaseAvailable = "available"

// ReadDatabase is the environment's database; nil while enable_rds is off.
func ReadDatabase(ctx context.Context, api DatabaseReader, env *config.Environment) (*Database, error) {
	if !env.EnableRDS {
		return nil, nil
	}
	answer, err := api.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String(env.DatabaseIdentifier())})
	if err != nil {
		return nil, err
	}
	return databaseFrom(answer.DBInstances[0]), nil
}

// mustReadDatabase is ReadDatabase for what cannot be done without one.
func mustReadDatabase(ctx context.Context, api DatabaseReader, env *config.Environment) (*Database, error) {
	database, err := ReadDatabase(ctx, api, env)
	if err == nil && database == nil {
		err = fault.New(fault.NotFound, "set enable_rds in "+File(env)+", then make deploy ENV="+string(env.Environment), "%s has no database", env.Environment)
	}
	return database, err
}

func databaseFrom(found types.DBInstance) *Database {
	database := &Database{
		Identifier: aws.ToString(found.DBInstanceIdentifier), Status: aws.ToString(found.DBInstanceStatus),
		Engine: aws.ToString(found.Engine) + " " + aws.ToString(found.EngineVersion), MultiAZ: aws.ToBool(found.MultiAZ),
	}
	if found.Endpoint != nil {
		database.Endpoint = hostPort(aws.ToString(found.Endpoint.Address), aws.ToInt32(found.Endpoint.Port))
	}
	return database
}
