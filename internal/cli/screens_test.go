package cli

import (
	"bytes"
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

// someMetrics are one that rises, one with a gap, and one that nobody measured.
func someMetrics() []ops.Metric {
	metric := func(part, subject, name, unit string, values ...float64) ops.Metric {
		m := ops.Metric{Part: part, Subject: subject, Name: name, Unit: unit, PeriodSeconds: 300, Points: []ops.Point{}}
		var sum, largest float64
		for i, value := range values {
			if value >= 0 {
				m.Points = append(m.Points, ops.Point{Time: noon.Add(time.Duration(i) * 5 * time.Minute), Value: value})
				sum, largest = sum+value, max(largest, value)
				m.Last = &value
			}
		}
		if average := sum / float64(len(m.Points)); m.Last != nil {
			m.Average, m.Max = &average, &largest
		}
		return m
	}
	return []ops.Metric{
		metric("fleet", "backend-api", "cpu", "percent", 1, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99),
		metric("fleet", "backend-api", "memory", "percent"),
		metric("alb", "backend-api", "requests", "count", 120, 130.5, -1, -1, 99, 0),
		metric("alb", "backend-api", "latency p99", "seconds", 0.05, 0.211),
		metric("rds", "d2-ride-booking-prod-rds-mysql", "free storage", "bytes", 18.5*(1<<30), 18.4*(1<<30)),
	}
}

func manyAlarms() []ops.Alarm {
	return []ops.Alarm{
		{Name: "d2-ride-booking-prod-backend-api-at-maximum", State: "OK", Since: noon.Add(-72 * time.Hour), Reason: "Threshold Crossed: no datapoints were received for 6 periods"},
		{Name: "d2-ride-booking-prod-sites-5xx", State: "INSUFFICIENT_DATA", Since: noon.Add(-time.Hour), Reason: "Unchecked: Initial alarm creation"},
		{Name: "d2-ride-booking-prod-backend-api-5xx", State: "ALARM", Since: noon.Add(-3 * time.Minute), Reason: "Threshold Crossed: 1 datapoint [112.0] was greater than the threshold (50.0)",
			Meaning: "More than 50 answers 5xx of backend-api in five minutes. Look at its log for ERROR (runbook PROD 9.1) and at the last release."},
	}
}

func stoppedDEV() *ops.Power {
	return &ops.Power{
		Parts: []ops.PowerPart{
			{Kind: "host", ID: "i-0a1b2c3d4e5f6a7b8", From: "running", State: "stopped"},
			{Kind: "bastion", ID: "i-0c3d4e5f6a7b8c9d0", From: "stopped", State: "stopped"},
			{Kind: "database", ID: "d2-ride-booking-dev-rds-mysql", From: "available", State: "stopped"},
		},
		Schedules: wellDEV().Schedules, RestartsBy: noon.AddDate(0, 0, 7),
	}
}

func TestTheOtherScreens(t *testing.T) {
	prod, err := config.Shipped(config.Prod)
	require.NoError(t, err)
	for name, draw := range map[string]func(*screen.Document, iostreams.Output){
		"metrics": func(d *screen.Document, out iostreams.Output) { drawMetrics(d, prod, someMetrics(), out.Terminal) },
		"alarms":  func(d *screen.Document, _ iostreams.Output) { drawAlarmList(d, prod, manyAlarms(), 2, noon) },
		"power":   func(d *screen.Document, _ iostreams.Output) { drawPower(d, stoppedDEV()) },
		"users": func(d *screen.Document, _ iostreams.Output) {
			drawUsers(d, []ops.User{
				{Email: "admin@fikri.dev", Role: "ADMIN", Status: "CONFIRMED", Enabled: true, Created: noon.AddDate(0, -1, 0)},
				{Email: "kim@fikri.dev", Status: "FORCE_CHANGE_PASSWORD", Created: noon},
			}, noon)
		},
		"snapshots": func(d *screen.Document, _ iostreams.Output) {
			drawSnapshots(d, []ops.Snapshot{
				{Identifier: "d2-ride-booking-prod-before-v2", Kind: "manual", Status: "creating", Percent: 40, SizeGiB: 20},
				{Identifier: "rds:d2-ride-booking-prod-rds-mysql-2026-11-21-18-03", Kind: "automated", Status: "available", Created: noon.Add(-18 * time.Hour), SizeGiB: 20},
			}, noon)
		},
	} {
		for width, as := range map[string]func(*iostreams.Streams){
			"80-columns": terminal(80, true), "120-columns": terminal(120, true), "pipe": func(*iostreams.Streams) {},
		} {
			t.Run(name+" "+width, func(t *testing.T) {
				streams, out, _ := iostreams.Recorded("")
				as(streams)
				app := NewApp(streams)
				app.flags.output = "table"
				require.NoError(t, app.Show(nil, func(d *screen.Document) { draw(d, streams.Out) }))
				golden(t, name+"-"+width+".txt", out)
				for line := range strings.Lines(out.String()) {
					if streams.Out.Terminal {
						assert.LessOrEqual(t, text.StringWidthWithoutEscSequences(strings.TrimRight(line, "\n")), streams.Out.Width(), line)
					}
				}
			})
		}
	}
}

func TestALogLineCannotCommandATerminal(t *testing.T) {
	zone := time.Local
	time.Local = time.FixedZone("", 8*3600)
	defer func() { time.Local = zone }()
	event := ops.LogEvent{Time: noon, Instance: "i-0a1b2c3d4e5f6a7b8", Stream: "error", Message: "\x1b]0;owned\x07\x1b[2J\x1b[31mred\x1b[0m\r\n\tat line 2"}
	var written bytes.Buffer
	assert.Equal(t, "2026-11-22 20:00:00.000 i-0a1b2c3d4e5f6a7b8 error red\n\tat line 2", logLine(iostreams.AsTerminal(&written, 80, false), event))
	assert.Contains(t, logLine(iostreams.Output{Writer: &written}, event), "\x1b[31mred", "a pipe gets it as it was written")
}

func TestASinceIsATimeBack(t *testing.T) {
	for typed, want := range map[string]time.Duration{"90s": 90 * time.Second, "1h30m": 90 * time.Minute, "2d": 48 * time.Hour} {
		var s since
		require.NoError(t, s.Set(typed))
		assert.Equal(t, want, s.Duration)
	}
	for _, typed := range []string{"", "yesterday", "-1h", "0", "d", "-2d"} {
		assert.Error(t, (&since{}).Set(typed), typed)
	}
	for want, back := range map[string]time.Duration{"1h": time.Hour, "30m": 30 * time.Minute, "20s": 20 * time.Second, "1h30m": 90 * time.Minute, "2d": 48 * time.Hour} {
		assert.Equal(t, want, (&since{back}).String())
	}
	code, _, talk := run(t, "logs", "backend-api", "--since", "yesterday")
	assert.EqualValues(t, 2, code)
	assert.Contains(t, talk, "give a time such as 15m, 1h or 2d")
}

func TestWhatCannotBeFollowedOrFoundIsRefused(t *testing.T) {
	for want, args := range map[string][]string{
		"SERVICE is missing":                      {"logs"},
		"a service and --group exclude each":      {"logs", "backend-api", "--group", "flow"},
		`there is no stream "err"`:                {"logs", "backend-api", "--stream", "err"},
		"--limit -1 is below 0":                   {"logs", "backend-api", "--limit", "-1"},
		"-f and -o yaml exclude each other":       {"logs", "backend-api", "-f", "-o", "yaml"},
		"--since 500d is longer than metrics":     {"metrics", "--since", "500d"},
		"no password can be asked for here":       {"user", "test", "a@fikri.dev"},
		"--password-stdin and --generate exclude": {"user", "create", "a@fikri.dev", "--generate", "--password-stdin"},
		"one word too many":                       {"user", "create", "a@fikri.dev", "Password123!"},
		"prod is not stopped or started: it serv": {"stop", "-e", "prod"},
	} {
		code, out, talk := run(t, args...)
		assert.EqualValues(t, 2, code, args)
		assert.Empty(t, out)
		assert.Contains(t, talk, want)
	}
}

func TestValuesOfFlagsAreCompleted(t *testing.T) {
	_, out, _ := run(t, "__complete", "logs", "backend-api", "--stream", "")
	assert.Contains(t, out, "out\nerror\nrelease\nboot\n")
	_, out, _ = run(t, "__complete", "logs", "-e", "dev", "--group", "")
	assert.Contains(t, out, "database\nflow\nsessions\nslowquery\n")
	_, out, _ = run(t, "__complete", "metrics", "-e", "dev", "")
	assert.Contains(t, out, "rds\nhost\n")
	_, out, _ = run(t, "__complete", "user", "create", "--role", "")
	assert.Contains(t, out, "ADMIN\nDRIVER\nPASSENGER\n")
}
