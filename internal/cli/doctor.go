package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/awsapi"
	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/iostreams"
	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/screen"
)

type doctorOptions struct {
	*App
	topics []ops.Topic
}

func newDoctorCommand(app *App) *cobra.Command {
	o := &doctorOptions{App: app, topics: ops.Topics()}
	command := &cobra.Command{
		Use:   "doctor [TOPIC]",
		Short: "what is wrong, the likely cause first, and how to mend it",
		Long: `Looks into releases, targets, the database, hosts, sites and names as the runbooks'
troubleshooting does, and says of each thing that is wrong what to do. It changes
nothing. The exit code is 6 when something is wrong or could not be looked at.

Topics: ` + strings.Join(topicNames(), ", ") + `; all without one.`,
		Example:           "  d2ctl doctor -e prod\n  d2ctl doctor -e prod targets\n  d2ctl doctor -e dev host",
		Args:              takesUpTo(1),
		ValidArgsFunction: cobra.FixedCompletions(topicNames(), cobra.ShellCompDirectiveNoFileComp),
		RunE: func(command *cobra.Command, args []string) error {
			if len(args) == 1 {
				topic, err := ops.ParseTopic(args[0])
				if err != nil {
					return err
				}
				o.topics = []ops.Topic{topic}
			}
			return o.run(command.Context())
		},
	}
	app.returns(command, ops.Diagnosis{})
	return command
}

func topicNames() []string {
	var names []string
	for _, topic := range ops.Topics() {
		names = append(names, string(topic))
	}
	return names
}

func (o *doctorOptions) run(ctx context.Context) error {
	ctx, cancel := o.Within(ctx, hostTime)
	defer cancel()
	env, clients, err := o.Connect(ctx)
	if err != nil {
		return err
	}
	diagnosis := ops.Diagnose(ctx, doctorAPI(clients), env, o.topics, time.Now().Truncate(time.Second))
	if err := o.Show(diagnosis, func(d *screen.Document) { drawDiagnosis(d, diagnosis) }); err != nil {
		return err
	}
	if !diagnosis.Healthy {
		return fault.New(fault.Unhealthy, "", "%s is not well: %s", env.Environment, count(len(diagnosis.Ill()), "finding"))
	}
	return nil
}

// drawDiagnosis has what is wrong above, with its fix; below it everything that was looked at.
func drawDiagnosis(d *screen.Document, diagnosis *ops.Diagnosis) {
	ill := diagnosis.Ill()
	verdict := screen.In(iostreams.Good, "nothing is wrong")
	if len(ill) > 0 {
		verdict = screen.In(iostreams.Bad, count(len(ill), "finding"))
	}
	d.Line(screen.In(iostreams.Strong, strings.ToUpper(string(diagnosis.Environment))), verdict)
	for _, finding := range ill {
		d.Line(verdictCell(finding, "- "+string(finding.Topic)+", "+finding.Probe+": "+finding.Saw))
		if finding.Fix != "" {
			d.Line(screen.Text("Try: " + finding.Fix + " (runbook " + finding.Runbook + ")"))
		}
	}
	for _, topic := range ops.Topics() {
		table := d.Table(string(topic), "VERDICT", "LOOKED AT", "RUNBOOK", "SAW")
		for _, finding := range diagnosis.Findings {
			if finding.Topic == topic {
				table.Row(verdictCell(finding, string(finding.Verdict)), finding.Probe, finding.Runbook, finding.Saw)
			}
		}
	}
}

func verdictCell(finding ops.Finding, text string) screen.Cell {
	moods := map[ops.Verdict]iostreams.Mood{
		ops.Fine: iostreams.Good, ops.Wrong: iostreams.Bad, ops.Unknown: iostreams.Notable, ops.Skipped: iostreams.Faint,
	}
	return screen.In(moods[finding.Verdict], text)
}

func doctorAPI(clients *awsapi.Clients) ops.DoctorAPI {
	edge := clients.In(config.EdgeRegion)
	api := ops.DoctorAPI{
		Hosts: clients.EC2(), Agents: clients.SSM(), Commands: clients.SSM(), Parameters: clients.SSM(),
		Artifacts: clients.S3(), Fleets: clients.AutoScaling(), Targets: clients.ELB(), SecurityGroups: clients.EC2(),
		Databases: clients.RDS(), Secrets: clients.Secrets(), Roles: clients.IAM(),
		Distributions: clients.CloudFront(), Buckets: clients.S3(), Zones: clients.Route53(),
		Certificates: clients.ACM(), EdgeCertificates: edge.ACM(),
	}
	if !clients.Local() {
		api.Network = &ops.Internet{}
	}
	return api
}
