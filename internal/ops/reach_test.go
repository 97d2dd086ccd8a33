package ops

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// reachWorld is the hosts, agents and database of an environment.
type reachWorld struct {
	hosts    []ec2types.Instance
	agents   []ssmtypes.InstanceInformation
	database rdstypes.DBInstance
	denied   bool
}

func (w reachWorld) DescribeInstances(context.Context, *ec2.DescribeInstancesInput, ...func(*ec2.Options)) (*ec2.DescribeInstancesOutput, error) {
	return &ec2.DescribeInstancesOutput{Reservations: []ec2types.Reservation{{Instances: w.hosts}}}, nil
}

func (w reachWorld) DescribeInstanceInformation(context.Context, *ssm.DescribeInstanceInformationInput, ...func(*ssm.Options)) (*ssm.DescribeInstanceInformationOutput, error) {
	if w.denied {
		return nil, &smithy.OperationError{ServiceID: "SSM", OperationName: "DescribeInstanceInformation", Err: &smithy.GenericAPIError{Code: "AccessDeniedException"}}
	}
	return &ssm.DescribeInstanceInformationOutput{InstanceInformationList: w.agents}, nil
}

func (w reachWorld) DescribeDBInstances(context.Context, *rds.DescribeDBInstancesInput, ...func(*rds.Options)) (*rds.DescribeDBInstancesOutput, error) {
	return &rds.DescribeDBInstancesOutput{DBInstances: []rdstypes.DBInstance{w.database}}, nil
}

func (w reachWorld) api() ReachAPI { return ReachAPI{w, w, w} }

// instanceOf is an instance as the stacks tag it.
func instanceOf(id, name, service, state string) ec2types.Instance {
	return ec2types.Instance{
		InstanceId: &id, State: &ec2types.InstanceState{Name: ec2types.InstanceStateName(state)},
		Tags: []ec2types.Tag{{Key: aws.String(config.TagName), Value: &name}, {Key: aws.String(config.TagService), Value: &service}},
	}
}

func TestASessionGoesWhereItsNameSays(t *testing.T) {
	dev, prod := shipped(t, config.Dev), shipped(t, config.Prod)
	bastion := func(env *config.Environment, id, state string) ec2types.Instance {
		return instanceOf(id, env.BastionName(), config.ServiceBastion, state)
	}
	fleet := []ec2types.Instance{
		bastion(prod, "i-b", "running"), instanceOf("i-1", "x", "backend-api", "running"), instanceOf("i-2", "x", "backend-api", "running"),
		instanceOf("i-3", "x", "backend-api", "shutting-down"),
	}
	for name, each := range map[string]struct {
		env   *config.Environment
		hosts []ec2types.Instance
		name  string
		found []string
		says  string
		try   string
	}{
		"the bastion":                 {env: prod, hosts: fleet, name: "bastion", found: []string{"i-b"}},
		"a fleet":                     {env: prod, hosts: fleet, name: "backend-api", found: []string{"i-1", "i-2"}},
		"an instance":                 {env: prod, hosts: fleet, name: "i-2", found: []string{"i-2"}},
		"one that goes":               {env: prod, hosts: fleet, name: "i-3", says: "i-3 (i-3) is shutting-down", try: "d2ctl status -e prod"},
		"another's instance":          {env: prod, hosts: fleet, name: "i-4", says: "i-4 is no instance of prod", try: "name one of: i-1, i-2, i-3, i-b"},
		"another word":                {env: prod, hosts: fleet, name: "db", says: `"db" is no host of prod`, try: "name one of: bastion, backend-api"},
		"DEV's host by its service":   {env: dev, hosts: []ec2types.Instance{instanceOf("i-h", dev.AppHostName(), "x", "running")}, name: "backend-api", found: []string{"i-h"}},
		"DEV asleep":                  {env: dev, hosts: []ec2types.Instance{bastion(dev, "i-b", "stopped")}, name: "bastion", says: "bastion (i-b) is stopped", try: "d2ctl start -e dev"},
		"a bastion that was not made": {env: dev, name: "bastion", says: "there is no instance " + dev.BastionName(), try: "make deploy ENV=dev"},
		"a fleet of none":             {env: prod, name: "backend-api", says: "no host of backend-api runs", try: "d2ctl status -e prod"},
	} {
		t.Run(name, func(t *testing.T) {
			hosts, err := ReachableHosts(t.Context(), reachWorld{hosts: each.hosts}, each.env, each.name)
			if each.says == "" {
				require.NoError(t, err)
				assert.ElementsMatch(t, each.found, InstanceIDs(hosts))
				return
			}
			var known *fault.Error
			require.ErrorAs(t, err, &known)
			assert.Equal(t, fault.NotFound, known.Code)
			assert.Equal(t, each.says, known.What)
			assert.Contains(t, known.Try, each.try)
		})
	}
}

