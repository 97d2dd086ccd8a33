package ops

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/d2-ride-booking/platform/config"
)

const (
	partFleet = "fleet"
	partALB   = "alb"
	partRDS   = "rds"
	partHost  = "host"
)

// gauge is one row of the tables below: what is measured of a thing, and how.
// Names, units and statistics are those of the AWS services' own references.
type gauge struct{ name, namespace, metric, statistic, unit string }

var (
	machineGauges = []gauge{
		{"cpu", "AWS/EC2", "CPUUtilization", "Average", "percent"},
		{"memory", config.MetricsNamespace, "mem_used_percent", "Average", "percent"},
		{"disk", config.MetricsNamespace, "disk_used_percent", "Maximum", "percent"},
	}
	fleetGauges = append([]gauge{
		{"in service", "AWS/AutoScaling", "GroupInServiceInstances", "Minimum", "count"},
		{"desired", "AWS/AutoScaling", "GroupDesiredCapacity", "Maximum", "count"},
	}, machineGauges...)
	balancerGauges = []gauge{
		{"requests", "AWS/ApplicationELB", "RequestCount", "Sum", "count"},
		{"own 5xx", "AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "Sum", "count"},
	}
	targetGauges = []gauge{
		{"requests", "AWS/ApplicationELB", "RequestCount", "Sum", "count"},
		{"5xx", "AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "Sum", "count"},
		{"latency", "AWS/ApplicationELB", "TargetResponseTime", "Average", "seconds"},
		{"latency p99", "AWS/ApplicationELB", "TargetResponseTime", "p99", "seconds"},
		{"healthy", "AWS/ApplicationELB", "HealthyHostCount", "Minimum", "count"},
	}
	databaseGauges = []gauge{
		{"cpu", "AWS/RDS", "CPUUtilization", "Average", "percent"},
		{"connections", "AWS/RDS", "DatabaseConnections", "Maximum", "count"},
		{"free memory", "AWS/RDS", "FreeableMemory", "Minimum", "bytes"},
		{"free storage", "AWS/RDS", "FreeStorageSpace", "Minimum", "bytes"},
		{"read latency", "AWS/RDS", "ReadLatency", "Average", "seconds"},
		{"write latency", "AWS/RDS", "WriteLatency", "Average", "seconds"},
	}
)

// metricsOf are the metrics of a part, not yet measured.
func metricsOf(ctx context.Context, api MetricsAPI, env *config.Environment, part string) ([]Metric, error) {
	switch part {
	case partFleet:
		var metrics []Metric
		for _, service := range env.EnabledServices() {
			metrics = append(metrics, gauged(part, service.Name, fleetGauges, "AutoScalingGroupName", env.FleetName(service.Name))...)
		}
		return metrics, nil
	case partALB:
		return balancerMetrics(ctx, api.Targets, env)
	case partRDS:
		return gauged(part, env.DatabaseIdentifier(), databaseGauges, "DBInstanceIdentifier", env.DatabaseIdentifier()), nil
	default:
		return hostMetrics(ctx, api.Hosts, env)
	}
}

// gauged are the metrics of one thing; dimensions are names and values in turn.
func gauged(part, subject string, gauges []gauge, dimensions ...string) []Metric {
	var of []types.Dimension
	for i := 0; i < len(dimensions); i += 2 {
		of = append(of, types.Dimension{Name: &dimensions[i], Value: &dimensions[i+1]})
	}
	var metrics []Metric
	for _, each := range gauges {
		metrics = append(metrics, Metric{
			Part: part, Subject: subject, Name: each.name, Unit: each.unit, Statistic: each.statistic,
			source: types.Metric{Namespace: &each.namespace, MetricName: &each.metric, Dimensions: of},
		})
	}
	return metrics
}

func hostMetrics(ctx context.Context, api HostReader, env *config.Environment) ([]Metric, error) {
	hosts, err := ReadHosts(ctx, api, env)
	var metrics []Metric
	for _, host := range hosts {
		gauges := machineGauges
		if host.Name == env.BastionName() { // it has no agent for memory and disk
			gauges = machineGauges[:1]
		}
		metrics = append(metrics, gauged(partHost, host.Instance, gauges, "InstanceId", host.Instance)...)
	}
	return metrics, err
}

// balancerMetrics finds load balancer and target groups by the target groups'
// names: each knows its load balancer. CloudWatch calls them by the end of their ARNs.
func balancerMetrics(ctx context.Context, api TargetReader, env *config.Environment) ([]Metric, error) {
	var metrics []Metric
	for _, service := range env.EnabledServices() {
		found, err := api.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{Names: []string{env.TargetGroupName(service)}})
		if err != nil {
			return nil, err
		}
		for _, group := range found.TargetGroups {
			if len(group.LoadBalancerArns) == 0 {
				continue
			}
			_, balancer, _ := strings.Cut(group.LoadBalancerArns[0], ":loadbalancer/")
			if metrics == nil {
				metrics = gauged(partALB, env.LoadBalancerName(), balancerGauges, "LoadBalancer", balancer)
			}
			arn := aws.ToString(group.TargetGroupArn)
			metrics = append(metrics, gauged(partALB, service.Name, targetGauges,
				"TargetGroup", arn[strings.LastIndex(arn, ":")+1:], "LoadBalancer", balancer)...)
		}
	}
	return metrics, nil
}
