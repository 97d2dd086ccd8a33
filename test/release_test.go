package test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	parameter = "AWS::SSM::Parameter"
	iamRole   = "AWS::IAM::Role"
)

func TestReleasesAreKeptSoThatEachCanBeHadBack(t *testing.T) {
	for stack, days := range map[string]float64{"D2-Dev": 30, "D2-Prod": 365} {
		artifacts := template(t, stack).Named(t, bucket, "d2-ride-booking-deployments-"+strings.ToLower(strings.TrimPrefix(stack, "D2-"))+"-111122223333")
		has(t, artifacts, map[string]any{
			"VersioningConfiguration.Status":                                                    "Enabled",
			"LifecycleConfiguration.Rules.0.NoncurrentVersionExpiration.NoncurrentDays":         days,
			"LifecycleConfiguration.Rules.0.AbortIncompleteMultipartUpload.DaysAfterInitiation": 7.0,
			"LifecycleConfiguration.Rules.0.ExpirationInDays":                                   nil,
		})
		assert.Len(t, artifacts.At("LifecycleConfiguration.Rules"), 1, "nothing else expires a release")
	}
}

func TestTheVersionParameterIsTheRunbooks(t *testing.T) {
	for stack, name := range map[string]string{
		"D2-Dev": "/d2-ride-booking/dev/backend-api/version", "D2-Prod": "/d2-ride-booking/prod/backend-api/version",
	} {
		versions := template(t, stack).Where(parameter, "Name", name)
		require.Len(t, versions, 1)
		has(t, versions[0], map[string]any{"Type": "String", "Value": "unreleased"})
	}
}

// variables are what a service gets in its environment.
func variables(whole Template, service string) map[string]string {
	found := map[string]string{}
	for _, each := range whole.All(parameter) {
		if path, name, isVariable := strings.Cut(text(each.At("Name")), "/env/"); isVariable && strings.HasSuffix(path, "/"+service) {
			found[name] = flat(each.At("Value"))
		}
	}
	return found
}

func TestTheBackendGetsTheVariablesOfTheApplicationContract(t *testing.T) {
	whole := template(t, "D2-Prod")
	assert.Equal(t, map[string]string{
		"NODE_ENV": "production", "PORT": "3000", "AWS_REGION": "ap-southeast-1",
		"COGNITO_USER_POOL_ID": "${" + whole.Only(t, pool).ID + "}", "COGNITO_CLIENT_ID": "${" + whole.Only(t, client).ID + "}",
		"CORS_ORIGINS": "https://admin.d2.fikri.dev,https://passenger.d2.fikri.dev,https://driver.d2.fikri.dev",
		"DB_HOST":      "${" + whole.Only(t, database).ID + ".Endpoint.Address}", "DB_PORT": "3306", "DB_NAME": "ridebooking", "DB_USER": "app_user",
		"DB_IAM_AUTH": "true", "DB_SSL": "true", "DB_SSL_REJECT_UNAUTHORIZED": "true",
		"DB_SSL_CA_PATH": "/opt/apps/backend-api/shared/aws-rds-global-bundle.pem",
	}, variables(whole, "backend-api"))
}

func TestAServiceOfPagesGetsThePublicVariables(t *testing.T) {
	whole := prod(t, larger)
	assert.Equal(t, map[string]string{
		"NODE_ENV": "production", "PORT": "3001", "AWS_REGION": "ap-southeast-1",
		"COGNITO_USER_POOL_ID": "${" + whole.Only(t, pool).ID + "}", "COGNITO_CLIENT_ID": "${" + whole.Only(t, client).ID + "}",
		"NEXT_PUBLIC_API_BASE_URL":         "https://api.d2.fikri.dev",
		"NEXT_PUBLIC_COGNITO_USER_POOL_ID": "${" + whole.Only(t, pool).ID + "}", "NEXT_PUBLIC_COGNITO_CLIENT_ID": "${" + whole.Only(t, client).ID + "}",
	}, variables(whole, "web-driver"))
}

// The application does not start without DB_ variables (facts F24), and a
// database that is off has none; that is for whoever switches it off to know.
func TestWithoutADatabaseNoServiceIsTold(t *testing.T) {
	for name := range variables(dev(t, only("enable_ec2_backend")), "backend-api") {
		assert.NotContains(t, name, "DB_")
	}
}

