package host

import (
	"github.com/d2-ride-booking/platform/config"
)

// hostConfiguration is /etc/d2/host.json: all that d2-release knows of where it runs.
func hostConfiguration(env *config.Environment, services []config.Service) map[string]any {
	each := map[string]any{}
	for _, service := range services {
		each[service.Name] = map[string]any{
			"port": service.Port, "health": service.HealthCheckPath,
			"dir": service.AppDir(), "log": service.ReleaseLog(), "error_log": service.ErrorLog(),
			"version": env.VersionParameter(service.Name), "variables": env.RuntimeParameterPath(service.Name),
			"artifact": service.ArtifactKey("{version}"),
		}
	}
	return map[string]any{
		"region": env.Region, "bucket": env.ArtifactBucket(),
		"user": config.OSUser, "home": config.OSHome,
		"keep": env.Release.KeepOnHost, "health_seconds": env.Release.HealthTimeoutSeconds,
		"unreleased": config.Unreleased, "version_pattern": config.VersionPattern, "version_variable": config.VersionVariable,
		"services": each,
	}
}

// agentConfiguration is the CloudWatch agent's: memory and disk use under
// config.MetricsNamespace, and every log to the group where the runbooks look for it.
func agentConfiguration(env *config.Environment, services []config.Service) map[string]any {
	logs := []any{logFile(env, services[0], config.BootLog, config.StreamBoot)}
	for _, service := range services {
		logs = append(logs,
			logFile(env, service, service.OutLog(), config.StreamOut),
			logFile(env, service, service.ErrorLog(), config.StreamError),
			logFile(env, service, service.ReleaseLog(), config.StreamRelease))
	}
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
		"logs": map[string]any{"logs_collected": map[string]any{"files": map[string]any{"collect_list": logs}}},
	}
}

func logFile(env *config.Environment, service config.Service, path string, stream config.LogStream) map[string]any {
	return map[string]any{
		"file_path": path, "log_group_name": env.ServiceLogGroup(service.Name),
		"log_stream_name": "{instance_id}/" + string(stream),
	}
}
