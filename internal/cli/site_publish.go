package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/screen"
)

// publishTime is how long uploads and the invalidation after them are waited for.
const publishTime = 30 * time.Minute

type sitePublishOptions struct {
	*App
	what ops.PublishOptions
}

func newSitePublishCommand(app *App) *cobra.Command {
	o := &sitePublishOptions{App: app}
	command := &cobra.Command{
		Use:   "publish SITE DIRECTORY",
		Short: "bring a site to what its build wrote",
		Long: `Compares the directory with the site's bucket and uploads what is new or
different: files whose names carry a hash first, to be kept for a year; then the
others; the pages last, to be asked for anew each time. CloudFront forgets the
paths whose content has changed, and is waited for. CloudFront compresses.

What is in the bucket alone stays, as a page that is open may still ask for it;
--delete removes it, after all else. Files are compared by their MD5, which S3
names as the ETag of what was uploaded at once; what others uploaded in parts is
uploaded once more. Headers are not compared: after an aws s3 sync, use --all.`,
		Example: `  d2ctl site publish -e prod web-admin dist
  d2ctl site publish -e prod web-passenger out --delete --dry-run`,
		Args: takes("SITE", "DIRECTORY"),
		ValidArgsFunction: func(command *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 1 {
				return nil, cobra.ShellCompDirectiveFilterDirs
			}
			return app.completeFromFile(siteNames)(command, args, typed)
		},
		RunE: func(command *cobra.Command, args []string) error {
			o.what.Site, o.what.Directory = args[0], args[1]
			return o.run(command.Context())
		},
	}
	command.Flags().BoolVar(&o.what.Delete, "delete", false, "delete objects that are not in the directory")
	command.Flags().BoolVar(&o.what.All, "all", false, "upload files that stand already too, for their headers")
	app.returns(command, ops.Publication{})
	return command
}

func (o *sitePublishOptions) run(ctx context.Context) error {
	ctx, cancel := o.Within(ctx, publishTime)
	defer cancel()
	env, clients, err := o.Connect(ctx)
	if err != nil {
		return err
	}
	store, cdn := clients.S3(), clients.CloudFront()
	publication, err := ops.PlanPublish(ctx, store, cdn, env, o.what)
	if err != nil {
		return err
	}
	defer publication.Close()
	if publication.IsNothing() {
		o.Say("%s is as in %s already", publication.Site, o.what.Directory)
		return o.show(publication)
	}
	if agreed, err := o.Agree(ctx, publication.Plan(env, o.flags.dryRun)); !agreed || err != nil {
		return err
	}
	if err := o.publish(ctx, store, cdn, env, publication); err != nil {
		return err
	}
	return o.show(publication)
}

func (o *sitePublishOptions) publish(ctx context.Context, store ops.SiteStore, cdn ops.Invalidator, env *config.Environment, publication *ops.Publication) error {
	progress := o.Progress("publishing " + publication.Site)
	defer progress.End()
	if err := publication.Do(ctx, store, cdn, progress.Tell); err != nil {
		return err
	}
	if publication.Invalidation != nil && o.Waits() {
		if err := publication.Invalidation.Await(ctx, cdn, env, progress.Tell); err != nil {
			return err
		}
	}
	return publication.Clean(ctx, store, progress.Tell)
}

func (o *sitePublishOptions) show(publication *ops.Publication) error {
	return o.Show(publication, func(d *screen.Document) {
		forgets := "-"
		if publication.Invalidation != nil {
			forgets = publication.Invalidation.Status
		}
		table := d.Table("site", "SITE", "UPLOADED", "UNCHANGED", "DELETED", "STALE", "INVALIDATION")
		table.Row(publication.Site, len(publication.Uploaded), publication.Unchanged, len(publication.Deleted),
			publication.Stale, forgets)
	})
}
