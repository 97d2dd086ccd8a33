// Package awsapi makes the AWS SDK's clients for one environment, logs their
// calls, and says in words what went wrong with one. What a client is asked for
// is declared as an interface where it is used, in internal/ops.
package awsapi

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/transport/http/protocol/awsjson"
)

const (
	// attempts is how often a call is tried: with the backoff below, throttling of
	// 30 % of calls lets one in 400 fail for good.
	attempts = 5
	// longestBackoff keeps a person from waiting on a service that is down.
	longestBackoff = 5 * time.Second
	// connections are how many requests to S3 go side by side at most.
	connections = 64
)

// Options say which AWS is called, as whom.
type Options struct {
	// Region of every call that names no other.
	Region string
	// Profile of the AWS configuration files; empty is the default chain.
	Profile string
	// Log is told of every call (-v); nil for nobody.
	Log func(Call)
}

// Clients are the services of one Region. Each client is made when it is first
// asked for, and once.
type Clients struct {
	config aws.Config

	ACM            func() *acm.Client
	AutoScaling    func() *autoscaling.Client
	CloudFormation func() *cloudformation.Client
	CloudFront     func() *cloudfront.Client
	CloudWatch     func() *cloudwatch.Client
	Logs           func() *cloudwatchlogs.Client
	Cognito        func() *cognitoidentityprovider.Client
	EC2            func() *ec2.Client
	ELB            func() *elasticloadbalancingv2.Client
	IAM            func() *iam.Client
	RDS            func() *rds.Client
	Route53        func() *route53.Client
	S3             func() *s3.Client
	Scheduler      func() *scheduler.Client
	Secrets        func() *secretsmanager.Client
	SSM            func() *ssm.Client
	STS            func() *sts.Client
}

// New reads the AWS configuration of this machine. It calls nobody.
// AWS_ENDPOINT_URL turns every client to a local AWS.
func New(ctx context.Context, options Options) (*Clients, error) {
	loaded, err := config.LoadDefaultConfig(ctx,
		config.WithRegion(options.Region),
		config.WithSharedConfigProfile(options.Profile),
		config.WithRetryer(retryer),
		config.WithAppID("d2ctl"),
		config.WithLogger(logging.Nop{}), // what is worth saying comes back as an error
	)
	if err != nil {
		return nil, Explain(err)
	}
	if options.Log != nil {
		loaded.APIOptions = append(loaded.APIOptions, logCalls(options.Log))
	}
	return from(loaded), nil
}

// retryer backs off by itself when AWS throttles; the standard one, as the
// adaptive one also slows down calls that nobody throttled.
func retryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = attempts
		o.MaxBackoff = Pause(longestBackoff)
	})
}

func from(config aws.Config) *Clients {
	return &Clients{
		config:         config,
		ACM:            lazily(config, acm.NewFromConfig),
		AutoScaling:    lazily(config, autoscaling.NewFromConfig),
		CloudFormation: lazily(config, cloudformation.NewFromConfig),
		CloudFront:     lazily(config, cloudfront.NewFromConfig),
		// CloudWatch speaks CBOR and JSON; the local AWS reads JSON alone.
		CloudWatch: lazily(config, cloudwatch.NewFromConfig, func(o *cloudwatch.Options) { o.Protocol = awsjson.New10(schemas.GraniteServiceVersion20100801) }),
		Logs:       lazily(config, cloudwatchlogs.NewFromConfig),
		Cognito:    lazily(config, cognitoidentityprovider.NewFromConfig),
		EC2:        lazily(config, ec2.NewFromConfig),
		ELB:        lazily(config, elasticloadbalancingv2.NewFromConfig),
		IAM:        lazily(config, iam.NewFromConfig),
		RDS:        lazily(config, rds.NewFromConfig),
		Route53:    lazily(config, route53.NewFromConfig),
		S3:         lazily(config, s3.NewFromConfig, manyObjects(config)),
		Scheduler:  lazily(config, scheduler.NewFromConfig),
		Secrets:    lazily(config, secretsmanager.NewFromConfig),
		SSM:        lazily(config, ssm.NewFromConfig),
		STS:        lazily(config, sts.NewFromConfig),
	}
}

// manyObjects has S3 keep a connection for each of many requests side by side:
// the SDK keeps ten, and more would each be opened anew. A local AWS answers on
// one host name, so buckets go into the path there.
func manyObjects(config aws.Config) func(*s3.Options) {
	return func(o *s3.Options) {
		o.UsePathStyle = config.BaseEndpoint != nil
		if client, ok := o.HTTPClient.(*awshttp.BuildableClient); ok {
			o.HTTPClient = client.WithTransportOptions(func(t *http.Transport) { t.MaxIdleConnsPerHost = connections })
		}
	}
}

func lazily[C, O any](config aws.Config, build func(aws.Config, ...func(*O)) *C, options ...func(*O)) func() *C {
	return sync.OnceValue(func() *C { return build(config, options...) })
}

// In are the same services in another Region, e.g. config.EdgeRegion.
func (c *Clients) In(region string) *Clients {
	elsewhere := c.config.Copy()
	elsewhere.Region = region
	return from(elsewhere)
}

// Region is where the clients call.
func (c *Clients) Region() string { return c.config.Region }

// Local says that the clients call an AWS on this machine, whose names lead nowhere.
func (c *Clients) Local() bool { return c.config.BaseEndpoint != nil }

// Config is the SDK's configuration behind the clients, for what signs without
// calling, such as an RDS login token.
func (c *Clients) Config() aws.Config { return c.config.Copy() }
