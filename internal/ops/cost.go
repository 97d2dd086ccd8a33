package ops

import (
	"fmt"
	"math"
	"strings"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/template"
)

// Cost is what an environment costs a month, before its use (docs/costs.md).
type Cost struct {
	// Environment is dev or prod.
	Environment config.Stage `json:"environment"`
	// Of is what was reckoned: the deployed stacks, or the templates of a directory.
	Of string `json:"of"`
	// PricesAsOf is the date of the prices, which are of PricesIn, a Region.
	PricesAsOf string `json:"prices_as_of"`
	// PricesIn is the Region of the prices.
	PricesIn string `json:"prices_in"`
	// Lines are the parts.
	Lines []CostLine `json:"lines"`
	// USD a month, running day and night.
	USD float64 `json:"usd"`
	// WorkingHoursUSD a month, stopped outside cost.working_hours; null where nothing is stopped.
	WorkingHoursUSD *float64 `json:"working_hours_usd" jsonschema:"nullable"`
	// ExtendedSupport is what a database past its standard support adds; null for none.
	ExtendedSupport *ExtendedSupport `json:"extended_support" jsonschema:"nullable"`
	// Toggles are what each toggle of runbook DEV 6.1 adds while it is on.
	Toggles []ToggleCost `json:"toggles"`
	// NotPriced are resources whose price prices.yaml does not have.
	NotPriced []string `json:"not_priced"`
	// NotCounted is what is charged by use, with its price.
	NotCounted []string `json:"not_counted"`
}

// CostLine is one part of an environment.
type CostLine struct {
	// Part is what, as docs/costs.md calls it.
	Part string `json:"part"`
	// Resources are the logical ids of what is charged.
	Resources []string `json:"resources"`
	// Sizes says how many and how large.
	Sizes string `json:"sizes"`
	// USD a month, running day and night.
	USD float64 `json:"usd"`
	// WorkingHoursUSD a month, stopped outside cost.working_hours.
	WorkingHoursUSD float64 `json:"working_hours_usd"`
}

// ExtendedSupport is a range of USD a month: AWS's price differs by Region and year.
type ExtendedSupport struct {
	// LeastUSD is the first years' least.
	LeastUSD float64 `json:"least_usd"`
	// MostUSD is the first years' most.
	MostUSD float64 `json:"most_usd"`
}

// reckoning adds up a Cost from templates.
type reckoning struct {
	*Cost
	prices *prices
	env    *config.Environment
	share  float64 // of the hours of a week in which what can be stopped runs
	sizes  LiveSizes
	whole  amount
}

// LiveSizes are what differs in a deployed stack from its template.
type LiveSizes struct {
	// Instances that a fleet is to have, by the name of its Auto Scaling group.
	Instances map[string]int
	// DatabaseGiB is the storage, which grows by itself; 0 is as in the template.
	DatabaseGiB int
}

// ReckonCost is what the stacks of the templates cost: the main one first.
func ReckonCost(env *config.Environment, of string, templates []*template.Template, sizes LiveSizes) (*Cost, error) {
	known, err := readPrices()
	if err != nil {
		return nil, err
	}
	cost := &Cost{
		Environment: env.Environment, Of: of, PricesAsOf: known.AsOf, PricesIn: known.Region,
		Lines: []CostLine{}, Toggles: toggleCosts(env, known), NotPriced: []string{}, NotCounted: known.ByUse,
	}
	r := &reckoning{Cost: cost, prices: known, env: env, share: 1, sizes: sizes}
	if len(templates[0].All("AWS::Scheduler::Schedule")) > 0 && env.Cost.WorkingHours != nil {
		r.share = env.Cost.WorkingHours.HoursAWeek() / (24 * 7)
	}
	r.network(templates[0])
	r.hosts(templates[0])
	r.database(templates[0])
	r.smallThings(templates)
	r.total()
	return cost, nil
}

// amount is a price before it is known how long it is paid.
type amount struct {
	hourly  float64 // of what runs always
	running float64 // an hour of what working hours stop
	monthly float64
}

// month is USD a month where what can be stopped runs the given share of the time.
func (a amount) month(share float64) float64 {
	return cents((a.hourly+a.running*share)*config.HoursAMonth + a.monthly)
}

func (a amount) plus(b amount) amount {
	return amount{hourly: a.hourly + b.hourly, running: a.running + b.running, monthly: a.monthly + b.monthly}
}

func (a amount) times(n int) amount {
	return amount{hourly: a.hourly * float64(n), running: a.running * float64(n), monthly: a.monthly * float64(n)}
}

