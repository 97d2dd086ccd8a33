package constructs

import (
	"time"

	acm "github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	route53 "github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/constructs-go/constructs/v10"
)

// CertificateProps says for which domain a certificate stands.
type CertificateProps struct {
	Domain  string // the base domain; the certificate is for it and every label under it
	Zone    route53.IHostedZone
	Service string // tag Service: what it serves
	Alerts  *Alerts
}

// NewCertificate makes a certificate for the base domain and *.base, proven by
// DNS. One wildcard serves every service and site, so a new one waits for nobody.
func NewCertificate(scope constructs.Construct, id string, props CertificateProps) acm.ICertificate {
	certificate := acm.NewCertificate(scope, str(id), &acm.CertificateProps{
		CertificateName:         str(props.Domain), // its tag Name, which would else be the construct's path
		DomainName:              str("*." + props.Domain),
		SubjectAlternativeNames: strs(props.Domain),
		Validation:              acm.CertificateValidation_FromDns(props.Zone),
	})
	service(certificate, props.Service)
	props.Alerts.Add(certificate, "Expiry", Alarm{
		Name:        "certificate-expiry",
		Description: "The certificate of *." + props.Domain + " ends in under 30 days: ACM renews at 60, so its DNS record is gone or wrong. Look at it in Certificate Manager.",
		Metric: metric("AWS/CertificateManager", "DaysToExpiry", "Minimum", 24*time.Hour,
			map[string]*string{"CertificateArn": certificate.CertificateArn()}),
		Below: 30, Periods: 1,
	})
	return certificate
}

// ImportedCertificate is one that was made elsewhere.
func ImportedCertificate(scope constructs.Construct, id, arn string) acm.ICertificate {
	return acm.Certificate_FromCertificateArn(scope, str(id), str(arn))
}
