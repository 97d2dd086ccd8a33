package config

import (
	"fmt"
	"net/netip"
	"regexp"
)

const (
	// AWS takes blocks from /16 to /28 for a VPC and for a subnet.
	widestBlock    = 16
	narrowestBlock = 28
	// A load balancer wants subnets of /27 or more, to grow into.
	narrowestALBBlock = 27
	// AWS keeps five addresses of every subnet.
	addressesKept = 5
	// The three endpoints of Systems Manager stand in every app subnet.
	endpointAddresses = 3
	// No Region has more Availability Zones.
	zonesMax = 6
)

// network checks the address plan.
func (v *validator) network() {
	n := v.env.Network
	if mode := n.NATGateways; mode != NATOne && mode != NATOnePerZone {
		v.bad("network.nat_gateways", quoted(string(mode))+" is neither one nor one_per_zone", "write one of the two; enable_nat_gateway decides whether there is any")
	}
	v.retention("network.flow_log_retention_days", n.FlowLogRetentionDays)
	vpcOK := v.block("network.vpc_cidr", n.VPCCIDR, "10.20.0.0/16")
	v.zones(vpcOK)
	if vpcOK {
		v.appTierFits()
	}
}

// block checks one block of addresses by itself.
func (v *validator) block(key string, block netip.Prefix, example string) bool {
	switch {
	case !block.IsValid():
		v.bad(key, "is missing", "give a block of addresses, e.g. "+example)
	case !block.Addr().Is4():
		v.bad(key, block.String()+" is not IPv4", "write an IPv4 block, e.g. "+example)
	case block != block.Masked():
		v.bad(key, block.String()+" does not begin its block", "write "+block.Masked().String())
	case !block.Addr().IsPrivate():
		v.bad(key, block.String()+" is not private; hosts could not reach whom those addresses belong to", "use a block of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16")
	case block.Bits() < widestBlock || block.Bits() > narrowestBlock:
		v.bad(key, fmt.Sprintf("%s is not between /%d and /%d, as AWS takes", block, widestBlock, narrowestBlock), fmt.Sprintf("choose a size from /%d to /%d", widestBlock, narrowestBlock))
	default:
		return true
	}
	return false
}

func (v *validator) zones(vpcOK bool) {
	zones := v.env.Network.Zones
	if count := len(zones); count < 2 {
		v.bad("network.zones", fmt.Sprintf("has %d of the two or more Availability Zones that a load balancer and a database stand in (runbook PROD 10.2)", count),
			"add one, with its three subnets")
	} else if count > zonesMax {
		v.bad("network.zones", fmt.Sprintf("has %d Availability Zones, more than any Region", count), "keep two or three")
	}
	seen := map[string]bool{}
	var taken []subnet
	for i, zone := range zones {
		key := fmt.Sprintf("network.zones[%d]", i)
		v.zoneName(key+".availability_zone", zone.AvailabilityZone, seen)
		for _, own := range zone.subnets(key) {
			if v.subnet(own, vpcOK, taken) {
				taken = append(taken, own)
			}
		}
	}
}

func (v *validator) zoneName(key, name string, seen map[string]bool) {
	inRegion := regexp.MustCompile(`^` + regexp.QuoteMeta(v.env.Region) + `[a-z]$`)
	switch {
	case !regionPattern.MatchString(v.env.Region):
		// aws_region is what to mend first.
	case !inRegion.MatchString(name):
		v.bad(key, quoted(name)+" is not an Availability Zone of "+quoted(v.env.Region), "write the Region and a letter, e.g. "+v.env.Region+"a")
	case seen[name]:
		v.bad(key, name+" is in the list twice", "give each zone one entry; two zones are what survives the loss of one")
	}
	seen[name] = true
}

// subnet is one block of a zone with its key.
type subnet struct {
	key    string
	block  netip.Prefix
	public bool
}

func (z Zone) subnets(key string) []subnet {
	return []subnet{
		{key: key + ".public", block: z.Public, public: true},
		{key: key + ".app", block: z.App},
		{key: key + ".database", block: z.Database},
	}
}

func (v *validator) subnet(own subnet, vpcOK bool, taken []subnet) bool {
	vpc := v.env.Network.VPCCIDR
	if !v.block(own.key, own.block, "10.20.1.0/24") {
		return false
	}
	if vpcOK && (own.block.Bits() < vpc.Bits() || !vpc.Contains(own.block.Addr())) {
		v.bad(own.key, fmt.Sprintf("%s lies outside the VPC's %s", own.block, vpc), "choose a block within network.vpc_cidr")
		return false
	}
	if v.env.EnableALB && own.public && own.block.Bits() > narrowestALBBlock {
		v.bad(own.key, fmt.Sprintf("%s is smaller than /%d, the least for a load balancer", own.block, narrowestALBBlock), fmt.Sprintf("choose /%d or larger, or set enable_alb: false", narrowestALBBlock))
	}
	for _, other := range taken {
		if own.block.Overlaps(other.block) {
			v.bad(own.key, fmt.Sprintf("%s overlaps %s of %s", own.block, other.block, other.key), "give every subnet addresses of its own")
			return false
		}
	}
	return true
}

// appTierFits makes sure that all fleets find addresses at their largest, twice
// over: a refresh launches before it terminates (facts R12).
func (v *validator) appTierFits() {
	if v.env.Environment != Prod {
		return
	}
	free := 0
	for _, zone := range v.env.Network.Zones {
		if !zone.App.IsValid() || !zone.App.Addr().Is4() {
			return
		}
		free += 1<<(32-zone.App.Bits()) - addressesKept
		if v.env.EnableSSMVPCEndpoints {
			free -= endpointAddresses
		}
	}
	most := 0
	for _, service := range v.env.EnabledServices() {
		most += service.Fleet.MaxSize
	}
	if 2*most > free {
		v.bad("network.zones", fmt.Sprintf("has app subnets with %d free addresses, but the fleets need %d: twice their max_size, since a refresh launches before it terminates", free, 2*most),
			"widen the app subnets, or lower max_size")
	}
}
