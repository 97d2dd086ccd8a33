package test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rule is one rule of a security group: who, over which protocol and ports.
type rule struct {
	group string // logical id of the other group, or ""
	block netip.Prefix
	ports string // e.g. tcp/443
}

// firewall is one security group with all its rules, wherever the template writes them.
type firewall struct {
	name    string
	in, out []rule
}

// Who is no security group of ours: the world, and whatever else may come to
// stand in the VPC, e.g. in its default group.
const (
	internet = "internet"
	anywhere = "anywhere in the VPC"
)

// firewalls are the security groups of a template by logical id.
func firewalls(t *testing.T, template Template) map[string]*firewall {
	t.Helper()
	groups := map[string]*firewall{}
	for _, group := range template.All("AWS::EC2::SecurityGroup") {
		made := &firewall{name: short(group.Tag("Name"))}
		made.in = inline(t, group.At("SecurityGroupIngress"))
		made.out = inline(t, group.At("SecurityGroupEgress"))
		groups[group.ID] = made
	}
	for _, own := range template.All("AWS::EC2::SecurityGroupIngress") {
		group := groups[target(own.At("GroupId"))]
		group.in = append(group.in, readRule(t, own.Properties))
	}
	for _, own := range template.All("AWS::EC2::SecurityGroupEgress") {
		group := groups[target(own.At("GroupId"))]
		group.out = append(group.out, readRule(t, own.Properties))
	}
	for _, group := range groups {
		if len(group.out) == 0 { // then EC2 leaves its own rule in place
			group.out = []rule{{block: netip.MustParsePrefix("0.0.0.0/0"), ports: "all"}}
		}
	}
	return groups
}

func inline(t *testing.T, value any) []rule {
	list, _ := value.([]any)
	var rules []rule
	for _, each := range list {
		rules = append(rules, readRule(t, each))
	}
	return rules
}

func readRule(t *testing.T, value any) rule {
	read := rule{ports: fmt.Sprintf("%s/%s", text(at(value, "IpProtocol")), text(at(value, "FromPort")))}
	if from, to := text(at(value, "FromPort")), text(at(value, "ToPort")); from != to {
		read.ports += "-" + to
	}
	for _, key := range []string{"SourceSecurityGroupId", "DestinationSecurityGroupId"} {
		if group := at(value, key); group != nil {
			read.group = target(group)
			return read
		}
	}
	require.Nil(t, at(value, "CidrIpv6"), "IPv6 is not used, and the matrix does not know it")
	require.Nil(t, at(value, "SourcePrefixListId"), "prefix lists are not used, and the matrix does not know them")
	block, err := netip.ParsePrefix(text(at(value, "CidrIp")))
	require.NoError(t, err)
	read.block = block
	return read
}

// lets says whether a rule lets a peer pass: the internet, or a group by its logical id.
func (r rule) lets(peer string, vpc netip.Prefix) bool {
	if r.group != "" {
		return r.group == peer
	}
	if peer == internet {
		return !r.block.Addr().IsPrivate() && r.block.Bits() == 0
	}
	return r.block.Overlaps(vpc)
}

// reach is the whole relation: who can open a connection to whom, on which port.
func reach(t *testing.T, template Template) []string {
	t.Helper()
	vpc := netip.MustParsePrefix(text(template.Only(t, "AWS::EC2::VPC").At("CidrBlock")))
	groups := firewalls(t, template)
	var relation []string
	for from, source := range groups {
		for _, out := range source.out {
			if out.lets(internet, vpc) {
				relation = append(relation, arrow(source.name, internet, out.ports))
			}
			for to, destination := range groups {
				for _, in := range destination.in {
					if out.lets(to, vpc) && in.lets(from, vpc) && (out.ports == in.ports || out.ports == "all") {
						relation = append(relation, arrow(source.name, destination.name, in.ports))
					}
				}
			}
		}
		for _, in := range source.in {
			if in.lets(internet, vpc) {
				relation = append(relation, arrow(internet, source.name, in.ports))
			} else if in.lets(anywhere, vpc) {
				relation = append(relation, arrow(anywhere, source.name, in.ports))
			}
		}
	}
	slices.Sort(relation)
	return slices.Compact(relation)
}