// cents rounds to them, as every line of a bill is.
func cents(usd float64) float64 { return math.Round(usd*100) / 100 }

// add notes a part, unless there is nothing of it.
func (r *reckoning) add(part, sizes string, cost amount, resources ...template.Resource) {
	if len(resources) == 0 {
		return
	}
	r.whole = r.whole.plus(cost)
	line := CostLine{Part: part, Sizes: sizes, USD: cost.month(1), WorkingHoursUSD: cost.month(r.share)}
	for _, resource := range resources {
		line.Resources = append(line.Resources, resource.ID)
	}
	r.Lines = append(r.Lines, line)
}

// network is what routes and answers: it runs always.
func (r *reckoning) network(t *template.Template) {
	nat := t.All("AWS::EC2::NatGateway")
	r.add("NAT gateways", fmt.Sprint(len(nat)), amount{hourly: float64(len(nat)) * r.prices.NATGatewayHour.USD}, nat...)
	balancers := t.All("AWS::ElasticLoadBalancingV2::LoadBalancer")
	r.add("load balancer", fmt.Sprint(len(balancers)), amount{hourly: float64(len(balancers)) * r.prices.LoadBalancerHour.USD}, balancers...)
	var interfaces []template.Resource
	zones := 0
	for _, endpoint := range t.All("AWS::EC2::VPCEndpoint") {
		if endpoint.Text("VpcEndpointType") == "Interface" {
			interfaces, zones = append(interfaces, endpoint), zones+len(endpoint.List("SubnetIds"))
		}
	}
	r.add("endpoints", fmt.Sprintf("%d in %d zones together", len(interfaces), zones), amount{hourly: float64(zones) * r.prices.EndpointZoneHour.USD}, interfaces...)
}

// database is the instance and its storage, each twice where a standby is.
func (r *reckoning) database(t *template.Template) {
	for _, database := range t.All("AWS::RDS::DBInstance") {
		class, storage, zones := database.Text("DBInstanceClass"), database.Number("AllocatedStorage"), 1
		if r.sizes.DatabaseGiB > 0 {
			storage = r.sizes.DatabaseGiB
		}
		sizes := fmt.Sprintf("%s, %d GiB", class, storage)
		if database.Bool("MultiAZ") {
			zones, sizes = 2, fmt.Sprintf("%s, 2 × %d GiB, Multi-AZ", class, storage)
		}
		hour, known := r.prices.DatabaseHour[class]
		r.price(known, class, database)
		r.add("database", sizes, amount{
			running: float64(zones) * hour.USD, monthly: float64(zones*storage) * r.prices.DatabaseGiBMonth.USD,
		}, database)
		if low, high := config.ExtendedSupport(database.Text("EngineVersion"), class, zones == 2); high > 0 {
			r.ExtendedSupport = &ExtendedSupport{LeastUSD: cents(low * config.HoursAMonth), MostUSD: cents(high * config.HoursAMonth)}
		}
	}
}

// smallThings are what costs the same each month, of all stacks.
func (r *reckoning) smallThings(templates []*template.Template) {
	all := func(resourceType string) (found []template.Resource) {
		for _, t := range templates {
			found = append(found, t.All(resourceType)...)
		}
		return found
	}
	each := func(part string, found []template.Resource, price price) {
		r.add(part, fmt.Sprint(len(found)), amount{monthly: float64(len(found)) * price.USD}, found...)
	}
	acls := all("AWS::WAFv2::WebACL")
	rules := 0
	for _, acl := range acls {
		rules += len(acl.List("Rules"))
	}
	r.add("web ACL", fmt.Sprintf("%d with %d rules", len(acls), rules),
		amount{monthly: float64(len(acls))*r.prices.WebACLMonth.USD + float64(rules)*r.prices.WebACLRuleMonth.USD}, acls...)
	each("KMS keys", all("AWS::KMS::Key"), r.prices.KeyMonth)
	each("master secret", all("AWS::SecretsManager::Secret"), r.prices.SecretMonth)
	each("alarms", all("AWS::CloudWatch::Alarm"), r.prices.AlarmMonth)
}

// total is of what the lines were before they were rounded.
func (r *reckoning) total() {
	r.USD = r.whole.month(1)
	if r.share < 1 {
		working := r.whole.month(r.share)
		r.WorkingHoursUSD = &working
	}
}

// price notes a resource whose price is not known, so that no sum is taken for whole.
func (r *reckoning) price(known bool, what string, resource template.Resource) {
	if !known {
		r.NotPriced = append(r.NotPriced, strings.TrimSpace(resource.ID+" "+what))
	}
}
