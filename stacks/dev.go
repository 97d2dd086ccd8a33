package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/constructs"
)

// NewDevStack builds D2-Dev: one host that runs every enabled service, and
// beside it what the toggles of runbook DEV 6.1 switch on.
func NewDevStack(app awscdk.App, env *config.Environment, edge *Edge) awscdk.Stack {
	f := newFoundation(app, env, edge)
	balancer := f.newLoadBalancer()
	host := f.newHost(balancer)
	bastion := f.newBastion()
	sites := f.newSites()
	f.newWorkingHours(host, bastion)
	constructs.NewDashboard(f.stack, "Dashboard", env.Prefix(), f.alerts)
	f.outputs(balancer, bastion, sites)
	f.outputHost(host)
	f.warn()
	return f.stack
}

// newHost is nil while no service is on.
func (f *foundation) newHost(balancer *constructs.LoadBalancer) *constructs.Host {
	services := f.env.EnabledServices()
	if len(services) == 0 {
		return nil
	}
	role := f.role(f.env.AppHostName(), "HostRole", services...)
	host := constructs.NewHost(f.stack, "Host", constructs.HostProps{
		Name: f.env.AppHostName(), Service: services[0].Name, Network: f.network,
		Public:       f.env.NATGateways() == 0,
		InstanceType: f.env.Host.InstanceType, RootVolumeGiB: f.env.Host.RootVolumeGiB, AMIID: f.env.Runtime.AMIID,
		UserData: f.userData(services...), Role: role.Role, Alerts: f.alerts,
	})
	if f.database != nil {
		f.database.AllowFrom(host.SecurityGroup, "MySQL from the services")
		f.database.AllowRunbookReads(role.Role)
	}
	if f.deployRole != nil {
		f.deployRole.AllowFetchOn(f.env.Environment, services[0].Name)
	}
	if balancer != nil {
		for _, service := range services {
			balancer.Add(service, f.env.TargetGroupName(service), f.env.FQDN(service.HostLabel), host.Target(service.Port))
			host.AllowFrom(balancer, service.Port)
		}
	}
	return host
}

// newWorkingHours stops and starts what costs by the hour; nothing while cost.working_hours is not set.
func (f *foundation) newWorkingHours(host *constructs.Host, bastion *constructs.Bastion) {
	if f.env.Cost.WorkingHours == nil {
		return
	}
	props := constructs.WorkingHoursProps{Prefix: f.env.Prefix(), Hours: *f.env.Cost.WorkingHours}
	if host != nil {
		props.InstanceIDs = append(props.InstanceIDs, host.InstanceID)
	}
	if bastion != nil {
		props.InstanceIDs = append(props.InstanceIDs, bastion.InstanceID)
	}
	if f.database != nil {
		props.Database = f.database.Instance
	}
	constructs.NewWorkingHours(f.stack, "WorkingHours", props)
}