func TestOneJobOfOneGitHubEnvironmentMayDeploy(t *testing.T) {
	for stack, subject := range map[string]string{
		"D2-Dev":  "repo:d2-ride-booking/d2-ride-booking:environment:dev",
		"D2-Prod": "repo:d2-ride-booking/d2-ride-booking:environment:prod",
	} {
		trust := statements(deployRole(t, largest(t)[stack]).At("AssumeRolePolicyDocument"))
		require.Len(t, trust, 1)
		assert.Equal(t, []string{"sts:AssumeRoleWithWebIdentity"}, trust[0].Actions)
		assert.Equal(t, []string{"Federated:arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}, trust[0].Principals)
		assert.Equal(t, map[string]any{"StringEquals": map[string]any{
			"token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
			"token.actions.githubusercontent.com:sub": subject,
		}}, trust[0].Condition)
	}
}

func deployRole(t *testing.T, whole Template) Resource {
	t.Helper()
	return whole.Named(t, iamRole, "github-deploy")
}

func TestTheProviderIsMadeWhereTheAccountHasNone(t *testing.T) {
	whole := prod(t, otherwise)
	provider := whole.Only(t, "AWS::IAM::OIDCProvider")
	has(t, provider, map[string]any{"Url": "https://token.actions.githubusercontent.com", "ClientIdList": []any{"sts.amazonaws.com"}})
	trust := statements(deployRole(t, whole).At("AssumeRolePolicyDocument"))
	assert.Equal(t, []string{"Federated:${" + provider.ID + "}"}, trust[0].Principals)
	assert.Empty(t, template(t, "D2-Prod").All("AWS::IAM::OIDCProvider"))
}

// Everything that a release does, and nothing besides: a further action has to be written here with its reason.
func TestTheDeployRoleDoesWhatAReleaseNeedsAndNoMore(t *testing.T) {
	release := []string{
		"s3:PutObject", "s3:GetObject", "s3:ListBucket", // upload an artifact
		"ssm:GetParameter", "ssm:PutParameter", "ssm:LabelParameterVersion", // name the release, and go back
		"s3:AbortMultipartUpload", "s3:DeleteObject", "s3:ListBucketVersions", "cloudfront:CreateInvalidation", "cloudfront:GetInvalidation", // publish a site
		"sts:AssumeRole", // deploy the stacks, as the bootstrap's roles
	}
	refresh := []string{
		"autoscaling:StartInstanceRefresh", "autoscaling:CancelInstanceRefresh", "autoscaling:DescribeAutoScalingGroups",
		"autoscaling:DescribeInstanceRefreshes", "autoscaling:DescribeScalingActivities", "elasticloadbalancing:DescribeTargetHealth",
	}
	fetch := []string{"ssm:SendCommand", "ssm:GetCommandInvocation", "ec2:DescribeInstances"} // DEV deploys in place
	for stack, want := range map[string][]string{"D2-Prod": append(refresh, release...), "D2-Dev": append(fetch, release...)} {
		whole := largest(t)[stack]
		actions := map[string]bool{}
		for _, statement := range whole.Allowed(deployRole(t, whole)) {
			for _, action := range statement.Actions {
				actions[action] = true
			}
		}
		var granted []string
		for action := range actions {
			granted = append(granted, action)
		}
		assert.ElementsMatch(t, want, granted, stack)
	}
}

func TestTheDeployRoleWritesNoParameterButTheVersions(t *testing.T) {
	whole := largest(t)["D2-Prod"]
	var written []string
	for _, statement := range whole.Allowed(deployRole(t, whole)) {
		if slices.Contains(statement.Actions, "ssm:PutParameter") {
			written = append(written, statement.Resources...)
		}
	}
	assert.ElementsMatch(t, []string{
		"arn:aws:ssm:ap-southeast-1:111122223333:parameter/d2-ride-booking/prod/backend-api/version",
		"arn:aws:ssm:ap-southeast-1:111122223333:parameter/d2-ride-booking/prod/web-driver/version",
		"arn:aws:ssm:ap-southeast-1:111122223333:parameter/d2-ride-booking/prod/web-support/version",
	}, written)
}

// In the original the deploy role ran commands on any host, PROD's too (facts S2).
func TestDEVsDeployRoleRunsCommandsOnDEVsHostAlone(t *testing.T) {
	whole := largest(t)["D2-Dev"]
	for _, statement := range whole.Allowed(deployRole(t, whole)) {
		if !slices.Contains(statement.Actions, "ssm:SendCommand") {
			continue
		}
		if statement.Resources[0] == "arn:aws:ssm:ap-southeast-1::document/AWS-RunShellScript" {
			continue
		}
		assert.Equal(t, []string{"arn:aws:ec2:ap-southeast-1:111122223333:instance/*"}, statement.Resources)
		assert.Equal(t, map[string]any{"StringEquals": map[string]any{
			"ssm:resourceTag/Environment": "dev", "ssm:resourceTag/Service": "backend-api",
		}}, statement.Condition)
	}
}
