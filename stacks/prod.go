package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/constructs"
)

// NewProdStack builds D2-Prod: a fleet a service behind the load balancer, over
// two zones, always on (runbook PROD 1).
func NewProdStack(app awscdk.App, env *config.Environment, edge *Edge) awscdk.Stack {
	f := newFoundation(app, env, edge)
	balancer := f.newLoadBalancer()
	for _, service := range env.EnabledServices() {
		f.newFleet(service, balancer)
	}
	bastion := f.newBastion()
	sites := f.newSites()
	constructs.NewDashboard(f.stack, "Dashboard", env.Prefix(), f.alerts)
	f.outputs(balancer, bastion, sites)
	f.warn()
	return f.stack
}

func (f *foundation) newFleet(service config.Service, balancer *constructs.LoadBalancer) {
	backend := balancer.Add(service, f.env.TargetGroupName(service), f.env.FQDN(service.HostLabel))
	id := camel(service.Name)
	fleet := constructs.NewFleet(f.stack, id, constructs.FleetProps{
		GroupName: f.env.FleetName(service.Name), RuleName: f.env.FailureRuleName(service.Name), InstanceName: f.env.Named(service.Name), Service: service,
		Network: f.network, AMIID: f.env.Runtime.AMIID, UserData: f.userData(service),
		Role:        f.role(f.env.Named(service.Name), id+"Role", service).Role,
		TargetGroup: backend.TargetGroup, StopRefresh: backend.Alarms, Alerts: f.alerts,
	})
	if service.UsesDatabase && f.database != nil {
		f.database.AllowFrom(fleet.SecurityGroup, "MySQL from "+service.Name)
	}
	if f.deployRole != nil {
		f.deployRole.AllowRefresh(fleet.Group, f.env.FleetName(service.Name))
	}
	f.outputFleet(service, fleet)
}
