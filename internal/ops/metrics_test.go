package ops

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
)

// fakeMetrics answers the first query in two pages, the newest first, and nothing else.
type fakeMetrics struct {
	asked []*cloudwatch.GetMetricDataInput
}

func (f *fakeMetrics) GetMetricData(_ context.Context, in *cloudwatch.GetMetricDataInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error) {
	f.asked = append(f.asked, in)
	point := func(minutes int, value float64) []types.MetricDataResult {
		at := in.EndTime.Add(-time.Duration(minutes) * time.Minute)
		return []types.MetricDataResult{{Id: in.MetricDataQueries[0].Id, Timestamps: []time.Time{at}, Values: []float64{value}}}
	}
	if in.NextToken == nil {
		return &cloudwatch.GetMetricDataOutput{MetricDataResults: point(5, 30), NextToken: aws.String("more")}, nil
	}
	return &cloudwatch.GetMetricDataOutput{MetricDataResults: point(20, 90)}, nil
}

// fakeTargets is a load balancer with a target group for every name.
type fakeTargets struct{ TargetReader }

func (fakeTargets) DescribeTargetGroups(_ context.Context, in *elb.DescribeTargetGroupsInput, _ ...func(*elb.Options)) (*elb.DescribeTargetGroupsOutput, error) {
	return &elb.DescribeTargetGroupsOutput{TargetGroups: []elbtypes.TargetGroup{{
		TargetGroupArn:   aws.String("arn:aws:elasticloadbalancing:ap-southeast-1:111122223333:targetgroup/" + in.Names[0] + "/73e2"),
		LoadBalancerArns: []string{"arn:aws:elasticloadbalancing:ap-southeast-1:111122223333:loadbalancer/app/d2-ride-booking-prod-alb/50dc"},
	}}}, nil
}

func TestAMetricIsSummedUpInTheOrderOfTime(t *testing.T) {
	api := &fakeMetrics{}
	end := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	metrics, err := ReadMetrics(t.Context(), MetricsAPI{Metrics: api}, shipped(t, config.Prod), "rds", end.Add(-time.Hour), end)
	require.NoError(t, err)
	assert.Equal(t, []float64{30, 60, 90}, []float64{*metrics[0].Last, *metrics[0].Average, *metrics[0].Max})
	assert.Equal(t, 300, metrics[0].PeriodSeconds)
	assert.Nil(t, metrics[1].Last, "what was not measured is no zero")
	assert.Len(t, api.asked, 2, "one call and its second page")
	assert.Len(t, api.asked[0].MetricDataQueries, len(databaseGauges))
}

func TestCloudWatchIsAskedByTheDimensionsThatAWSSends(t *testing.T) {
	api := &fakeMetrics{}
	end := time.Now()
	_, err := ReadMetrics(t.Context(), MetricsAPI{Metrics: api, Targets: fakeTargets{}}, shipped(t, config.Prod), "alb", end.Add(-time.Hour), end)
	require.NoError(t, err)
	dimensions := map[string]string{}
	for _, query := range api.asked[0].MetricDataQueries {
		for _, each := range query.MetricStat.Metric.Dimensions {
			dimensions[*each.Name] = *each.Value
		}
	}
	assert.Equal(t, map[string]string{
		"LoadBalancer": "app/d2-ride-booking-prod-alb/50dc", "TargetGroup": "targetgroup/d2-ride-booking-prod-backend-api/73e2",
	}, dimensions)
}

func TestALongTimeHasNoMorePointsThanAScreen(t *testing.T) {
	for span, period := range map[time.Duration]time.Duration{
		10 * time.Minute: 5 * time.Minute, time.Hour: 5 * time.Minute, 24 * time.Hour: time.Hour, 30 * 24 * time.Hour: 30 * time.Hour,
	} {
		assert.Equal(t, period, Period(span), span)
	}
}
