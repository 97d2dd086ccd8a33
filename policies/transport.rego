# Runbook PROD 10.1, data protection: TLS for all connections.
package d2

import rego.v1

rules["D2-PROD-10.1-bucket-tls"] := {
	"stage": "both",
	"what": "Every bucket refuses requests without TLS",
	"why": "Block Public Access does not look at the transport",
	"fix": "Give the bucket a policy that denies s3:* to everybody, for bucket and objects, when aws:SecureTransport is false"
}

violation contains v if {
	some name in resources_of_type("AWS::S3::Bucket")
	not refuses_plain_requests(name)
	v := finding("D2-PROD-10.1-bucket-tls", name, "")
}

refuses_plain_requests(bucket) if {
	some name in resources_of_type("AWS::S3::BucketPolicy")
	belongs_to(at(name, ["Bucket"]), bucket)
	some statement in list(at(name, ["PolicyDocument", "Statement"]))
	statement.Effect == "Deny"
	some principal in list(statement.Principal)
	everybody(principal)
	some action in list(statement.Action)
	action in ["*", "s3:*"]
	is_no(statement.Condition.Bool["aws:SecureTransport"])
	covers_objects(statement)
}

belongs_to(value, bucket) if refers_to(value) == bucket

belongs_to(value, bucket) if {
	is_string(value)
	value == at(bucket, ["BucketName"])
}

# The objects are the bucket's ARN and a star: Fn::Join, of which only the literals are known.
covers_objects(statement) if {
	some resource in list(statement.Resource)
	endswith(literal_end(resource), "*")
}

literal_end(resource) := resource if is_string(resource)

literal_end(resource) := resource.__dynamic if is_object(resource)

rules["D2-PROD-10.1-viewer-https"] := {
	"stage": "both",
	"what": "Every CloudFront behavior redirects to HTTPS or allows nothing else",
	"why": "A site with a login may not be read or changed on the way",
	"fix": "Set ViewerProtocolPolicy to redirect-to-https"
}

violation contains v if {
	some name in resources_of_type("AWS::CloudFront::Distribution")
	not https_only(at(name, ["DistributionConfig", "DefaultCacheBehavior"]))
	v := finding("D2-PROD-10.1-viewer-https", name, "Properties.DistributionConfig.DefaultCacheBehavior.ViewerProtocolPolicy")
}

violation contains v if {
	some name in resources_of_type("AWS::CloudFront::Distribution")
	some i, behavior in list(at(name, ["DistributionConfig", "CacheBehaviors"]))
	not https_only(behavior)
	v := finding("D2-PROD-10.1-viewer-https", name, sprintf("Properties.DistributionConfig.CacheBehaviors.%d.ViewerProtocolPolicy", [i]))
}

https_only(behavior) if within(behavior, ["ViewerProtocolPolicy"]) in ["redirect-to-https", "https-only"]

rules["D2-PROD-10.1-viewer-tls"] := {
	"stage": "both",
	"what": "CloudFront speaks TLS 1.2 (policy 2021) or newer with its own certificate",
	"why": "Without a certificate of its own a distribution also speaks TLS 1.0",
	"fix": "Set ViewerCertificate with the certificate and MinimumProtocolVersion TLSv1.2_2021"
}

violation contains v if {
	some name in resources_of_type("AWS::CloudFront::Distribution")
	not modern_viewer(at(name, ["DistributionConfig", "ViewerCertificate"]))
	v := finding("D2-PROD-10.1-viewer-tls", name, "Properties.DistributionConfig.ViewerCertificate")
}

modern_viewer(certificate) if {
	within(certificate, ["MinimumProtocolVersion"]) in ["TLSv1.2_2021", "TLSv1.2_2025", "TLSv1.3_2025"]
	not absent(within(certificate, ["AcmCertificateArn"]))
}

rules["D2-PROD-10.1-https-listener"] := {
	"stage": "both",
	"what": "Every HTTPS listener has a certificate and a policy of TLS 1.2 and newer",
	"why": "The policy that AWS takes by itself still speaks TLS 1.0",
	"fix": "Set SslPolicy to ELBSecurityPolicy-TLS13-1-2-2021-06 or a newer one, and Certificates"
}

violation contains v if {
	some name in resources_of_type("AWS::ElasticLoadBalancingV2::Listener")
	at(name, ["Protocol"]) == "HTTPS"
	not modern_listener(name)
	v := finding("D2-PROD-10.1-https-listener", name, "Properties.SslPolicy")
}

modern_listener(name) if {
	regex.match(`^ELBSecurityPolicy-(TLS13-1-[23]-|TLS-1-2-|FS-1-2-)`, at(name, ["SslPolicy"]))
	not absent(at(name, ["Certificates"]))
}

rules["D2-PROD-10.1-http-redirect"] := {
	"stage": "prod",
	"what": "A listener without TLS only redirects to HTTPS",
	"why": "The load balancer serves on 443; port 80 is there for those who type the name",
	"fix": "Make every action of the listener and of its rules a redirect with Protocol HTTPS"
}

violation contains v if {
	some name in resources_of_type("AWS::ElasticLoadBalancingV2::Listener")
	plain_listener(name)
	not only_redirects(at(name, ["DefaultActions"]))
	v := finding("D2-PROD-10.1-http-redirect", name, "Properties.DefaultActions")
}

violation contains v if {
	some name in resources_of_type("AWS::ElasticLoadBalancingV2::ListenerRule")
	plain_listener(refers_to(at(name, ["ListenerArn"])))
	not only_redirects(at(name, ["Actions"]))
	v := finding("D2-PROD-10.1-http-redirect", name, "Properties.Actions")
}

plain_listener(name) if not at(name, ["Protocol"]) in ["HTTPS", "TLS"]

only_redirects(actions) if {
	count(list(actions)) > 0
	every action in list(actions) {
		within(action, ["Type"]) == "redirect"
		within(action, ["RedirectConfig", "Protocol"]) == "HTTPS"
	}
}
