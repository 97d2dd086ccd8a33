package ops

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/d2-ride-booking/platform/config"
)

// wellAndGood is a PROD in which nothing is wrong.
func wellAndGood() *Status {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	return &Status{
		Environment: config.Prod, At: now, Errors: map[Part]string{},
		Stacks: []Stack{{Name: "D2-Prod", Status: "UPDATE_COMPLETE"}},
		Hosts: []Host{
			{Instance: "i-a", Service: "backend-api", State: "running", Agent: Online},
			{Instance: "i-bastion", Name: "d2-ride-booking-prod-bastion", Service: "bastion", State: "running"},
		},
		Fleets:       []Fleet{{Service: "backend-api", Desired: 1, Members: []Member{{Instance: "i-a", Lifecycle: "InService", Health: "Healthy"}}}},
		Targets:      []Target{{Service: "backend-api", Instance: "i-a", State: "healthy"}},
		Wanted:       []Wanted{{Service: "backend-api", Version: "v1.0.0"}},
		Running:      []Running{{Instance: "i-a", Service: "backend-api", Version: "v1.0.0", Healthy: true}},
		Database:     &Database{Identifier: "db", Status: "available"},
		Sites:        []Site{{Name: "web-admin", URL: "https://admin.d2.fikri.dev", Distribution: "E1", Enabled: true}},
		Alarms:       []Alarm{{Name: "cpu-high", State: "OK"}, {Name: "new", State: "INSUFFICIENT_DATA"}},
		Certificates: []Certificate{{Domain: "*.d2.fikri.dev", Region: "us-east-1", Status: "ISSUED", Expires: now.AddDate(0, 3, 0)}},
	}
}

func TestEachThingThatIsBrokenIsAProblem(t *testing.T) {
	for name, each := range map[string]struct {
		breaks func(*Status)
		want   []string
	}{
		"nothing":         {func(*Status) {}, nil},
		"a part unread":   {func(s *Status) { s.Errors[PartAlarms] = "denied" }, []string{"alarms could not be read: denied"}},
		"a host unheard":  {func(s *Status) { s.Errors[PartRunning] = "denied" }, nil},
		"half deployed":   {func(s *Status) { s.Stacks[0].Status = "UPDATE_ROLLBACK_FAILED" }, []string{"stack D2-Prod is half deployed (UPDATE_ROLLBACK_FAILED)"}},
		"being deployed":  {func(s *Status) { s.Stacks[0].Status = "UPDATE_IN_PROGRESS" }, nil},
		"no bastion":      {func(s *Status) { s.Hosts = s.Hosts[:1] }, []string{"there is no bastion"}},
		"bastion stopped": {func(s *Status) { s.Hosts[1].State = "stopped" }, []string{"the bastion i-bastion is stopped"}},
		"too few":         {func(s *Status) { s.Fleets[0].Desired = 2 }, []string{"1 of 2 instances of backend-api serve"}},
		"target ill":      {func(s *Status) { s.Targets[0].State, s.Targets[0].Reason = "unhealthy", "Target.Timeout" }, []string{"target i-a of backend-api is unhealthy: Target.Timeout"}},
		"target new":      {func(s *Status) { s.Targets[0].State = "initial" }, nil},
		"another version": {func(s *Status) { s.Running[0].Version = "v0.9.0" }, []string{"i-a runs v0.9.0 of backend-api, not v1.0.0"}},
		"nothing runs":    {func(s *Status) { s.Running[0].Version = "" }, []string{"i-a runs nothing of backend-api, not v1.0.0"}},
		"a release on its way": {func(s *Status) {
			s.Running[0].Version, s.Fleets[0].Refresh = "v0.9.0", &Refresh{Status: "InProgress"}
		}, nil},
		"app ill":           {func(s *Status) { s.Running[0].Healthy = false }, []string{"backend-api on i-a does not answer its health check"}},
		"database full":     {func(s *Status) { s.Database.Status = "storage-full" }, []string{"the database db is storage-full"}},
		"database stopped":  {func(s *Status) { s.Database.Status = "stopped" }, []string{"the database db is stopped"}},
		"database busy":     {func(s *Status) { s.Database.Status = "backing-up" }, nil},
		"site gone":         {func(s *Status) { s.Sites[0].Distribution = "" }, []string{"no distribution answers at https://admin.d2.fikri.dev"}},
		"site off":          {func(s *Status) { s.Sites[0].Enabled = false }, []string{"the distribution E1 of web-admin is disabled"}},
		"an alarm":          {func(s *Status) { s.Alarms[0].State = "ALARM" }, []string{"the alarm cpu-high is on"}},
		"certificate ends":  {func(s *Status) { s.Certificates[0].Expires = s.At.AddDate(0, 0, 29) }, []string{"the certificate of *.d2.fikri.dev in us-east-1 ends on 2026-12-21 and was not renewed"}},
		"certificate stuck": {func(s *Status) { s.Certificates[0].Status = "FAILED" }, []string{"the certificate of *.d2.fikri.dev in us-east-1 is FAILED"}},
	} {
		t.Run(name, func(t *testing.T) {
			status := wellAndGood()
			each.breaks(status)
			status.judge(shipped(t, config.Prod))
			assert.Equal(t, each.want, status.Problems)
			assert.Equal(t, each.want == nil, status.Healthy)
		})
	}
}

func TestDEVAsleepIsHealthy(t *testing.T) {
	status := &Status{
		Environment: config.Dev, Errors: map[Part]string{},
		Hosts: []Host{
			{Instance: "i-a", Name: "d2-ride-booking-dev-app-host", Service: "backend-api", State: "stopped"},
			{Instance: "i-b", Name: "d2-ride-booking-dev-bastion", Service: "bastion", State: "stopped"},
		},
		Targets:  []Target{{Service: "backend-api", Instance: "i-a", State: "unused"}},
		Database: &Database{Status: "stopped"},
	}
	status.judge(shipped(t, config.Dev))
	assert.Empty(t, status.Problems)
}
