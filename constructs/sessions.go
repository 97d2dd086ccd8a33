package constructs

import (
	logs "github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	ssm "github.com/aws/aws-cdk-go/awscdk/v2/awsssm"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/d2-ride-booking/platform/config"
)

// SessionLogProps names what records shell sessions.
type SessionLogProps struct {
	GroupName     string
	RetentionDays int
	DocumentName  string
	Alerts        *Alerts // whose key encrypts the log
	Keep          bool
}

// NewSessionLog makes the encrypted log group and the session document that
// sends shells to it, and returns the group. The document is our own, because
// the account's default one would be shared by both environments. Port
// forwarding cannot be logged by AWS; CloudTrail's StartSession and the
// database's logs cover it.
func NewSessionLog(scope constructs.Construct, id string, props SessionLogProps) logs.ILogGroup {
	scope = constructs.NewConstruct(scope, str(id))
	service(scope, config.ServiceBastion)
	props.Alerts.allowLogGroup(props.GroupName)
	group := NewLogGroup(scope, "LogGroup", LogGroupProps{
		Name: props.GroupName, RetentionDays: props.RetentionDays, Key: props.Alerts.Key, Keep: props.Keep,
	})
	document := ssm.NewCfnDocument(scope, str("Document"), &ssm.CfnDocumentProps{
		Name: str(props.DocumentName), DocumentType: str("Session"), DocumentFormat: str("JSON"),
		UpdateMethod: str("NewVersion"),
		Content: map[string]any{
			"schemaVersion": "1.0",
			"description":   "A shell whose every line is recorded in " + props.GroupName,
			"sessionType":   "Standard_Stream",
			"inputs": map[string]any{
				"cloudWatchLogGroupName":      group.LogGroupName(),
				"cloudWatchEncryptionEnabled": true,
				"cloudWatchStreamingEnabled":  true,
				"idleSessionTimeout":          "20",
				"maxSessionDuration":          "480",
				"shellProfile":                map[string]any{"linux": "exec bash -l"},
			},
		},
	})
	name(document, props.DocumentName)
	return group
}
