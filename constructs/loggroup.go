package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	kms "github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	logs "github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawskms"
	"github.com/aws/constructs-go/constructs/v10"
)

// LogGroupProps names a log group and says how long it remembers.
type LogGroupProps struct {
	Name          string
	RetentionDays int     // one of CloudWatch Logs' own values; config checks it
	Key           kms.Key // encrypts it; nil leaves CloudWatch's own encryption
	Service       string  // tag Service, where the scope does not set it
	Keep          bool    // keep it when the stack is deleted (PROD)
}

// NewLogGroup makes a log group before anything writes to it, so that its
// retention holds from the first line (the original's groups never expired, facts R5).
func NewLogGroup(scope constructs.Construct, id string, props LogGroupProps) logs.LogGroup {
	group := logs.NewLogGroup(scope, str(id), &logs.LogGroupProps{
		LogGroupName:  str(props.Name),
		EncryptionKey: keyOrNil(props.Key),
		Retention:     retentionDays[props.RetentionDays],
		RemovalPolicy: removal(props.Keep),
	})
	name(group, props.Name)
	if props.Service != "" {
		service(group, props.Service)
	}
	return group
}

// removal keeps what holds data in PROD; DEV can be thrown away whole.
func removal(keep bool) awscdk.RemovalPolicy {
	if keep {
		return awscdk.RemovalPolicy_RETAIN
	}
	return awscdk.RemovalPolicy_DESTROY
}

// keyOrNil avoids handing jsii an interface that holds nothing.
func keyOrNil(key kms.Key) interfacesawskms.IKeyRef {
	if key == nil {
		return nil
	}
	return key
}

// retentionDays are CloudWatch Logs' values by their days; config refuses any other.
var retentionDays = map[int]logs.RetentionDays{
	1: logs.RetentionDays_ONE_DAY, 3: logs.RetentionDays_THREE_DAYS, 5: logs.RetentionDays_FIVE_DAYS,
	7: logs.RetentionDays_ONE_WEEK, 14: logs.RetentionDays_TWO_WEEKS, 30: logs.RetentionDays_ONE_MONTH,
	60: logs.RetentionDays_TWO_MONTHS, 90: logs.RetentionDays_THREE_MONTHS, 120: logs.RetentionDays_FOUR_MONTHS,
	150: logs.RetentionDays_FIVE_MONTHS, 180: logs.RetentionDays_SIX_MONTHS, 365: logs.RetentionDays_ONE_YEAR,
	400: logs.RetentionDays_THIRTEEN_MONTHS, 545: logs.RetentionDays_EIGHTEEN_MONTHS, 731: logs.RetentionDays_TWO_YEARS,
	1096: logs.RetentionDays_THREE_YEARS, 1827: logs.RetentionDays_FIVE_YEARS, 2192: logs.RetentionDays_SIX_YEARS,
	2557: logs.RetentionDays_SEVEN_YEARS, 2922: logs.RetentionDays_EIGHT_YEARS, 3288: logs.RetentionDays_NINE_YEARS,
	3653: logs.RetentionDays_TEN_YEARS,
}
