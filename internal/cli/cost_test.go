package cli

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/iostreams"
	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/screen"
)

// smallDEV is a DEV that is stopped after hours and has an instance whose price is not known.
func smallDEV() *ops.Cost {
	working := 9.84
	return &ops.Cost{
		Environment: config.Dev, Of: "the deployed stacks", PricesAsOf: "2026-01-26", PricesIn: "ap-southeast-1",
		Lines: []ops.CostLine{
			{Part: "database", Sizes: "db.t3.micro, 20 GiB", USD: 21.74, WorkingHoursUSD: 7.84, Resources: []string{"Database"}},
			{Part: "KMS keys", Sizes: "2", USD: 2, WorkingHoursUSD: 2, Resources: []string{"Key", "EdgeKey"}},
		},
		USD: 23.74, WorkingHoursUSD: &working,
		ExtendedSupport: &ops.ExtendedSupport{LeastUSD: 146, MostUSD: 175.2},
		Toggles: []ops.ToggleCost{
			{Toggle: "enable_rds", On: true, USD: 22.14, Note: "146 to 175 more for Extended Support"},
			{Toggle: "enable_nat_gateway", USD: 43.07, Note: "0.059 a GB"},
		},
		NotPriced:  []string{"HostInstance8BCAD32C x9.huge"},
		NotCounted: []string{"logs 0.70 a GB in, 0.03 a GB kept; S3 0.025 a GB kept"},
	}
}

// largePROD is never stopped.
func largePROD() *ops.Cost {
	cost := smallDEV()
	cost.Environment, cost.WorkingHoursUSD, cost.NotPriced = config.Prod, nil, nil
	return cost
}

func TestTheScreenOfCost(t *testing.T) {
	for name, each := range map[string]struct {
		cost *ops.Cost
		as   func(*iostreams.Streams)
	}{
		"cost-80-columns.txt":  {smallDEV(), terminal(80, true)},
		"cost-120-columns.txt": {smallDEV(), terminal(120, true)},
		"cost-pipe.txt":        {smallDEV(), func(*iostreams.Streams) {}},
		"cost-prod.txt":        {largePROD(), terminal(80, false)},
	} {
		t.Run(name, func(t *testing.T) {
			streams, out, _ := iostreams.Recorded("")
			each.as(streams)
			require.NoError(t, NewApp(streams).Show(each.cost, func(d *screen.Document) { drawCost(d, each.cost) }))
			golden(t, name, out)
		})
	}
}
