package policies_test

const (
	siteDenial   = "SitePolicy/Properties/PolicyDocument/Statement/0"
	distribution = "Cdn/Properties/DistributionConfig"
)

var transportBreaches = []breach{
	{rule: "D2-PROD-10.1-bucket-tls", kind: wrong, how: "denied when the transport is secure",
		edits: []edit{set(siteDenial+"/Condition/Bool/aws:SecureTransport", "true")}, at: "Site"},
	{rule: "D2-PROD-10.1-bucket-tls", kind: wrong, how: "the bucket but not its objects",
		edits: []edit{set(siteDenial+"/Resource", list{attribute("Site", "Arn")})}, at: "Site"},
	{rule: "D2-PROD-10.1-bucket-tls", kind: wrong, how: "allowed, not denied",
		edits: []edit{set(siteDenial+"/Effect", "Allow")}, at: "Site"},
	{rule: "D2-PROD-10.1-bucket-tls", kind: missing, how: "a bucket without a policy",
		edits: []edit{remove("ArtifactsPolicy")}, at: "Artifacts"},
	{rule: "D2-PROD-10.1-bucket-tls", kind: missing, how: "a policy without the denial, in DEV", in: "dev",
		edits: []edit{remove("LogsPolicy/Properties/PolicyDocument/Statement/0/Condition")}, at: "Logs"},

	{rule: "D2-PROD-10.1-viewer-https", kind: wrong, how: "HTTP allowed",
		edits: []edit{set(distribution+"/DefaultCacheBehavior/ViewerProtocolPolicy", "allow-all")}},
	{rule: "D2-PROD-10.1-viewer-https", kind: wrong, how: "HTTP allowed on one path, in DEV", in: "dev",
		edits: []edit{set(distribution+"/CacheBehaviors/0/ViewerProtocolPolicy", "allow-all")}},
	{rule: "D2-PROD-10.1-viewer-https", kind: missing, how: "nothing said",
		edits: []edit{remove(distribution + "/DefaultCacheBehavior/ViewerProtocolPolicy")}},

	{rule: "D2-PROD-10.1-viewer-tls", kind: wrong, how: "TLS 1.0",
		edits: []edit{set(distribution+"/ViewerCertificate/MinimumProtocolVersion", "TLSv1")}},
	{rule: "D2-PROD-10.1-viewer-tls", kind: missing, how: "no least version",
		edits: []edit{remove(distribution + "/ViewerCertificate/MinimumProtocolVersion")}},
	{rule: "D2-PROD-10.1-viewer-tls", kind: missing, how: "CloudFront's own certificate, in DEV", in: "dev",
		edits: []edit{remove(distribution + "/ViewerCertificate")}},

	{rule: "D2-PROD-10.1-https-listener", kind: wrong, how: "a policy of 2016",
		edits: []edit{set("AlbHttps/Properties/SslPolicy", "ELBSecurityPolicy-2016-08")}},
	{rule: "D2-PROD-10.1-https-listener", kind: missing, how: "no policy",
		edits: []edit{remove("AlbHttps/Properties/SslPolicy")}},
	{rule: "D2-PROD-10.1-https-listener", kind: missing, how: "no certificate, in DEV", in: "dev",
		edits: []edit{remove("AlbHttps/Properties/Certificates")}},

	{rule: "D2-PROD-10.1-http-redirect", kind: wrong, how: "port 80 forwards",
		edits: []edit{set("AlbRedirect80To443/Properties/DefaultActions/0", object{"Type": "forward", "TargetGroupArn": ref("Tg")})}},
	{rule: "D2-PROD-10.1-http-redirect", kind: wrong, how: "a redirect to HTTP",
		edits: []edit{set("AlbRedirect80To443/Properties/DefaultActions/0/RedirectConfig/Protocol", "HTTP")}},
	{rule: "D2-PROD-10.1-http-redirect", kind: missing, how: "a redirect that keeps the protocol",
		edits: []edit{remove("AlbRedirect80To443/Properties/DefaultActions/0/RedirectConfig/Protocol")}},
	{rule: "D2-PROD-10.1-http-redirect", kind: wrong, how: "a rule of port 80 forwards",
		edits: []edit{resource("Plain", "AWS::ElasticLoadBalancingV2::ListenerRule", object{"ListenerArn": ref("AlbRedirect80To443"), "Priority": 1,
			"Actions": list{object{"Type": "forward", "TargetGroupArn": ref("Tg")}}, "Conditions": list{object{"Field": "host-header", "HostHeaderConfig": object{"Values": list{"api.d2.fikri.dev"}}}}})}},
}
