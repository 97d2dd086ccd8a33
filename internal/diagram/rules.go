package diagram

import (
	"cmp"
	"slices"
	"strings"

	"github.com/d2-ride-booking/platform/internal/template"
)

const (
	anyone = "0.0.0.0/0"
	// allTraffic is the protocol of a rule without ports.
	allTraffic = "-1"
)

// rule is one rule of a security group: with whom, over which port.
type rule struct {
	group string // the logical id of the group that it is of
	peer  string // the logical id of the other group, or a block
	port  string
}

// rules draws an arrow where the security groups of both ends let a connection pass.
func (r *reader) rules() {
	in, out := r.collect("Ingress", "Source"), r.collect("Egress", "Destination")
	ports := map[[2]string][]string{}
	allow := func(from, to, port string) {
		key := [2]string{from, to}
		if from != "" && to != "" && !slices.Contains(ports[key], port) {
			ports[key] = append(ports[key], port)
		}
	}
	for _, rule := range in {
		switch {
		case rule.peer == anyone:
			allow(Internet, r.groups[rule.group], rule.port)
		case lets(out, rule.peer, rule.group, rule.port):
			allow(r.groups[rule.peer], r.groups[rule.group], rule.port)
		}
	}
	for _, rule := range out {
		if rule.peer == anyone {
			allow(r.groups[rule.group], r.wayOut(r.groups[rule.group]), rule.port)
		}
	}
	r.draw(ports)
}

// lets says that a group may open connections to another on a port.
func lets(out []rule, from, to, port string) bool {
	return slices.ContainsFunc(out, func(r rule) bool {
		return r.group == from && (r.peer == to || r.peer == anyone) && (r.port == port || r.port == "all")
	})
}

// collect reads the rules of one direction, which stand in the groups and beside them.
func (r *reader) collect(direction, peer string) []rule {
	var all []rule
	for _, group := range r.All("AWS::EC2::SecurityGroup") {
		for _, each := range group.List("SecurityGroup" + direction) {
			properties, _ := each.(map[string]any)
			all = append(all, ruleOf(group.ID, template.Resource{Properties: properties}, peer))
		}
	}
	for _, each := range r.All("AWS::EC2::SecurityGroup" + direction) {
		all = append(all, ruleOf(template.Target(each.At("GroupId")), each, peer))
	}
	return all
}

func ruleOf(group string, each template.Resource, peer string) rule {
	port := each.Text("FromPort")
	if each.Text("IpProtocol") == allTraffic {
		port = "all"
	}
	return rule{group: group, peer: cmp.Or(template.Target(each.At(peer+"SecurityGroupId")), each.Text("CidrIp")), port: port}
}

// wayOut of a node is NAT in the app tier, where there is one, and nothing at all
// without: its subnets have no route. Elsewhere it is the internet gateway.
func (r *reader) wayOut(node string) string {
	nat := ""
	for _, tier := range r.picture.Tiers {
		for _, each := range tier.Nodes {
			if each.Kind == NAT {
				nat = each.ID
			}
			if each.ID == node && tier.Name != "public" {
				return nat
			}
		}
	}
	return Internet
}

func (r *reader) draw(ports map[[2]string][]string) {
	var arrows []Arrow
	for ends, each := range ports {
		slices.Sort(each)
		arrows = append(arrows, Arrow{From: ends[0], To: ends[1], Label: strings.Join(each, ", ")})
	}
	slices.SortFunc(arrows, func(a, b Arrow) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	r.picture.Arrows = append(r.picture.Arrows, arrows...)
	if r.has(NAT) {
		r.picture.Arrows = append(r.picture.Arrows, Arrow{From: "nat", To: Internet, Label: "443"})
	}
}

func (r *reader) has(kind Kind) bool {
	return slices.ContainsFunc(r.picture.Tiers, func(tier Tier) bool {
		return slices.ContainsFunc(tier.Nodes, func(node Node) bool { return node.Kind == kind })
	})
}
