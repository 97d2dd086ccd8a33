package constructs

import (
	"sort"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	s3 "github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	ssm "github.com/aws/aws-cdk-go/awscdk/v2/awsssm"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/d2-ride-booking/platform/config"
)

// ArtifactsProps names the bucket of releases.
type ArtifactsProps struct {
	Name           string
	NoncurrentDays int // how long an overwritten or deleted artifact can be had back
	Keep           bool
	AccessLogs     s3.IBucket
}

// NewArtifacts makes the versioned bucket from which every release is fetched
// and every rollback is served (runbook PROD 10.3).
func NewArtifacts(scope constructs.Construct, id string, props ArtifactsProps) s3.Bucket {
	bucket := s3.NewBucket(scope, str(id), privateBucket(props.Name, props.Keep, props.AccessLogs, &s3.LifecycleRule{
		Id:                                  str("noncurrent"),
		NoncurrentVersionExpiration:         awscdk.Duration_Days(num(props.NoncurrentDays)),
		AbortIncompleteMultipartUploadAfter: awscdk.Duration_Days(num(7)),
	}))
	service(bucket, config.ServiceRelease)
	name(bucket, props.Name)
	return bucket
}

// ServiceReleaseProps says what one service runs.
type ServiceReleaseProps struct {
	Service          config.Service
	Bucket           s3.Bucket
	VersionParameter string            // e.g. /d2-ride-booking/prod/backend-api/version (runbook PROD 5.5)
	RuntimePath      string            // above the variables
	Variables        map[string]string // what the program gets in its environment (facts 6.1)
}

// ServiceRelease is what one service runs: the parameter that names its release
// and the variables it gets.
type ServiceRelease struct {
	Bucket           s3.Bucket
	ArtifactPrefix   string
	VersionParameter string
	RuntimePath      string
}

// NewServiceRelease makes the parameters of one service.
//
// The version is written here once, at creation. CloudFormation writes a
// parameter again, and so would undo a release, only when something about it
// changes in the template: so nothing about it ever does, its tags included,
// which a test pins (docs/adr).
func NewServiceRelease(scope constructs.Construct, id string, props ServiceReleaseProps) *ServiceRelease {
	scope = constructs.NewConstruct(scope, str(id))
	service(scope, props.Service.Name)
	version := ssm.NewStringParameter(scope, str("Version"), &ssm.StringParameterProps{
		ParameterName: str(props.VersionParameter), StringValue: str(config.Unreleased),
		Description: str("The release that hosts run; a release writes it, CloudFormation never again"),
	})
	name(version, props.VersionParameter)
	awscdk.Tags_Of(version).Remove(str(config.TagDomain), nil) // a domain may change; see above
	keys := make([]string, 0, len(props.Variables))
	for key := range props.Variables {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	for _, key := range keys {
		path := props.RuntimePath + "/" + key
		name(ssm.NewStringParameter(scope, str(key), &ssm.StringParameterProps{
			ParameterName: str(path), StringValue: str(props.Variables[key]),
		}), path)
	}
	return &ServiceRelease{
		Bucket: props.Bucket, ArtifactPrefix: props.Service.ArtifactPrefix,
		VersionParameter: props.VersionParameter, RuntimePath: props.RuntimePath,
	}
}
