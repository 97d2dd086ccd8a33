package cli

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/iostreams"
	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/screen"
)

func TestTheScreenOfSiteStatus(t *testing.T) {
	published := noon.Add(-49 * time.Hour)
	sites := []ops.SiteStatus{
		{Site: ops.Site{Name: "web-admin", URL: "https://admin.d2.fikri.dev", Distribution: "E1A2B3C4D5E6F7", Status: "InProgress", Enabled: true},
			Objects: 2000, Bytes: 17_100_000, Published: &published, Invalidating: []string{"I2J3K4"}},
		{Site: ops.Site{Name: "web-passenger", URL: "https://passenger.d2.fikri.dev"}},
		{Site: ops.Site{Name: "web-fleet", URL: "https://fleet.d2.fikri.dev", Distribution: "E9", Status: "Deployed"}},
	}
	for name, as := range map[string]func(*iostreams.Streams){
		"site-status-80-columns.txt":  terminal(80, true),
		"site-status-120-columns.txt": terminal(120, true),
		"site-status-pipe.txt":        func(*iostreams.Streams) {},
	} {
		t.Run(name, func(t *testing.T) {
			streams, out, _ := iostreams.Recorded("")
			as(streams)
			require.NoError(t, NewApp(streams).Show(sites, func(d *screen.Document) { drawSiteStatus(d, sites, noon) }))
			golden(t, name, out)
		})
	}
}

func TestACountIsRedrawnOnATerminalAndNoLineOfALog(t *testing.T) {
	upload := func(progress *Progress) {
		progress.Tell(ops.Event{Subject: "pages", State: "1 of 2, 1 kB", Passing: true})
		progress.Tell(ops.Event{Subject: "pages", State: "2 of 2, 2 kB"})
		progress.End()
	}
	streams, _, talk := iostreams.Recorded("")
	upload(NewApp(streams).Progress("publishing web-admin"))
	assert.NotContains(t, talk.String(), "1 of 2")
	assert.Contains(t, talk.String(), "pages: 2 of 2, 2 kB\n")

	streams, _, talk = iostreams.Recorded("")
	streams.Err = iostreams.AsTerminal(talk, 80, false)
	upload(NewApp(streams).Progress("publishing web-admin"))
	assert.Contains(t, talk.String(), "1 of 2")
}
