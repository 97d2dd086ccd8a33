package ops

import (
	"fmt"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/template"
)

// Metrics that an instance sends each minute, and that are charged one by one.
const (
	// ec2Metrics are EC2's own with detailed monitoring.
	ec2Metrics = 7
	// customMetrics are the agent's, host/configuration.go: memory, and the disk by
	// itself and summed up, by instance.
	customMetrics = 3
	// fleetMetrics are the same, each also by group and by group with instance.
	fleetMetrics = 6
)

// machines are instances of one kind.
type machines struct {
	resource   template.Resource
	launch     template.Resource
	count      int
	agent      int // metrics of its own that each sends
	isBastion  bool
	hasAddress bool
}

// hosts are instances, and what comes with each: volumes, addresses, metrics.
// The addresses of load balancer and NAT gateways are on the same line.
func (r *reckoning) hosts(t *template.Template) {
	all := r.machines(t)
	for _, bastion := range []bool{false, true} {
		for _, each := range all {
			if each.isBastion == bastion {
				r.addMachines(each)
			}
		}
	}
	r.addresses(t, all)
	r.metrics(all)
}

// machines are the fleets, DEV's host and the bastion.
func (r *reckoning) machines(t *template.Template) []machines {
	var all []machines
	for _, group := range t.All("AWS::AutoScaling::AutoScalingGroup") {
		fleet := machines{resource: group, count: group.Number("MinSize"), agent: fleetMetrics}
		if live, known := r.sizes.Instances[group.Text("AutoScalingGroupName")]; known {
			fleet.count = live
		}
		fleet.launch, _ = t.Get(group.At("LaunchTemplate.LaunchTemplateId"))
		all = append(all, fleet)
	}
	for _, instance := range t.All("AWS::EC2::Instance") {
		host := machines{resource: instance, count: 1, agent: customMetrics}
		host.launch, _ = t.Get(instance.At("LaunchTemplate.LaunchTemplateId"))
		if instance.Tag(config.TagService) == config.ServiceBastion {
			host.isBastion, host.agent = true, 0 // it has no CloudWatch agent
		}
		all = append(all, host)
	}
	for i := range all {
		all[i].hasAddress = all[i].launch.Bool("LaunchTemplateData.NetworkInterfaces.0.AssociatePublicIpAddress")
	}
	return all
}

func (r *reckoning) addMachines(m machines) {
	part := "hosts of the services"
	if m.isBastion {
		part = "bastion"
	}
	kind := m.launch.Text("LaunchTemplateData.InstanceType")
	volume := m.launch.Number("LaunchTemplateData.BlockDeviceMappings.0.Ebs.VolumeSize")
	hour, known := r.prices.InstanceHour[kind]
	r.price(known, kind, m.resource)
	r.add(part, fmt.Sprintf("%d × %s, %d GiB", m.count, kind, volume), amount{
		running: float64(m.count) * hour.USD, monthly: float64(m.count*volume) * r.prices.VolumeGiBMonth.USD,
	}, m.resource)
}

// addresses are public IPv4 addresses; those of instances are given back while they are stopped.
func (r *reckoning) addresses(t *template.Template, all []machines) {
	holders := t.All("AWS::EC2::EIP")
	fixed, passing := len(holders), 0
	for _, balancer := range t.All("AWS::ElasticLoadBalancingV2::LoadBalancer") {
		if balancer.Text("Scheme") == "internet-facing" {
			holders, fixed = append(holders, balancer), fixed+len(balancer.List("Subnets"))
		}
	}
	for _, each := range all {
		if each.hasAddress {
			holders, passing = append(holders, each.resource), passing+each.count
		}
	}
	price := r.prices.PublicAddressHour.USD
	r.add("public IPv4 addresses", fmt.Sprint(fixed+passing), amount{hourly: float64(fixed) * price, running: float64(passing) * price}, holders...)
}

func (r *reckoning) metrics(all []machines) {
	metrics := 0
	var senders []template.Resource
	for _, each := range all {
		sends := each.agent
		if each.launch.Bool("LaunchTemplateData.Monitoring.Enabled") {
			sends += ec2Metrics
		}
		if sends > 0 {
			senders, metrics = append(senders, each.resource), metrics+each.count*sends
		}
	}
	// Charged by the hour in which they are sent.
	r.add("metrics a minute", fmt.Sprint(metrics), amount{running: float64(metrics) * r.prices.MetricMonth.USD / config.HoursAMonth}, senders...)
}
