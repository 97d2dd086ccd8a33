package constructs

import (
	budgets "github.com/aws/aws-cdk-go/awscdk/v2/awsbudgets"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/d2-ride-booking/platform/config"
)

// BudgetProps says what a month may cost.
type BudgetProps struct {
	Name       string
	MonthlyUSD int
	// Tag and Value choose what counts: what carries the tag. The tag must be
	// activated for cost allocation once in the account (README).
	Tag, Value string
	// Tags are those of the whole environment: CDK's Tags do not reach a budget.
	Tags   []config.Tag
	Alerts *Alerts
}

// NewBudget makes the monthly budget; it tells the topic at 80 % spent and when
// the forecast passes the whole (runbook PROD 10.4).
func NewBudget(scope constructs.Construct, id string, props BudgetProps) budgets.CfnBudget {
	notice := func(kind string, percent int) any {
		return &budgets.CfnBudget_NotificationWithSubscribersProperty{
			Notification: &budgets.CfnBudget_NotificationProperty{
				NotificationType: str(kind), ComparisonOperator: str("GREATER_THAN"),
				Threshold: num(percent), ThresholdType: str("PERCENTAGE"),
			},
			Subscribers: list[any](&budgets.CfnBudget_SubscriberProperty{
				SubscriptionType: str("SNS"), Address: props.Alerts.Topic.TopicArn(),
			}),
		}
	}
	budget := budgets.NewCfnBudget(scope, str(id), &budgets.CfnBudgetProps{
		Budget: &budgets.CfnBudget_BudgetDataProperty{
			BudgetName: str(props.Name), BudgetType: str("COST"), TimeUnit: str("MONTHLY"),
			BudgetLimit: &budgets.CfnBudget_SpendProperty{Amount: num(props.MonthlyUSD), Unit: str("USD")},
			CostFilters: map[string]any{"TagKeyValue": strs("user:" + props.Tag + "$" + props.Value)},
		},
		NotificationsWithSubscribers: list(notice("ACTUAL", 80), notice("FORECASTED", 100)),
		ResourceTags:                 budgetTags(props),
	})
	// The topic's policy must stand before Budgets tries to publish.
	budget.Node().AddDependency(props.Alerts.Topic.Node().FindChild(str("Policy")))
	return budget
}

func budgetTags(props BudgetProps) *[]any {
	var tags []any
	for _, tag := range append(props.Tags, config.Tag{Key: config.TagService, Value: config.ServiceCost}, config.Tag{Key: config.TagName, Value: props.Name}) {
		tags = append(tags, &budgets.CfnBudget_ResourceTagProperty{Key: str(tag.Key), Value: str(tag.Value)})
	}
	return &tags
}
