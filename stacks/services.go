package stacks

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	logs "github.com/aws/aws-cdk-go/awscdk/v2/awslogs"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/constructs"
	"github.com/d2-ride-booking/platform/host"
)

// release makes what one service runs, and lets the deploy role release it.
func (f *foundation) release(service config.Service) *constructs.ServiceRelease {
	release := constructs.NewServiceRelease(f.stack, camel(service.Name)+"Release", constructs.ServiceReleaseProps{
		Service: service, Bucket: f.artifacts,
		VersionParameter: f.env.VersionParameter(service.Name),
		RuntimePath:      f.env.RuntimeParameterPath(service.Name),
		Variables:        f.variables(service),
	})
	if f.deployRole != nil {
		f.deployRole.AllowRelease(release)
	}
	return release
}

// variables are what a service gets in its environment (facts 1.15 and 6).
func (f *foundation) variables(service config.Service) map[string]string {
	pool, client := *f.identity.Pool.UserPoolId(), *f.identity.Client.UserPoolClientId()
	variables := map[string]string{
		"NODE_ENV":             nodeEnvironment(f.env.Environment, service),
		"PORT":                 strconv.Itoa(service.Port),
		"AWS_REGION":           f.env.Region,
		"COGNITO_USER_POOL_ID": pool,
		"COGNITO_CLIENT_ID":    client,
	}
	if service.ServesPages {
		variables["NEXT_PUBLIC_API_BASE_URL"] = f.env.APIBaseURL()
		variables["NEXT_PUBLIC_COGNITO_USER_POOL_ID"] = pool
		variables["NEXT_PUBLIC_COGNITO_CLIENT_ID"] = client
	} else {
		variables["CORS_ORIGINS"] = strings.Join(f.pageOrigins(), ",")
	}
	if service.UsesDatabase && f.database != nil {
		variables["DB_HOST"] = *f.database.Instance.DbInstanceEndpointAddress()
		variables["DB_PORT"] = strconv.Itoa(config.DatabasePort)
		variables["DB_NAME"] = f.env.Database.Name
		variables["DB_USER"] = f.env.Database.AppUser
		variables["DB_IAM_AUTH"] = "true"
		variables["DB_SSL"] = "true"
		variables["DB_SSL_REJECT_UNAUTHORIZED"] = "true"
		variables["DB_SSL_CA_PATH"] = service.CABundle()
	}
	for key, value := range service.Parameters {
		variables[key] = value
	}
	return variables
}

// nodeEnvironment is production wherever pages are served: Next.js knows no other built app (facts 1.15).
func nodeEnvironment(stage config.Stage, service config.Service) string {
	if stage == config.Prod || service.ServesPages {
		return "production"
	}
	return "dev"
}

// pageOrigins are where browsers load pages that call the API: every site and
// every service that serves pages, on or off, so that a toggle never restarts the API.
func (f *foundation) pageOrigins() []string {
	var origins []string
	for _, site := range f.env.Sites {
		origins = append(origins, "https://"+f.env.FQDN(site.HostLabel))
	}
	for _, service := range f.env.Services {
		if service.ServesPages {
			origins = append(origins, "https://"+f.env.FQDN(service.HostLabel))
		}
	}
	return origins
}

// role is the one role of a host: what each of its services may do, and no more.
func (f *foundation) role(roleName, logicalID string, services ...config.Service) *constructs.HostRole {
	role := constructs.NewHostRole(f.stack, logicalID, constructs.HostRoleProps{
		Name: roleName, Service: services[0].Name, Sessions: f.sessions,
	})
	for _, service := range services {
		role.AllowService(f.release(service), f.serviceLog(service))
		if service.UsesDatabase && f.database != nil {
			f.database.AllowLogin(role.Role)
		}
		if service.ManagesUsers {
			f.identity.AllowUserManagement(role.Role)
		}
	}
	return role
}

func (f *foundation) serviceLog(service config.Service) logs.LogGroup {
	return constructs.NewLogGroup(f.stack, camel(service.Name)+"Log", constructs.LogGroupProps{
		Name: f.env.ServiceLogGroup(service.Name), RetentionDays: f.env.Observability.LogRetentionDays,
		Keep: f.keep, Service: service.Name,
	})
}

// userData is the boot script of a host that runs the services given.
func (f *foundation) userData(services ...config.Service) string {
	script, err := host.Render(f.env, services...)
	if err != nil {
		panic(fmt.Sprintf("%s: %v", f.env.StackName(), err)) // cmd/infra turns it into one line
	}
	return script
}

// warn says at synth what an operator has to decide.
func (f *foundation) warn() {
	for _, warning := range f.env.Warnings() {
		awscdk.Annotations_Of(f.stack).AddWarningV2(str("D2:"+warning.Key), str(warning.What))
	}
}
