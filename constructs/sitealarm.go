package constructs

import (
	"time"

	cloudwatch "github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/d2-ride-booking/platform/config"
)

// AddSiteErrorAlarm fires when a distribution of the account answers 5xx.
//
// CloudFront's numbers exist in us-east-1 alone, in a stack that stands before
// the distributions and so cannot know their ids; the query takes the worst of
// all of them. Where DEV and PROD share an account, either's site fires both.
func AddSiteErrorAlarm(scope constructs.Construct, id string, alerts *Alerts) {
	scope = constructs.NewConstruct(scope, str(id))
	service(scope, config.ServiceEdge)
	alerts.Add(scope, "Alarm", Alarm{
		Name:        "sites-5xx",
		Description: "A CloudFront distribution answers more than one request in twenty with 5xx, for five minutes. Its bucket is gone or closed: look at the distribution's origin and the bucket policy.",
		Metric: cloudwatch.NewMathExpression(&cloudwatch.MathExpressionProps{
			Expression: str(`SELECT MAX("5xxErrorRate") FROM SCHEMA("AWS/CloudFront", DistributionId, Region)`),
			Label:      str("worst 5xx rate, %"), UsingMetrics: &map[string]cloudwatch.IMetric{},
			Period: seconds(5 * time.Minute),
		}),
		Above: 5, Periods: 1,
	})
}
