package constructs

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	cloudwatch "github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	actions "github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	events "github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	eventstargets "github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	iam "github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	kms "github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	sns "github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	subscriptions "github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/d2-ride-booking/platform/config"
)

// AlertsProps says where alarms go.
type AlertsProps struct {
	Prefix string // begins every alarm's name, e.g. d2-ride-booking-prod
	Email  string // subscribed to the topic; empty subscribes nobody
	Keep   bool   // keep the key when the stack is deleted (PROD)
	Silent bool   // make no alarms at all; config allows it in DEV only (enable_alarms)
}

// Alerts is the topic that every alarm of a stack publishes to, and the key
// that encrypts it and the session log.
type Alerts struct {
	Topic  sns.Topic
	Key    kms.Key
	graphs []cloudwatch.IWidget
	prefix string
	silent bool
}

// NewAlerts makes the topic and its key. The key's policy names CloudWatch and
// Budgets: with the key of the original, alarms fired and nobody was told
// (facts R2).
func NewAlerts(scope constructs.Construct, id string, props AlertsProps) *Alerts {
	scope = constructs.NewConstruct(scope, str(id))
	service(scope, config.ServiceObservability)
	key := kms.NewKey(scope, str("Key"), &kms.KeyProps{
		Description:       str("Encrypts the alarm topic and the session log of " + props.Prefix),
		EnableKeyRotation: yes(),
		Alias:             str("alias/" + props.Prefix + "-operations"),
		RemovalPolicy:     removal(props.Keep),
	})
	name(key, props.Prefix+"-operations")
	topic := sns.NewTopic(scope, str("Topic"), &sns.TopicProps{
		TopicName: str(props.Prefix + "-alarms"), DisplayName: str(props.Prefix + " alarms"),
		MasterKey: key, EnforceSSL: yes(),
	})
	name(topic, props.Prefix+"-alarms")
	alerts := &Alerts{Topic: topic, Key: key, prefix: props.Prefix, silent: props.Silent}
	alerts.allowPublisher("cloudwatch.amazonaws.com")
	alerts.allowPublisher("budgets.amazonaws.com")
	if props.Email != "" {
		topic.AddSubscription(subscriptions.NewEmailSubscription(str(props.Email), nil))
	}
	return alerts
}

func (a *Alerts) allowPublisher(service string) {
	principal := iam.NewServicePrincipal(str(service), nil)
	ours := map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": awscdk.Stack_Of(a.Topic).Account()}}
	a.Topic.AddToResourcePolicy(iam.NewPolicyStatement(&iam.PolicyStatementProps{
		Principals: list[iam.IPrincipal](principal), Actions: strs("sns:Publish"),
		Resources: strs(*a.Topic.TopicArn()), Conditions: &ours,
	}))
	// A key policy speaks of its own key alone: "*" is how AWS writes "this key" there.
	a.Key.AddToResourcePolicy(iam.NewPolicyStatement(&iam.PolicyStatementProps{
		Principals: list[iam.IPrincipal](principal), Actions: strs("kms:Decrypt", "kms:GenerateDataKey*"),
		Resources: strs("*"), Conditions: &ours,
	}), nil)
}

// allowLogGroup lets CloudWatch Logs encrypt one log group with the key. The
// group is named, not referred to: it depends on the key already.
func (a *Alerts) allowLogGroup(groupName string) {
	stack := awscdk.Stack_Of(a.Key)
	ofGroup := map[string]any{"ArnEquals": map[string]any{
		"kms:EncryptionContext:aws:logs:arn": arn(a.Key, "logs", "log-group:"+groupName),
	}}
	a.Key.AddToResourcePolicy(iam.NewPolicyStatement(&iam.PolicyStatementProps{
		Principals: list[iam.IPrincipal](iam.NewServicePrincipal(str("logs."+*stack.Region()+".amazonaws.com"), nil)),
		Actions:    strs("kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"),
		Resources:  strs("*"), Conditions: &ofGroup,
	}), nil)
}

// Alarm says when somebody is to be told.
type Alarm struct {
	Name        string // after the environment's prefix, e.g. backend-api-cpu-high
	Description string // what it means and where to look
	Metric      cloudwatch.IMetric
	Above       float64 // fires above this value …
	Below       float64 // … or below this one, when Above is zero and Below is not
	Periods     int     // how many of the metric's periods in a row
	// MissingIsBad fires when the metric stops coming; else silence is taken for health.
	MissingIsBad bool
}

// Add makes the alarm and has it tell the topic when it fires and when it ends.
// It returns nil where alarms are switched off.
func (a *Alerts) Add(scope constructs.Construct, id string, alarm Alarm) cloudwatch.Alarm {
	threshold, comparison := alarm.Above, cloudwatch.ComparisonOperator_GREATER_THAN_THRESHOLD
	if alarm.Below != 0 {
		threshold, comparison = alarm.Below, cloudwatch.ComparisonOperator_LESS_THAN_THRESHOLD
	}
	a.graphs = append(a.graphs, cloudwatch.NewGraphWidget(&cloudwatch.GraphWidgetProps{
		Title: str(alarm.Name), Left: list(alarm.Metric), Width: num(6), Height: num(5),
		LeftAnnotations: list(&cloudwatch.HorizontalAnnotation{Value: num(threshold), Label: str("alarm"), Color: cloudwatch.Color_RED()}),
	}))
	if a.silent {
		return nil
	}
	missing := cloudwatch.TreatMissingData_NOT_BREACHING
	if alarm.MissingIsBad {
		missing = cloudwatch.TreatMissingData_BREACHING
	}
	made := cloudwatch.NewAlarm(scope, str(id), &cloudwatch.AlarmProps{
		AlarmName: str(a.prefix + "-" + alarm.Name), AlarmDescription: str(alarm.Description),
		Metric: alarm.Metric, Threshold: num(threshold), ComparisonOperator: comparison,
		EvaluationPeriods: num(alarm.Periods), TreatMissingData: missing,
	})
	tell := actions.NewSnsAction(a.Topic)
	made.AddAlarmAction(tell)
	made.AddOkAction(tell)
	name(made, a.prefix+"-"+alarm.Name)
	return made
}

// tellOf sends an event of AWS to the topic: for what happens once and is no
// number. CDK lets EventBridge publish without a condition on the account,
// because EventBridge supports none on an encrypted topic (SNS Developer Guide,
// key management).
func (a *Alerts) tellOf(scope constructs.Construct, id, ruleName string, pattern *events.EventPattern) {
	if a.silent {
		return
	}
	rule := events.NewRule(scope, str(id), &events.RuleProps{RuleName: str(ruleName), EventPattern: pattern})
	rule.AddTarget(eventstargets.NewSnsTopic(a.Topic, nil))
	name(rule, ruleName)
}

// metric is one number of one AWS service, at one period.
func metric(namespace, metricName, statistic string, period time.Duration, dimensions map[string]*string) cloudwatch.IMetric {
	return cloudwatch.NewMetric(&cloudwatch.MetricProps{
		Namespace: str(namespace), MetricName: str(metricName), Statistic: str(statistic),
		Period: seconds(period), DimensionsMap: &dimensions,
	})
}
