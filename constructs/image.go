package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	ec2 "github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	iam "github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
)

// latestAL2023 is AWS's public parameter of the newest Amazon Linux 2023 image (facts 1.4).
const latestAL2023 = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"

// instanceProps is what the launch template of any host says.
type instanceProps struct {
	Name          string // of the template, and the tag Name of instance and volume
	InstanceType  string
	RootVolumeGiB int
	AMIID         string // pins an image; empty resolves the newest at each launch, never at a deploy
	Role          iam.IRole
	SecurityGroup ec2.ISecurityGroup
	UserData      string // empty runs nothing at boot
	PublicIP      bool
	SubnetID      *string // where the template places its one instance; nil leaves it to a fleet
}

// newLaunchTemplate gives every host the same floor: IMDSv2 only, an encrypted
// gp3 volume, no key pair, and a public address only where asked for. The
// template's tags reach its instances and their volumes.
func newLaunchTemplate(scope constructs.Construct, id string, props instanceProps) ec2.LaunchTemplate {
	settings := &ec2.LaunchTemplateProps{
		LaunchTemplateName:       str(props.Name),
		InstanceType:             ec2.NewInstanceType(str(props.InstanceType)),
		MachineImage:             machineImage(scope, props.AMIID),
		Role:                     props.Role,
		SecurityGroup:            props.SecurityGroup,
		AssociatePublicIpAddress: boolean(props.PublicIP),
		RequireImdsv2:            yes(),
		HttpPutResponseHopLimit:  num(1),
		DetailedMonitoring:       yes(), // alarms look each minute (facts R17)
		BlockDevices: list(&ec2.BlockDevice{
			DeviceName: str("/dev/xvda"),
			Volume: ec2.BlockDeviceVolume_Ebs(num(props.RootVolumeGiB), &ec2.EbsDeviceOptions{
				Encrypted: yes(), VolumeType: ec2.EbsDeviceVolumeType_GP3, DeleteOnTermination: yes(),
			}),
		}),
	}
	if props.UserData != "" {
		settings.UserData = ec2.UserData_Custom(str(props.UserData))
	}
	template := ec2.NewLaunchTemplate(scope, str(id), settings)
	name(template, props.Name)
	if props.AMIID == "" {
		awscdk.Validations_Of(template).Acknowledge(&awscdk.Acknowledgment{
			Id:     str("CloudFormation-Validate::E1152"),
			Reason: str("EC2 takes resolve:ssm: in a launch template's ImageId and resolves it at launch; the rule knows ami- only"),
		})
	}
	if props.SubnetID != nil {
		// Beside a network interface EC2 takes the subnet nowhere else.
		resource := template.Node().DefaultChild().(ec2.CfnLaunchTemplate)
		resource.AddPropertyOverride(str("LaunchTemplateData.NetworkInterfaces.0.SubnetId"), props.SubnetID)
	}
	return template
}

func machineImage(scope constructs.Construct, amiID string) ec2.IMachineImage {
	if amiID == "" {
		return ec2.MachineImage_ResolveSsmParameterAtLaunch(str(latestAL2023), nil)
	}
	region := *awscdk.Stack_Of(scope).Region()
	return ec2.MachineImage_GenericLinux(&map[string]*string{region: str(amiID)}, nil)
}

// newInstance launches the one instance of a template. The template says
// everything, so that the image is resolved at launch and not at a deploy.
func newInstance(scope constructs.Construct, id string, template ec2.LaunchTemplate) ec2.CfnInstance {
	return ec2.NewCfnInstance(scope, str(id), &ec2.CfnInstanceProps{
		LaunchTemplate: &ec2.CfnInstance_LaunchTemplateSpecificationProperty{
			LaunchTemplateId: template.LaunchTemplateId(),
			Version:          template.LatestVersionNumber(),
		},
	})
}
