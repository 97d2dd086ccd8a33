package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/iostreams"
	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/screen"
)

// drawStatus is the screen of status, the verdict first: what is broken must
// not have to be looked for.
func drawStatus(d *screen.Document, s *ops.Status) {
	d.Line(screen.In(iostreams.Strong, strings.ToUpper(string(s.Environment))), verdict(s))
	d.Line(screen.In(iostreams.Faint, fmt.Sprintf("account %s, %s, %s", s.Account, s.Region, s.At.Format("2006-01-02 15:04:05 MST"))))
	for _, problem := range s.Problems {
		d.Line(screen.In(iostreams.Bad, "- "+problem))
	}
	drawStacks(d, s)
	drawServices(d, s)
	drawHosts(d, s)
	drawDatabase(d, s)
	drawSites(d, s)
	drawPool(d, s)
	drawAlarms(d, s)
	drawCertificates(d, s)
	drawSchedules(d, s)
}

func verdict(s *ops.Status) screen.Cell {
	if s.Healthy {
		return screen.In(iostreams.Good, "healthy")
	}
	return screen.In(iostreams.Bad, "NOT HEALTHY, "+count(len(s.Problems), "problem"))
}

// part is a table of the status; where its part could not be read it says why.
func part(d *screen.Document, s *ops.Status, of ops.Part, title string, header ...string) *screen.Table {
	table := d.Table(title, header...)
	if why, unread := s.Errors[of]; unread {
		table.Note(screen.In(iostreams.Bad, "not known: "+why))
	}
	return table
}

func drawStacks(d *screen.Document, s *ops.Status) {
	table := part(d, s, ops.PartStacks, "stacks", "STACK", "REGION", "UPDATED", "DRIFT", "STATUS")
	for _, stack := range s.Stacks {
		mood := iostreams.Good
		switch {
		case strings.HasSuffix(stack.Status, "_IN_PROGRESS"):
			mood = iostreams.Notable
		case stack.Whole() != nil:
			mood = iostreams.Bad
		}
		table.Row(stack.Name, stack.Region, ago(s.At, stack.Updated), words(stack.Drift), screen.In(mood, stack.Status))
	}
}

// drawServices has a row a service: the release that is wanted and, in PROD, its fleet.
func drawServices(d *screen.Document, s *ops.Status) {
	if s.Environment == config.Dev {
		table := part(d, s, ops.PartWanted, "releases", "SERVICE", "SINCE", "WANTED")
		for _, wanted := range s.Wanted {
			table.Row(wanted.Service, ago(s.At, wanted.Since), wanted.Version)
		}
		return
	}
	table := part(d, s, ops.PartFleets, "fleets", "SERVICE", "SERVING", "MIN", "MAX", "WANTED", "REFRESH")
	for _, fleet := range s.Fleets {
		serving := screen.In(iostreams.Good, fmt.Sprintf("%d of %d", fleet.InService(), fleet.Desired))
		if fleet.InService() < fleet.Desired {
			serving.Mood = iostreams.Bad
		}
		table.Row(fleet.Service, serving, fleet.Min, fleet.Max, cmp.Or(s.WantedVersion(fleet.Service), "unknown"), refresh(s.At, fleet.Refresh))
	}
}

func refresh(now time.Time, last *ops.Refresh) screen.Cell {
	switch {
	case last == nil:
		return screen.In(iostreams.Faint, "none yet")
	case last.UnderWay():
		return screen.In(iostreams.Notable, fmt.Sprintf("%s %d%%, began %s", last.Status, last.Percent, ago(now, last.Started)))
	case last.Status == "Successful":
		return screen.Text("Successful " + ago(now, last.Ended))
	default:
		return screen.In(iostreams.Notable, strings.TrimSpace(fmt.Sprintf("%s %s %s", last.Status, ago(now, last.Ended), last.Reason)))
	}
}

// drawHosts joins what EC2, Auto Scaling, the load balancer and the host itself
// say: a row an instance, and one more for each further service on it.
func drawHosts(d *screen.Document, s *ops.Status) {
	table := part(d, s, ops.PartHosts, "hosts", "INSTANCE", "SERVICE", "STATE", "FLEET", "TARGET", "RUNS")
	for _, host := range s.Hosts {
		services := servicesOn(s, host)
		for _, service := range services {
			table.Row(host.Instance, service, state(host), cmp.Or(lifecycle(s, host.Instance), "-"), target(s, host.Instance, service), runs(s, host, service))
		}
	}
	if why, unread := s.Errors[ops.PartRunning]; unread {
		table.Note(screen.In(iostreams.Faint, "what runs is not known: "+why))
	}
	if why, unread := s.Errors[ops.PartTargets]; unread {
		table.Note(screen.In(iostreams.Bad, "targets are not known: "+why))
	}
}

// servicesOn are the services of a host; DEV's one host carries the tag of the first alone, and runs all.
func servicesOn(s *ops.Status, host ops.Host) []string {
	if s.Environment == config.Prod || host.Service == config.ServiceBastion || len(s.Wanted) == 0 {
		return []string{host.Service}
	}
	var services []string
	for _, wanted := range s.Wanted {
		services = append(services, wanted.Service)
	}
	return services
}

// state is EC2's; a host that runs but is out of Systems Manager's reach wants a look.
func state(host ops.Host) screen.Cell {
	switch {
	case host.State != "running":
		return screen.In(iostreams.Notable, host.State)
	case host.Agent != "" && host.Agent != ops.Online:
		return screen.In(iostreams.Notable, "unreachable")
	default:
		return screen.In(iostreams.Good, host.State)
	}
}

