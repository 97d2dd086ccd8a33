package test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
)

const (
	bucket       = "AWS::S3::Bucket"
	distribution = "AWS::CloudFront::Distribution"
)

// site is what one static site is made of.
type site struct {
	bucket, policy, distribution, headers Resource
}

func siteOf(t *testing.T, whole Template, name string) site {
	t.Helper()
	made := site{bucket: whole.Named(t, bucket, bucketTag(whole, name)), distribution: whole.Named(t, distribution, name)}
	policies := whole.Where("AWS::S3::BucketPolicy", "Bucket", map[string]any{"Ref": made.bucket.ID})
	require.Len(t, policies, 1)
	made.policy = policies[0]
	made.headers = whole.Get(t, made.distribution.At("DistributionConfig.DefaultCacheBehavior.ResponseHeadersPolicyId"))
	return made
}

func bucketTag(whole Template, name string) string {
	for _, each := range whole.All(bucket) {
		if each.Tag(config.TagService) == name {
			return each.Tag(config.TagName)
		}
	}
	return ""
}

// everySite runs a check on each site of PROD and on those of a DEV with everything on.
func everySite(t *testing.T, check func(t *testing.T, whole Template, name string, made site)) {
	for stack, whole := range map[string]Template{"D2-Prod": prod(t, larger), "D2-Dev": dev(t, everything)} {
		names := []string{"web-admin", "web-passenger"}
		if stack == "D2-Prod" {
			names = append(names, "status")
		}
		require.Len(t, whole.All(distribution), len(names))
		for _, name := range names {
			t.Run(stack+" "+name, func(t *testing.T) { check(t, whole, name, siteOf(t, whole, name)) })
		}
	}
}

func TestASitesBucketIsReadByItsDistributionAlone(t *testing.T) {
	everySite(t, func(t *testing.T, _ Template, _ string, made site) {
		var readers []Statement
		for _, statement := range statements(made.policy.At("PolicyDocument")) {
			if statement.Effect == "Allow" {
				readers = append(readers, statement)
			}
		}
		require.Len(t, readers, 1)
		assert.Equal(t, []string{"Service:cloudfront.amazonaws.com"}, readers[0].Principals)
		assert.Equal(t, []string{"s3:GetObject"}, readers[0].Actions)
		assert.Equal(t, "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${"+made.distribution.ID+"}",
			flat(at(readers[0].Condition, "StringEquals.AWS:SourceArn")))
	})
}

func TestASiteIsReachedThroughItsOriginAccessControl(t *testing.T) {
	everySite(t, func(t *testing.T, whole Template, _ string, made site) {
		origin := made.distribution.At("DistributionConfig.Origins.0")
		assert.Equal(t, made.bucket.ID, target(at(origin, "DomainName")))
		control := whole.Get(t, at(origin, "OriginAccessControlId"))
		has(t, control, map[string]any{
			"OriginAccessControlConfig.SigningBehavior": "always", "OriginAccessControlConfig.SigningProtocol": "sigv4",
		})
		assert.Equal(t, "", at(origin, "S3OriginConfig.OriginAccessIdentity"), "the older way in is not open")
	})
}

func TestASingleFileAppRoutesByItself(t *testing.T) {
	everySite(t, func(t *testing.T, _ Template, _ string, made site) {
		has(t, made.distribution, map[string]any{"DistributionConfig.DefaultRootObject": "index.html"})
		for i, code := range []float64{403, 404} {
			assert.Equal(t, map[string]any{
				"ErrorCode": code, "ResponseCode": 200.0, "ResponsePagePath": "/index.html", "ErrorCachingMinTTL": 0.0,
			}, made.distribution.At("DistributionConfig.CustomErrorResponses."+text(i)))
		}
	})
}

func TestASiteSpeaksModernTLSAndHTTP(t *testing.T) {
	everySite(t, func(t *testing.T, _ Template, _ string, made site) {
		has(t, made.distribution, map[string]any{
			"DistributionConfig.ViewerCertificate.MinimumProtocolVersion":  "TLSv1.2_2021",
			"DistributionConfig.ViewerCertificate.SslSupportMethod":        "sni-only",
			"DistributionConfig.HttpVersion":                               "http2and3",
			"DistributionConfig.IPV6Enabled":                               true,
			"DistributionConfig.DefaultCacheBehavior.ViewerProtocolPolicy": "redirect-to-https",
			"DistributionConfig.DefaultCacheBehavior.Compress":             true,
			"DistributionConfig.DefaultCacheBehavior.AllowedMethods":       []any{"GET", "HEAD", "OPTIONS"},
		})
	})
}

