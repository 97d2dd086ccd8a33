package ops

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/awsapi"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// ReachAPI is what finding the end of a session asks of AWS.
type ReachAPI struct {
	Hosts    HostReader
	Agents   AgentReader
	Database DatabaseReader
}

// running is EC2's state of an instance that can be reached.
const running = "running"

// ReachableHosts are the running hosts that a name leads to: bastion, a service,
// or the id of an instance. There is at least one, or an error that says what to do.
func ReachableHosts(ctx context.Context, api HostReader, env *config.Environment, name string) ([]Host, error) {
	all, err := ReadHosts(ctx, api, env)
	if err != nil {
		return nil, err
	}
	named := slices.DeleteFunc(slices.Clone(all), func(host Host) bool { return !host.answersTo(env, name) })
	up := slices.DeleteFunc(slices.Clone(named), func(host Host) bool { return host.State != running })
	switch {
	case len(up) > 0:
		return up, nil
	case len(named) > 0:
		return nil, fault.New(fault.NotFound, waking(env, named[0]), "%s (%s) is %s", name, named[0].Instance, named[0].State)
	}
	return nil, nobody(env, name, all)
}

// answersTo says whether a name leads to a host.
func (h Host) answersTo(env *config.Environment, name string) bool {
	switch {
	case strings.HasPrefix(name, "i-"):
		return h.Instance == name
	case name == config.ServiceBastion:
		return h.Name == env.BastionName()
	}
	isService := slices.ContainsFunc(env.EnabledServices(), func(service config.Service) bool { return service.Name == name })
	return isService && h.Runs(env, name)
}

// waking is how a host that does not run comes to run.
func waking(env *config.Environment, host Host) string {
	if env.Environment == config.Dev && strings.HasPrefix(host.State, "stop") {
		return "start it: d2ctl start -e dev"
	}
	return "see what becomes of it: d2ctl status -e " + string(env.Environment)
}

// nobody says why a name leads to no host at all.
func nobody(env *config.Environment, name string, all []Host) error {
	isService := slices.ContainsFunc(env.EnabledServices(), func(service config.Service) bool { return service.Name == name })
	deploy := "make deploy ENV=" + string(env.Environment)
	switch {
	case name == config.ServiceBastion && !env.EnableBastion:
		return fault.New(fault.NotFound, "set enable_bastion in "+File(env)+", then "+deploy, "%s has no bastion", env.Environment)
	case name == config.ServiceBastion:
		return fault.New(fault.NotFound, "make it: "+deploy, "there is no instance %s", env.BastionName())
	case isService:
		return fault.New(fault.NotFound, "see the fleets: d2ctl status -e "+string(env.Environment), "no host of %s runs", name)
	case strings.HasPrefix(name, "i-"):
		return fault.New(fault.NotFound, "name one of: "+cmp.Or(listed(InstanceIDs(all)), "(no host is there)"), "%s is no instance of %s", name, env.Environment)
	}
	return fault.New(fault.NotFound, "name one of: "+listed(SessionTargets(env, nil)), "%q is no host of %s", name, env.Environment)
}

// SessionTargets are the names that lead to hosts, with the ids of those given.
func SessionTargets(env *config.Environment, hosts []Host) []string {
	var names []string
	if env.EnableBastion {
		names = append(names, config.ServiceBastion)
	}
	for _, service := range env.EnabledServices() {
		names = append(names, service.Name)
	}
	for _, host := range hosts {
		names = append(names, host.Instance)
	}
	return names
}

// DatabaseWay is how people get to the environment's database.
type DatabaseWay struct {
	// Bastion is the instance through which.
	Bastion string
	// Host and Port are the database's endpoint, by which its certificate names it.
	Host string
	Port int
	// Name is the database in it, User the one who logs in by token.
	Name, User string
}

// FindDatabaseWay finds bastion and database of the environment, by config's
// names and what RDS answers; there is no way to any other host (runbook PROD 3).
func FindDatabaseWay(ctx context.Context, api ReachAPI, env *config.Environment) (*DatabaseWay, error) {
	server, err := FindDatabaseServer(ctx, api.Database, env)
	if err != nil {
		return nil, err
	}
	bastions, err := ReachableHosts(ctx, api.Hosts, env, config.ServiceBastion)
	if err != nil {
		return nil, err
	}
	if len(bastions) > 1 {
		return nil, fault.New(fault.NotFound, "terminate the one that no stack made; d2ctl status -e "+string(env.Environment), "%d instances are named %s: %s", len(bastions), env.BastionName(), listed(InstanceIDs(bastions)))
	}
	return &DatabaseWay{Bastion: bastions[0].Instance, Host: server.Host, Port: server.Port, Name: env.Database.Name, User: env.Database.AppUser}, nil
}

