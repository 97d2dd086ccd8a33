package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	autoscaling "github.com/aws/aws-cdk-go/awscdk/v2/awsautoscaling"
	iam "github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/d2-ride-booking/platform/config"
)

// DeployRoleProps says whose workflows may release.
type DeployRoleProps struct {
	Name        string
	ProviderARN string // the account's OIDC provider of GitHub; empty makes it
	Subject     string // the one subject: a job of one GitHub environment (facts S3)
}

// DeployRole is what a GitHub Actions job becomes to release (runbook PROD 12).
// It has no rights until what it may release is added.
type DeployRole struct {
	Role iam.Role
}

const githubIssuer = "token.actions.githubusercontent.com"

// NewDeployRole makes the role. Only a job of the named GitHub environment can
// assume it, so a push or a pull request cannot go round its approval.
func NewDeployRole(scope constructs.Construct, id string, props DeployRoleProps) *DeployRole {
	scope = constructs.NewConstruct(scope, str(id))
	service(scope, config.ServiceRelease)
	role := iam.NewRole(scope, str("Role"), &iam.RoleProps{
		RoleName:    str(props.Name),
		Description: str("Releases from GitHub Actions: " + props.Subject),
		AssumedBy: iam.NewWebIdentityPrincipal(providerARN(scope, props.ProviderARN), &map[string]any{
			"StringEquals": map[string]any{
				githubIssuer + ":aud": "sts.amazonaws.com",
				githubIssuer + ":sub": props.Subject,
			},
		}),
	})
	name(role, props.Name)
	return &DeployRole{Role: role}
}

func providerARN(scope constructs.Construct, given string) *string {
	if given != "" {
		return str(given)
	}
	provider := iam.NewOidcProviderNative(scope, str("GitHub"), &iam.OidcProviderNativeProps{
		Url: str("https://" + githubIssuer), ClientIds: strs("sts.amazonaws.com"),
	})
	name(provider, githubIssuer)
	return provider.OidcProviderArn()
}

// AllowInfrastructure lets the role deploy stacks as the CDK command line does: by
// becoming the roles that cdk bootstrap made in each Region of the environment,
// and by nothing of its own. They reach every stack of the account, so
// config refuses DEV's role in an account that PROD is in (docs/adr/0016).
func (d *DeployRole) AllowInfrastructure(regions ...string) {
	account, qualifier := *d.Role.Stack().Account(), *awscdk.DefaultStackSynthesizer_DEFAULT_QUALIFIER()
	var roles []string
	for _, region := range regions {
		for _, does := range []string{"deploy", "file-publishing", "lookup"} {
			roles = append(roles, "arn:aws:iam::"+account+":role/cdk-"+qualifier+"-"+does+"-role-"+account+"-"+region)
		}
	}
	d.Role.AddToPolicy(allow([]string{"sts:AssumeRole"}, roles...))
}

// AllowRelease lets the role put a release of one service in place: upload it,
// name it, read what it named before, and mark what went well. It cannot delete
// an artifact.
func (d *DeployRole) AllowRelease(release *ServiceRelease) {
	artifacts := release.ArtifactPrefix + "/*"
	d.Role.AddToPolicy(allow([]string{"s3:PutObject", "s3:GetObject"}, *release.Bucket.ArnForObjects(str(artifacts))))
	// Without ListBucket a missing artifact is "access denied", not "not found".
	d.Role.AddToPolicy(allowWhen([]string{"s3:ListBucket"}, map[string]any{
		"StringLike": map[string]any{"s3:prefix": artifacts},
	}, *release.Bucket.BucketArn()))
	d.Role.AddToPolicy(allow([]string{
		"ssm:GetParameter", "ssm:PutParameter", "ssm:LabelParameterVersion",
	}, arn(d.Role, "ssm", "parameter"+release.VersionParameter)))
}

// AllowRefresh lets the role roll a fleet, watch it and see why it fails.
func (d *DeployRole) AllowRefresh(group autoscaling.AutoScalingGroup, groupName string) {
	d.Role.AddToPolicy(allow([]string{
		"autoscaling:StartInstanceRefresh", "autoscaling:CancelInstanceRefresh",
	}, arn(d.Role, "autoscaling", "autoScalingGroup:*:autoScalingGroupName/"+groupName)))
	d.allowWatching("autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeInstanceRefreshes",
		"autoscaling:DescribeScalingActivities", "elasticloadbalancing:DescribeTargetHealth")
}

// AllowFetchOn lets the role have DEV's host fetch its release, by AWS's own
// shell document on hosts of this environment and service alone (facts S2).
func (d *DeployRole) AllowFetchOn(environment config.Stage, serviceTag string) {
	d.Role.AddToPolicy(allowWhen([]string{"ssm:SendCommand"}, map[string]any{
		"StringEquals": map[string]any{
			"ssm:resourceTag/" + config.TagEnvironment: string(environment),
			"ssm:resourceTag/" + config.TagService:     serviceTag,
		},
	}, arn(d.Role, "ec2", "instance/*")))
	d.Role.AddToPolicy(allow([]string{"ssm:SendCommand"},
		"arn:aws:ssm:"+*d.Role.Stack().Region()+"::document/AWS-RunShellScript"))
	d.allowWatching("ec2:DescribeInstances", "ssm:GetCommandInvocation")
}

// allowWatching grants reads that know no resources: "*" is all that AWS takes for them.
func (d *DeployRole) allowWatching(actions ...string) {
	d.Role.AddToPolicy(allow(actions, "*"))
}

// AllowPublish lets the role put a site's files in place, drop what CloudFront
// holds of the old ones, and delete what has long been out of use. Which
// publication left a file out, the versions of index.html say.
func (d *DeployRole) AllowPublish(site *StaticSite) {
	d.Role.AddToPolicy(allow([]string{"s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"},
		*site.Bucket.ArnForObjects(str("*"))))
	d.Role.AddToPolicy(allow([]string{"s3:ListBucket", "s3:ListBucketVersions"}, *site.Bucket.BucketArn()))
	d.Role.AddToPolicy(allow([]string{"cloudfront:CreateInvalidation", "cloudfront:GetInvalidation"},
		*site.Distribution.DistributionArn()))
}
