package ops

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/acm/types"

	"github.com/d2-ride-booking/platform/config"
)

// judge finds what is broken. What is not known is no problem of the platform,
// but a part that could not be read is: nobody can call it healthy.
func (s *Status) judge(env *config.Environment) {
	for _, part := range slices.Sorted(maps.Keys(s.Errors)) {
		if part != PartRunning { // a host may be out of reach and serve; its target tells
			s.problem("%s could not be read: %s", part, s.Errors[part])
		}
	}
	s.judgeStacks()
	s.judgeHosts(env)
	s.judgeFleets()
	s.judgeTargets()
	s.judgeReleases()
	s.judgeDatabase()
	s.judgeSites()
	s.judgeAlarms()
	s.judgeCertificates()
	s.Healthy = len(s.Problems) == 0
}

func (s *Status) judgeStacks() {
	for _, stack := range s.Stacks {
		if err := stack.Whole(); err != nil && !strings.HasSuffix(stack.Status, "_IN_PROGRESS") {
			s.problem("%v", err)
		}
	}
}

// judgeHosts: DEV is stopped outside its working hours, and that is no fault.
func (s *Status) judgeHosts(env *config.Environment) {
	if _, unread := s.Errors[PartHosts]; unread {
		return
	}
	for _, host := range s.Hosts {
		if host.State != "running" && host.State != "pending" && env.Environment == config.Prod && host.Name == env.BastionName() {
			s.problem("the bastion %s is %s", host.Instance, host.State)
		}
	}
	if env.EnableBastion && !s.hasHost(env.BastionName()) {
		s.problem("there is no bastion")
	}
	if env.Environment == config.Dev && len(env.EnabledServices()) > 0 && !s.hasHost(env.AppHostName()) {
		s.problem("there is no host %s", env.AppHostName())
	}
}

func (s *Status) hasHost(name string) bool {
	return slices.ContainsFunc(s.Hosts, func(host Host) bool { return host.Name == name })
}

func (s *Status) judgeFleets() {
	for _, fleet := range s.Fleets {
		if serving := fleet.InService(); serving < fleet.Desired {
			s.problem("%d of %d instances of %s serve", serving, fleet.Desired, fleet.Service)
		}
	}
}

func (s *Status) judgeTargets() {
	for _, target := range s.Targets {
		switch target.State {
		case "healthy", "initial", "draining":
		default:
			if !s.stopped(target.Instance) {
				s.problem("target %s of %s is %s: %s", target.Instance, target.Service, target.State, cmp.Or(target.Description, target.Reason, "no reason given"))
			}
		}
	}
}

// stopped says that a host is, which in DEV is meant so.
func (s *Status) stopped(instance string) bool {
	return slices.ContainsFunc(s.Hosts, func(host Host) bool {
		return host.Instance == instance && strings.HasPrefix(host.State, "stop")
	})
}

func (s *Status) judgeReleases() {
	for _, running := range s.Running {
		wanted := s.WantedVersion(running.Service)
		switch {
		case s.refreshing(running.Service): // two versions stand side by side, as they should
		case wanted != "" && running.Version != wanted:
			s.problem("%s runs %s of %s, not %s", running.Instance, cmp.Or(running.Version, "nothing"), running.Service, wanted)
		case !running.Healthy:
			s.problem("%s on %s does not answer its health check", running.Service, running.Instance)
		}
	}
}

// WantedVersion is the release that the hosts of a service are to run; empty when not known.
func (s *Status) WantedVersion(service string) string {
	for _, wanted := range s.Wanted {
		if wanted.Service == service {
			return wanted.Version
		}
	}
	return ""
}

func (s *Status) refreshing(service string) bool {
	return slices.ContainsFunc(s.Fleets, func(fleet Fleet) bool { return fleet.Service == service && fleet.Refresh.UnderWay() })
}

// brokenDatabase are parts of RDS's statuses that end in no good by themselves
// (RDS User Guide, "Viewing DB instance status").
var brokenDatabase = []string{"failed", "incompatible", "inaccessible", "error", "full", "deleting"}

func isBrokenDatabase(status string) bool {
	return slices.ContainsFunc(brokenDatabase, func(part string) bool { return strings.Contains(status, part) })
}

func (s *Status) judgeDatabase() {
	if s.Database == nil {
		return
	}
	status := s.Database.Status
	if isBrokenDatabase(status) || (s.Environment == config.Prod && strings.HasPrefix(status, "stop")) {
		s.problem("the database %s is %s", s.Database.Identifier, status)
	}
}

func (s *Status) judgeSites() {
	if _, unread := s.Errors[PartSites]; unread {
		return
	}
	for _, site := range s.Sites {
		switch {
		case site.Distribution == "":
			s.problem("no distribution answers at %s", site.URL)
		case !site.Enabled:
			s.problem("the distribution %s of %s is disabled", site.Distribution, site.Name)
		}
	}
}

func (s *Status) judgeAlarms() {
	for _, alarm := range s.Alarms {
		if alarm.Firing() {
			s.problem("the alarm %s is on", alarm.Name)
		}
	}
}

func (s *Status) judgeCertificates() {
	for _, certificate := range s.Certificates {
		switch {
		case certificate.Status != string(types.CertificateStatusIssued):
			s.problem("the certificate of %s in %s is %s", certificate.Domain, certificate.Region, certificate.Status)
		case certificate.Expires.Before(s.At.Add(renewalDays * 24 * time.Hour)):
			s.problem("the certificate of %s in %s ends on %s and was not renewed", certificate.Domain, certificate.Region, certificate.Expires.Format(time.DateOnly))
		}
	}
}
