package cli

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/internal/iostreams"
	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/screen"
)

type releasesOptions struct {
	*App
	service string
}

func newReleasesCommand(app *App) *cobra.Command {
	o := &releasesOptions{App: app}
	command := &cobra.Command{
		Use:   "releases SERVICE",
		Short: "what a service was released: when, by whom, how it ended",
		Long: `Shows the last 100 writes of a service's version parameter, the newest first: who
named which version and when, whether it was good, whether its artifact is still
there to go back to, and how the instance refresh ended.`,
		Example:           "  d2ctl releases -e prod backend-api\n  d2ctl releases -e prod backend-api --jq '.releases[] | select(.good).version'",
		Args:              takes("SERVICE"),
		ValidArgsFunction: app.completeFromFile(serviceNames),
		RunE: func(command *cobra.Command, args []string) error {
			o.service = args[0]
			return o.run(command.Context())
		},
	}
	app.returns(command, ops.ReleaseHistory{})
	return command
}

func (o *releasesOptions) run(ctx context.Context) error {
	ctx, cancel := o.Within(ctx, readTime)
	defer cancel()
	env, clients, err := o.Connect(ctx)
	if err != nil {
		return err
	}
	history, err := ops.ReadReleases(ctx, clients.SSM(), clients.S3(), clients.AutoScaling(), env, o.service)
	if err != nil {
		return err
	}
	now := time.Now()
	return o.Show(history, func(d *screen.Document) { drawReleases(d, history, now) })
}

func drawReleases(d *screen.Document, history *ops.ReleaseHistory, now time.Time) {
	table := d.Table("releases", "REVISION", "VERSION", "WHEN", "BY", "GOOD", "ARTIFACT", "REFRESH")
	for _, release := range history.Releases {
		version := screen.Text(release.Version)
		if release.Current {
			version = screen.In(iostreams.Strong, release.Version+" (now)")
		}
		good, artifact := screen.Text("-"), screen.Text("-")
		if release.Good {
			good = screen.In(iostreams.Good, "good")
		}
		if release.Artifact {
			artifact = screen.Text("there")
		}
		rolled := screen.Text("-")
		if release.Refresh != nil {
			rolled = refresh(now, release.Refresh)
		}
		table.Row(release.Number, version, ago(now, release.At), who(release.By), good, artifact, rolled)
	}
	if len(history.Unused) > 0 {
		table.Note(screen.In(iostreams.Faint, "in the bucket, not released: "+strings.Join(history.Unused, ", ")))
	}
}

// who is the last part of an ARN: the user, or the session of a role.
func who(arn string) string { return cmp.Or(arn[strings.LastIndex(arn, "/")+1:], "-") }
