// Package diagram draws an environment from its synthesized template: what
// stands in which tier of the network, and who may reach whom. Nothing in a
// picture is written by hand, so none can be out of date.
package diagram

import (
	"fmt"
	"slices"
	"strings"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/template"
)

// Picture is an environment as it is drawn.
type Picture struct {
	// Name is the VPC's, e.g. d2-ride-booking-prod-vpc.
	Name string `json:"name"`
	// Block is the VPC's addresses.
	Block string `json:"block"`
	// Tiers of the VPC, from the outside inwards.
	Tiers []Tier `json:"tiers"`
	// Outside is what does not stand in the VPC: sites, user pool, staff.
	Outside []Node `json:"outside"`
	// Arrows say who may reach whom.
	Arrows []Arrow `json:"arrows"`
}

// Tier is the subnets of one kind.
type Tier struct {
	// Name is public, app or database.
	Name string `json:"name"`
	// Subnets are block and zone of each.
	Subnets []string `json:"subnets"`
	// Nodes stand there.
	Nodes []Node `json:"nodes"`
}

// Kind is what a node is.
type Kind string

// The kinds, in the order in which they are drawn from the left.
const (
	LoadBalancer Kind = "load balancer"
	Service      Kind = "service"
	Database     Kind = "database"
	NAT          Kind = "nat"
	Endpoints    Kind = "endpoints"
	Bastion      Kind = "bastion"
	Site         Kind = "site"
	UserPool     Kind = "user pool"
	Staff        Kind = "staff"
)

var order = []Kind{LoadBalancer, Service, Database, NAT, Endpoints, Bastion, Staff, Site, UserPool}

// Node is one thing that is drawn as a box.
type Node struct {
	// ID is unique in the picture: letters and underscores.
	ID string `json:"id"`
	// Kind is what it is.
	Kind Kind `json:"kind"`
	// Title is its name.
	Title string `json:"title"`
	// Detail is its sizes or addresses.
	Detail string `json:"detail"`
}

// Arrow says that one may open connections to the other.
type Arrow struct {
	// From is a node's id, or Internet.
	From string `json:"from"`
	// To is a node's id, or Internet.
	To string `json:"to"`
	// Label is the ports, or how.
	Label string `json:"label"`
	// BySession says that it is no connection that arrives, but a session of
	// Systems Manager, for which the host calls out.
	BySession bool `json:"by_session,omitempty"`
}

// Internet is the id of everybody who is not in the picture.
const Internet = "internet"

// reader makes a picture of a template.
type reader struct {
	*template.Template
	picture *Picture
	groups  map[string]string // node by the logical id of its security group
	tiers   map[string]string // tier by the logical id of a subnet
}

// Read makes the picture of a main stack's template.
func Read(t *template.Template) (*Picture, error) {
	networks := t.All("AWS::EC2::VPC")
	if len(networks) != 1 {
		return nil, fmt.Errorf("this is no template of a main stack: it has %d VPCs", len(networks))
	}
	r := &reader{
		Template: t, groups: map[string]string{}, tiers: map[string]string{},
		picture: &Picture{Name: networks[0].Tag(config.TagName), Block: networks[0].Text("CidrBlock"), Outside: []Node{}, Arrows: []Arrow{}},
	}
	r.subnets()
	r.balancers()
	r.gateways()
	r.instances()
	r.databases()
	r.outside()
	r.rules()
	for i := range r.picture.Tiers {
		sortNodes(r.picture.Tiers[i].Nodes)
	}
	sortNodes(r.picture.Outside)
	return r.picture, nil
}

func sortNodes(nodes []Node) {
	slices.SortStableFunc(nodes, func(a, b Node) int { return slices.Index(order, a.Kind) - slices.Index(order, b.Kind) })
}

// tag by which CDK names the tier of a subnet.
const tierTag = "aws-cdk:subnet-name"

// subnets makes the tiers, in the order of their addresses.
func (r *reader) subnets() {
	for _, name := range []string{"public", "app", "database"} {
		tier := Tier{Name: name, Subnets: []string{}, Nodes: []Node{}}
		for _, subnet := range r.All("AWS::EC2::Subnet") {
			if subnet.Tag(tierTag) == name {
				tier.Subnets = append(tier.Subnets, subnet.Text("CidrBlock")+" in "+subnet.Text("AvailabilityZone"))
				r.tiers[subnet.ID] = name
			}
		}
		slices.Sort(tier.Subnets)
		r.picture.Tiers = append(r.picture.Tiers, tier)
	}
}

// place puts a node into the tier of a subnet, and notes whose its security group is.
func (r *reader) place(node Node, subnet any, group any) {
	for i := range r.picture.Tiers {
		if tier := &r.picture.Tiers[i]; tier.Name == r.tiers[template.Target(subnet)] {
			tier.Nodes = append(tier.Nodes, node)
		}
	}
	if id := template.Target(group); id != "" {
		r.groups[id] = node.ID
	}
}

// identifier is a name as an id: letters and underscores.
func identifier(name string) string {
	return strings.Map(func(letter rune) rune {
		if letter == '-' || letter == '.' || letter == ' ' {
			return '_'
		}
		return letter
	}, name)
}
