package config

import (
	"fmt"
	"regexp"
	"strings"
)

// certificateNameMax is the longest name that ACM puts on a certificate.
const certificateNameMax = 64

const dnsLabel = `[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?`

var (
	dnsNamePattern     = regexp.MustCompile(`^(` + dnsLabel + `\.)+` + dnsLabel + `$`)
	dnsLabelPattern    = regexp.MustCompile(`^` + dnsLabel + `$`)
	zoneIDPattern      = regexp.MustCompile(`^Z[A-Z0-9]{7,31}$`)
	certificatePattern = regexp.MustCompile(`^certificate/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
)

const certificateSample = "certificate/12345678-90ab-cdef-1234-567890abcdef"

// domain checks the names in DNS and what proves them.
func (v *validator) domain() {
	d := v.env.Domain
	zoneOK := v.like("domain.zone_name", d.ZoneName, dnsNamePattern, "the name of a hosted zone, in lower case", "fikri.dev")
	baseOK := v.like("domain.base", d.Base, dnsNamePattern, "a domain name, in lower case", "d2.fikri.dev")
	if zoneOK && baseOK && d.Base != d.ZoneName && !strings.HasSuffix(d.Base, "."+d.ZoneName) {
		v.bad("domain.base", d.Base+" does not lie in the hosted zone "+d.ZoneName+", so no record for it can be written",
			"write a name that ends in ."+d.ZoneName+", or set domain.zone_name to the zone that holds "+d.Base)
	}
	if wildcard := "*." + d.Base; len(wildcard) > certificateNameMax {
		v.bad("domain.base", fmt.Sprintf("makes the certificate's name *.%s longer than the %d characters that ACM takes", quoted(d.Base), certificateNameMax), "choose a shorter domain")
	}
	v.zoneID()
	v.certificates()
}

// zoneID is what a load balancer's and a site's records, and their certificates' proof, are written into.
func (v *validator) zoneID() {
	id := v.env.Domain.ZoneID
	if id != "" {
		v.like("domain.route53_zone_id", id, zoneIDPattern, "the id of a hosted zone", "Z0123456789EXAMPLE")
		return
	}
	needs := "enable_alb"
	if sites := v.env.EnabledSites(); !v.env.EnableALB {
		if len(sites) == 0 {
			return
		}
		needs = "the site " + sites[0].Name
	}
	v.bad("domain.route53_zone_id", "is missing, but "+needs+" needs records and a certificate in the zone "+quoted(v.env.Domain.ZoneName),
		"set the zone's id (aws route53 list-hosted-zones), or switch off what needs it")
}

func (v *validator) certificates() {
	d := v.env.Domain
	shape := arnShape{service: "acm", resource: certificatePattern, sample: certificateSample}
	shape.region, shape.kind = v.env.Region, "a certificate for the load balancer"
	v.arn("domain.alb_certificate_arn", d.ALBCertificateARN, shape)
	shape.region, shape.kind = EdgeRegion, "a certificate for CloudFront"
	v.arn("domain.cloudfront_certificate_arn", d.CloudFrontCertificateARN, shape)
}