func arrow(from, to, ports string) string { return from + " -> " + to + " " + ports }

func TestNobodyButTheBastionAndTheBackendReachesTheDatabase(t *testing.T) {
	for _, whole := range []Template{template(t, "D2-Prod"), prod(t, larger)} {
		var callers []string
		for _, line := range reach(t, whole) {
			if caller, found := strings.CutSuffix(line, " -> rds-mysql tcp/3306"); found {
				callers = append(callers, caller)
			}
		}
		assert.Equal(t, []string{"backend-api", "bastion"}, callers)
	}
}

// Whoever calls out over HTTPS also reaches the load balancer, as the internet does.
func TestWhoReachesWhomInPROD(t *testing.T) {
	assert.Equal(t, []string{
		"alb -> backend-api tcp/3000",
		"backend-api -> alb tcp/443",
		"backend-api -> internet tcp/443",
		"backend-api -> rds-mysql tcp/3306",
		"bastion -> alb tcp/443",
		"bastion -> internet tcp/443",
		"bastion -> rds-mysql tcp/3306",
		"internet -> alb tcp/443",
		"internet -> alb tcp/80",
	}, reach(t, template(t, "D2-Prod")))
}

func TestWhoReachesWhomInDEV(t *testing.T) {
	assert.Equal(t, []string{
		"app-host -> internet tcp/443",
		"app-host -> rds-mysql tcp/3306",
		"bastion -> internet tcp/443",
		"bastion -> rds-mysql tcp/3306",
	}, reach(t, template(t, "D2-Dev")))
}

func TestWhoReachesWhomInDEVWithEverythingOn(t *testing.T) {
	assert.Equal(t, []string{
		"alb -> app-host tcp/3000",
		"alb -> app-host tcp/3001",
		"anywhere in the VPC -> vpc-endpoints tcp/443",
		"app-host -> alb tcp/443",
		"app-host -> internet tcp/443",
		"app-host -> rds-mysql tcp/3306",
		"app-host -> vpc-endpoints tcp/443",
		"bastion -> alb tcp/443",
		"bastion -> internet tcp/443",
		"bastion -> rds-mysql tcp/3306",
		"bastion -> vpc-endpoints tcp/443",
		"internet -> alb tcp/443",
		"internet -> alb tcp/80",
	}, reach(t, dev(t, everything)))
}

func TestAFurtherServiceIsReachedByTheLoadBalancerAlone(t *testing.T) {
	assert.Equal(t, []string{
		"alb -> backend-api tcp/3000",
		"alb -> web-driver tcp/3001",
		"alb -> web-support tcp/3002",
		"backend-api -> alb tcp/443",
		"backend-api -> internet tcp/443",
		"backend-api -> rds-mysql tcp/3306",
		"bastion -> alb tcp/443",
		"bastion -> internet tcp/443",
		"bastion -> rds-mysql tcp/3306",
		"internet -> alb tcp/443",
		"internet -> alb tcp/80",
		"web-driver -> alb tcp/443",
		"web-driver -> internet tcp/443",
		"web-support -> alb tcp/443",
		"web-support -> internet tcp/443",
	}, reach(t, prod(t, larger)))
}

// What a rule allows on one side must be allowed on the other, or it is a rule
// that lets nobody through and misleads who reads it (facts F3).
func TestEveryRuleOfASecurityGroupHasItsCounterpart(t *testing.T) {
	for _, whole := range []Template{template(t, "D2-Dev"), template(t, "D2-Prod"), dev(t, everything), prod(t, larger)} {
		groups := firewalls(t, whole)
		for id, group := range groups {
			for _, out := range group.out {
				if out.group != "" {
					assert.Contains(t, groups[out.group].in, rule{group: id, ports: out.ports}, "%s -> %s", group.name, groups[out.group].name)
				}
			}
			for _, in := range group.in {
				if in.group != "" {
					assert.Contains(t, groups[in.group].out, rule{group: id, ports: in.ports}, "%s <- %s", group.name, groups[in.group].name)
				}
			}
		}
	}
}
