package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/iostreams"
	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/screen"
)

// someReleases are a good one, one that failed and was put back, and the first.
func someReleases() *ops.ReleaseHistory {
	release := func(revision int64, version, by string, past time.Duration, labels ...string) ops.PastRelease {
		return ops.PastRelease{
			Revision: ops.Revision{Number: revision, Version: version, By: by, At: noon.Add(-past), Labels: labels},
			Good:     len(labels) > 0, Artifact: version != "unreleased",
		}
	}
	kim := "arn:aws:sts::111122223333:assumed-role/d2-ride-booking-prod-github-deploy/kim"
	now := release(4, "v1.0.0", kim, 20*time.Minute, "good", "good-1")
	now.Current, now.Refresh = true, &ops.Refresh{ID: "r-3", Status: "InProgress", Percent: 33, Started: noon.Add(-19 * time.Minute)}
	failed := release(3, "v1.1.0", kim, 40*time.Minute)
	failed.Refresh = &ops.Refresh{ID: "r-2", Status: "Failed", Reason: "Instances did not become healthy in time. For example: i-0b2c3d4e5f6a7b8c9 is not healthy.", Started: noon.Add(-39 * time.Minute), Ended: noon.Add(-21 * time.Minute)}
	first := release(2, "v1.0.0", "arn:aws:iam::111122223333:user/lee", 72*time.Hour, "good-0")
	first.Refresh = &ops.Refresh{ID: "r-1", Status: "Successful", Percent: 100, Started: noon.Add(-72 * time.Hour), Ended: noon.Add(-71 * time.Hour)}
	return &ops.ReleaseHistory{
		Service: "backend-api", Unused: []string{"v1.2.0-rc1"},
		Releases: []ops.PastRelease{now, failed, first, release(1, "unreleased", "", 30*24*time.Hour)},
	}
}

func TestTheScreenOfReleases(t *testing.T) {
	for name, each := range map[string]struct {
		format string
		as     func(*iostreams.Streams)
	}{
		"releases-80-columns.txt":  {"table", terminal(80, true)},
		"releases-120-columns.txt": {"table", terminal(120, true)},
		"releases-no-color.txt":    {"table", terminal(80, false)},
		"releases-pipe.txt":        {"table", func(*iostreams.Streams) {}},
		"releases.json":            {"json", func(*iostreams.Streams) {}},
	} {
		t.Run(name, func(t *testing.T) {
			streams, out, _ := iostreams.Recorded("")
			each.as(streams)
			app := NewApp(streams)
			app.flags.output = each.format
			require.NoError(t, app.Show(someReleases(), func(d *screen.Document) { drawReleases(d, someReleases(), noon) }))
			golden(t, name, out)
			if strings.HasSuffix(name, "columns.txt") {
				for line := range strings.Lines(out.String()) {
					assert.LessOrEqual(t, text.StringWidthWithoutEscSequences(strings.TrimRight(line, "\n")), 120, line)
				}
			}
		})
	}
}

func TestTheEndOfAReleaseIsOneRow(t *testing.T) {
	streams, out, _ := iostreams.Recorded("")
	app := NewApp(streams)
	app.flags.output = "table"
	for _, rollout := range []*ops.Rollout{
		{Service: "backend-api", From: "v1.0.0", Version: "v1.1.0", Outcome: ops.Released, Runs: "v1.1.0"},
		{Service: "backend-api", From: "v1.0.0", Version: "v1.1.0", Outcome: ops.Restored, Runs: "v1.0.0", Cause: "it is sick"},
		{Service: "backend-api", From: "v1.0.0", Version: "v1.1.0", Outcome: ops.Begun},
	} {
		require.NoError(t, app.Show(rollout, func(d *screen.Document) { drawRollout(d, rollout) }))
	}
	golden(t, "rollout-pipe.txt", out)
}