func TestASitesCertificateComesFromItsOwnEdgeStack(t *testing.T) {
	everySite(t, func(t *testing.T, whole Template, _ string, made site) {
		stack := "D2-Prod-Edge"
		if made.distribution.Tag(config.TagEnvironment) == "dev" {
			stack = "D2-Dev-Edge"
		}
		reference := made.distribution.At("DistributionConfig.ViewerCertificate.AcmCertificateArn.Fn::GetStackOutput")
		assert.Equal(t, stack, at(reference, "StackName"))
		assert.Equal(t, "us-east-1", at(reference, "Region"))
		edge := largest(t)[stack]
		output := edge.Outputs[text(at(reference, "OutputName"))]
		assert.Equal(t, "AWS::CertificateManager::Certificate", edge.Get(t, output["Value"]).Type)
		assert.Empty(t, edge.All(distribution))
	})
}

func TestACertificateOfOnesOwnReplacesTheEdgeStacks(t *testing.T) {
	templates := synthesized(t, environment(t, config.Prod, otherwise))
	for _, each := range templates["D2-Prod"].All(distribution) {
		assert.Equal(t, edgeCertificate, each.At("DistributionConfig.ViewerCertificate.AcmCertificateArn"))
	}
	assert.Empty(t, templates["D2-Prod-Edge"].All("AWS::CertificateManager::Certificate"))
}

func TestAPageMayCallTheAPIAndCognitoAndNobodyElse(t *testing.T) {
	everySite(t, func(t *testing.T, _ Template, _ string, made site) {
		security := made.headers.At("ResponseHeadersPolicyConfig.SecurityHeadersConfig")
		policy := text(at(security, "ContentSecurityPolicy.ContentSecurityPolicy"))
		api := "https://api." + made.distribution.Tag(config.TagDomain)
		assert.Contains(t, strings.Split(policy, "; "), "connect-src 'self' "+api+" https://cognito-idp.ap-southeast-1.amazonaws.com")
		for _, directive := range []string{"default-src 'self'", "script-src 'self'", "object-src 'none'", "frame-ancestors 'none'", "base-uri 'self'"} {
			assert.Contains(t, strings.Split(policy, "; "), directive)
		}
	})
}

func TestAPageCarriesTheSecurityHeaders(t *testing.T) {
	everySite(t, func(t *testing.T, _ Template, _ string, made site) {
		has(t, made.headers, map[string]any{
			"ResponseHeadersPolicyConfig.SecurityHeadersConfig.ContentTypeOptions.Override":                    true,
			"ResponseHeadersPolicyConfig.SecurityHeadersConfig.FrameOptions.FrameOption":                       "DENY",
			"ResponseHeadersPolicyConfig.SecurityHeadersConfig.ReferrerPolicy.ReferrerPolicy":                  "strict-origin-when-cross-origin",
			"ResponseHeadersPolicyConfig.SecurityHeadersConfig.StrictTransportSecurity.AccessControlMaxAgeSec": 31536000.0,
			"ResponseHeadersPolicyConfig.SecurityHeadersConfig.StrictTransportSecurity.Preload":                nil,
			"ResponseHeadersPolicyConfig.SecurityHeadersConfig.XSSProtection":                                  nil,
			"ResponseHeadersPolicyConfig.RemoveHeadersConfig.Items.0.Header":                                   "Server",
			"ResponseHeadersPolicyConfig.CustomHeadersConfig.Items.0.Header":                                   "Permissions-Policy",
		})
	})
}

func TestASiteAnswersAtItsAliasOverBothProtocols(t *testing.T) {
	labels := map[string]string{"web-admin": "admin", "web-passenger": "passenger", "status": "status"}
	everySite(t, func(t *testing.T, whole Template, name string, made site) {
		domain := labels[name] + "." + made.distribution.Tag(config.TagDomain)
		assert.Equal(t, []any{domain}, made.distribution.At("DistributionConfig.Aliases"))
		var kinds []string
		for _, record := range whole.Where("AWS::Route53::RecordSet", "Name", domain+".") {
			kinds = append(kinds, text(record.At("Type")))
			assert.Equal(t, made.distribution.ID, target(record.At("AliasTarget.DNSName")))
		}
		slices.Sort(kinds)
		assert.Equal(t, []string{"A", "AAAA"}, kinds)
	})
}

func TestWhoAskedASiteIsWrittenDown(t *testing.T) {
	everySite(t, func(t *testing.T, whole Template, name string, made site) {
		logs := whole.Get(t, made.distribution.At("DistributionConfig.Logging.Bucket"))
		assert.Contains(t, logs.At("BucketName"), "access-logs")
		assert.Equal(t, "cloudfront/"+name+"/", made.distribution.At("DistributionConfig.Logging.Prefix"))
		assert.Equal(t, "BucketOwnerPreferred", logs.At("OwnershipControls.Rules.0.ObjectOwnership"), "CloudFront delivers by ACL")
	})
}
