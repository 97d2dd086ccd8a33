package ops

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// HostReleaser is what a release to DEV asks of Systems Manager.
type HostReleaser interface {
	HostCommander
	ListCommands(context.Context, *ssm.ListCommandsInput, ...func(*ssm.Options)) (*ssm.ListCommandsOutput, error)
}

// hostCarrier has DEV's one host fetch the release. The host itself goes back to
// what ran when the new one is not healthy (docs/application.md).
type hostCarrier struct {
	api     ReleaseAPI
	env     *config.Environment
	service config.Service

	host    string // its instance id, once it is found
	command string // Systems Manager's id of what runs there
}

func (c *hostCarrier) id() string { return c.command }

// line is what the host runs.
func (c *hostCarrier) line() string { return config.ReleaseCommand + " " + c.service.Name }

func (c *hostCarrier) look(ctx context.Context) error {
	hosts, err := ReadHosts(ctx, c.api.Hosts, c.env)
	if err != nil {
		return err
	}
	hosts = slices.DeleteFunc(hosts, func(host Host) bool { return !host.Runs(c.env, c.service.Name) })
	if len(hosts) != 1 {
		return fault.New(fault.NotFound, "see what there is: d2ctl status -e "+string(c.env.Environment), "there are %d hosts %s, not one", len(hosts), c.env.AppHostName())
	}
	host := hosts[0]
	if host.State != "running" {
		return fault.New(fault.Failed, "start it: d2ctl start -e "+string(c.env.Environment), "the host %s is %s", host.Instance, host.State)
	}
	if err := ReadAgents(ctx, c.api.Agents, hosts); err != nil {
		return err
	}
	if agent := hosts[0].Agent; agent != Online {
		return fault.New(fault.Failed, "see why: d2ctl doctor -e "+string(c.env.Environment)+" host", "Systems Manager does not reach the host %s (%s)", host.Instance, cmp.Or(agent, "not known to it"))
	}
	c.host = host.Instance
	return nil
}

func (c *hostCarrier) atWork(ctx context.Context) (string, error) {
	last, err := c.last(ctx)
	if err != nil || last == nil || hasEnded(types.CommandInvocationStatus(last.Status)) {
		return "", err
	}
	return c.line() + " runs on " + c.host + " since " + aws.ToTime(last.RequestedDateTime).Format(time.DateTime), nil
}

// last is the newest release of the service on the host, by whomever; nil when none is known.
func (c *hostCarrier) last(ctx context.Context) (*types.Command, error) {
	answer, err := c.api.Commands.ListCommands(ctx, &ssm.ListCommandsInput{InstanceId: &c.host})
	if err != nil {
		return nil, err
	}
	var last *types.Command
	for _, each := range answer.Commands {
		if !slices.Contains(each.Parameters["commands"], c.line()) {
			continue
		}
		if last == nil || aws.ToTime(each.RequestedDateTime).After(aws.ToTime(last.RequestedDateTime)) {
			last = &each
		}
	}
	return last, nil
}

func (c *hostCarrier) plan(p *Plan) {
	p.Do("the host %s fetches and starts it; %s does not answer for some seconds", c.host, c.service.Name)
	p.Call("SSM.SendCommand", c.host, c.line())
}

func (c *hostCarrier) start(ctx context.Context) (err error) {
	c.command, err = sendToHosts(ctx, c.api.Commands, []string{c.host}, c.line())
	return err
}

func (c *hostCarrier) resume(ctx context.Context) error {
	last, err := c.last(ctx)
	if err != nil || last == nil {
		return err
	}
	c.command = aws.ToString(last.CommandId)
	return nil
}

// stop has nothing to do: on the host the next d2-release waits for the one before.
func (c *hostCarrier) stop(context.Context) error { return nil }

func (c *hostCarrier) await(ctx context.Context, tell Listener) error {
	tell(Event{Subject: c.host, State: c.line() + " runs"})
	answer, err := awaitAnswer(ctx, c.api.Commands, c.command, c.host)
	if err != nil {
		return err
	}
	said := lastLine(answer.Out)
	tell(Event{Subject: c.host, State: cmp.Or(said, answer.Status), Failed: answer.Exit != 0})
	if answer.Exit == 0 {
		return nil
	}
	_, cause, _ := strings.Cut(said, "FAILED: ")
	return verdict("%s on %s: %s", config.ReleaseCommand, c.host, cmp.Or(cause, said, answer.Err, answer.Status))
}

func (c *hostCarrier) instances(context.Context) ([]string, error) { return []string{c.host}, nil }
