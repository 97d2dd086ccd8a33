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

type siteStatusOptions struct {
	*App
	site string // empty for all
}

func newSiteStatusCommand(app *App) *cobra.Command {
	o := &siteStatusOptions{App: app}
	command := &cobra.Command{
		Use:   "status [SITE]",
		Short: "what stands of a site, since when, and what CloudFront does",
		Long: `Shows each site's distribution, what its bucket holds and when it was last
published, and the invalidations that are not through yet.`,
		Example:           "  d2ctl site status -e prod web-admin",
		Args:              takesUpTo(1),
		ValidArgsFunction: app.completeFromFile(siteNames),
		RunE: func(command *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.site = args[0]
			}
			return o.run(command.Context())
		},
	}
	app.returns(command, []ops.SiteStatus{})
	return command
}

func (o *siteStatusOptions) run(ctx context.Context) error {
	ctx, cancel := o.Within(ctx, readTime)
	defer cancel()
	env, clients, err := o.Connect(ctx)
	if err != nil {
		return err
	}
	sites, err := ops.ReadSiteStatus(ctx, clients.S3(), clients.CloudFront(), env, o.site)
	if err != nil {
		return err
	}
	if len(sites) == 0 {
		o.Say("no site is on in %s; enable one in %s and deploy", env.Environment, ops.File(env))
	}
	return o.Show(sites, func(d *screen.Document) { drawSiteStatus(d, sites, time.Now()) })
}

func drawSiteStatus(d *screen.Document, sites []ops.SiteStatus, now time.Time) {
	files := d.Table("files", "SITE", "PUBLISHED", "OBJECTS", "SIZE", "URL")
	distributions := d.Table("cloudfront", "SITE", "STATE", "DISTRIBUTION", "INVALIDATING")
	for _, site := range sites {
		published := screen.In(iostreams.Notable, "never")
		if site.Published != nil {
			published = screen.Text(ago(now, *site.Published))
		}
		files.Row(site.Name, published, site.Objects, ops.Size(site.Bytes), site.URL)
		distributions.Row(site.Name, distributionState(site), cmp.Or(site.Distribution, "-"), cmp.Or(strings.Join(site.Invalidating, ", "), "-"))
	}
}

func distributionState(site ops.SiteStatus) screen.Cell {
	switch {
	case site.Distribution == "":
		return screen.In(iostreams.Bad, "missing")
	case !site.Enabled:
		return screen.In(iostreams.Bad, "disabled")
	case site.Status != "Deployed":
		return screen.In(iostreams.Notable, site.Status)
	default:
		return screen.In(iostreams.Good, site.Status)
	}
}
