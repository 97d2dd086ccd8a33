package d2ctl

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/ops"
)

func TestMetricsAreOfWhatIsDeployed(t *testing.T) {
	p := deployed(t)
	for i, value := range []float64{40, 60} {
		_, err := p.clients(t).CloudWatch().PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{
			Namespace: aws.String("AWS/RDS"),
			MetricData: []types.MetricDatum{{
				MetricName: aws.String("CPUUtilization"), Value: &value, Timestamp: aws.Time(time.Now().Add(time.Duration(i-2) * 6 * time.Minute)),
				Dimensions: []types.Dimension{{Name: aws.String("DBInstanceIdentifier"), Value: aws.String(p.prod.DatabaseIdentifier())}},
			}},
		})
		require.NoError(t, err)
	}
	var metrics []ops.Metric
	require.NoError(t, json.Unmarshal([]byte(p.succeeds(t, "metrics", "-e", "prod", "rds", "--json").out), &metrics))
	require.NotEmpty(t, metrics)
	require.NotNil(t, metrics[0].Last, "cpu was measured")
	assert.Equal(t, []float64{60, 50, 60}, []float64{*metrics[0].Last, *metrics[0].Average, *metrics[0].Max})

	screen := p.succeeds(t, "metrics", "-e", "prod").out
	for _, title := range []string{"FLEET", "ALB", "RDS", "HOST"} {
		assert.Contains(t, screen, title+"\n")
	}
	assert.Contains(t, screen, "60.0%")
	assert.NotContains(t, screen, "█", "a pipe gets numbers")

	result := p.d2ctl(t, "metrics", "-e", "dev", "fleet")
	assert.Equal(t, 3, result.code)
	assert.Contains(t, result.errors, "Try: name one of: rds, host")
}

func TestAlarmsSayWhichIsOnAndWhatToDo(t *testing.T) {
	p := deployed(t)
	assert.Contains(t, p.succeeds(t, "alarms", "-e", "prod").out, "alarms quiet")

	name, cloudwatches := p.prod.Named("rds-cpu-high"), p.clients(t).CloudWatch()
	set := func(state types.StateValue, reason string) {
		_, err := cloudwatches.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: &name, StateValue: state, StateReason: &reason})
		require.NoError(t, err)
	}
	set(types.StateValueAlarm, "91 is above 80")
	defer set(types.StateValueOk, "over")
	result := p.d2ctl(t, "alarms", "-e", "prod")
	assert.Equal(t, 6, result.code)
	assert.Contains(t, result.errors, "d2ctl: prod: 1 alarm on")
	for _, text := range []string{"rds-cpu-high", "now", "91 is above 80", "Look at the slow query log"} {
		assert.Contains(t, result.out, text)
	}
	var alarms []ops.Alarm
	require.NoError(t, json.Unmarshal([]byte(p.d2ctl(t, "alarms", "-e", "prod", "--json").out), &alarms))
	require.Len(t, alarms, 1)
	assert.Equal(t, name, alarms[0].Name)
	require.NoError(t, json.Unmarshal([]byte(p.d2ctl(t, "alarms", "-e", "prod", "--json", "--all").out), &alarms))
	assert.Greater(t, len(alarms), 20)
}
