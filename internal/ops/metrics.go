package ops

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

const (
	// shortestPeriod is runbook PROD 9.2's, and what EC2 measures in without detailed monitoring.
	shortestPeriod = 5 * time.Minute
	// mostPoints is about how many points a metric has: a sparkline of them fits beside its name.
	mostPoints = 24
)

// MetricReader is what is asked of CloudWatch.
type MetricReader interface {
	GetMetricData(context.Context, *cloudwatch.GetMetricDataInput, ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error)
}

// MetricsAPI is what the metrics of all parts ask of AWS.
type MetricsAPI struct {
	Metrics MetricReader
	Hosts   HostReader
	Targets TargetReader
}

// Metric is one measurement over a time (runbook PROD 9.2).
type Metric struct {
	// Part is fleet, alb, rds or host.
	Part string `json:"part"`
	// Subject is what is measured: a service, an instance, the database's identifier.
	Subject string `json:"subject"`
	// Name says what of it, e.g. cpu.
	Name string `json:"name"`
	// Unit is percent, count, seconds or bytes.
	Unit string `json:"unit"`
	// Statistic is what a point is of its period: Average, Sum, Minimum, Maximum or p99.
	Statistic string `json:"statistic"`
	// PeriodSeconds is the time that a point stands for.
	PeriodSeconds int `json:"period_seconds"`
	// Last is the youngest point; null without any.
	Last *float64 `json:"last" jsonschema:"nullable"`
	// Average is that of all points; null without any.
	Average *float64 `json:"average" jsonschema:"nullable"`
	// Max is the largest point; null without any.
	Max *float64 `json:"max" jsonschema:"nullable"`
	// Points are what was measured, the oldest first; a period without a measurement is absent.
	Points []Point `json:"points"`

	source types.Metric
}

// Point is what a metric was in one period.
type Point struct {
	// Time is when the period began.
	Time time.Time `json:"time"`
	// Value in the metric's unit.
	Value float64 `json:"value"`
}

// MetricParts are the parts that an environment has metrics of, in the order of the screen.
func MetricParts(env *config.Environment) []string {
	parts := []string{}
	if env.Environment == config.Prod && len(env.EnabledServices()) > 0 {
		parts = append(parts, partFleet)
	}
	if env.EnableALB {
		parts = append(parts, partALB)
	}
	if env.EnableRDS {
		parts = append(parts, partRDS)
	}
	return append(parts, partHost)
}

// Period is what a point stands for when a time of that length is looked at.
func Period(span time.Duration) time.Duration {
	return max(shortestPeriod, (span / mostPoints).Round(shortestPeriod))
}

// ReadMetrics measures one part from a time until another, by one call of GetMetricData.
func ReadMetrics(ctx context.Context, api MetricsAPI, env *config.Environment, part string, from, to time.Time) ([]Metric, error) {
	if !slices.Contains(MetricParts(env), part) {
		return nil, fault.New(fault.NotFound, "name one of: "+listed(MetricParts(env)), "there are no metrics of %q in %s", part, env.Environment)
	}
	metrics, err := metricsOf(ctx, api, env, part)
	if err != nil || len(metrics) == 0 {
		return []Metric{}, err
	}
	return metrics, measure(ctx, api.Metrics, metrics, from, to)
}

// measure asks for all metrics at once. Periods begin at multiples of their
// length, so that a point does not move while one looks again.
func measure(ctx context.Context, api MetricReader, metrics []Metric, from, to time.Time) error {
	period := Period(to.Sub(from))
	queries := make([]types.MetricDataQuery, len(metrics))
	for i := range metrics {
		metrics[i].PeriodSeconds, metrics[i].Points = int(period.Seconds()), []Point{}
		queries[i] = types.MetricDataQuery{
			Id: aws.String(fmt.Sprintf("m%d", i)),
			MetricStat: &types.MetricStat{
				Metric: &metrics[i].source, Period: aws.Int32(int32(period.Seconds())), Stat: &metrics[i].Statistic,
			},
		}
	}
	pages := cloudwatch.NewGetMetricDataPaginator(api, &cloudwatch.GetMetricDataInput{
		MetricDataQueries: queries, StartTime: aws.Time(from.Truncate(period)), EndTime: &to, ScanBy: types.ScanByTimestampAscending,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, result := range page.MetricDataResults {
			var i int
			if _, err := fmt.Sscanf(aws.ToString(result.Id), "m%d", &i); err != nil || i >= len(metrics) {
				continue
			}
			metrics[i].add(result)
		}
	}
	for i := range metrics {
		metrics[i].summarize()
	}
	return nil
}

func (m *Metric) add(result types.MetricDataResult) {
	for i, at := range result.Timestamps {
		m.Points = append(m.Points, Point{Time: at.UTC(), Value: result.Values[i]})
	}
}

func (m *Metric) summarize() {
	if len(m.Points) == 0 {
		return
	}
	slices.SortFunc(m.Points, func(a, b Point) int { return a.Time.Compare(b.Time) })
	last, sum, largest := m.Points[len(m.Points)-1].Value, 0.0, m.Points[0].Value
	for _, point := range m.Points {
		sum += point.Value
		largest = max(largest, point.Value)
	}
	average := sum / float64(len(m.Points))
	m.Last, m.Average, m.Max = &last, &average, &largest
}
