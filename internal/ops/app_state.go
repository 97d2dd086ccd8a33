package ops

import (
	"context"
	"strconv"
	"strings"

	"github.com/d2-ride-booking/platform/config"
)

// AppState is one app on one host: what d2-release and PM2 say of it (runbook DEV 5.2).
type AppState struct {
	// Instance it runs on.
	Instance string `json:"instance"`
	// Service it is of.
	Service string `json:"service"`
	// Version that runs: unreleased for the placeholder, empty when nothing runs.
	Version string `json:"version"`
	// Healthy says whether its health check answers on the host itself.
	Healthy bool `json:"healthy"`
	// Process is PM2's word for it: online, errored, stopped, ...; empty for the placeholder, which is not PM2's.
	Process string `json:"process,omitempty"`
	// Restarts is how often PM2 started it again; many are a crash loop (runbook DEV 5.9).
	Restarts int `json:"restarts"`
	// Uptime is how long it runs, in PM2's words, e.g. 2h.
	Uptime string `json:"uptime,omitempty"`
	// Memory that it takes, in PM2's words, e.g. 84.2mb.
	Memory string `json:"memory,omitempty"`
}

// listProcesses is PM2's list without the apps' variables. pm2 jlist and pm2
// show print them, secrets included, and Run Command keeps what a host prints
// for thirty days.
const listProcesses = "pm2 list -m"

// ReadAppStates asks the hosts given what they run of a service.
func ReadAppStates(ctx context.Context, api HostCommander, instances []string, service string) ([]AppState, error) {
	ask := config.ReleaseCommand + " status " + service
	answers, err := RunOnHosts(ctx, api, instances, ask)
	if err != nil {
		return nil, err
	}
	processes, err := RunOnHosts(ctx, api, instances, listProcesses)
	if err != nil {
		return nil, err
	}
	states := []AppState{}
	for i, answer := range answers {
		if err := answered(answer, ask); err != nil {
			return states, err
		}
		if err := answered(processes[i], listProcesses); err != nil {
			return states, err
		}
		for _, running := range parseRunning(answer) {
			state := AppState{Instance: answer.Instance, Service: service, Version: running.Version, Healthy: running.Healthy}
			state.fill(parseProcess(processes[i].Out, service))
			states = append(states, state)
		}
	}
	return states, nil
}

func (s *AppState) fill(process map[string]string) {
	s.Process, s.Uptime, s.Memory = process["status"], process["uptime"], process["memory usage"]
	s.Restarts, _ = strconv.Atoi(process["restarted"])
}

// parseProcess takes one app out of PM2's minimal list: "+--- name", then "key : value" lines.
func parseProcess(list, name string) map[string]string {
	values, within := map[string]string{}, false
	for line := range strings.Lines(list) {
		if title, isTitle := strings.CutPrefix(strings.TrimSpace(line), "+--- "); isTitle {
			within = title == name
			continue
		}
		if key, value, isValue := strings.Cut(line, " : "); isValue && within {
			values[key] = strings.TrimSpace(value)
		}
	}
	return values
}
