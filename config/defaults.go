package config

import (
	"fmt"
	"net/netip"
)

// DefaultDir is where the two files lie that the shipped environments are read from.
const DefaultDir = "config/environments"

const (
	// smallInstance is the runbook's size for low traffic (runbook PROD 10.4).
	smallInstance = "t3.micro"
	// healthPath is what both services of the original answer on (facts 6.1, 6.3).
	healthPath = "/health"
	// mysqlVersion is the newest 8.0 minor that the CDK library knows; the runbook asks for 8.0 (PROD 1.1).
	mysqlVersion = "8.0.46"
	// pm2Version was the newest when the runbooks were written, so their pm2 commands are this version's.
	pm2Version = "6.0.14"
	// pm2PackagesBefore is a day on which the whole of it booted in test/boot.
	pm2PackagesBefore = "2026-10-01"
)

// Defaults is what an environment is where its file says nothing. Only the
// account and the hosted zone's id have no default: nobody else can know them.
func Defaults(stage Stage) Environment {
	env := shared(stage)
	if stage == Prod {
		fillProd(&env)
	} else {
		fillDev(&env)
	}
	return env
}

// shared is what both stages have alike.
func shared(stage Stage) Environment {
	return Environment{
		Environment: stage,
		Region:      "ap-southeast-1",
		Project:     "d2-ride-booking",
		Domain:      Domain{ZoneName: "fikri.dev"},
		Runtime: Runtime{
			NodeMajor:  20,
			PM2Version: pm2Version, PM2PackagesBefore: pm2PackagesBefore,
			MySQLClientVersion: mysqlVersion,
		},
		// Facts 1.4: the one DEV host has 16 GB.
		Host: Host{InstanceType: smallInstance, RootVolumeGiB: 16},
		Services: []Service{
			defaultBackend(),
			defaultWebDriver(),
		},
		Sites: []Site{
			{Name: webAdmin, HostLabel: "admin"},
			{Name: webPassenger, HostLabel: "passenger"},
		},
		Database: sharedDatabase(),
		Bastion:  Bastion{InstanceType: smallInstance, RootVolumeGiB: 8}, // facts 1.18
		// Facts 5.3: the original's hosts keep the three newest releases and wait a minute for /health; a t3.micro is given two.
		Release:       Release{KeepOnHost: 3, HealthTimeoutSeconds: 120},
		Observability: Observability{EnableAlarms: true},
	}
}

// sharedDatabase is the part of facts 1.7 that both stages have.
func sharedDatabase() Database {
	return Database{
		EngineVersion:          mysqlVersion,
		InstanceClass:          smallInstance,
		MaxAllocatedStorageGiB: 100,
		Name:                   "ridebooking",
		MasterUser:             "admin",
		AppUser:                "app_user",
		IAMAuthentication:      true,
		// 02:00 and 03:30 in Singapore, when nobody rides.
		BackupWindow:      "18:00-19:00",
		MaintenanceWindow: "Mon:19:30-Mon:20:30",
	}
}

// defaultBackend is the service of runbook PROD 1.2; its artifacts keep the folder of facts 5.2.
func defaultBackend() Service {
	service := DefaultService(backendAPI)
	service.Port = 3000
	service.HostLabel = "api"
	service.ArtifactPrefix = "apps/backend"
	service.UsesDatabase = true
	service.ManagesUsers = true
	return service
}

// defaultWebDriver is the service of runbook PROD 1.2 ("future" there).
func defaultWebDriver() Service {
	service := DefaultService(webDriver)
	service.Port = 3001
	service.HostLabel = "driver"
	service.ArtifactPrefix = "apps/frontend"
	service.ServesPages = true
	return service
}

// DefaultService is what a new entry of services has where it says nothing; its
// port and host label are its own to choose.
func DefaultService(name string) Service {
	return Service{
		Name:            name,
		HealthCheckPath: healthPath,
		ArtifactPrefix:  "apps/" + name,
		Fleet: Fleet{
			InstanceType:      smallInstance,
			RootVolumeGiB:     10, // facts 1.5
			MinSize:           1,  // runbook PROD 4.2 scales to 3 and back to 1
			MaxSize:           3,
			CPUTargetPercent:  60, // facts 7: what the original's authors wanted
			RequestsPerTarget: 1000,
			GraceSeconds:      600, // a cold boot with package installs takes 5 to 10 minutes (facts 10.6)
			WarmupSeconds:     300,
		},
	}
}

// DefaultSite is what a new entry of sites has where it says nothing.
func DefaultSite(name string) Site { return Site{Name: name} }

// fillDev makes the cheapest DEV that works: one host, its database and the bastion.
func fillDev(env *Environment) {
	env.Domain.Base = "dev.d2.fikri.dev"
	env.EnableEC2Backend = true
	env.EnableRDS = true
	env.EnableBastion = true
	env.Network = twoZones(env.Region, 20)
	env.Network.NATGateways = NATOne
	env.Network.FlowLogRetentionDays = 7
	env.Database.AllocatedStorageGiB = 20
	env.Database.BackupRetentionDays = 1
	env.Identity.PasswordMinLength = 8
	env.Release.NoncurrentDays = 30 // facts 1.10
	env.Observability.LogRetentionDays = 7
	env.Cost = Cost{
		MonthlyBudgetUSD: 200,
		// Facts 5.7: the hours that the original's cron lines suggested.
		WorkingHours: &WorkingHours{Start: "09:00", Stop: "18:00", Days: "MON-FRI", TimeZone: "Asia/Singapore"},
	}
}

// fillProd makes the runbook's PROD: fleets over two zones, nothing ever stopped.
func fillProd(env *Environment) {
	env.Domain.Base = "d2.fikri.dev"
	env.EnableEC2Backend = true
	env.EnableRDS = true
	env.EnableNATGateway = true
	env.EnableALB = true
	env.EnableBastion = true
	env.EnableWebAdmin = true
	env.EnableWebPassenger = true
	env.EnableWAF = true
	env.EnableGitHubActionsDeployRole = true
	env.Network = twoZones(env.Region, 30)
	env.Network.NATGateways = NATOnePerZone
	env.Network.FlowLogRetentionDays = 90
	env.Database.AllocatedStorageGiB = 30
	env.Database.BackupRetentionDays = 7
	env.Database.MultiAZ = true
	env.Database.DeletionProtection = true
	env.Database.MonitoringSeconds = 60
	env.Identity.PasswordMinLength = 12
	env.Release.NoncurrentDays = 365
	env.Observability.LogRetentionDays = 90
	env.Cost = Cost{MonthlyBudgetUSD: 600}
}

// twoZones is the original's address plan (facts 1.2) within 10.<second>.0.0/16:
// public .1 and .2, app .11 and .12, database .21 and .22.
func twoZones(region string, second int) Network {
	block := func(third, bits int) netip.Prefix {
		return netip.MustParsePrefix(fmt.Sprintf("10.%d.%d.0/%d", second, third, bits))
	}
	network := Network{VPCCIDR: block(0, 16)}
	for i := range 2 {
		network.Zones = append(network.Zones, Zone{
			Public:   block(1+i, 24),
			App:      block(11+i, 24),
			Database: block(21+i, 24),
		})
	}
	network.moveTo(region)
	return network
}

// moveTo names the zones a, b … of a Region, so that a file that changes only aws_region is whole.
func (n *Network) moveTo(region string) {
	for i := range n.Zones {
		n.Zones[i].AvailabilityZone = region + string(rune('a'+i))
	}
}
