package ops

import (
	"fmt"
	"slices"
	"strings"

	"github.com/d2-ride-booking/platform/config"
)

// ToggleCost is what one toggle of the environment's file adds while it is on,
// given all others as they are (runbook DEV 6.1). Alarms of its own, a tenth of a
// dollar each, are not in it.
type ToggleCost struct {
	// Toggle is its key.
	Toggle string `json:"toggle"`
	// On says how it stands in the environment's file.
	On bool `json:"on"`
	// USD a month, running day and night.
	USD float64 `json:"usd"`
	// Note says what else, e.g. that PROD keeps it on; often empty.
	Note string `json:"note,omitempty"`
}

// ssmEndpoints are the interface endpoints of enable_ssm_vpc_endpoints.
const ssmEndpoints = 3

// toggles reckons what a toggle adds by the environment's file; a template shows
// only what is on.
type toggles struct {
	env    *config.Environment
	prices *prices
}

func toggleCosts(env *config.Environment, known *prices) []ToggleCost {
	t := toggles{env, known}
	return []ToggleCost{ // in the order of the runbook
		t.of("enable_ec2_backend", env.EnableEC2Backend, t.service("enable_ec2_backend"), t.shared("enable_ec2_backend")),
		t.of("enable_rds", env.EnableRDS, t.database(), t.extended(), t.fixed()),
		t.of("enable_nat_gateway", env.EnableNATGateway, t.nat(), t.fixed()),
		t.of("enable_alb", env.EnableALB, t.loadBalancer(), t.fixed()),
		t.of("enable_ssm_vpc_endpoints", env.EnableSSMVPCEndpoints, t.endpoints()),
		t.of("enable_bastion", env.EnableBastion, t.bastion()),
		t.of("enable_web_admin", env.EnableWebAdmin, amount{}),
		t.of("enable_web_passenger", env.EnableWebPassenger, amount{}),
		t.of("enable_web_driver", env.EnableWebDriver, t.service("enable_web_driver"), t.shared("enable_web_driver")),
		t.of("enable_waf", env.EnableWAF, t.firewall(), "needs enable_alb"),
	}
}

// of is one toggle, with what is to be said of it.
func (t toggles) of(key string, on bool, adds amount, notes ...string) ToggleCost {
	notes = append([]string{t.prices.ToggleUse[key]}, notes...)
	said := slices.DeleteFunc(notes, func(note string) bool { return note == "" })
	return ToggleCost{Toggle: key, On: on, USD: adds.month(1), Note: strings.Join(said, "; ")}
}

// fixed is said of what PROD may not switch off (config/validate.go).
func (t toggles) fixed() string {
	if t.env.Environment == config.Prod {
		return "PROD keeps it on"
	}
	return ""
}

func (t toggles) extended() string {
	low, high := config.ExtendedSupport(t.env.Database.EngineVersion, t.env.Database.InstanceClass, t.env.Database.MultiAZ)
	if high == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f to %.0f more for Extended Support", low*config.HoursAMonth, high*config.HoursAMonth)
}

// service is a fleet of the least size in PROD. In DEV it is the one host, when
// no other service needs it already.
func (t toggles) service(toggle string) amount {
	if t.env.Environment == config.Dev {
		if t.shared(toggle) != "" {
			return amount{}
		}
		return t.host()
	}
	for _, service := range t.env.Services {
		if config.Toggles()[service.Name] == toggle {
			fleet := service.Fleet
			return t.instance(fleet.InstanceType, fleet.RootVolumeGiB, ec2Metrics+fleetMetrics).times(fleet.MinSize)
		}
	}
	return amount{}
}

// shared says that DEV's host is there for another service anyway.
func (t toggles) shared(toggle string) string {
	if t.env.Environment == config.Prod {
		return ""
	}
	for _, service := range t.env.EnabledServices() {
		if config.Toggles()[service.Name] != toggle {
			return "shares the host of " + service.Name
		}
	}
	return ""
}

func (t toggles) host() amount {
	host := t.instance(t.env.Host.InstanceType, t.env.Host.RootVolumeGiB, ec2Metrics+customMetrics)
	if !t.env.EnableNATGateway {
		host.hourly += t.prices.PublicAddressHour.USD
	}
	return host
}

func (t toggles) bastion() amount {
	bastion := t.instance(t.env.Bastion.InstanceType, t.env.Bastion.RootVolumeGiB, ec2Metrics)
	bastion.hourly += t.prices.PublicAddressHour.USD
	return bastion
}

func (t toggles) instance(kind string, volume, metrics int) amount {
	return amount{
		hourly:  t.prices.InstanceHour[kind].USD,
		monthly: float64(volume)*t.prices.VolumeGiBMonth.USD + float64(metrics)*t.prices.MetricMonth.USD,
	}
}

func (t toggles) database() amount {
	zones := 1.0
	if t.env.Database.MultiAZ {
		zones = 2
	}
	return amount{
		hourly:  zones * t.prices.DatabaseHour["db."+t.env.Database.InstanceClass].USD,
		monthly: zones*float64(t.env.Database.AllocatedStorageGiB)*t.prices.DatabaseGiBMonth.USD + t.prices.SecretMonth.USD,
	}
}

// nat is each gateway with its address. DEV's host needs none of its own then.
func (t toggles) nat() amount {
	gateways := 1
	if t.env.Network.NATGateways == config.NATOnePerZone {
		gateways = len(t.env.Network.Zones)
	}
	adds := amount{hourly: t.prices.NATGatewayHour.USD + t.prices.PublicAddressHour.USD}.times(gateways)
	if t.env.Environment == config.Dev && len(t.env.EnabledServices()) > 0 {
		adds.hourly -= t.prices.PublicAddressHour.USD
	}
	return adds
}

func (t toggles) loadBalancer() amount {
	return amount{hourly: t.prices.LoadBalancerHour.USD + t.zones()*t.prices.PublicAddressHour.USD}
}

func (t toggles) endpoints() amount {
	return amount{hourly: ssmEndpoints * t.zones() * t.prices.EndpointZoneHour.USD}
}

// firewall is an ACL with two rules (constructs/firewall.go).
func (t toggles) firewall() amount {
	return amount{monthly: t.prices.WebACLMonth.USD + 2*t.prices.WebACLRuleMonth.USD}
}

func (t toggles) zones() float64 { return float64(len(t.env.Network.Zones)) }
