package ops

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/awsapi"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// Topic is one kind of trouble that doctor looks into.
type Topic string

// The topics, in the order in which they are shown.
const (
	TopicDeploy   Topic = "deploy"   // runbook PROD 13.2
	TopicTargets  Topic = "targets"  // runbook PROD 13.1
	TopicDatabase Topic = "database" // runbook PROD 13.3
	TopicHost     Topic = "host"     // runbook DEV 2
	TopicSite     Topic = "site"     // runbook PROD 6
	TopicDNS      Topic = "dns"      // runbook PROD 1.2
)

// Topics are all there are.
func Topics() []Topic {
	return []Topic{TopicDeploy, TopicTargets, TopicDatabase, TopicHost, TopicSite, TopicDNS}
}

// ParseTopic is the topic of a name.
func ParseTopic(name string) (Topic, error) {
	if slices.Contains(Topics(), Topic(name)) {
		return Topic(name), nil
	}
	var names []string
	for _, topic := range Topics() {
		names = append(names, string(topic))
	}
	return "", fault.New(fault.Usage, "name one of: "+listed(names), "doctor knows nothing of %q", name)
}

// Verdict is what a probe comes to.
type Verdict string

const (
	// Fine is as it should be.
	Fine Verdict = "ok"
	// Wrong wants the fix.
	Wrong Verdict = "wrong"
	// Unknown could not be looked at; nobody can call it fine.
	Unknown Verdict = "unknown"
	// Skipped does not apply here, or cannot be seen from here.
	Skipped Verdict = "skipped"
)

// Finding is what one probe saw.
type Finding struct {
	// Topic it belongs to.
	Topic Topic `json:"topic"`
	// Probe is what was looked at.
	Probe string `json:"probe"`
	// Verdict is ok, wrong, unknown or skipped.
	Verdict Verdict `json:"verdict"`
	// Saw is what was there.
	Saw string `json:"saw"`
	// Fix is what to do; empty where nothing is wrong.
	Fix string `json:"fix,omitempty"`
	// Runbook is the section that speaks of it, e.g. "PROD 13.1".
	Runbook string `json:"runbook"`
}

// Diagnosis is what doctor found, the likely cause of each topic first.
type Diagnosis struct {
	// Environment is dev or prod.
	Environment config.Stage `json:"environment"`
	// At is when it was looked at.
	At time.Time `json:"at"`
	// Healthy says that nothing is wrong or unknown.
	Healthy bool `json:"healthy"`
	// Findings are in the order in which to read them.
	Findings []Finding `json:"findings"`
}

// Ill are the findings that want a look.
func (d *Diagnosis) Ill() []Finding {
	return slices.DeleteFunc(slices.Clone(d.Findings), func(f Finding) bool { return f.Verdict == Fine || f.Verdict == Skipped })
}

// DoctorAPI is what doctor asks of AWS, and of the network of this machine. The edge field is of config.EdgeRegion.
type DoctorAPI struct {
	Hosts            HostReader
	Agents           AgentReader
	Commands         HostCommander
	Parameters       ParameterReader
	Artifacts        ObjectReader
	Fleets           FleetDoctor
	Targets          TargetDoctor
	SecurityGroups   SecurityGroupReader
	Databases        DatabaseDoctor
	Secrets          SecretReader
	Roles            RoleReader
	Distributions    DistributionReader
	Buckets          BucketPolicyReader
	Zones            ZoneReader
	Certificates     CertificateReader
	EdgeCertificates CertificateReader
	// Network is nil where names lead nowhere, as with a local AWS.
	Network Network
}

// Network is what this machine sees of the platform from outside.
type Network interface {
	LookupHost(ctx context.Context, host string) ([]string, error)
	LookupNS(ctx context.Context, name string) ([]*net.NS, error)
	Get(ctx context.Context, url string) (status int, err error)
}

// Internet is the network of this machine.
type Internet struct{ net.Resolver }

