package constructs

import (
	"time"

	acm "github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	cloudwatch "github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	ec2 "github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	elb "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	route53 "github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	targets "github.com/aws/aws-cdk-go/awscdk/v2/awsroute53targets"
	s3 "github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/d2-ride-booking/platform/config"
)

// LoadBalancerProps places the Application Load Balancer.
type LoadBalancerProps struct {
	Name               string // e.g. d2-ride-booking-prod-alb (runbook PROD 7.1)
	Network            *Network
	Certificate        acm.ICertificate
	Zone               route53.IHostedZone
	AccessLogs         s3.IBucket
	DeletionProtection bool
	// PlainHealth lets http://<its DNS name>/<health check> answer, as runbook DEV 5.5 asks.
	PlainHealth bool
	// Sleeps says that working hours stop its hosts, so that having none is no alarm (DEV).
	Sleeps bool
	Alerts *Alerts
}

// LoadBalancer answers for every service of an environment, each by its host name.
type LoadBalancer struct {
	Balancer elb.ApplicationLoadBalancer
	https    elb.ApplicationListener
	http     elb.ApplicationListener
	props    LoadBalancerProps
	rules    int
}

// NewLoadBalancer makes the load balancer with its two listeners: HTTPS, which
// knows no host until a service is added, and HTTP, which only redirects.
func NewLoadBalancer(scope constructs.Construct, id string, props LoadBalancerProps) *LoadBalancer {
	scope = constructs.NewConstruct(scope, str(id))
	service(scope, config.ServiceLoadBalancer)
	group := ec2.NewSecurityGroup(scope, str("SecurityGroup"), &ec2.SecurityGroupProps{
		Vpc: props.Network.VPC, AllowAllOutbound: no(),
		Description: str("Load balancer: HTTP and HTTPS from the internet, out to the services"),
	})
	name(group, props.Name)
	balancer := elb.NewApplicationLoadBalancer(scope, str("LoadBalancer"), &elb.ApplicationLoadBalancerProps{
		LoadBalancerName: str(props.Name), Vpc: props.Network.VPC, VpcSubnets: props.Network.Public,
		InternetFacing: yes(), SecurityGroup: group,
		IdleTimeout: seconds(time.Minute), DropInvalidHeaderFields: yes(),
		DesyncMitigationMode: elb.DesyncMitigationMode_DEFENSIVE,
		DeletionProtection:   boolean(props.DeletionProtection),
	})
	name(balancer, props.Name)
	if props.AccessLogs != nil {
		balancer.LogAccessLogs(props.AccessLogs, str("alb"))
	}
	made := &LoadBalancer{Balancer: balancer, props: props}
	made.https = balancer.AddListener(str("Https"), &elb.BaseApplicationListenerProps{
		Port: num(443), Certificates: list[elb.IListenerCertificate](props.Certificate), Open: yes(),
		SslPolicy:     elb.SslPolicy_TLS13_12_RES_PQ,
		DefaultAction: elb.ListenerAction_FixedResponse(num(404), &elb.FixedResponseOptions{ContentType: str("text/plain"), MessageBody: str("Not Found")}),
	})
	made.http = balancer.AddListener(str("Http"), &elb.BaseApplicationListenerProps{
		Port: num(80), Open: yes(),
		DefaultAction: elb.ListenerAction_Redirect(&elb.RedirectOptions{Protocol: str("HTTPS"), Port: str("443"), Permanent: yes()}),
	})
	made.alarms(scope)
	return made
}

// Backend is one service behind the load balancer, and the alarms that say its users suffer.
type Backend struct {
	TargetGroup elb.ApplicationTargetGroup
	Alarms      []cloudwatch.Alarm
}

