package boot

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/localaws"
	"github.com/d2-ride-booking/platform/internal/tooltest"
	"github.com/d2-ride-booking/platform/stacks"
)

const root = "../.."

// What the cases share: one world, and two PROD hosts that are powered off.
var (
	world    *World
	booted   *scene // has booted before its first release
	released *scene // runs v1.0.0 when it is powered on
)

// TestMain ends what the cases share.
func TestMain(m *testing.M) {
	code := m.Run()
	if world != nil {
		world.Close()
	}
	stacks.Close()
	os.Exit(code)
}

// environment is a shipped one, with less patience for an app than a t3.micro is given.
func environment(t *testing.T, stage config.Stage, change ...func(*config.Environment)) *config.Environment {
	t.Helper()
	env, err := config.Load(filepath.Join(root, config.DefaultDir, string(stage)+".yaml"))
	require.NoError(t, err)
	env.Release.HealthTimeoutSeconds = 6
	for _, each := range change {
		each(env)
	}
	return env
}

// scene is one host of an environment in the world.
type scene struct {
	host    *Host
	machine *Machine
}

// newScene has a host that has never run, with the parameters of its template.
func newScene(t *testing.T, env *config.Environment, launchTemplate string) *scene {
	t.Helper()
	host, err := Synthesize(root, t.TempDir(), env, launchTemplate)
	require.NoError(t, err)
	if world == nil {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
		defer cancel()
		world, err = NewWorld(ctx, env, func(what string) { t.Log(what) })
		tooltest.Need(t, localaws.IsMissing(err) || errors.Is(err, ErrUnable), err)
	}
	machine, err := world.NewMachine()
	require.NoError(t, err)
	s := &scene{host: host, machine: machine}
	s.begin(t)
	return s
}

// begin resets the world to this host's template and powers the machine on.
func (s *scene) begin(t *testing.T) {
	t.Helper()
	require.NoError(t, world.Reset())
	require.NoError(t, s.parameters())
	s.powerOn(t)
}

func (s *scene) parameters() error {
	for name, value := range s.host.Parameters {
		if err := world.PutParameter(name, value); err != nil {
			return err
		}
	}
	return world.MakeBucket(s.host.Env.ArtifactBucket())
}

func (s *scene) powerOn(t *testing.T) {
	t.Helper()
	t.Cleanup(s.machine.PowerOff)
	t.Cleanup(func() { s.tells(t) })
	require.NoError(t, s.machine.PowerOn())
}

// tells what a host wrote down, of a case that failed: nobody can look at it later.
func (s *scene) tells(t *testing.T) {
	t.Helper()
	if !t.Failed() {
		return
	}
	logs := []string{"/var/log/journal.log", config.PM2Home + "/pm2.log"}
	for _, service := range s.host.Env.EnabledServices() {
		logs = append(logs, service.ReleaseLog(), service.ErrorLog())
	}
	for _, log := range logs {
		said, _ := s.machine.Read(log)
		t.Logf("%s:\n%s", log, said[max(0, len(said)-4000):])
	}
}

// bootedHost is a PROD backend that has booted before its first release, on a disk of the case's own.
func bootedHost(t *testing.T) *scene {
	t.Helper()
	if booted == nil {
		s := newScene(t, environment(t, config.Prod), "d2-ride-booking-prod-backend-api")
		said, err := s.machine.FirstBoot(s.host.UserData)
		require.NoError(t, err, said)
		s.machine.PowerOff()
		booted = s
	}
	s := booted.copied(t)
	s.begin(t)
	s.settles(t, 2)
	return s
}

// releasedHost is a bootedHost that runs v1.0.0 of backend-api.
func releasedHost(t *testing.T) *scene {
	t.Helper()
	if released == nil {
		s := bootedHost(t)
		s.publish(t, "backend-api", "v1.0.0", Well)
		s.releases(t, "backend-api", "v1.0.0")
		s.machine.PowerOff()
		released = s
	}
	s := released.copied(t)
	require.NoError(t, world.Reset())
	require.NoError(t, s.parameters())
	s.publish(t, "backend-api", "v1.0.0", Well)
	s.powerOn(t)
	s.settles(t, 4)
	return s
}

