package ops

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/route53"
)

// ZoneReader is what is asked of Route 53.
type ZoneReader interface {
	GetHostedZone(context.Context, *route53.GetHostedZoneInput, ...func(*route53.Options)) (*route53.GetHostedZoneOutput, error)
	ListResourceRecordSets(context.Context, *route53.ListResourceRecordSetsInput, ...func(*route53.Options)) (*route53.ListResourceRecordSetsOutput, error)
}

// dns looks why a name leads nowhere, or somewhere else (runbook PROD 1.2).
func (d *doctor) dns() []probe {
	probes := []probe{{"delegation of the zone", "PROD 1.2", d.lookDelegation}}
	if d.env.EnableALB {
		for _, service := range d.env.EnabledServices() {
			name := d.env.FQDN(service.HostLabel)
			probes = append(probes, probe{name, "PROD 1.2", func(ctx context.Context) (outcome, error) {
				return d.lookRecord(ctx, name, d.balancerName)
			}})
		}
		probes = append(probes, probe{"certificate in " + d.env.Region, "PROD 1.1", func(ctx context.Context) (outcome, error) {
			return d.lookCertificates(ctx, d.api.Certificates, d.env.Region)
		}})
	}
	for _, site := range d.env.EnabledSites() {
		name := d.env.FQDN(site.HostLabel)
		probes = append(probes, probe{name, "PROD 1.2", func(ctx context.Context) (outcome, error) {
			return d.lookRecord(ctx, name, func(ctx context.Context) (string, error) {
				found, err := d.siteOf(ctx, site)
				return found.CloudFrontDomain, err
			})
		}})
	}
	return probes
}

// lookDelegation compares the zone's own name servers with those that the world asks.
func (d *doctor) lookDelegation(ctx context.Context) (outcome, error) {
	if d.api.Network == nil {
		return skipped("names of a local AWS lead nowhere")
	}
	zone, err := d.api.Zones.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: aws.String(d.env.Domain.ZoneID)})
	if err != nil {
		return outcome{}, err
	}
	var own, asked []string
	if zone.DelegationSet != nil {
		own = zone.DelegationSet.NameServers
	}
	found, err := d.api.Network.LookupNS(ctx, d.env.Domain.ZoneName)
	if err != nil {
		return wrong("delegate it at the registrar to "+listed(own), "%s has no name servers: %v", d.env.Domain.ZoneName, innermost(err))
	}
	for _, server := range found {
		asked = append(asked, strings.TrimSuffix(server.Host, "."))
	}
	if !slices.ContainsFunc(own, func(server string) bool { return slices.Contains(asked, server) }) {
		return wrong("delegate it at the registrar to "+listed(own), "the world asks %s about %s, not this zone", listed(asked), d.env.Domain.ZoneName)
	}
	return fine("%s asks this zone", d.env.Domain.ZoneName)
}

// lookRecord: a name must be an alias of what answers for it.
func (d *doctor) lookRecord(ctx context.Context, name string, target func(context.Context) (string, error)) (outcome, error) {
	wanted, err := target(ctx)
	if err != nil {
		return outcome{}, err
	}
	answer, err := d.api.Zones.ListResourceRecordSets(ctx, &route53.ListResourceRecordSetsInput{
		HostedZoneId: aws.String(d.env.Domain.ZoneID), StartRecordName: &name, MaxItems: aws.Int32(fewRecords),
	})
	if err != nil {
		return outcome{}, err
	}
	for _, record := range answer.ResourceRecordSets {
		if strings.TrimSuffix(aws.ToString(record.Name), ".") != name || record.AliasTarget == nil {
			continue
		}
		leads := strings.TrimSuffix(strings.TrimPrefix(aws.ToString(record.AliasTarget.DNSName), "dualstack."), ".")
		if wanted == "" || !strings.EqualFold(leads, wanted) {
			return wrong(d.redeploy(), "it leads to %s, not to %s", leads, cmp.Or(wanted, "anything that stands"))
		}
		return fine("leads to %s", leads)
	}
	return wrong(d.redeploy(), "there is no such record in %s", d.env.Domain.ZoneName)
}

// fewRecords are those of one name: A and AAAA, and what a person added.
const fewRecords = 5

func (d *doctor) balancerName(ctx context.Context) (string, error) {
	answer, err := d.api.Targets.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{Names: []string{d.env.LoadBalancerName()}})
	if err != nil || len(answer.LoadBalancers) == 0 {
		return "", err
	}
	return aws.ToString(answer.LoadBalancers[0].DNSName), nil
}

// lookCertificates: one certificate for the base and every label under it, that does not end soon.
func (d *doctor) lookCertificates(ctx context.Context, api CertificateReader, region string) (outcome, error) {
	certificates, err := ReadCertificates(ctx, api, d.env, region)
	if err != nil {
		return outcome{}, err
	}
	for _, certificate := range certificates {
		if certificate.Domain != d.env.FQDN("*") {
			continue
		}
		switch {
		case certificate.Status != string(acmtypes.CertificateStatusIssued):
			return wrong("see its DNS record and the delegation; a certificate waits 72 hours for it", "%s is %s", certificate.Domain, certificate.Status)
		case certificate.Expires.Before(d.now.Add(renewalDays * 24 * time.Hour)):
			return wrong("its validation record is gone or wrong: "+d.redeploy(), "%s ends on %s and was not renewed", certificate.Domain, certificate.Expires.Format(time.DateOnly))
		}
		return fine("%s until %s", certificate.Domain, certificate.Expires.Format(time.DateOnly))
	}
	return wrong(d.redeploy(), "there is no certificate of %s", d.env.FQDN("*"))
}
