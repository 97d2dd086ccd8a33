package constructs

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	iam "github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	rds "github.com/aws/aws-cdk-go/awscdk/v2/awsrds"
	scheduler "github.com/aws/aws-cdk-go/awscdk/v2/awsscheduler"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/d2-ride-booking/platform/config"
)

// WorkingHoursProps says when DEV runs, and what that is.
type WorkingHoursProps struct {
	Prefix      string // begins the schedules' names
	Hours       config.WorkingHours
	InstanceIDs []*string            // the host and the bastion
	Database    rds.DatabaseInstance // nil when there is none
}

// NewWorkingHours starts DEV on working days and stops it every day. The daily
// stop is also what stops a database again that AWS started after seven days
// (runbook DEV 6.2), at the weekend too. EventBridge Scheduler calls EC2 and
// RDS itself; there is no Lambda.
func NewWorkingHours(scope constructs.Construct, id string, props WorkingHoursProps) {
	if len(props.InstanceIDs) == 0 && props.Database == nil {
		return // nothing to stop
	}
	scope = constructs.NewConstruct(scope, str(id))
	service(scope, config.ServiceCost)
	role := iam.NewRole(scope, str("Role"), &iam.RoleProps{
		RoleName: str(props.Prefix + "-working-hours"),
		AssumedBy: iam.NewServicePrincipal(str("scheduler.amazonaws.com"), &iam.ServicePrincipalOpts{
			Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": awscdk.Stack_Of(scope).Account()}},
		}),
	})
	name(role, props.Prefix+"-working-hours")
	plan := workingHours{scope, props, role}
	if len(props.InstanceIDs) > 0 {
		var arns []string
		for _, instance := range props.InstanceIDs {
			arns = append(arns, arn(scope, "ec2", "instance/"+*instance))
		}
		role.AddToPolicy(allow([]string{"ec2:StartInstances", "ec2:StopInstances"}, arns...))
		input := map[string]any{"InstanceIds": props.InstanceIDs}
		plan.schedule("StartHosts", "start-hosts", props.Hours.Start, props.Hours.Days, "ec2:startInstances", input)
		plan.schedule("StopHosts", "stop-hosts", props.Hours.Stop, "*", "ec2:stopInstances", input)
	}
	if props.Database != nil {
		role.AddToPolicy(allow([]string{"rds:StartDBInstance", "rds:StopDBInstance"}, *props.Database.InstanceArn()))
		input := map[string]any{"DbInstanceIdentifier": props.Database.InstanceIdentifier()}
		plan.schedule("StartDatabase", "start-database", props.Hours.Start, props.Hours.Days, "rds:startDBInstance", input)
		plan.schedule("StopDatabase", "stop-database", props.Hours.Stop, "*", "rds:stopDBInstance", input)
	}
}

type workingHours struct {
	scope constructs.Construct
	props WorkingHoursProps
	role  iam.Role
}

// schedule calls one action of the AWS SDK at a time of day. One try: what is
// already stopped or started refuses, and that is no fault.
func (w workingHours) schedule(id, what, at, days, action string, input map[string]any) {
	hour, minute, _ := strings.Cut(at, ":")
	dayOfMonth, dayOfWeek := "?", days
	if days == "*" {
		dayOfMonth, dayOfWeek = "*", "?"
	}
	body, err := json.Marshal(input)
	if err != nil {
		panic(fmt.Sprintf("constructs: input of schedule %s: %v", what, err))
	}
	scheduler.NewCfnSchedule(w.scope, str(id), &scheduler.CfnScheduleProps{
		Name:                       str(w.props.Prefix + "-" + what),
		ScheduleExpression:         str(fmt.Sprintf("cron(%s %s %s * %s *)", trimZero(minute), trimZero(hour), dayOfMonth, dayOfWeek)),
		ScheduleExpressionTimezone: str(w.props.Hours.TimeZone),
		FlexibleTimeWindow:         &scheduler.CfnSchedule_FlexibleTimeWindowProperty{Mode: str("OFF")},
		Target: &scheduler.CfnSchedule_TargetProperty{
			Arn:         str("arn:aws:scheduler:::aws-sdk:" + action),
			RoleArn:     w.role.RoleArn(),
			Input:       str(string(body)),
			RetryPolicy: &scheduler.CfnSchedule_RetryPolicyProperty{MaximumRetryAttempts: num(0)},
		},
	})
}

// trimZero writes 09 as 9, as cron does.
func trimZero(clock string) string {
	if trimmed := strings.TrimLeft(clock, "0"); trimmed != "" {
		return trimmed
	}
	return "0"
}