// Add puts a service behind the load balancer: its target group, the rule for
// its host name, that name in DNS, and its alarms. Targets come with it (a host)
// or attach themselves later (a fleet).
func (l *LoadBalancer) Add(target config.Service, targetGroupName, hostName string, hosts ...elb.IApplicationLoadBalancerTarget) *Backend {
	scope := constructs.NewConstruct(l.Balancer, str(target.Name))
	service(scope, target.Name)
	group := elb.NewApplicationTargetGroup(scope, str("TargetGroup"), &elb.ApplicationTargetGroupProps{
		TargetGroupName: str(targetGroupName), Vpc: l.props.Network.VPC,
		Port: num(target.Port), Protocol: elb.ApplicationProtocol_HTTP, TargetType: elb.TargetType_INSTANCE,
		DeregistrationDelay: seconds(30 * time.Second),
		HealthCheck: &elb.HealthCheck{
			Path: str(target.HealthCheckPath), HealthyHttpCodes: str("200"),
			Interval: seconds(30 * time.Second), Timeout: seconds(5 * time.Second),
			HealthyThresholdCount: num(3), UnhealthyThresholdCount: num(3),
		},
		Targets: &hosts,
	})
	name(group, targetGroupName)
	l.rules++
	elb.NewApplicationListenerRule(scope, str("HostRule"), &elb.ApplicationListenerRuleProps{
		Listener: l.https, Priority: num(l.rules * 5),
		Conditions: list(elb.ListenerCondition_HostHeaders(strs(hostName))),
		Action:     elb.ListenerAction_Forward(list[elb.IApplicationTargetGroup](group), nil),
	})
	if l.props.PlainHealth && l.rules == 1 {
		elb.NewApplicationListenerRule(scope, str("PlainHealthRule"), &elb.ApplicationListenerRuleProps{
			Listener: l.http, Priority: num(5),
			Conditions: list(elb.ListenerCondition_PathPatterns(strs(target.HealthCheckPath))),
			Action:     elb.ListenerAction_Forward(list[elb.IApplicationTargetGroup](group), nil),
		})
	}
	record := route53.NewARecord(scope, str("Alias"), &route53.ARecordProps{
		Zone: l.props.Zone, RecordName: str(hostName + "."),
		Target: route53.RecordTarget_FromAlias(targets.NewLoadBalancerTarget(l.Balancer, nil)),
	})
	record.Node().DefaultChild().(route53.CfnRecordSet).AddPropertyOverride(str("AliasTarget.EvaluateTargetHealth"), true)
	return &Backend{TargetGroup: group, Alarms: l.backendAlarms(scope, target.Name, group)}
}

func (l *LoadBalancer) backendAlarms(scope constructs.Construct, what string, group elb.ApplicationTargetGroup) []cloudwatch.Alarm {
	dimensions := map[string]*string{
		"LoadBalancer": l.Balancer.LoadBalancerFullName(), "TargetGroup": group.TargetGroupFullName(),
	}
	of := func(metricName, statistic string) cloudwatch.IMetric {
		return metric("AWS/ApplicationELB", metricName, statistic, time.Minute, dimensions)
	}
	add := l.props.Alerts.Add
	add(scope, "UnhealthyHosts", Alarm{
		Name:        what + "-unhealthy-hosts",
		Description: "A target of " + what + " has failed its health check for five minutes. See why in the target's health (runbook PROD 13.1).",
		Metric:      of("UnHealthyHostCount", "Maximum"), Above: 0, Periods: 5,
	})
	var alarms []cloudwatch.Alarm
	if !l.props.Sleeps {
		alarms = append(alarms, add(scope, "NoHealthyHost", Alarm{
			Name:        what + "-no-healthy-host",
			Description: "No target of " + what + " is healthy: users get 503. Look at the targets, then at the last release (runbook PROD 5.5, 13.1).",
			Metric:      of("HealthyHostCount", "Minimum"), Below: 1, Periods: 2, MissingIsBad: true,
		}))
	}
	return append(alarms,
		add(scope, "Target5xx", Alarm{
			Name:        what + "-5xx",
			Description: "More than 50 answers 5xx of " + what + " in five minutes. Look at its log for ERROR (runbook PROD 9.1) and at the last release.",
			Metric:      metric("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "Sum", 5*time.Minute, dimensions), Above: 50, Periods: 1,
		}),
		add(scope, "Latency", Alarm{
			Name:        what + "-latency-high",
			Description: "One answer in a hundred of " + what + " takes over two seconds, for five minutes. Look at database and CPU.",
			Metric:      of("TargetResponseTime", "p99"), Above: 2, Periods: 5,
		}),
	)
}

func (l *LoadBalancer) alarms(scope constructs.Construct) {
	l.props.Alerts.Add(scope, "Balancer5xx", Alarm{
		Name:        "alb-5xx",
		Description: "The load balancer itself answered 5xx more than 50 times in five minutes: no healthy target, or one that hangs up.",
		Metric: metric("AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "Sum", 5*time.Minute,
			map[string]*string{"LoadBalancer": l.Balancer.LoadBalancerFullName()}),
		Above: 50, Periods: 1,
	})
}
