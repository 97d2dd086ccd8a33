package test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

const (
	loadBalancer = "AWS::ElasticLoadBalancingV2::LoadBalancer"
	listener     = "AWS::ElasticLoadBalancingV2::Listener"
	listenerRule = "AWS::ElasticLoadBalancingV2::ListenerRule"
	targetGroup  = "AWS::ElasticLoadBalancingV2::TargetGroup"
)

// attributes are a load balancer's or target group's, by their keys.
func attributes(value any) map[string]string {
	found := map[string]string{}
	list, _ := value.([]any)
	for _, each := range list {
		found[text(at(each, "Key"))] = flat(at(each, "Value"))
	}
	return found
}

func listenerOn(t *testing.T, whole Template, port float64) Resource {
	t.Helper()
	found := whole.Where(listener, "Port", port)
	assert.Len(t, found, 1)
	return found[0]
}

func TestHTTPSUsesTheRegionalCertificateAndModernTLS(t *testing.T) {
	whole := template(t, "D2-Prod")
	https := listenerOn(t, whole, 443)
	assert.Equal(t, "HTTPS", https.At("Protocol"))
	assert.Equal(t, "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09", https.At("SslPolicy"))
	certificate := whole.Get(t, https.At("Certificates.0.CertificateArn"))
	assert.Equal(t, "*.d2.fikri.dev", certificate.At("DomainName"))
	assert.Equal(t, "Z0123456789EXAMPLE", certificate.At("DomainValidationOptions.0.HostedZoneId"), "renewed by DNS, by nobody")
	given := prod(t, otherwise)
	assert.Equal(t, albCertificate, listenerOn(t, given, 443).At("Certificates.0.CertificateArn"))
	assert.Empty(t, given.All("AWS::CertificateManager::Certificate"))
}

