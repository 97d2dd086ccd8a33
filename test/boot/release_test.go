package boot

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
)

func TestARebootServesAgain(t *testing.T) {
	s := releasedHost(t)
	s.machine.PowerOff()
	require.NoError(t, s.machine.PowerOn())
	s.eventually(t, "backend-api", "v1.0.0")
	s.settles(t, 5) // d2-release looked, and left it alone
	assert.Equal(t, 1, strings.Count(s.read(t, s.service("backend-api").ReleaseLog()), "starts v1.0.0"))
}

func TestARebootTakesTheReleaseThatWasNamedMeanwhile(t *testing.T) {
	s := releasedHost(t)
	s.machine.PowerOff()
	s.publish(t, "backend-api", "v1.1.0", Well)
	require.NoError(t, s.machine.PowerOn())
	s.eventually(t, "backend-api", "v1.1.0")
}

func TestARebootWithoutParametersServesWhatRanBefore(t *testing.T) {
	s := releasedHost(t)
	s.machine.PowerOff()
	world.Fault = refuseSSM
	require.NoError(t, s.machine.PowerOn())
	s.eventually(t, "backend-api", "v1.0.0")
}

func TestAReleaseReplacesTheOneBeforeAndKeepsTheLastThree(t *testing.T) {
	s := releasedHost(t)
	for _, version := range []string{"v1.1.0", "v1.2.0", "v1.3.0"} {
		s.publish(t, "backend-api", version, Well)
		s.releases(t, "backend-api", version)
	}
	assert.Equal(t, "v1.1.0 v1.2.0 v1.3.0", strings.Join(strings.Fields(s.run(t, "ls /opt/apps/backend-api/releases")), " "))
	assert.Equal(t, "releases/v1.3.0", s.run(t, "readlink /opt/apps/backend-api/current"))

	// Back to the oldest: it is now the one in use, and v1.3.0 the one before (facts F11).
	s.names(t, "backend-api", "v1.1.0")
	s.releases(t, "backend-api", "v1.1.0")
	s.publish(t, "backend-api", "v1.4.0", Well)
	s.releases(t, "backend-api", "v1.4.0")
	assert.Equal(t, "v1.1.0 v1.3.0 v1.4.0", strings.Join(strings.Fields(s.run(t, "ls /opt/apps/backend-api/releases")), " "))
	assert.Contains(t, s.run(t, config.ReleaseCommand+" status"), `"running": "v1.4.0", "healthy": true, "previous": "v1.1.0"`)
}

func TestTheVersionUnreleasedBringsThePlaceholderBack(t *testing.T) {
	s := releasedHost(t)
	s.names(t, "backend-api", config.Unreleased)
	s.run(t, config.ReleaseCommand+" backend-api")
	assert.Equal(t, health{"200", "ok", config.Unreleased}, s.answer(t, "backend-api"))
}