func lifecycle(s *ops.Status, instance string) string {
	for _, fleet := range s.Fleets {
		for _, member := range fleet.Members {
			if member.Instance == instance {
				return member.Lifecycle
			}
		}
	}
	return ""
}

func target(s *ops.Status, instance, service string) screen.Cell {
	for _, target := range s.Targets {
		if target.Instance != instance || target.Service != service {
			continue
		}
		switch target.State {
		case "healthy":
			return screen.In(iostreams.Good, target.State)
		case "initial", "draining":
			return screen.In(iostreams.Notable, target.State)
		default:
			return screen.In(iostreams.Bad, target.State)
		}
	}
	return screen.Text("-")
}

func runs(s *ops.Status, host ops.Host, service string) screen.Cell {
	if host.Service == config.ServiceBastion {
		return screen.Text("-")
	}
	for _, running := range s.Running {
		if running.Instance != host.Instance || running.Service != service {
			continue
		}
		switch {
		case running.Version == "":
			return screen.In(iostreams.Bad, "nothing")
		case !running.Healthy:
			return screen.In(iostreams.Bad, running.Version+", sick")
		case running.Version != s.WantedVersion(service):
			return screen.In(iostreams.Notable, running.Version)
		}
		return screen.In(iostreams.Good, running.Version)
	}
	return screen.In(iostreams.Faint, "unknown")
}

func drawDatabase(d *screen.Document, s *ops.Status) {
	table := part(d, s, ops.PartDatabase, "database", "STATUS", "ENGINE", "ZONES", "ENDPOINT")
	if database := s.Database; database != nil {
		mood, zones := iostreams.Good, "one"
		if database.Status != "available" {
			mood = iostreams.Notable
		}
		if database.MultiAZ {
			zones = "two"
		}
		table.Row(screen.In(mood, database.Status), database.Engine, zones, cmp.Or(database.Endpoint, "-"))
	}
}

func drawSites(d *screen.Document, s *ops.Status) {
	table := part(d, s, ops.PartSites, "sites", "SITE", "DISTRIBUTION", "STATUS", "URL")
	for _, site := range s.Sites {
		mood := iostreams.Good
		switch {
		case site.Distribution == "" || !site.Enabled:
			mood = iostreams.Bad
		case site.Status != "Deployed":
			mood = iostreams.Notable
		}
		table.Row(site.Name, cmp.Or(site.Distribution, "none"), screen.In(mood, cmp.Or(site.Status, "-")), site.URL)
	}
}

func drawPool(d *screen.Document, s *ops.Status) {
	table := part(d, s, ops.PartPool, "user pool", "POOL", "USERS", "ID")
	if pool := s.Pool; pool != nil {
		table.Row(pool.Name, fmt.Sprintf("about %d", pool.Users), pool.ID)
	}
}

// drawAlarms lists only those that want a look: PROD has dozens.
func drawAlarms(d *screen.Document, s *ops.Status) {
	table := part(d, s, ops.PartAlarms, "alarms", "ALARM", "STATE", "SINCE", "WHY")
	quiet := 0
	for _, alarm := range s.Alarms {
		if !alarm.Firing() {
			quiet++
			continue
		}
		table.Row(alarm.Name, screen.In(iostreams.Bad, alarm.State), ago(s.At, alarm.Since), alarm.Reason)
	}
	if quiet > 0 {
		table.Note(screen.In(iostreams.Faint, fmt.Sprintf("%d of %d are quiet", quiet, len(s.Alarms))))
	}
}

func drawCertificates(d *screen.Document, s *ops.Status) {
	table := part(d, s, ops.PartCertificates, "certificates", "DOMAIN", "REGION", "STATUS", "ENDS")
	for _, certificate := range s.Certificates {
		mood := iostreams.Good
		if certificate.Status != "ISSUED" {
			mood = iostreams.Bad
		}
		ends := "-"
		if !certificate.Expires.IsZero() {
			days := int(certificate.Expires.Sub(s.At).Hours() / 24)
			ends = fmt.Sprintf("%s, in %s", certificate.Expires.Format(time.DateOnly), count(days, "day"))
		}
		table.Row(certificate.Domain, certificate.Region, screen.In(mood, certificate.Status), ends)
	}
}

func drawSchedules(d *screen.Document, s *ops.Status) {
	drawWorkingHours(part(d, s, ops.PartSchedules, "schedule", "WHAT", "NEXT", "EXPRESSION"), s.Schedules)
}

func drawWorkingHours(table *screen.Table, schedules []ops.Schedule) {
	for _, schedule := range schedules {
		next := screen.Text(schedule.Next.Format("Mon 2006-01-02 15:04 MST"))
		switch {
		case !schedule.Enabled:
			next = screen.In(iostreams.Notable, "switched off")
		case schedule.Next.IsZero():
			next = screen.Text("-")
		}
		table.Row(schedule.Name, next, schedule.Expression+" "+schedule.TimeZone)
	}
}

// withoutTime is all that a status says but when it was read.
func withoutTime(s *ops.Status) []byte {
	timeless := *s
	timeless.At = time.Time{}
	encoded, _ := json.Marshal(timeless) // a Status always encodes: the schemas' test sees to it
	return encoded
}
