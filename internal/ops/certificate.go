package ops

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"

	"github.com/d2-ride-booking/platform/config"
)

// renewalDays is how long before its end a certificate should have been renewed: ACM begins 60 days before.
const renewalDays = 30

// CertificateReader is what is asked of ACM.
type CertificateReader interface {
	ListCertificates(context.Context, *acm.ListCertificatesInput, ...func(*acm.Options)) (*acm.ListCertificatesOutput, error)
	DescribeCertificate(context.Context, *acm.DescribeCertificateInput, ...func(*acm.Options)) (*acm.DescribeCertificateOutput, error)
}

// Certificate is one TLS certificate of the environment's domain.
type Certificate struct {
	// Domain it is for, e.g. *.d2.fikri.dev.
	Domain string `json:"domain"`
	// Region it is in: the environment's for the load balancer, us-east-1 for CloudFront.
	Region string `json:"region"`
	// Status is ACM's: ISSUED, PENDING_VALIDATION, ...
	Status string `json:"status"`
	// Expires is its end; the zero time before it is issued.
	Expires time.Time `json:"expires,omitzero"`
}

// ReadCertificates are the certificates of the environment's domain in one region; api is of that region.
func ReadCertificates(ctx context.Context, api CertificateReader, env *config.Environment, region string) ([]Certificate, error) {
	certificates := []Certificate{}
	pages := acm.NewListCertificatesPaginator(api, &acm.ListCertificatesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, summary := range page.CertificateSummaryList {
			if !slices.Contains([]string{env.Domain.Base, env.FQDN("*")}, aws.ToString(summary.DomainName)) {
				continue
			}
			// The list does not say when a certificate ends that ACM did not issue itself.
			described, err := api.DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: summary.CertificateArn})
			if err != nil {
				return nil, err
			}
			certificates = append(certificates, certificateFrom(described.Certificate, region))
		}
	}
	return certificates, nil
}

func certificateFrom(detail *types.CertificateDetail, region string) Certificate {
	return Certificate{
		Domain: aws.ToString(detail.DomainName), Region: region,
		Status: string(detail.Status), Expires: aws.ToTime(detail.NotAfter),
	}
}
