package ops

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/awsapi"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// DatabaseDoctor is what doctor asks of RDS.
type DatabaseDoctor interface {
	DatabaseReader
	DescribeDBParameters(context.Context, *rds.DescribeDBParametersInput, ...func(*rds.Options)) (*rds.DescribeDBParametersOutput, error)
}

// SecretReader is what is asked of Secrets Manager about a secret, but its value.
type SecretReader interface {
	DescribeSecret(context.Context, *secretsmanager.DescribeSecretInput, ...func(*secretsmanager.Options)) (*secretsmanager.DescribeSecretOutput, error)
}

// RoleReader is what is asked of IAM about what a role may do.
type RoleReader interface {
	ListRolePolicies(context.Context, *iam.ListRolePoliciesInput, ...func(*iam.Options)) (*iam.ListRolePoliciesOutput, error)
	GetRolePolicy(context.Context, *iam.GetRolePolicyInput, ...func(*iam.Options)) (*iam.GetRolePolicyOutput, error)
}

// transportParameter has the database refuse connections without TLS (constructs.parameterGroup).
const transportParameter = "require_secure_transport"

// database looks why an app does not get to MySQL (runbook PROD 13.3).
func (d *doctor) database() []probe {
	if !d.env.EnableRDS {
		return []probe{{"database", "DEV 6.1", func(context.Context) (outcome, error) { return skipped("enable_rds is off") }}}
	}
	probes := []probe{{"status", "PROD 13.3", d.lookDatabase}}
	users := slices.DeleteFunc(d.env.EnabledServices(), func(service config.Service) bool { return !service.UsesDatabase })
	for _, service := range users {
		probes = append(probes,
			probe{service.Name + " reaches MySQL", "PROD 13.3", func(ctx context.Context) (outcome, error) { return d.lookReach(ctx, service) }},
			probe{"security groups of " + service.Name, "PROD 13.3", func(ctx context.Context) (outcome, error) { return d.lookWayToDatabase(ctx, service) }},
			probe{service.Name + " may log in by token", "PROD 13.3", func(ctx context.Context) (outcome, error) { return d.lookLogin(ctx, service) }})
	}
	return append(probes,
		probe{"IAM logins", "PROD 11.2", d.lookIAM},
		probe{"TLS only", "PROD 10.1", d.lookTransport},
		probe{"administrator's secret", "PROD 3.5", d.lookSecret},
		probe{"name of the endpoint", "DEV 4.2", d.lookEndpoint})
}

// instance is the database as RDS describes it.
func (d *doctor) instance(ctx context.Context) (types.DBInstance, error) {
	answer, err := d.api.Databases.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String(d.env.DatabaseIdentifier())})
	if err != nil {
		return types.DBInstance{}, err
	}
	if len(answer.DBInstances) == 0 || answer.DBInstances[0].Endpoint == nil {
		return types.DBInstance{}, fault.New(fault.NotFound, "wait until it is made: "+d.say("status", ""), "the database %s has no endpoint yet", d.env.DatabaseIdentifier())
	}
	return answer.DBInstances[0], nil
}

func (d *doctor) lookDatabase(ctx context.Context) (outcome, error) {
	database, err := ReadDatabase(ctx, d.api.Databases, d.env)
	switch {
	case err != nil:
		return outcome{}, err
	case database.Status == "available":
		return fine("available")
	case strings.HasPrefix(database.Status, "stop") && d.env.Environment == config.Dev:
		return wrong("start it: "+d.say("start", "")+" (or wait for the working hours)", "%s is %s", database.Identifier, database.Status)
	case strings.HasPrefix(database.Status, "storage-full"):
		return wrong("raise max_allocated_storage_gib in "+File(d.env)+" and deploy the stack", "%s is %s", database.Identifier, database.Status)
	}
	return wrong("wait for it, or see its events: aws rds describe-events --source-type db-instance --source-identifier "+database.Identifier, "%s is %s", database.Identifier, database.Status)
}

// lookReach opens the port from the hosts themselves (runbook DEV 4.2).
func (d *doctor) lookReach(ctx context.Context, service config.Service) (outcome, error) {
	if d.sleeping() {
		return skipped("DEV is stopped")
	}
	instance, err := d.instance(ctx)
	if err != nil {
		return outcome{}, err
	}
	line := fmt.Sprintf("nc -zv -w 5 %s %d", aws.ToString(instance.Endpoint.Address), aws.ToInt32(instance.Endpoint.Port))
	answers, err := d.onHosts(ctx, service.Name, line)
	if err != nil {
		return outcome{}, err
	}
	for _, answer := range answers {
		if answer.Exit != 0 {
			return wrong("see status and security groups here", "%s: %s", answer.Instance, lastLine(withoutExit(answer.Err)))
		}
	}
	return fine("from %d of %d hosts", len(answers), len(answers))
}

