// Package constructs holds the parts an environment is assembled from, one file
// a part. Each takes its own Props of plain Go values and gives back a plain
// struct with what the others need; none reads the whole environment.
package constructs

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	ec2 "github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	iam "github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/d2-ride-booking/platform/config"
)

// Values are Go values until the last call; these turn them into what jsii takes.

func str(s string) *string              { return &s }
func num[N int | float64](n N) *float64 { f := float64(n); return &f }
func yes() *bool                        { b := true; return &b }
func no() *bool                         { b := false; return &b }
func boolean(b bool) *bool              { return &b }
func list[T any](items ...T) *[]T       { return &items }

func strs(items ...string) *[]*string {
	pointers := make([]*string, len(items))
	for i := range items {
		pointers[i] = &items[i]
	}
	return &pointers
}

func seconds(d time.Duration) awscdk.Duration {
	return awscdk.Duration_Seconds(num(d.Seconds()))
}

func tcp(port int) ec2.Port { return ec2.Port_Tcp(num(port)) }

// name sets the tag Name, which people and the runbooks' tables read.
func name(scope constructs.IConstruct, value string) {
	awscdk.Tags_Of(scope).Add(str(config.TagName), str(value), nil)
}

// service sets the tag Service, by which the runbooks find things.
func service(scope constructs.IConstruct, value string) {
	awscdk.Tags_Of(scope).Add(str(config.TagService), str(value), nil)
}

// allow is one statement of a policy.
func allow(actions []string, resources ...string) iam.PolicyStatement {
	return iam.NewPolicyStatement(&iam.PolicyStatementProps{
		Actions: strs(actions...), Resources: strs(resources...),
	})
}

// allowWhen is one statement with a condition.
func allowWhen(actions []string, conditions map[string]any, resources ...string) iam.PolicyStatement {
	return iam.NewPolicyStatement(&iam.PolicyStatementProps{
		Actions: strs(actions...), Resources: strs(resources...),
		Conditions: &conditions,
	})
}

// arn is the name of a resource in the stack's own account and region.
func arn(scope constructs.IConstruct, service, resource string) string {
	return *awscdk.Stack_Of(scope).FormatArn(&awscdk.ArnComponents{
		Service: str(service), Resource: str(resource), ArnFormat: awscdk.ArnFormat_NO_RESOURCE_NAME,
	})
}