func (s *scene) copied(t *testing.T) *scene {
	t.Helper()
	machine, err := s.machine.Copy()
	require.NoError(t, err)
	return &scene{host: s.host, machine: machine}
}

// settles waits until d2-release has come to an end that many times in the host's
// life, so that what the case does is not mixed with what the boot does.
func (s *scene) settles(t *testing.T, ends int) {
	t.Helper()
	require.Eventually(t, func() bool {
		log, _ := s.machine.Read(s.service("backend-api").ReleaseLog())
		return strings.Count(log, "is running")+strings.Count(log, "placeholder answers")+strings.Count(log, "FAILED") >= ends
	}, 30*time.Second, 50*time.Millisecond)
}

// boots runs the user data and wants it to end well, with nothing that a stand-in did not expect.
func (s *scene) boots(t *testing.T) string {
	t.Helper()
	said, err := s.machine.FirstBoot(s.host.UserData)
	require.NoError(t, err, said)
	assert.NotContains(t, s.read(t, "/var/log/standins.jsonl"), "REFUSED")
	return said
}

func (s *scene) service(name string) config.Service {
	for _, service := range s.host.Env.Services {
		if service.Name == name {
			return service
		}
	}
	panic("no service " + name)
}

// publish uploads a release and has the version parameter name it.
func (s *scene) publish(t *testing.T, service, version string, temper Temper) {
	t.Helper()
	artifact, err := Artifact(service, temper, 0)
	require.NoError(t, err)
	require.NoError(t, world.PutRelease(s.host.Env, s.service(service), version, artifact))
	s.names(t, service, version)
}

func (s *scene) names(t *testing.T, service, version string) {
	t.Helper()
	require.NoError(t, world.PutParameter(s.host.Env.VersionParameter(service), version))
}

// releases runs d2-release and wants the version to run.
func (s *scene) releases(t *testing.T, service, version string) {
	t.Helper()
	said := s.run(t, config.ReleaseCommand+" "+service)
	assert.Equal(t, "d2-release: "+service+" "+version+" is running", lastLine(said), said)
	assert.Equal(t, version, s.answer(t, service).Version)
}

// run runs a script on the machine and wants it to succeed.
func (s *scene) run(t *testing.T, script string) string {
	t.Helper()
	said, err := s.machine.Run(script)
	require.NoError(t, err, "%s: %s", script, said)
	return said
}

func (s *scene) read(t *testing.T, path string) string {
	t.Helper()
	content, err := s.machine.Read(path)
	require.NoError(t, err)
	return content
}

// health is what a health check answers.
type health struct {
	Code    string
	Status  string
	Version string
}

// answer asks a service's health check, from the machine as runbook DEV 5.5 does.
func (s *scene) answer(t *testing.T, name string) health {
	t.Helper()
	service := s.service(name)
	said, _ := s.machine.Run("curl -s -w ' %{http_code}' http://localhost:" + itoa(service.Port) + service.HealthCheckPath)
	body, code := said[:strings.LastIndex(said, " ")+1], said[strings.LastIndex(said, " ")+1:]
	answer := health{Code: code}
	if strings.TrimSpace(body) != "" {
		require.NoError(t, json.Unmarshal([]byte(body), &answer), said)
	}
	answer.Code = code
	return answer
}

// eventually waits for a state that is reached without anybody's doing.
func (s *scene) eventually(t *testing.T, service, version string) {
	t.Helper()
	require.Eventually(t, func() bool { return s.answer(t, service).Version == version }, 20*time.Second, 200*time.Millisecond)
}

// process is the id of the app's process.
func (s *scene) process(t *testing.T, service string) string { return s.run(t, "pm2 pid "+service) }

// variables are those of the running app.
func (s *scene) variables(t *testing.T, service string) map[string]string {
	t.Helper()
	var found map[string]string
	said := s.run(t, "curl -s http://localhost:"+itoa(s.service(service).Port)+"/env")
	require.NoError(t, json.Unmarshal([]byte(said), &found), said)
	return found
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
