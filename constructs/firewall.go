package constructs

import (
	waf "github.com/aws/aws-cdk-go/awscdk/v2/awswafv2"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/d2-ride-booking/platform/config"
)

// FirewallProps places AWS WAF before a load balancer.
type FirewallProps struct {
	Name         string
	LoadBalancer *LoadBalancer
}

// requestsPerAddress is how many requests one address may make in five minutes:
// about seven a second, far above what a phone does.
const requestsPerAddress = 2000

// NewFirewall puts a rate limit and AWS's common rules before the load balancer
// (facts S17). Bodies over 8 KiB are counted, not blocked: the API takes uploads.
func NewFirewall(scope constructs.Construct, id string, props FirewallProps) waf.CfnWebACL {
	scope = constructs.NewConstruct(scope, str(id))
	service(scope, config.ServiceLoadBalancer)
	acl := waf.NewCfnWebACL(scope, str("WebACL"), &waf.CfnWebACLProps{
		Name: str(props.Name), Scope: str("REGIONAL"),
		DefaultAction:    &waf.CfnWebACL_DefaultActionProperty{Allow: map[string]any{}},
		VisibilityConfig: visibility(props.Name),
		Rules: list[any](
			&waf.CfnWebACL_RuleProperty{
				Name: str("rate-limit"), Priority: num(0), VisibilityConfig: visibility("rate-limit"),
				Action: &waf.CfnWebACL_RuleActionProperty{Block: map[string]any{}},
				Statement: &waf.CfnWebACL_StatementProperty{
					RateBasedStatement: &waf.CfnWebACL_RateBasedStatementProperty{Limit: num(requestsPerAddress), AggregateKeyType: str("IP")},
				},
			},
			&waf.CfnWebACL_RuleProperty{
				Name: str("common"), Priority: num(1), VisibilityConfig: visibility("common"),
				OverrideAction: &waf.CfnWebACL_OverrideActionProperty{None: map[string]any{}},
				Statement: &waf.CfnWebACL_StatementProperty{
					ManagedRuleGroupStatement: &waf.CfnWebACL_ManagedRuleGroupStatementProperty{
						VendorName: str("AWS"), Name: str("AWSManagedRulesCommonRuleSet"),
						RuleActionOverrides: list[any](&waf.CfnWebACL_RuleActionOverrideProperty{
							Name: str("SizeRestrictions_BODY"), ActionToUse: &waf.CfnWebACL_RuleActionProperty{Count: map[string]any{}},
						}),
					},
				},
			},
		),
	})
	name(acl, props.Name)
	waf.NewCfnWebACLAssociation(scope, str("Association"), &waf.CfnWebACLAssociationProps{
		ResourceArn: props.LoadBalancer.Balancer.LoadBalancerArn(), WebAclArn: acl.AttrArn(),
	})
	return acl
}

func visibility(metricName string) *waf.CfnWebACL_VisibilityConfigProperty {
	return &waf.CfnWebACL_VisibilityConfigProperty{
		MetricName: str(metricName), CloudWatchMetricsEnabled: yes(), SampledRequestsEnabled: yes(),
	}
}
