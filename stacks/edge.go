package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	acm "github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/constructs"
)

// Edge is the stack D2-<Stage>-Edge: what of an environment AWS keeps in
// us-east-1, which is the certificate of its sites, their alarm, and the budget.
type Edge struct {
	Stack       awscdk.Stack
	env         *config.Environment
	certificate acm.ICertificate // nil without a site, and until a site asks where config gives one
}

// NewEdgeStack builds the edge stack. The main stack depends on it, so that
// cdk deploy D2-Prod brings it along.
func NewEdgeStack(app awscdk.App, env *config.Environment) *Edge {
	stack := newStack(app, env, env.EdgeStackName(), config.EdgeRegion)
	alerts := newAlerts(stack, env)
	edge := &Edge{Stack: stack, env: env}
	if len(env.EnabledSites()) > 0 {
		if env.Domain.CloudFrontCertificateARN == "" {
			edge.certificate = constructs.NewCertificate(stack, "Certificate", constructs.CertificateProps{
				Domain: env.Domain.Base, Zone: hostedZone(stack, env),
				Service: config.ServiceEdge, Alerts: alerts,
			})
		}
		constructs.AddSiteErrorAlarm(stack, "Sites5xx", alerts)
	}
	constructs.NewBudget(stack, "Budget", constructs.BudgetProps{
		Name: env.Named("monthly"), MonthlyUSD: env.Cost.MonthlyBudgetUSD,
		Tag: config.TagEnvironment, Value: string(env.Environment),
		Tags: append(env.CommonTags(), env.OwnTags()...), Alerts: alerts,
	})
	return edge
}

// certificateFor is the one certificate that all distributions of the stack use.
func (e *Edge) certificateFor(stack awscdk.Stack) acm.ICertificate {
	if e.certificate == nil {
		e.certificate = constructs.ImportedCertificate(stack, "EdgeCertificate", e.env.Domain.CloudFrontCertificateARN)
	}
	return e.certificate
}
