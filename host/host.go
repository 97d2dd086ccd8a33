// Package host holds what an instance runs: the boot script that its user data
// carries, rendered from typed values. It knows nothing of CDK.
package host

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"text/template"

	"github.com/d2-ride-booking/platform/config"
)

// UserDataLimit is how many bytes of user data EC2 takes, before base64 (AWS, Instance user data).
const UserDataLimit = 16384

// Boot is what one host is to become.
type Boot struct {
	Environment config.Stage
	Region      string
	Services    []Service // one in PROD; every enabled one on DEV's host
}

// Service is one program on a host.
type Service struct {
	Name            string
	Port            int
	HealthCheckPath string
	LogGroup        string // in CloudWatch Logs
}

//go:embed boot.sh.tmpl
var bootTemplate string

// Render returns the boot script, or an error when it would not fit EC2's limit.
func Render(boot Boot) (string, error) {
	script := template.Must(template.New("boot").Parse(bootTemplate))
	agent, err := json.Marshal(agentConfiguration(boot))
	if err != nil {
		return "", fmt.Errorf("host: the CloudWatch agent's configuration: %w", err)
	}
	var text strings.Builder
	if err := script.Execute(&text, struct {
		Boot
		Agent string
	}{boot, string(agent)}); err != nil {
		return "", fmt.Errorf("host: the boot script: %w", err)
	}
	if text.Len() > UserDataLimit {
		return "", fmt.Errorf("host: user data is %d bytes, over EC2's limit of %d; run fewer services on this host", text.Len(), UserDataLimit)
	}
	return text.String(), nil
}

// agentConfiguration sends memory and disk use under config.MetricsNamespace, and
// the boot log to the first service's group.
func agentConfiguration(boot Boot) map[string]any {
	return map[string]any{
		"agent": map[string]any{"metrics_collection_interval": 60},
		"metrics": map[string]any{
			"namespace":              config.MetricsNamespace,
			"append_dimensions":      map[string]any{"AutoScalingGroupName": "${aws:AutoScalingGroupName}", "InstanceId": "${aws:InstanceId}"},
			"aggregation_dimensions": [][]string{{"AutoScalingGroupName"}, {"InstanceId"}},
			"metrics_collected": map[string]any{
				"mem":  map[string]any{"measurement": []string{"mem_used_percent"}},
				"disk": map[string]any{"measurement": []string{"used_percent"}, "resources": []string{"/"}, "drop_device": true},
			},
		},
		"logs": map[string]any{"logs_collected": map[string]any{"files": map[string]any{"collect_list": []any{
			map[string]any{
				"file_path": "/var/log/cloud-init-output.log", "log_group_name": boot.Services[0].LogGroup,
				"log_stream_name": "{instance_id}-boot",
			},
		}}}},
	}
}