func TestPlainHTTPIsSentToHTTPS(t *testing.T) {
	http := listenerOn(t, template(t, "D2-Prod"), 80)
	assert.Equal(t, "redirect", http.At("DefaultActions.0.Type"))
	assert.Equal(t, map[string]any{"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}, http.At("DefaultActions.0.RedirectConfig"))
}

func TestAHostThatNobodyServesIsNotFound(t *testing.T) {
	https := listenerOn(t, template(t, "D2-Prod"), 443)
	assert.Equal(t, "fixed-response", https.At("DefaultActions.0.Type"))
	assert.Equal(t, "404", https.At("DefaultActions.0.FixedResponseConfig.StatusCode"))
}

// hosts are the host names of a listener, with the name of the target group that each goes to.
func hosts(t *testing.T, whole Template, of Resource) map[string]string {
	t.Helper()
	found := map[string]string{}
	priorities := map[string]bool{}
	for _, rule := range whole.All(listenerRule) {
		if target(rule.At("ListenerArn")) != of.ID {
			continue
		}
		priority := text(rule.At("Priority"))
		assert.False(t, priorities[priority], "priority %s is taken twice", priority)
		priorities[priority] = true
		for _, condition := range texts(at(rule.At("Conditions.0"), "HostHeaderConfig.Values")) {
			found[condition] = text(whole.Get(t, rule.At("Actions.0.TargetGroupArn")).At("Name"))
		}
	}
	return found
}

func TestEachServiceAnswersAtItsHostName(t *testing.T) {
	assert.Equal(t, map[string]string{
		"api.d2.fikri.dev": "d2-ride-booking-prod-backend-api",
	}, hosts(t, template(t, "D2-Prod"), listenerOn(t, template(t, "D2-Prod"), 443)))
	whole := prod(t, larger)
	assert.Equal(t, map[string]string{
		"api.d2.fikri.dev":         "d2-ride-booking-prod-backend-api",
		"driver.d2.fikri.dev":      "d2-ride-booking-prod-web-driver",
		"web-support.d2.fikri.dev": "d2-ride-booking-prod-web-support",
	}, hosts(t, whole, listenerOn(t, whole, 443)))
	development := dev(t, everything)
	assert.Equal(t, map[string]string{
		"api.dev.d2.fikri.dev":    "d2-ride-booking-dev-api",
		"driver.dev.d2.fikri.dev": "d2-ride-booking-dev-driver",
	}, hosts(t, development, listenerOn(t, development, 443)))
}

func TestEachHostNameIsInDNS(t *testing.T) {
	for _, whole := range []Template{template(t, "D2-Prod"), prod(t, larger), dev(t, everything)} {
		balancer := whole.Only(t, loadBalancer)
		for host := range hosts(t, whole, listenerOn(t, whole, 443)) {
			records := whole.Where("AWS::Route53::RecordSet", "Name", host+".")
			assert.Len(t, records, 1, host)
			assert.Equal(t, "A", records[0].At("Type"))
			assert.Equal(t, "dualstack.${"+balancer.ID+".DNSName}", flat(records[0].At("AliasTarget.DNSName")))
			assert.Equal(t, true, records[0].At("AliasTarget.EvaluateTargetHealth"))
		}
	}
}

func TestTargetsAreHealthyWhenTheyAnswerHealth(t *testing.T) {
	whole := prod(t, larger)
	ports := map[string]any{}
	for _, targets := range whole.All(targetGroup) {
		ports[short(text(targets.At("Name")))] = targets.At("Port")
		assert.Equal(t, "/health", targets.At("HealthCheckPath"))
		assert.Equal(t, "200", targets.At("Matcher.HttpCode"))
		assert.Equal(t, 30.0, targets.At("HealthCheckIntervalSeconds"))
		assert.Equal(t, 3.0, targets.At("HealthyThresholdCount"))
		assert.Equal(t, 3.0, targets.At("UnhealthyThresholdCount"))
		assert.Equal(t, "HTTP", targets.At("Protocol"))
		assert.Equal(t, "30", attributes(targets.At("TargetGroupAttributes"))["deregistration_delay.timeout_seconds"])
	}
	assert.Equal(t, map[string]any{"backend-api": 3000.0, "web-driver": 3001.0, "web-support": 3002.0}, ports)
}

func TestPRODsLoadBalancerCannotBeDeletedAndLogsWhoAsked(t *testing.T) {
	whole := template(t, "D2-Prod")
	balancer := whole.Only(t, loadBalancer)
	assert.Equal(t, "internet-facing", balancer.At("Scheme"))
	settings := attributes(balancer.At("LoadBalancerAttributes"))
	assert.Equal(t, "true", settings["deletion_protection.enabled"])
	assert.Equal(t, "true", settings["routing.http.drop_invalid_header_fields.enabled"])
	assert.Equal(t, "60", settings["idle_timeout.timeout_seconds"])
	assert.Equal(t, "true", settings["access_logs.s3.enabled"])
	logs := whole.Get(t, map[string]any{"Ref": target(settings["access_logs.s3.bucket"])})
	assert.Equal(t, "d2-ride-booking-access-logs-prod-111122223333", logs.At("BucketName"))
}

func TestDEVsLoadBalancerCanBeDeletedButDropsInvalidHeadersToo(t *testing.T) {
	settings := attributes(dev(t, everything).Only(t, loadBalancer).At("LoadBalancerAttributes"))
	assert.Equal(t, "false", settings["deletion_protection.enabled"])
	assert.Equal(t, "true", settings["routing.http.drop_invalid_header_fields.enabled"])
}

// Runbook DEV 5.5 asks http://<the load balancer>/health, without a host name and without TLS.
func TestDEVsLoadBalancerAnswersHealthAtItsOwnName(t *testing.T) {
	whole := dev(t, only("enable_ec2_backend", "enable_alb"))
	http := listenerOn(t, whole, 80)
	rules := whole.Where(listenerRule, "ListenerArn", map[string]any{"Ref": http.ID})
	assert.Len(t, rules, 1)
	assert.Equal(t, []any{"/health"}, rules[0].At("Conditions.0.PathPatternConfig.Values"))
	assert.Equal(t, "d2-ride-booking-dev-api", whole.Get(t, rules[0].At("Actions.0.TargetGroupArn")).At("Name"))
	production := listenerOn(t, template(t, "D2-Prod"), 80)
	assert.Empty(t, template(t, "D2-Prod").Where(listenerRule, "ListenerArn", map[string]any{"Ref": production.ID}), "PROD answers over TLS only")
}

func TestDEVsOneHostIsTheTargetOfEachService(t *testing.T) {
	whole := dev(t, everything)
	host := whole.Named(t, "AWS::EC2::Instance", "app-host")
	ports := map[string]any{}
	for _, targets := range whole.All(targetGroup) {
		assert.Equal(t, host.ID, target(targets.At("Targets.0.Id")))
		ports[short(text(targets.At("Name")))] = targets.At("Targets.0.Port")
	}
	assert.Equal(t, map[string]any{"api": 3000.0, "driver": 3001.0}, ports)
}

func TestAWebACLLimitsHowFastOneAddressMayAsk(t *testing.T) {
	whole := template(t, "D2-Prod")
	acl := whole.Only(t, "AWS::WAFv2::WebACL")
	assert.Equal(t, "REGIONAL", acl.At("Scope"))
	assert.NotNil(t, acl.At("Rules.0.Action.Block"), "it blocks, where the original's may have counted only")
	assert.Equal(t, "IP", acl.At("Rules.0.Statement.RateBasedStatement.AggregateKeyType"))
	assert.Equal(t, "AWSManagedRulesCommonRuleSet", acl.At("Rules.1.Statement.ManagedRuleGroupStatement.Name"))
	assert.Contains(t, acl.At("Rules.1.OverrideAction"), "None")
	association := whole.Only(t, "AWS::WAFv2::WebACLAssociation")
	assert.Equal(t, whole.Only(t, loadBalancer).ID, target(association.At("ResourceArn")))
	assert.Equal(t, acl.ID, target(association.At("WebACLArn")))
}