// TestAReleaseThatFailsLeavesTheOldOneRunning is the table of what can go wrong.
func TestAReleaseThatFailsLeavesTheOldOneRunning(t *testing.T) {
	const key = "apps/backend/backend-api-v2.0.0.tar.gz" // facts 5.2
	for _, fault := range []struct {
		name      string
		code      int
		says      string
		untouched bool // the old release was never stopped
		cause     func(*testing.T, *scene)
	}{
		{"the checksum is wrong", 5, "the checksum of s3://d2-ride-booking-deployments-prod-111122223333/" + key + " is ", true, func(t *testing.T, s *scene) {
			require.NoError(t, world.PutObject(s.host.Env.ArtifactBucket(), key+".sha256", []byte(strings.Repeat("0", 64)+"  x\n")))
		}},
		{"the artifact is missing", 4, key + " cannot be fetched: ", true, func(t *testing.T, s *scene) {
			require.NoError(t, world.DeleteObject(s.host.Env.ArtifactBucket(), key))
		}},
		{"the checksum is missing", 4, key + ".sha256 cannot be fetched: ", true, func(t *testing.T, s *scene) {
			require.NoError(t, world.DeleteObject(s.host.Env.ArtifactBucket(), key+".sha256"))
		}},
		{"the artifact has another layout", 4, "the artifact has no ecosystem.config.js", true, func(t *testing.T, s *scene) {
			artifact, err := Pack(map[string]string{"main.js": ""})
			require.NoError(t, err)
			require.NoError(t, world.PutRelease(s.host.Env, s.service("backend-api"), "v2.0.0", artifact))
		}},
		{"the artifact is no archive", 4, "the artifact cannot be unpacked: ", true, func(t *testing.T, s *scene) {
			require.NoError(t, world.PutRelease(s.host.Env, s.service("backend-api"), "v2.0.0", []byte("<html>")))
		}},
		{"the parameters cannot be read", 3, "the parameter /d2-ride-booking/prod/backend-api/version cannot be read: ", true, func(*testing.T, *scene) {
			world.Fault = refuseSSM
		}},
		{"the parameter names no version", 3, "is '../../etc', which is no version", true, func(t *testing.T, s *scene) {
			s.names(t, "backend-api", "../../etc")
		}},
		{"the app crashes at its start", 7, "the last line of its error log: Error: cannot find the rides", false, func(t *testing.T, s *scene) {
			s.publish(t, "backend-api", "v2.0.0", Crashes)
		}},
		{"the app never gets healthy", 7, "v2.0.0 is not healthy", false, func(t *testing.T, s *scene) {
			s.publish(t, "backend-api", "v2.0.0", Sick)
		}},
	} {
		t.Run(fault.name, func(t *testing.T) {
			s := releasedHost(t)
			before := s.process(t, "backend-api")
			s.publish(t, "backend-api", "v2.0.0", Well)
			fault.cause(t, s)
			s.fails(t, fault.code, fault.says)
			assert.Equal(t, health{"200", "ok", "v1.0.0"}, s.answer(t, "backend-api"))
			assert.Equal(t, "releases/v1.0.0", s.run(t, "readlink /opt/apps/backend-api/current"))
			assert.NotContains(t, s.run(t, "ls -A /opt/apps/backend-api/releases"), "incoming")
			if fault.untouched {
				assert.Equal(t, before, s.process(t, "backend-api"))
			}
		})
	}
}

// fails runs d2-release and wants its exit code and the cause in its last line.
func (s *scene) fails(t *testing.T, code int, says string) string {
	t.Helper()
	said, err := s.machine.Run(config.ReleaseCommand + " backend-api")
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit, said)
	assert.Equal(t, code, exit.ExitCode(), said)
	last := lastLine(said)
	assert.Contains(t, last, "d2-release: backend-api FAILED: ")
	assert.Contains(t, last, says)
	assert.Contains(t, s.read(t, s.service("backend-api").ReleaseLog()), last, "CloudWatch gets to know it too")
	return last
}

func TestAFullDiskLeavesTheOldReleaseRunning(t *testing.T) {
	s := newScene(t, environment(t, config.Prod), "d2-ride-booking-prod-backend-api")
	s.machine.PowerOff()
	s.machine.AppsDiskBytes = 8 << 20
	require.NoError(t, s.machine.PowerOn())
	s.publish(t, "backend-api", "v1.0.0", Well)
	s.boots(t)
	for what, size := range map[string]int{"as it is fetched": 16 << 20, "as it is unpacked": 7 << 20} {
		artifact, err := Artifact("backend-api", Well, size)
		require.NoError(t, err)
		require.NoError(t, world.PutRelease(s.host.Env, s.service("backend-api"), "v2.0.0", artifact))
		s.names(t, "backend-api", "v2.0.0")
		assert.Contains(t, s.fails(t, 6, "the disk is full: "), "; v1.0.0 keeps running", what)
		assert.Equal(t, "v1.0.0", s.answer(t, "backend-api").Version, what)
	}
	assert.Equal(t, "v1.0.0", s.run(t, "ls -A /opt/apps/backend-api/releases"), "nothing of it stays")
	s.names(t, "backend-api", "v1.0.0")
	s.run(t, "dd if=/dev/zero of=/opt/apps/full bs=1M status=none || true")
	s.run(t, "pm2 delete backend-api")
	s.releases(t, "backend-api", "v1.0.0")
}

