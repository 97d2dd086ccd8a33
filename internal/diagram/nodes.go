package diagram

import (
	"fmt"
	"strings"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/template"
)

func (r *reader) balancers() {
	for _, balancer := range r.All("AWS::ElasticLoadBalancingV2::LoadBalancer") {
		var hosts []string
		for _, rule := range r.All("AWS::ElasticLoadBalancingV2::ListenerRule") {
			if host := rule.Text("Conditions.0.HostHeaderConfig.Values.0"); host != "" {
				hosts = append(hosts, host)
			}
		}
		title := "Load balancer"
		if len(r.All("AWS::WAFv2::WebACLAssociation")) > 0 {
			title = "WAF and load balancer"
		}
		r.place(Node{ID: "alb", Kind: LoadBalancer, Title: title, Detail: strings.Join(hosts, ", ")},
			balancer.At("Subnets.0"), balancer.At("SecurityGroups.0"))
	}
}

// gateways are the ways out that cost something: NAT, and the endpoints of Systems Manager.
func (r *reader) gateways() {
	if nat := r.All("AWS::EC2::NatGateway"); len(nat) > 0 {
		detail := "one for all zones"
		if len(nat) > 1 {
			detail = "one a zone"
		}
		r.place(Node{ID: "nat", Kind: NAT, Title: "NAT", Detail: detail}, nat[0].At("SubnetId"), nil)
	}
	for _, endpoint := range r.All("AWS::EC2::VPCEndpoint") {
		if endpoint.Text("VpcEndpointType") == "Interface" {
			r.place(Node{ID: "endpoints", Kind: Endpoints, Title: "Endpoints", Detail: "Systems Manager, 443 from the VPC"},
				endpoint.At("SubnetIds.0"), endpoint.At("SecurityGroupIds.0"))
			return
		}
	}
}

// instances are the fleets, DEV's host and the bastion.
func (r *reader) instances() {
	for _, group := range r.All("AWS::AutoScaling::AutoScalingGroup") {
		launch, _ := r.Get(group.At("LaunchTemplate.LaunchTemplateId"))
		name := group.Tag(config.TagService)
		detail := fmt.Sprintf("fleet of %s to %s × %s", group.Text("MinSize"), group.Text("MaxSize"), instanceType(launch))
		r.place(Node{ID: identifier(name), Kind: Service, Title: name, Detail: detail}, group.At("VPCZoneIdentifier.0"), groupOf(launch))
	}
	for _, instance := range r.All("AWS::EC2::Instance") {
		launch, _ := r.Get(instance.At("LaunchTemplate.LaunchTemplateId"))
		node := Node{ID: "host", Kind: Service, Title: "Host of the services", Detail: instanceType(launch)}
		if instance.Tag(config.TagService) == config.ServiceBastion {
			node = Node{ID: "bastion", Kind: Bastion, Title: "Bastion", Detail: instanceType(launch) + ", no way in"}
			r.staff()
		}
		r.place(node, launch.At("LaunchTemplateData.NetworkInterfaces.0.SubnetId"), groupOf(launch))
	}
}

func instanceType(launch template.Resource) string {
	return launch.Text("LaunchTemplateData.InstanceType")
}

func groupOf(launch template.Resource) any {
	return launch.At("LaunchTemplateData.NetworkInterfaces.0.Groups.0")
}

// staff reaches the bastion by Session Manager alone (runbook PROD 2.2).
func (r *reader) staff() {
	r.picture.Outside = append(r.picture.Outside, Node{ID: "staff", Kind: Staff, Title: "Staff", Detail: "by AWS credentials"})
	r.picture.Arrows = append(r.picture.Arrows, Arrow{From: "staff", To: "bastion", Label: "Session Manager", BySession: true})
}

func (r *reader) databases() {
	for _, database := range r.All("AWS::RDS::DBInstance") {
		subnets, _ := r.Get(database.At("DBSubnetGroupName"))
		zones := ", one zone"
		if database.Bool("MultiAZ") {
			zones = ", Multi-AZ"
		}
		r.place(Node{ID: "database", Kind: Database, Title: "MySQL " + database.Text("EngineVersion"), Detail: database.Text("DBInstanceClass") + zones},
			subnets.At("SubnetIds.0"), database.At("VPCSecurityGroups.0"))
	}
}

// outside are the sites, which CloudFront serves from private buckets, and the user pool.
func (r *reader) outside() {
	for _, distribution := range r.All("AWS::CloudFront::Distribution") {
		name := distribution.Tag(config.TagService)
		r.add(Node{ID: identifier(name), Kind: Site, Title: name, Detail: "CloudFront, S3: " + distribution.Text("DistributionConfig.Aliases.0")})
	}
	for _, pool := range r.All("AWS::Cognito::UserPool") {
		r.add(Node{ID: "users", Kind: UserPool, Title: "Cognito user pool", Detail: pool.Text("UserPoolName")})
	}
}

func (r *reader) add(node Node) {
	r.picture.Outside = append(r.picture.Outside, node)
	r.picture.Arrows = append(r.picture.Arrows, Arrow{From: Internet, To: node.ID, Label: "443"})
}
