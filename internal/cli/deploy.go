package cli

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/awsapi"
	"github.com/d2-ride-booking/platform/internal/iostreams"
	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/screen"
)

// deployTime is how long a release is waited for: a roll of 40 minutes and another one back, as the release workflow does.
const deployTime = 90 * time.Minute

type deployOptions struct {
	*App
	service, source, version string
}

func newDeployCommand(app *App) *cobra.Command {
	o := &deployOptions{App: app}
	command := &cobra.Command{
		Use:   "deploy SERVICE FILE|VERSION",
		Short: "release a version of a service, and go back when it fails",
		Long: `Releases an artifact (docs/application.md): a file named SERVICE-VERSION.tar.gz,
or a version that the bucket has. Looks into it, uploads it once, names it in the
version parameter, rolls it out (PROD: an instance refresh; DEV: d2-release on the
host), and looks at targets, at the version on every instance, and at the service
from outside. Then the release is marked as good.

When it fails, or one of the service's alarms goes on, the last good release is
rolled out again, and the exit code is 6. Ctrl-C leaves it running; d2ctl watch
goes on from there. A version is never overwritten: the same content is accepted
again, another one is refused.`,
		Example: `  d2ctl deploy -e dev backend-api backend-api-v1.0.1.tar.gz
  d2ctl deploy -e prod backend-api build.tar.gz --version v1.0.1
  d2ctl deploy -e prod backend-api v1.0.1 --dry-run`,
		Args:              takes("SERVICE", "FILE or VERSION"),
		ValidArgsFunction: app.completeServiceThen(cobra.ShellCompDirectiveDefault, storedVersions),
		RunE: func(command *cobra.Command, args []string) error {
			o.service, o.source = args[0], args[1]
			return o.run(command.Context())
		},
	}
	command.Flags().StringVar(&o.version, "version", "", "release the file as `VERSION`, whatever its name")
	app.returns(command, ops.Rollout{})
	return command
}

func (o *deployOptions) run(ctx context.Context) error {
	ctx, cancel := o.Within(ctx, deployTime)
	defer cancel()
	env, clients, err := o.Connect(ctx)
	if err != nil {
		return err
	}
	deployment, err := ops.PlanDeployment(ctx, releaseAPI(clients), env, o.service, o.source, o.version)
	if err != nil {
		return err
	}
	if agreed, err := o.Agree(ctx, deployment.Plan()); !agreed || err != nil {
		return err
	}
	return o.rollOut(ctx, "releasing "+deployment.Service+" "+deployment.Version, &deployment.Rollout, deployment.Do, deployment.Await)
}

// rollOut does the work of deploy, rollback and watch, shows it meanwhile, and
// in the end what came of it, good or bad. --no-wait does the first step alone.
func (a *App) rollOut(ctx context.Context, title string, rollout *ops.Rollout, steps ...func(context.Context, ops.Listener) error) error {
	if !a.Waits() {
		steps = steps[:1]
	}
	err := a.showing(title, func(tell ops.Listener) error {
		for _, step := range steps {
			if err := step(ctx, tell); err != nil {
				return err
			}
		}
		return nil
	})
	if rollout.Outcome == "" {
		return err
	}
	if rollout.Outcome == ops.Begun && err == nil {
		a.Say("It goes on. To see it to its end and have it marked as good: %s", rollout.WatchCommand())
	}
	return errors.Join(err, a.Show(rollout, func(d *screen.Document) { drawRollout(d, rollout) }))
}

// showing shows the progress of some work until it ends.
func (a *App) showing(title string, work func(ops.Listener) error) error {
	progress := a.Progress(title)
	defer progress.End()
	return work(progress.Tell)
}

func drawRollout(d *screen.Document, r *ops.Rollout) {
	mood := iostreams.Good
	switch r.Outcome {
	case ops.Begun:
		mood = iostreams.Notable
	case ops.Restored, ops.Broken:
		mood = iostreams.Bad
	}
	table := d.Table("release", "SERVICE", "FROM", "VERSION", "OUTCOME", "RUNS")
	table.Row(r.Service, r.From, r.Version, screen.In(mood, r.Outcome), cmp.Or(r.Runs, "unknown"))
}

func releaseAPI(clients *awsapi.Clients) ops.ReleaseAPI {
	return ops.ReleaseAPI{
		Versions: clients.SSM(), Artifacts: clients.S3(), Fleets: clients.AutoScaling(), Targets: clients.ELB(),
		Hosts: clients.EC2(), Agents: clients.SSM(), Commands: clients.SSM(), Alarms: clients.CloudWatch(),
		Public: publicCheck(clients),
	}
}

// publicCheck does not ask the real service what a local AWS pretends to run.
func publicCheck(clients *awsapi.Clients) ops.PublicCheck {
	if !clients.Local() {
		return ops.AskPublic
	}
	return func(context.Context, string) (string, error) { return "this is a local AWS, which serves nothing", nil }
}

// storedVersions complete a version of the service that the bucket has.
func storedVersions(ctx context.Context, env *config.Environment, clients *awsapi.Clients, serviceName string) ([]string, error) {
	service, err := ops.FindService(env, serviceName)
	if err != nil {
		return nil, err
	}
	return ops.ReadVersions(ctx, clients.S3(), env, service)
}