func TestAFirstReleaseThatFailsBringsThePlaceholderBack(t *testing.T) {
	s := bootedHost(t)
	s.run(t, config.ReleaseCommand+" backend-api")
	s.publish(t, "backend-api", "v1.0.0", Sick)
	assert.Contains(t, s.fails(t, 7, "v1.0.0 is not healthy"), "; the placeholder answers again")
	assert.Equal(t, health{"200", "ok", config.Unreleased}, s.answer(t, "backend-api"))
}

func TestAThrottledParameterStoreIsAskedAgain(t *testing.T) {
	s := bootedHost(t)
	s.publish(t, "backend-api", "v1.0.0", Well)
	var lock sync.Mutex
	throttled := map[string]int{}
	world.Fault = func(response http.ResponseWriter, request *http.Request) bool {
		target := request.Header.Get("X-Amz-Target")
		lock.Lock()
		defer lock.Unlock()
		if !strings.HasPrefix(target, "AmazonSSM.") || throttled[target] == 2 {
			return false
		}
		throttled[target]++
		answerError(response, "ThrottlingException", "Rate exceeded")
		return true
	}
	s.releases(t, "backend-api", "v1.0.0")
	assert.Equal(t, map[string]int{"AmazonSSM.GetParameter": 2, "AmazonSSM.GetParametersByPath": 2}, throttled)
}

func TestASlowBucketIsWaitedFor(t *testing.T) {
	s := bootedHost(t)
	s.publish(t, "backend-api", "v1.0.0", Well)
	slowed := 0
	world.Fault = func(_ http.ResponseWriter, request *http.Request) bool {
		if request.Method == http.MethodGet && strings.HasSuffix(request.URL.Path, ".tar.gz") {
			slowed++
			time.Sleep(4 * time.Second)
		}
		return false
	}
	s.releases(t, "backend-api", "v1.0.0")
	assert.Positive(t, slowed)
}

// TestAReleaseStartsNoPM2OfItsOwn: PM2 outside of its unit would end with d2-release, and the app with it.
func TestAReleaseStartsNoPM2OfItsOwn(t *testing.T) {
	s := releasedHost(t)
	s.publish(t, "backend-api", "v2.0.0", Well)
	const pm2 = "/opt/d2/pm2/bin/pm2"
	s.run(t, "systemctl stop pm2; mv "+pm2+" "+pm2+".whole; echo 'exit 1' > "+pm2+"; chmod +x "+pm2)
	s.fails(t, 8, "PM2 does not start: journalctl -u pm2")

	// Once is not always: what is only slow at its start is started again.
	s.run(t, "echo '[ -e /tmp/tried ] && exec "+pm2+".whole \"$@\"; touch /tmp/tried; exit 1' > "+pm2)
	s.releases(t, "backend-api", "v2.0.0")
	assert.NotEqual(t, "0", s.process(t, "backend-api"))
}

func TestTwoRunsAtOnceDoNotCollide(t *testing.T) {
	s := bootedHost(t)
	s.publish(t, "backend-api", "v1.0.0", Well)
	said := s.run(t, "d2-release backend-api & one=$!; d2-release backend-api & two=$!; wait $one && wait $two")
	assert.Equal(t, 2, strings.Count(said, "v1.0.0 is running"), said)
	assert.Equal(t, 1, strings.Count(said, "starts v1.0.0"), said)
	assert.Equal(t, "v1.0.0", s.answer(t, "backend-api").Version)
}

