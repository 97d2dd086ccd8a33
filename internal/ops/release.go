package ops

import (
	"cmp"
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// ParameterReader is what is asked of the parameter store.
type ParameterReader interface {
	GetParameters(context.Context, *ssm.GetParametersInput, ...func(*ssm.Options)) (*ssm.GetParametersOutput, error)
}

// Wanted is the release that a service's hosts are to run (runbook PROD 5.5).
type Wanted struct {
	// Service it is of.
	Service string `json:"service"`
	// Version as the version parameter says; unreleased before the first release.
	Version string `json:"version"`
	// Revision is the parameter's own version, one more at each write.
	Revision int64 `json:"revision"`
	// Since is when it was written.
	Since time.Time `json:"since"`
}

// Running is what a host answers about one service.
type Running struct {
	// Instance that answered.
	Instance string `json:"instance"`
	// Service it is of.
	Service string `json:"service"`
	// Version that runs: unreleased for the placeholder, empty when nothing runs.
	Version string `json:"version"`
	// Healthy says whether its health check answers on the host itself.
	Healthy bool `json:"healthy"`
	// Previous is the version that ran before; may be empty.
	Previous string `json:"previous,omitempty"`
}

// ReadWanted are the wanted releases of all enabled services.
func ReadWanted(ctx context.Context, api ParameterReader, env *config.Environment) ([]Wanted, error) {
	services := map[string]string{}
	var names []string
	for _, service := range env.EnabledServices() {
		name := env.VersionParameter(service.Name)
		services[name] = service.Name
		names = append(names, name)
	}
	wanted := []Wanted{}
	if len(names) == 0 {
		return wanted, nil
	}
	answer, err := api.GetParameters(ctx, &ssm.GetParametersInput{Names: names})
	if err != nil {
		return wanted, err
	}
	for _, parameter := range answer.Parameters {
		wanted = append(wanted, Wanted{
			Service: services[aws.ToString(parameter.Name)], Version: aws.ToString(parameter.Value),
			Revision: parameter.Version, Since: aws.ToTime(parameter.LastModifiedDate),
		})
	}
	if len(answer.InvalidParameters) > 0 {
		return wanted, fault.New(fault.NotFound, "deploy the stack: make deploy ENV="+string(env.Environment),
			"there is no parameter %s", strings.Join(answer.InvalidParameters, ", "))
	}
	return wanted, nil
}

// ReadRunning asks the hosts what they run. Only those that Systems Manager reaches are asked.
func ReadRunning(ctx context.Context, api HostCommander, env *config.Environment, hosts []Host) ([]Running, error) {
	var instances []string
	for _, host := range hosts {
		if host.Agent == Online && host.Name != env.BastionName() {
			instances = append(instances, host.Instance)
		}
	}
	running := []Running{}
	answers, err := RunOnHosts(ctx, api, instances, "d2-release status")
	for _, answer := range answers {
		if answer.Exit != 0 {
			err = cmp.Or(err, error(fault.New(fault.Unhealthy, "", "d2-release status on %s: %s", answer.Instance, cmp.Or(answer.Err, answer.Status))))
			continue
		}
		running = append(running, parseRunning(answer)...)
	}
	return running, err
}

// parseRunning reads the lines of d2-release status, one JSON object a service;
// what else stands there, such as a shell's greeting, is none of ours.
func parseRunning(answer HostAnswer) []Running {
	var running []Running
	for line := range strings.Lines(answer.Out) {
		var said struct {
			Service, Running, Previous string
			Healthy                    bool
		}
		if json.Unmarshal([]byte(line), &said) == nil && said.Service != "" {
			running = append(running, Running{
				Instance: answer.Instance, Service: said.Service, Version: said.Running, Healthy: said.Healthy, Previous: said.Previous,
			})
		}
	}
	return running
}
