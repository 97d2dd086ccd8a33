package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/localaws"
)

// helpRuns is many: a start-up is short, and noise is not.
const helpRuns = 20

// d2ctl times status against the commands of the runbook for the same facts, in
// turn against one local AWS, and how long the program takes to begin.
func (r *runner) d2ctl() error {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	program := filepath.Join(r.work, "d2ctl")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/d2ctl")
	build.Dir = r.root
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build ./cmd/d2ctl: %w\n%s", err, out)
	}
	if err := r.help(program); err != nil {
		return err
	}
	server, err := r.platform(ctx)
	if localaws.IsMissing(err) {
		fmt.Printf("d2ctl status: not measured: %v\n\n", err)
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = server.Stop() }()
	return r.status(ctx, server, program)
}

func (r *runner) help(program string) error {
	times, err := r.inTurn(helpRuns, func() (time.Duration, error) { return timed(exec.Command(program, "--help")) })
	if err != nil {
		return err
	}
	fmt.Printf("d2ctl --help, whole process:\n  median %d ms (%d runs; aim: under 50 ms)\n\n", median(times[0]).Milliseconds(), helpRuns)
	return nil
}

// platform is a local AWS with both environments as shipped.
func (r *runner) platform(ctx context.Context) (*localaws.Server, error) {
	environments, err := config.LoadAll(filepath.Join(r.root, config.DefaultDir))
	if err != nil {
		return nil, err
	}
	domain := environments[0].Domain
	server, err := localaws.Start(ctx, localaws.Options{Root: r.root, HostedZones: map[string]string{domain.ZoneName: domain.ZoneID}})
	if err != nil {
		return nil, err
	}
	err = localaws.InstallCDK(ctx, r.root, func(string) {})
	if err == nil {
		err = server.Bootstrap(ctx, environments[0].Region, config.EdgeRegion)
	}
	if err == nil {
		deploy := server.CDK(ctx, "deploy", "--all", "--require-approval", "never", "--output", filepath.Join(r.work, "cdk.out"))
		if said, failed := deploy.CombinedOutput(); failed != nil {
			err = fmt.Errorf("cdk deploy: %w\n%s", failed, said)
		}
	}
	if err != nil {
		return nil, errors.Join(err, server.Stop())
	}
	return server, nil
}

func (r *runner) status(ctx context.Context, server *localaws.Server, program string) error {
	env, err := config.Shipped(config.Prod)
	if err != nil {
		return err
	}
	lookups := lookupsOf(env)
	times, err := r.inTurn(r.runs,
		func() (time.Duration, error) { return timed(server.Command(ctx, program, "status", "-e", "prod")) },
		func() (time.Duration, error) { return byHand(ctx, server, lookups) },
	)
	if err != nil {
		return err
	}
	fmt.Println("the state of PROD on the local AWS, in turn:")
	row("d2ctl status", times[0])
	row(fmt.Sprintf("the %d aws commands of the runbook", len(lookups)), times[1])
	fmt.Printf("  the aws commands / d2ctl: %.1f (median of the rounds; aim: at least 20)\n\n", median(ratios(times[1], times[0])))
	return nil
}

// lookup is one command of the runbook. What it answers may be a word of a later one, by its name.
type lookup struct{ name, line string }

// lookupsOf are the commands of runbook PROD 1 to 9 for what status shows, mended
// as docs/runbooks/prod.md has them, and without those that give the same fact twice.
func lookupsOf(env *config.Environment) []lookup {
	service := env.EnabledServices()[0]
	edge := " --region " + config.EdgeRegion
	return []lookup{
		{"", "cloudformation describe-stacks --stack-name " + env.StackName()},
		{"", "cloudformation describe-stacks --stack-name " + env.EdgeStackName() + edge},
		{"", "ec2 describe-instances --filters Name=tag:Environment,Values=prod Name=tag:Project,Values=" + env.Project},
		{"", "autoscaling describe-auto-scaling-groups --auto-scaling-group-names " + env.FleetName(service.Name)},
		{"", "autoscaling describe-instance-refreshes --auto-scaling-group-name " + env.FleetName(service.Name)},
		{"{group}", "elbv2 describe-target-groups --names " + env.TargetGroupName(service) + " --query TargetGroups[0].TargetGroupArn --output text"},
		{"", "elbv2 describe-target-health --target-group-arn {group}"},
		{"", "ssm get-parameter --name " + env.VersionParameter(service.Name)},
		{"{host}", "ssm describe-instance-information --query InstanceInformationList[0].InstanceId --output text"},
		{"{command}", "ssm send-command --document-name AWS-RunShellScript --instance-ids {host} --parameters commands={status} --query Command.CommandId --output text"},
		{"", "ssm get-command-invocation --command-id {command} --instance-id {host}"},
		{"", "rds describe-db-instances --db-instance-identifier " + env.DatabaseIdentifier()},
		{"", "cloudfront list-distributions"},
		{"{pool}", "cognito-idp list-user-pools --max-results 60 --query UserPools[?Name=='" + env.UserPoolName() + "'].Id|[0] --output text"},
		{"", "cognito-idp describe-user-pool --user-pool-id {pool}"},
		{"", "cloudwatch describe-alarms --alarm-name-prefix " + env.Named("")},
		{"", "cloudwatch describe-alarms --alarm-name-prefix " + env.Named("") + edge},
		{"{certificate}", "acm list-certificates --query CertificateSummaryList[0].CertificateArn --output text"},
		{"", "acm describe-certificate --certificate-arn {certificate}"},
		{"{edge}", "acm list-certificates --query CertificateSummaryList[0].CertificateArn --output text" + edge},
		{"", "acm describe-certificate --certificate-arn {edge}" + edge},
	}
}

// byHand runs the commands one after the other, as somebody pastes them.
func byHand(ctx context.Context, server *localaws.Server, lookups []lookup) (time.Duration, error) {
	answers := []string{"{status}", "d2-release status"} // two words that are one
	start := time.Now()
	for _, each := range lookups {
		var args []string
		for _, word := range strings.Fields(each.line) {
			args = append(args, strings.NewReplacer(answers...).Replace(word))
		}
		said, err := server.Command(ctx, server.Tools.AWS, args...).Output()
		if err != nil {
			return 0, fmt.Errorf("aws %s: %w", each.line, err)
		}
		if each.name != "" {
			answers = append(answers, each.name, strings.TrimSpace(string(said)))
		}
	}
	return time.Since(start), nil
}
