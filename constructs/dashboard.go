package constructs

import (
	cloudwatch "github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/d2-ride-booking/platform/config"
)

// NewDashboard shows every number that an alarm of the stack watches, beside
// the value at which it fires. Make it last: it draws what was added till then.
func NewDashboard(scope constructs.Construct, id, dashboardName string, alerts *Alerts) cloudwatch.Dashboard {
	dashboard := cloudwatch.NewDashboard(scope, str(id), &cloudwatch.DashboardProps{DashboardName: str(dashboardName)})
	const widgetsInRow = 4
	for rest := alerts.graphs; len(rest) > 0; {
		row := rest[:min(widgetsInRow, len(rest))]
		dashboard.AddWidgets(row...)
		rest = rest[len(row):]
	}
	service(dashboard, config.ServiceObservability)
	name(dashboard, dashboardName)
	return dashboard
}
