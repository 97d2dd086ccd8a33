package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/iostreams"
	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/screen"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// illPROD is a PROD in the middle of a release that goes wrong, in which one part cannot be read.
func illPROD() *ops.Status {
	group := "d2-ride-booking-prod-backend-api-asg"
	return &ops.Status{
		Environment: config.Prod, Account: "111122223333", Region: "ap-southeast-1", At: noon,
		Problems: []string{
			"sites could not be read: these credentials may not cloudfront:ListDistributions",
			"target i-0b2c3d4e5f6a7b8c9 of backend-api is unhealthy: Health checks failed with these codes: [503]",
		},
		Errors: map[ops.Part]string{ops.PartSites: "these credentials may not cloudfront:ListDistributions"},
		Stacks: []ops.Stack{
			{Name: "D2-Prod", Region: "ap-southeast-1", Status: "UPDATE_COMPLETE", Updated: noon.Add(-49 * time.Hour), Drift: "NOT_CHECKED"},
			{Name: "D2-Prod-Edge", Region: "us-east-1", Status: "UPDATE_IN_PROGRESS", Updated: noon.Add(-40 * time.Second), Drift: "IN_SYNC"},
		},
		Hosts: []ops.Host{
			{Instance: "i-0a1b2c3d4e5f6a7b8", Service: "backend-api", State: "running", Agent: ops.Online},
			{Instance: "i-0b2c3d4e5f6a7b8c9", Service: "backend-api", State: "running", Agent: "ConnectionLost"},
			{Instance: "i-0c3d4e5f6a7b8c9d0", Service: "bastion", State: "running", Agent: ops.Online},
		},
		Fleets: []ops.Fleet{{
			Service: "backend-api", Group: group, Min: 1, Desired: 2, Max: 3,
			Members: []ops.Member{
				{Instance: "i-0a1b2c3d4e5f6a7b8", Lifecycle: "InService", Health: "Healthy"},
				{Instance: "i-0b2c3d4e5f6a7b8c9", Lifecycle: "InService", Health: "Unhealthy"},
			},
			Refresh: &ops.Refresh{ID: "r-1", Status: "InProgress", Percent: 50, Started: noon.Add(-5 * time.Minute)},
		}},
		Targets: []ops.Target{
			{Service: "backend-api", Instance: "i-0a1b2c3d4e5f6a7b8", State: "healthy"},
			{Service: "backend-api", Instance: "i-0b2c3d4e5f6a7b8c9", State: "unhealthy", Reason: "Target.ResponseCodeMismatch", Description: "Health checks failed with these codes: [503]"},
		},
		Wanted:   []ops.Wanted{{Service: "backend-api", Version: "v1.0.1", Revision: 7, Since: noon.Add(-6 * time.Minute)}},
		Running:  []ops.Running{{Instance: "i-0a1b2c3d4e5f6a7b8", Service: "backend-api", Version: "v1.0.0", Healthy: true}},
		Database: &ops.Database{Identifier: "d2-ride-booking-prod-rds-mysql", Status: "available", Engine: "mysql 8.0.46", MultiAZ: true, Endpoint: "d2-ride-booking-prod-rds-mysql.cabcdefghijk.ap-southeast-1.rds.amazonaws.com:3306"},
		Sites:    []ops.Site{},
		Pool:     &ops.Pool{Name: "d2-ride-booking-prod-users", ID: "ap-southeast-1_AbCdEfGhI", Users: 1204},
		Alarms: []ops.Alarm{
			{Name: "d2-ride-booking-prod-backend-api-5xx", State: "ALARM", Since: noon.Add(-3 * time.Minute), Reason: "Threshold Crossed: 1 datapoint [12.0] was greater than the threshold (5.0)"},
			{Name: "d2-ride-booking-prod-backend-api-cpu-high", State: "OK"},
		},
		Certificates: []ops.Certificate{{Domain: "*.d2.fikri.dev", Region: "us-east-1", Status: "ISSUED", Expires: noon.AddDate(0, 6, 0)}},
		Schedules:    []ops.Schedule{},
	}
}

// wellDEV is a DEV on whose one host two services run.
func wellDEV() *ops.Status {
	return &ops.Status{
		Environment: config.Dev, Account: "111122223333", Region: "ap-southeast-1", At: noon, Healthy: true, Problems: []string{},
		Hosts: []ops.Host{
			{Instance: "i-0a1b2c3d4e5f6a7b8", Service: "backend-api", State: "running", Agent: ops.Online},
			{Instance: "i-0c3d4e5f6a7b8c9d0", Service: "bastion", State: "stopped"},
		},
		Wanted:  []ops.Wanted{{Service: "backend-api", Version: "v1.0.1", Since: noon.Add(-time.Hour)}, {Service: "web-driver", Version: "unreleased", Since: noon.Add(-49 * time.Hour)}},
		Running: []ops.Running{{Instance: "i-0a1b2c3d4e5f6a7b8", Service: "backend-api", Version: "v1.0.1", Healthy: true}},
		Schedules: []ops.Schedule{
			{Name: "stop-hosts", Expression: "cron(0 18 * * ? *)", TimeZone: "Asia/Singapore", Enabled: true, Next: noon.Add(22 * time.Hour)},
			{Name: "stop-database", Expression: "cron(0 18 * * ? *)", TimeZone: "Asia/Singapore"},
		},
	}
}

func TestTheScreenOfStatus(t *testing.T) {
	for name, each := range map[string]struct {
		status *ops.Status
		format string
		as     func(*iostreams.Streams)
	}{
		"status-80-columns.txt":  {illPROD(), "table", terminal(80, true)},
		"status-120-columns.txt": {illPROD(), "table", terminal(120, true)},
		"status-no-color.txt":    {illPROD(), "table", terminal(80, false)},
		"status-pipe.txt":        {illPROD(), "table", func(*iostreams.Streams) {}},
		"status-dev.txt":         {wellDEV(), "table", terminal(80, false)},
		"status.tsv":             {illPROD(), "tsv", terminal(80, true)},
		"status.json":            {illPROD(), "json", terminal(80, true)},
		"status.yaml":            {illPROD(), "yaml", terminal(80, true)},
	} {
		t.Run(name, func(t *testing.T) {
			streams, out, _ := iostreams.Recorded("")
			each.as(streams)
			app := NewApp(streams)
			app.flags.output = each.format
			require.NoError(t, app.Show(each.status, func(d *screen.Document) { drawStatus(d, each.status) }))
			golden(t, name, out)
		})
	}
}

// terminal makes stdout one of a width.
func terminal(width int, colour bool) func(*iostreams.Streams) {
	return func(streams *iostreams.Streams) {
		streams.Out = iostreams.AsTerminal(streams.Out.Writer, width, colour)
	}
}

func TestNoLineOfStatusIsWiderThanTheTerminal(t *testing.T) {
	for _, width := range []int{80, 100, 120} {
		streams, out, _ := iostreams.Recorded("")
		terminal(width, true)(streams)
		app := NewApp(streams)
		require.NoError(t, app.Show(illPROD(), func(d *screen.Document) { drawStatus(d, illPROD()) }))
		for line := range strings.Lines(out.String()) {
			assert.LessOrEqual(t, text.StringWidthWithoutEscSequences(strings.TrimRight(line, "\n")), width, line)
		}
	}
}
