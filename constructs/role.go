package constructs

import (
	iam "github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	logs "github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/d2-ride-booking/platform/config"
)

// HostRoleProps names the role of a host.
type HostRoleProps struct {
	Name     string
	Service  string         // tag Service, as on the host
	Sessions logs.ILogGroup // where shells on it are recorded
}

// HostRole is what a host may do: what every host needs, and what its services add.
type HostRole struct {
	Role iam.Role
}

// NewHostRole makes a role that can be reached through Systems Manager and
// record its sessions, and nothing else. AWS's own AmazonSSMManagedInstanceCore
// would also let it read every parameter of the account, PROD's from DEV included.
func NewHostRole(scope constructs.Construct, id string, props HostRoleProps) *HostRole {
	role := iam.NewRole(scope, str(id), &iam.RoleProps{
		RoleName:  str(props.Name),
		AssumedBy: iam.NewServicePrincipal(str("ec2.amazonaws.com"), nil),
	})
	service(role, props.Service)
	name(role, props.Name)
	// These actions know no resources: "*" is the only thing that AWS takes (Service Authorization Reference).
	role.AddToPolicy(allow([]string{
		"ssm:UpdateInstanceInformation", "ssm:ListInstanceAssociations", "ssm:ListAssociations",
		"ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel",
		"ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
		"ec2messages:AcknowledgeMessage", "ec2messages:DeleteMessage", "ec2messages:FailMessage",
		"ec2messages:GetEndpoint", "ec2messages:GetMessages", "ec2messages:SendReply",
	}, "*"))
	role.AddToPolicy(allow([]string{
		"logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams",
	}, *props.Sessions.LogGroupArn()))
	// The agent looks the group up among all groups of the account before it writes.
	role.AddToPolicy(allow([]string{"logs:DescribeLogGroups"}, "*"))
	return &HostRole{Role: role}
}

// AllowService lets the host run one service: fetch its release, write its log, send its numbers.
func (h *HostRole) AllowService(release *ServiceRelease, group logs.ILogGroup) {
	h.allowRelease(release)
	group.GrantWrite(h.Role)
	// PutMetricData knows no resources; the condition holds it to our namespace.
	h.Role.AddToPolicy(allowWhen([]string{"cloudwatch:PutMetricData"}, map[string]any{
		"StringEquals": map[string]any{"cloudwatch:namespace": config.MetricsNamespace},
	}, "*"))
	// The agent labels metrics with its Auto Scaling group, which is a tag; DescribeTags knows no resources.
	h.Role.AddToPolicy(allow([]string{"ec2:DescribeTags"}, "*"))
}

func (h *HostRole) allowRelease(release *ServiceRelease) {
	parameter := func(path string) string { return arn(h.Role, "ssm", "parameter"+path) }
	h.Role.AddToPolicy(allow([]string{
		"ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath",
	}, parameter(release.VersionParameter), parameter(release.RuntimePath), parameter(release.RuntimePath+"/*")))
	artifacts := release.ArtifactPrefix + "/*"
	h.Role.AddToPolicy(allow([]string{"s3:GetObject"}, *release.Bucket.ArnForObjects(str(artifacts))))
	// Without ListBucket a missing artifact is "access denied", not "not found".
	h.Role.AddToPolicy(allowWhen([]string{"s3:ListBucket"}, map[string]any{
		"StringLike": map[string]any{"s3:prefix": artifacts},
	}, *release.Bucket.BucketArn()))
}