// Get asks a URL and follows no redirect, as a health check does not.
func (*Internet) Get(ctx context.Context, url string) (int, error) {
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

// probe is one thing to look at.
type probe struct {
	name, runbook string
	look          func(context.Context) (outcome, error)
}

// outcome is what a look came to; an error is Unknown.
type outcome struct {
	verdict  Verdict
	saw, fix string
}

func fine(saw string, values ...any) (outcome, error) {
	return outcome{verdict: Fine, saw: fmt.Sprintf(saw, values...)}, nil
}

func wrong(fix, saw string, values ...any) (outcome, error) {
	return outcome{verdict: Wrong, saw: fmt.Sprintf(saw, values...), fix: fix}, nil
}

func skipped(why string) (outcome, error) { return outcome{verdict: Skipped, saw: why}, nil }

// doctor is one diagnosis while it is made.
type doctor struct {
	env *config.Environment
	api DoctorAPI
	now time.Time
	// appHosts are the hosts that serve, read once for all probes.
	appHosts func() ([]Host, error)
}

// Diagnose looks into the topics given, all probes side by side.
func Diagnose(ctx context.Context, api DoctorAPI, env *config.Environment, topics []Topic, now time.Time) *Diagnosis {
	d := &doctor{env: env, api: api, now: now}
	d.appHosts = sync.OnceValues(func() ([]Host, error) { return d.readAppHosts(ctx) })
	diagnosis := &Diagnosis{Environment: env.Environment, At: now, Findings: []Finding{}}
	var probes []probe
	for _, topic := range topics {
		for _, each := range d.probes(topic) {
			probes = append(probes, each)
			diagnosis.Findings = append(diagnosis.Findings, Finding{Topic: topic, Probe: each.name, Runbook: each.runbook})
		}
	}
	var pending sync.WaitGroup
	for i, each := range probes {
		pending.Go(func() { diagnosis.Findings[i].take(each.look(ctx)) })
	}
	pending.Wait()
	diagnosis.Healthy = len(diagnosis.Ill()) == 0
	return diagnosis
}

func (f *Finding) take(found outcome, err error) {
	f.Verdict, f.Saw, f.Fix = found.verdict, found.saw, found.fix
	if err != nil {
		f.Verdict, f.Saw, f.Fix = Unknown, awsapi.Explain(err).Error(), advice(err)
	}
}

// advice is what an error itself says to do.
func advice(err error) string {
	if known, isKnown := awsapi.Explain(err).(*fault.Error); isKnown { //nolint:errorlint // what Explain made is not wrapped
		return known.Try
	}
	return ""
}

func (d *doctor) probes(topic Topic) []probe {
	switch topic {
	case TopicDeploy:
		return d.deploy()
	case TopicTargets:
		return d.targets()
	case TopicDatabase:
		return d.database()
	case TopicHost:
		return d.host()
	case TopicSite:
		return d.site()
	default:
		return d.dns()
	}
}

// eachService makes the probes of a topic for every enabled service.
func (d *doctor) eachService(probes func(config.Service) []probe) []probe {
	var all []probe
	services := d.env.EnabledServices()
	for _, service := range services {
		for _, each := range probes(service) {
			if len(services) > 1 {
				each.name = service.Name + ": " + each.name
			}
			all = append(all, each)
		}
	}
	return all
}

// redeploy is the fix for what a deploy of the stack makes right.
func (d *doctor) redeploy() string {
	return "deploy the stack: make deploy ENV=" + string(d.env.Environment)
}

// say is a command of d2ctl for this environment.
func (d *doctor) say(verb, rest string) string {
	return fmt.Sprintf("d2ctl %s -e %s %s", verb, d.env.Environment, rest)
}

// readAppHosts are the running hosts of services, with their agents.
func (d *doctor) readAppHosts(ctx context.Context) ([]Host, error) {
	hosts, err := ReadHosts(ctx, d.api.Hosts, d.env)
	if err != nil {
		return nil, err
	}
	hosts = slices.DeleteFunc(hosts, func(host Host) bool {
		return host.State != "running" || host.Name == d.env.BastionName()
	})
	return hosts, ReadAgents(ctx, d.api.Agents, hosts)
}

// onHosts runs a fixed line on the hosts of a service that can be reached; on all of them where none is named.
func (d *doctor) onHosts(ctx context.Context, service, line string) ([]HostAnswer, error) {
	hosts, err := d.appHosts()
	if err != nil {
		return nil, err
	}
	var instances []string
	for _, host := range hosts {
		if host.Agent == Online && (service == "" || host.Runs(d.env, service)) {
			instances = append(instances, host.Instance)
		}
	}
	if len(instances) == 0 {
		return nil, fault.New(fault.NotFound, "see which hosts there are: d2ctl status -e "+string(d.env.Environment), "no host can be asked")
	}
	return RunOnHosts(ctx, d.api.Commands, instances, line)
}

// sleeping says that DEV is stopped, which is no fault (runbook DEV 6.2).
func (d *doctor) sleeping() bool {
	hosts, err := d.appHosts()
	return d.env.Environment == config.Dev && err == nil && len(hosts) == 0
}