func TestARestartTakesFreshVariables(t *testing.T) {
	s := releasedHost(t)
	require.NoError(t, world.PutParameter(s.host.Env.RuntimeParameterPath("backend-api")+"/FEATURE", "on"))
	before := s.process(t, "backend-api")
	s.run(t, config.ReleaseCommand+" restart backend-api")
	assert.Equal(t, "on", s.variables(t, "backend-api")["FEATURE"])
	assert.NotEqual(t, before, s.process(t, "backend-api"))
	s.run(t, "pm2 restart backend-api && sleep 1") // runbook DEV 5.7
	assert.Equal(t, "on", s.variables(t, "backend-api")["FEATURE"])
}

// awkward are values that a shell, dotenv or JSON could spoil on their way.
var awkward = map[string]string{
	"SPACES":    "  two before, three after   ",
	"QUOTES":    `it's "quoted"`,
	"DOLLARS":   "$HOME ${PATH} $(id) `id`",
	"BACKSLASH": `C:\new\table\\`,
	"LINES":     "-----BEGIN KEY-----\nline two\n\n-----END KEY-----\n",
	"HASH":      "before # after",
	"EQUALS":    "a=b=c",
	"EXCLAIM":   "wow!! !$",
	"UNICODE":   "Jalan Sultan – 新加坡 🚕",
	"TAB":       "a\tb",
}

func TestAwkwardValuesReachTheAppAsTheyAre(t *testing.T) {
	s := bootedHost(t)
	path := s.host.Env.RuntimeParameterPath("backend-api") + "/"
	for name, value := range awkward {
		require.NoError(t, world.PutParameter(path+name, value))
	}
	s.publish(t, "backend-api", "v1.0.0", Well)
	s.releases(t, "backend-api", "v1.0.0")
	found := s.variables(t, "backend-api")
	for name, value := range awkward {
		assert.Equal(t, value, found[name], name)
		sourced := s.run(t, "set -a; . /opt/apps/backend-api/current/.env; printf '%s' \"$"+name+"\" | base64 -w0")
		assert.Equal(t, base64Of(value), sourced, "%s, from .env by a shell", name)
	}
	for name, value := range awkward {
		if strings.Contains(value, "'") {
			continue // docs/application.md: no form of such a value is read alike by a shell and by dotenv
		}
		read := s.run(t, "node --env-file=/opt/apps/backend-api/current/.env -e 'process.stdout.write(Buffer.from(process.env."+name+").toString(\"base64\"))'")
		assert.Equal(t, base64Of(value), read, "%s, from .env by Node.js", name)
	}
	assert.Equal(t, "3000", found["PORT"], "the environment's variables win over the app's own")
	assert.Equal(t, "of the app", found["OWN"])
	assert.Equal(t, "yes", found["ONLY_IN_PRODUCTION"])
	s.machine.PowerOff()
	require.NoError(t, s.machine.PowerOn())
	s.eventually(t, "backend-api", "v1.0.0")
	for name, value := range awkward {
		assert.Equal(t, value, s.variables(t, "backend-api")[name], "%s, after a reboot", name)
	}
}

func refuseSSM(response http.ResponseWriter, request *http.Request) bool {
	if !strings.HasPrefix(request.Header.Get("X-Amz-Target"), "AmazonSSM.") {
		return false
	}
	answerError(response, "AccessDeniedException", "User is not authorized to perform: ssm:GetParameter")
	return true
}

// answerError is an error as Systems Manager writes one.
func answerError(response http.ResponseWriter, kind, message string) {
	response.Header().Set("Content-Type", "application/x-amz-json-1.1")
	response.WriteHeader(http.StatusBadRequest)
	_, _ = io.WriteString(response, fmt.Sprintf(`{"__type":%q,"message":%q}`, kind, message))
}

func base64Of(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
