package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	s3 "github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/d2-ride-booking/platform/config"
)

// privateBucket is what every bucket here is: versioned, encrypted, closed to
// the public, TLS only (facts S6, R14).
//
// SSE-S3, not a key of our own: what it would guard is public by design (sites)
// or checked by its checksum (artifacts), and a key policy that lets CloudFront
// in is circular (facts/cdk-go.md).
func privateBucket(bucketName string, keep bool, accessLogs s3.IBucket, rule *s3.LifecycleRule) *s3.BucketProps {
	return &s3.BucketProps{
		BucketName:             str(bucketName),
		Encryption:             s3.BucketEncryption_S3_MANAGED,
		BlockPublicAccess:      s3.BlockPublicAccess_BLOCK_ALL(),
		EnforceSSL:             yes(),
		Versioned:              yes(),
		ObjectOwnership:        s3.ObjectOwnership_BUCKET_OWNER_ENFORCED,
		LifecycleRules:         list(rule),
		ServerAccessLogsBucket: accessLogs,
		ServerAccessLogsPrefix: str("s3/" + bucketName + "/"),
		RemovalPolicy:          removal(keep),
	}
}

// AccessLogsProps names the bucket of access logs.
type AccessLogsProps struct {
	Name          string
	RetentionDays int
	Keep          bool
}

// NewAccessLogs makes the bucket to which the load balancer, CloudFront and the
// other buckets write who asked for what (facts S15).
func NewAccessLogs(scope constructs.Construct, id string, props AccessLogsProps) s3.Bucket {
	settings := privateBucket(props.Name, props.Keep, nil, &s3.LifecycleRule{
		Id:                          str("expire"),
		Expiration:                  awscdk.Duration_Days(num(props.RetentionDays)),
		NoncurrentVersionExpiration: awscdk.Duration_Days(num(1)),
	})
	settings.ServerAccessLogsPrefix = nil
	// CloudFront's standard logs are delivered by ACL, which an enforced owner refuses.
	settings.ObjectOwnership = s3.ObjectOwnership_BUCKET_OWNER_PREFERRED
	bucket := s3.NewBucket(scope, str(id), settings)
	service(bucket, config.ServiceObservability)
	name(bucket, props.Name)
	return bucket
}
