package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/screen"
)

// invalidateTime is how long CloudFront is waited for: it takes a few minutes at most.
const invalidateTime = 15 * time.Minute

type siteInvalidateOptions struct {
	*App
	site  string
	paths []string
}

func newSiteInvalidateCommand(app *App) *cobra.Command {
	o := &siteInvalidateOptions{App: app}
	command := &cobra.Command{
		Use:   "invalidate SITE [PATH...]",
		Short: "have CloudFront forget what it keeps of a site",
		Long: `Has CloudFront ask the bucket anew for the paths, or for everything when none is
given, and waits until every edge does. site publish does it by itself.`,
		Example:           "  d2ctl site invalidate -e prod web-admin\n  d2ctl site invalidate -e prod web-admin /index.html '/img/*'",
		ValidArgsFunction: app.completeFromFile(siteNames),
		Args: func(command *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fault.New(fault.Usage, "run it as: "+command.UseLine(), "SITE is missing")
			}
			return nil
		},
		RunE: func(command *cobra.Command, args []string) error {
			o.site, o.paths = args[0], args[1:]
			return o.run(command.Context())
		},
	}
	app.returns(command, ops.Invalidation{})
	return command
}

func (o *siteInvalidateOptions) run(ctx context.Context) error {
	ctx, cancel := o.Within(ctx, invalidateTime)
	defer cancel()
	env, clients, err := o.Connect(ctx)
	if err != nil {
		return err
	}
	cdn := clients.CloudFront()
	invalidation, err := ops.PlanInvalidation(ctx, cdn, env, o.site, o.paths)
	if err != nil {
		return err
	}
	if agreed, err := o.Agree(ctx, invalidation.Plan(env)); !agreed || err != nil {
		return err
	}
	if err := invalidation.Do(ctx, cdn); err != nil {
		return err
	}
	if err := o.await(ctx, cdn, env, invalidation); err != nil {
		return err
	}
	return o.Show(invalidation, func(d *screen.Document) {
		table := d.Table("invalidation", "SITE", "INVALIDATION", "STATUS", "PATHS")
		for _, path := range invalidation.Paths {
			table.Row(invalidation.Site, invalidation.ID, invalidation.Status, path)
		}
	})
}

func (o *siteInvalidateOptions) await(ctx context.Context, cdn ops.Invalidator, env *config.Environment, invalidation *ops.Invalidation) error {
	if !o.Waits() {
		return nil
	}
	progress := o.Progress("invalidating " + invalidation.Site)
	defer progress.End()
	return invalidation.Await(ctx, cdn, env, progress.Tell)
}
