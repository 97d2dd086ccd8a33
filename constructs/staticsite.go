package constructs

import (
	"sort"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	acm "github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	cloudfront "github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	origins "github.com/aws/aws-cdk-go/awscdk/v2/awscloudfrontorigins"
	route53 "github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	targets "github.com/aws/aws-cdk-go/awscdk/v2/awsroute53targets"
	s3 "github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
)

// StaticSiteProps places one static site.
type StaticSiteProps struct {
	Name           string // e.g. web-admin: tag Service
	ResourceName   string // e.g. d2-ride-booking-prod-web-admin: of what has a name of its own at CloudFront
	BucketName     string
	Domain         string // e.g. admin.d2.fikri.dev
	Zone           route53.IHostedZone
	Certificate    acm.ICertificate // of us-east-1, where CloudFront looks
	ConnectSources []string         // origins the page may call: the API, Cognito
	NoncurrentDays int
	AccessLogs     s3.IBucket
	Keep           bool
}

// StaticSite is a private bucket and the distribution that alone can read it.
type StaticSite struct {
	Bucket       s3.Bucket
	Distribution cloudfront.Distribution
	Domain       string
}

// NewStaticSite makes the site: every path that is no file gets index.html, so
// that a single-page app routes by itself (facts 1.9).
func NewStaticSite(scope constructs.Construct, id string, props StaticSiteProps) *StaticSite {
	scope = constructs.NewConstruct(scope, str(id))
	service(scope, props.Name)
	bucket := s3.NewBucket(scope, str("Bucket"), privateBucket(props.BucketName, props.Keep, props.AccessLogs, &s3.LifecycleRule{
		Id:                          str("noncurrent"),
		NoncurrentVersionExpiration: awscdk.Duration_Days(num(props.NoncurrentDays)),
	}))
	name(bucket, props.BucketName)
	distribution := cloudfront.NewDistribution(scope, str("Distribution"), &cloudfront.DistributionProps{
		Comment:     str(props.ResourceName),
		DomainNames: strs(props.Domain), Certificate: props.Certificate,
		MinimumProtocolVersion: cloudfront.SecurityPolicyProtocol_TLS_V1_2_2021,
		HttpVersion:            cloudfront.HttpVersion_HTTP2_AND_3, EnableIpv6: yes(),
		PriceClass:        cloudfront.PriceClass_PRICE_CLASS_200, // the cheapest that has Singapore's edges
		DefaultRootObject: str("index.html"),
		DefaultBehavior: &cloudfront.BehaviorOptions{
			Origin:                origins.S3BucketOrigin_WithOriginAccessControl(bucket, nil),
			ViewerProtocolPolicy:  cloudfront.ViewerProtocolPolicy_REDIRECT_TO_HTTPS,
			AllowedMethods:        cloudfront.AllowedMethods_ALLOW_GET_HEAD_OPTIONS(),
			CachePolicy:           cloudfront.CachePolicy_CACHING_OPTIMIZED(),
			ResponseHeadersPolicy: securityHeaders(scope, props),
			Compress:              yes(),
		},
		ErrorResponses: list(appRoute(403), appRoute(404)),
		EnableLogging:  yes(), LogBucket: props.AccessLogs, LogFilePrefix: str("cloudfront/" + props.Name + "/"),
	})
	name(distribution, props.ResourceName)
	aliases(scope, props, distribution)
	return &StaticSite{Bucket: bucket, Distribution: distribution, Domain: props.Domain}
}

func appRoute(status int) *cloudfront.ErrorResponse {
	return &cloudfront.ErrorResponse{
		HttpStatus: num(status), ResponseHttpStatus: num(200),
		ResponsePagePath: str("/index.html"), Ttl: awscdk.Duration_Seconds(num(0)),
	}
}

func aliases(scope constructs.Construct, props StaticSiteProps, distribution cloudfront.Distribution) {
	target := route53.RecordTarget_FromAlias(targets.NewCloudFrontTarget(distribution))
	record := str(props.Domain + ".")
	route53.NewARecord(scope, str("A"), &route53.ARecordProps{Zone: props.Zone, RecordName: record, Target: target})
	route53.NewAaaaRecord(scope, str("AAAA"), &route53.AaaaRecordProps{Zone: props.Zone, RecordName: record, Target: target})
}

// securityHeaders are those of the original with a Content-Security-Policy it
// lacked, and without the XSS filter and HSTS preload that do harm (facts S20).
func securityHeaders(scope constructs.Construct, props StaticSiteProps) cloudfront.ResponseHeadersPolicy {
	year := awscdk.Duration_Days(num(365))
	return cloudfront.NewResponseHeadersPolicy(scope, str("Headers"), &cloudfront.ResponseHeadersPolicyProps{
		ResponseHeadersPolicyName: str(props.ResourceName),
		SecurityHeadersBehavior: &cloudfront.ResponseSecurityHeadersBehavior{
			ContentTypeOptions:      &cloudfront.ResponseHeadersContentTypeOptions{Override: yes()},
			FrameOptions:            &cloudfront.ResponseHeadersFrameOptions{FrameOption: cloudfront.HeadersFrameOption_DENY, Override: yes()},
			ReferrerPolicy:          &cloudfront.ResponseHeadersReferrerPolicy{ReferrerPolicy: cloudfront.HeadersReferrerPolicy_STRICT_ORIGIN_WHEN_CROSS_ORIGIN, Override: yes()},
			StrictTransportSecurity: &cloudfront.ResponseHeadersStrictTransportSecurity{AccessControlMaxAge: year, Override: yes()},
			ContentSecurityPolicy:   &cloudfront.ResponseHeadersContentSecurityPolicy{ContentSecurityPolicy: str(contentSecurityPolicy(props.ConnectSources)), Override: yes()},
		},
		CustomHeadersBehavior: &cloudfront.ResponseCustomHeadersBehavior{CustomHeaders: list(&cloudfront.ResponseCustomHeader{
			Header: str("Permissions-Policy"), Value: str("geolocation=(self), microphone=(), camera=()"), Override: yes(),
		})},
		RemoveHeaders: strs("Server"),
	})
}

// contentSecurityPolicy lets a page load its own files and call the sources given.
// Inline styles stay allowed: the apps' component libraries write them.
func contentSecurityPolicy(connect []string) string {
	sources := append([]string{}, connect...)
	sort.Strings(sources)
	return strings.Join([]string{
		"default-src 'self'",
		"connect-src 'self' " + strings.Join(sources, " "),
		"img-src 'self' data: blob:",
		"font-src 'self' data:",
		"style-src 'self' 'unsafe-inline'",
		"script-src 'self'",
		"object-src 'none'",
		"base-uri 'self'",
		"form-action 'self'",
		"frame-ancestors 'none'",
	}, "; ")
}