func (d *doctor) lookWayToDatabase(ctx context.Context, service config.Service) (outcome, error) {
	if d.sleeping() {
		return skipped("DEV is stopped")
	}
	instance, err := d.instance(ctx)
	if err != nil {
		return outcome{}, err
	}
	hosts, err := d.hostGroups(ctx, service)
	if err != nil {
		return outcome{}, err
	}
	var groups []string
	for _, group := range instance.VpcSecurityGroups {
		groups = append(groups, aws.ToString(group.VpcSecurityGroupId))
	}
	return d.lookWay(ctx, way{from: hosts, to: groups, port: int(aws.ToInt32(instance.Endpoint.Port)), what: service.Name})
}

func (d *doctor) lookIAM(ctx context.Context) (outcome, error) {
	instance, err := d.instance(ctx)
	if err != nil {
		return outcome{}, err
	}
	if !aws.ToBool(instance.IAMDatabaseAuthenticationEnabled) {
		return wrong("set database.iam_authentication in "+File(d.env)+" and deploy the stack", "IAM database authentication is off: no token logs in")
	}
	return fine("on")
}

func (d *doctor) lookTransport(ctx context.Context) (outcome, error) {
	instance, err := d.instance(ctx)
	if err != nil {
		return outcome{}, err
	}
	for _, group := range instance.DBParameterGroups {
		pages := rds.NewDescribeDBParametersPaginator(d.api.Databases, &rds.DescribeDBParametersInput{DBParameterGroupName: group.DBParameterGroupName})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return outcome{}, err
			}
			for _, parameter := range page.Parameters {
				if aws.ToString(parameter.ParameterName) != transportParameter {
					continue
				}
				if value := aws.ToString(parameter.ParameterValue); slices.Contains([]string{"ON", "1"}, strings.ToUpper(value)) {
					return fine("%s is %s in %s", transportParameter, value, aws.ToString(group.DBParameterGroupName))
				}
			}
		}
	}
	return wrong(d.redeploy(), "%s is not on: passwords and data may pass in clear", transportParameter)
}

func (d *doctor) lookSecret(ctx context.Context) (outcome, error) {
	answer, err := d.api.Secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String(d.env.MasterSecretName())})
	switch {
	case awsapi.IsNotFound(err):
		return wrong(d.redeploy(), "there is no secret %s", d.env.MasterSecretName())
	case err != nil:
		return outcome{}, err
	case answer.DeletedDate != nil:
		return wrong("aws secretsmanager restore-secret --secret-id "+d.env.MasterSecretName(), "%s is about to be deleted", d.env.MasterSecretName())
	}
	return fine("%s is there", d.env.MasterSecretName())
}

// lookEndpoint resolves the endpoint from this machine; RDS's names are public, their addresses are not.
func (d *doctor) lookEndpoint(ctx context.Context) (outcome, error) {
	if d.api.Network == nil {
		return skipped("names of a local AWS lead nowhere")
	}
	instance, err := d.instance(ctx)
	if err != nil {
		return outcome{}, err
	}
	address := aws.ToString(instance.Endpoint.Address)
	found, err := d.api.Network.LookupHost(ctx, address)
	if err != nil {
		return wrong("ask another resolver: some refuse names that lead to private addresses", "%s: %v", address, innermost(err))
	}
	return fine("%s is %s", address, listed(found))
}

// lookLogin is whether the hosts' role may log in as the application's user.
func (d *doctor) lookLogin(ctx context.Context, service config.Service) (outcome, error) {
	instance, err := d.instance(ctx)
	if err != nil {
		return outcome{}, err
	}
	role := d.roleName(service)
	user := ":dbuser:" + aws.ToString(instance.DbiResourceId) + "/" + d.env.Database.AppUser
	pages := iam.NewListRolePoliciesPaginator(d.api.Roles, &iam.ListRolePoliciesInput{RoleName: &role})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return outcome{}, err
		}
		for _, name := range page.PolicyNames {
			policy, err := d.api.Roles.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &role, PolicyName: &name})
			if err != nil {
				return outcome{}, err
			}
			if allows(aws.ToString(policy.PolicyDocument), "rds-db:connect", user) {
				return fine("%s may connect as %s", role, d.env.Database.AppUser)
			}
		}
	}
	return wrong(d.redeploy(), "%s may not rds-db:connect as %s", role, d.env.Database.AppUser)
}

// roleName is the role of a service's hosts (stacks/prod.go, stacks/dev.go).
func (d *doctor) roleName(service config.Service) string {
	if d.env.Environment == config.Dev {
		return d.env.AppHostName()
	}
	return d.env.Named(service.Name)
}

// allows says whether a policy document, as IAM returns it, allows an action on a resource of the ending given.
func allows(document, action, resource string) bool {
	plain, err := url.QueryUnescape(document)
	if err != nil {
		return false
	}
	var policy struct {
		Statement []struct {
			Effect           string
			Action, Resource oneOrMore
		}
	}
	if json.Unmarshal([]byte(plain), &policy) != nil {
		return false
	}
	for _, statement := range policy.Statement {
		fits := slices.ContainsFunc(statement.Resource, func(each string) bool { return strings.HasSuffix(each, resource) })
		if statement.Effect == "Allow" && slices.Contains(statement.Action, action) && fits {
			return true
		}
	}
	return false
}

// oneOrMore is a text or a list of them, as policies write both.
type oneOrMore []string

// UnmarshalJSON takes either.
func (o *oneOrMore) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*o = oneOrMore{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(o))
}
