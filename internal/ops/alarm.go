package ops

import (
	"cmp"
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/d2-ride-booking/platform/config"
)

// AlarmReader is what is asked of CloudWatch.
type AlarmReader interface {
	DescribeAlarms(context.Context, *cloudwatch.DescribeAlarmsInput, ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error)
}

// Alarm is one CloudWatch alarm of the environment.
type Alarm struct {
	// Name begins with the environment's prefix.
	Name string `json:"name"`
	// Region it is in: the environment's, or us-east-1 for the sites'.
	Region string `json:"region"`
	// State is CloudWatch's: OK, ALARM, INSUFFICIENT_DATA.
	State string `json:"state"`
	// Since is when it went into that state.
	Since time.Time `json:"since"`
	// Reason is CloudWatch's, with the values that were seen.
	Reason string `json:"reason,omitempty"`
	// Meaning is what the alarm means and where to look (docs/alarms.md).
	Meaning string `json:"meaning,omitempty"`
}

// Firing says that the alarm is on.
func (a Alarm) Firing() bool { return a.State == string(types.StateValueAlarm) }

// ReadAlarms are the environment's alarms of one region; api is of that region.
func ReadAlarms(ctx context.Context, api AlarmReader, env *config.Environment, region string) ([]Alarm, error) {
	alarms := []Alarm{}
	pages := cloudwatch.NewDescribeAlarmsPaginator(api, &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: aws.String(env.Named(""))})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, alarm := range page.MetricAlarms {
			alarms = append(alarms, Alarm{
				Name: aws.ToString(alarm.AlarmName), Region: region, State: string(alarm.StateValue),
				Since: aws.ToTime(cmp.Or(alarm.StateTransitionedTimestamp, alarm.StateUpdatedTimestamp)), Reason: aws.ToString(alarm.StateReason),
				Meaning: aws.ToString(alarm.AlarmDescription),
			})
		}
	}
	return alarms, nil
}

// ReadAllAlarms are the alarms of both Regions; edge is of config.EdgeRegion, where the sites' are.
func ReadAllAlarms(ctx context.Context, api, edge AlarmReader, env *config.Environment) ([]Alarm, error) {
	here, err := ReadAlarms(ctx, api, env, env.Region)
	if err != nil {
		return nil, err
	}
	there, err := ReadAlarms(ctx, edge, env, config.EdgeRegion)
	return append(here, there...), err
}