func TestTheOnlyWayIsToTheEnvironmentsDatabase(t *testing.T) {
	env := shipped(t, config.Prod)
	bastion := instanceOf("i-b", env.BastionName(), config.ServiceBastion, "running")
	available := rdstypes.DBInstance{
		DBInstanceIdentifier: aws.String("db"), DBInstanceStatus: aws.String("available"),
		Endpoint: &rdstypes.Endpoint{Address: aws.String("db.example.com"), Port: aws.Int32(3306)},
	}
	way, err := FindDatabaseWay(t.Context(), reachWorld{hosts: []ec2types.Instance{bastion}, database: available}.api(), env)
	require.NoError(t, err)
	assert.Equal(t, &DatabaseWay{Bastion: "i-b", Host: "db.example.com", Port: 3306, Name: env.Database.Name, User: env.Database.AppUser}, way)

	asleep := available
	asleep.DBInstanceStatus = aws.String("stopped")
	_, err = FindDatabaseWay(t.Context(), reachWorld{hosts: []ec2types.Instance{bastion}, database: asleep}.api(), env)
	assert.EqualError(t, err, "the database db is stopped")

	making := rdstypes.DBInstance{DBInstanceIdentifier: aws.String("db"), DBInstanceStatus: aws.String("creating")}
	_, err = FindDatabaseWay(t.Context(), reachWorld{hosts: []ec2types.Instance{bastion}, database: making}.api(), env)
	assert.EqualError(t, err, "the database db has no endpoint yet, it is creating")

	twice := reachWorld{hosts: []ec2types.Instance{bastion, instanceOf("i-c", env.BastionName(), config.ServiceBastion, "running")}, database: available}
	_, err = FindDatabaseWay(t.Context(), twice.api(), env)
	assert.EqualError(t, err, "2 instances are named "+env.BastionName()+": i-b, i-c")

	env.EnableRDS = false
	_, err = FindDatabaseWay(t.Context(), reachWorld{}.api(), env)
	assert.EqualError(t, err, "prod has no database")
}

func TestASessionThatIsRefusedSaysWhy(t *testing.T) {
	env := shipped(t, config.Dev)
	host := func(state string) []ec2types.Instance {
		return []ec2types.Instance{instanceOf("i-b", env.BastionName(), config.ServiceBastion, state)}
	}
	agent := func(status ssmtypes.PingStatus) []ssmtypes.InstanceInformation {
		return []ssmtypes.InstanceInformation{{InstanceId: aws.String("i-b"), PingStatus: status, LastPingDateTime: aws.Time(time.Now().Add(-90 * time.Second))}}
	}
	for name, each := range map[string]struct {
		world reachWorld
		code  string
		want  fault.Code
		says  string
		try   string
	}{
		"gone":                {reachWorld{}, "TargetNotConnected", fault.NotFound, "the instance i-b is gone", "status"},
		"stopped":             {reachWorld{hosts: host("stopped")}, "TargetNotConnected", fault.Unhealthy, "i-b is stopped", "d2ctl start -e dev"},
		"never registered":    {reachWorld{hosts: host("running")}, "TargetNotConnected", fault.Unhealthy, "the agent of i-b has never registered", "a route to Systems Manager and the role"},
		"connection lost":     {reachWorld{hosts: host("running"), agents: agent(ssmtypes.PingStatusConnectionLost)}, "TargetNotConnected", fault.Unhealthy, "the agent of i-b lost its connection; it was last heard 1m30s ago", "doctor host"},
		"said to be online":   {reachWorld{hosts: host("running"), agents: agent(ssmtypes.PingStatusOnline)}, "TargetNotConnected", fault.Unhealthy, "takes no session, though it was online 1m30s ago", "wait a minute"},
		"may not be asked":    {reachWorld{hosts: host("running"), denied: true}, "TargetNotConnected", fault.Credentials, "these credentials may not call SSM.DescribeInstanceInformation", "that action"},
		"no document":         {reachWorld{}, "InvalidDocument", fault.NotFound, "the session document " + env.SessionDocumentName() + " does not exist", "make deploy ENV=dev"},
		"what is not of ours": {reachWorld{}, "ThrottlingException", fault.Failed, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			refused := &smithy.GenericAPIError{Code: each.code, Message: "no"}
			err := WhyNoSession(t.Context(), each.world.api(), env, "i-b", refused)
			require.ErrorIs(t, err, refused, "AWS's own word stays below")
			assert.Equal(t, each.want, fault.CodeOf(err))
			if each.says != "" {
				var known *fault.Error
				require.ErrorAs(t, err, &known)
				assert.Contains(t, known.What, each.says)
				assert.Contains(t, known.Try, each.try)
			}
		})
	}
	other := errors.New("a network")
	assert.Equal(t, other, WhyNoSession(t.Context(), reachWorld{}.api(), env, "i-b", other))
}