// InstanceIDs are the ids of hosts, in their order.
func InstanceIDs(hosts []Host) []string {
	var ids []string
	for _, host := range hosts {
		ids = append(ids, host.Instance)
	}
	return ids
}

// Plan says what opening a tunnel to the database does.
func (w *DatabaseWay) Plan(env *config.Environment, local int) *Plan {
	from := "a free local port"
	if local != 0 {
		from = "127.0.0.1:" + strconv.Itoa(local)
	}
	return NewPlan(env).
		Do("opens a tunnel from %s to %s:%d through %s", from, w.Host, w.Port, w.Bastion).
		Call("SSM.StartSession", w.Bastion, config.PortForwardingDocument+", host "+w.Host+", port "+strconv.Itoa(w.Port))
}

// PlanShell says what opening a shell, or running a command in one, does.
func PlanShell(env *config.Environment, host Host, command string) *Plan {
	plan := NewPlan(env)
	if command == "" {
		plan.Do("opens a shell on %s (%s)", host.Instance, host.Name)
	} else {
		plan.Do("runs on %s (%s): %s", host.Instance, host.Name, command)
	}
	return plan.
		Do("logs all of it in %s", env.SessionLogGroup()).
		Call("SSM.StartSession", host.Instance, env.SessionDocumentName())
}

// WhyNoSession explains why StartSession failed, by a look at the host. What it
// cannot explain stays as it is.
func WhyNoSession(ctx context.Context, api ReachAPI, env *config.Environment, instance string, err error) error {
	var answer smithy.APIError
	if !errors.As(err, &answer) {
		return err
	}
	switch answer.ErrorCode() {
	case "TargetNotConnected":
		if why := whyNotConnected(ctx, api, env, instance); why != nil {
			why.Cause = err
			return why
		}
	case "InvalidDocument":
		return &fault.Error{
			Code: fault.NotFound, Cause: err, What: "the session document " + env.SessionDocumentName() + " does not exist: the stack is deployed by half",
			Try: "make deploy ENV=" + string(env.Environment),
		}
	}
	return err
}

// whyNotConnected looks at the instance and its agent; nil where neither says why.
func whyNotConnected(ctx context.Context, api ReachAPI, env *config.Environment, instance string) *fault.Error {
	hosts, err := ReadHosts(ctx, api.Hosts, env)
	if err != nil {
		return denial(err)
	}
	at := slices.IndexFunc(hosts, func(host Host) bool { return host.Instance == instance })
	if at < 0 {
		return fault.New(fault.NotFound, "see what there is: d2ctl status -e "+string(env.Environment), "the instance %s is gone", instance)
	}
	if host := hosts[at]; host.State != running {
		return fault.New(fault.Unhealthy, waking(env, host), "%s is %s", instance, host.State)
	}
	agent, err := readAgent(ctx, api.Agents, instance)
	doctor := "d2ctl doctor host -e " + string(env.Environment)
	switch {
	case err != nil:
		return denial(err)
	case agent == nil:
		return fault.New(fault.Unhealthy, "wait for its boot; then see that it has a route to Systems Manager and the role for it: "+doctor, "the agent of %s has never registered with Systems Manager", instance)
	case agent.PingStatus == ssmtypes.PingStatusOnline:
		return fault.New(fault.Unhealthy, "wait a minute and run it again: Systems Manager notices within five", "the agent of %s takes no session, though it was online %s", instance, since(agent.LastPingDateTime))
	}
	return fault.New(fault.Unhealthy, "see its route to Systems Manager and its load: "+doctor, "the agent of %s lost its connection; it was last heard %s", instance, since(agent.LastPingDateTime))
}

// denial is an error of AWS when it names a right that is missing; nil for others.
func denial(err error) *fault.Error {
	var known *fault.Error
	if errors.As(awsapi.Explain(err), &known) && known.Code == fault.Credentials {
		return known
	}
	return nil
}

// readAgent is what Systems Manager knows of an instance's agent; nil when it never registered.
func readAgent(ctx context.Context, api AgentReader, instance string) (*ssmtypes.InstanceInformation, error) {
	pages := ssm.NewDescribeInstanceInformationPaginator(api, &ssm.DescribeInstanceInformationInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, agent := range page.InstanceInformationList {
			if aws.ToString(agent.InstanceId) == instance {
				return &agent, nil
			}
		}
	}
	return nil, nil
}

func since(when *time.Time) string {
	if when == nil {
		return "at a time that is not known"
	}
	return fmt.Sprintf("%s ago, at %s", time.Since(*when).Round(time.Second), when.Local().Format(time.DateTime))
}
