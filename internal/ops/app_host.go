package ops

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// AppAPI is what looking after an app on its hosts asks of AWS.
type AppAPI struct {
	Hosts     HostReader
	Agents    AgentReader
	Commands  HostCommander
	Variables VariableReader
}

// AppHosts are the instances on which a service runs and commands work; only
// the one named, where one is. One that runs and cannot be reached is an error:
// an answer without it would look whole.
func AppHosts(ctx context.Context, api AppAPI, env *config.Environment, service, instance string) ([]string, error) {
	hosts, err := ReadHosts(ctx, api.Hosts, env)
	if err != nil {
		return nil, err
	}
	hosts = slices.DeleteFunc(hosts, func(host Host) bool { return host.State != "running" || !host.Runs(env, service) })
	if len(hosts) == 0 {
		return nil, fault.New(fault.NotFound, "see what there is: d2ctl status -e "+string(env.Environment), "no running host has %s", service)
	}
	if err := ReadAgents(ctx, api.Agents, hosts); err != nil {
		return nil, err
	}
	return reachable(env, service, instance, hosts)
}

func reachable(env *config.Environment, service, instance string, hosts []Host) ([]string, error) {
	var all, online, lost []string
	for _, host := range hosts {
		all = append(all, host.Instance)
		switch {
		case instance != "" && host.Instance != instance:
		case host.Agent == Online:
			online = append(online, host.Instance)
		default:
			lost = append(lost, host.Instance)
		}
	}
	switch {
	case len(lost) > 0:
		return nil, fault.New(fault.Unhealthy, "wait for its boot, name another with --instance, or see why: d2ctl doctor host -e "+string(env.Environment),
			"Systems Manager does not reach %s", listed(lost))
	case len(online) == 0:
		return nil, fault.New(fault.NotFound, "name one of: "+listed(all), "%s is no running host of %s", instance, service)
	}
	return online, nil
}

// answered is nil when a command ended well on its host; else it says what the host said.
func answered(answer HostAnswer, line string) error {
	if answer.Exit == 0 && answer.Status == "Success" {
		return nil
	}
	return fault.New(fault.Unhealthy, "look at the host: d2ctl connect "+answer.Instance,
		"%s on %s: %s", line, answer.Instance, cmp.Or(lastLine(withoutExit(answer.Err)), lastLine(answer.Out), answer.Status))
}

// withoutExit takes away what Run Command itself adds below a script's errors.
func withoutExit(text string) string {
	text, _, _ = strings.Cut(text, "failed to run commands: exit status")
	return text
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
