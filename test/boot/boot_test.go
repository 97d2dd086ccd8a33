package boot

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
)

func itoa(number int) string { return strconv.Itoa(number) }

func TestAnInstanceBootsHealthyBeforeTheFirstRelease(t *testing.T) {
	s := newScene(t, environment(t, config.Prod), "d2-ride-booking-prod-backend-api")
	said := s.boots(t)
	assert.Equal(t, health{"200", "ok", config.Unreleased}, s.answer(t, "backend-api"))

	assert.NotRegexp(t, regexp.MustCompile(`(?i)error`), said, "runbook DEV 2.1 greps the boot's log for it")
	for command, want := range map[string]string{ // runbook DEV 2.2 to 2.5
		"node --version":     `^v20\.`,
		"npm --version":      `^\d+\.`,
		"mysql --version":    `^mysql  Ver 8\.0\.\d+ for Linux`,
		"which mysql":        `^/usr/bin/mysql$`,
		"aws --version 2>&1": `^aws-cli/`,
		"aws sts get-caller-identity --region ap-southeast-1": `111122223333`,
		"systemctl is-active amazon-ssm-agent && echo active": `active$`,
		"cat " + s.service("backend-api").CABundle():          `of RDS`,
		config.ReleaseCommand + " status":                     `"running": "unreleased", "healthy": true`,
	} {
		assert.Regexp(t, want, s.run(t, command), command)
	}
	assert.Contains(t, s.read(t, "/var/log/standins.jsonl"),
		`["dnf", "install", "-y", "-q", "bind-utils", "htop", "jq", "lsof", "net-tools", "nmap-ncat", "telnet"]`, "the tools of runbooks DEV 4 and 5.9")

	again, err := s.machine.FirstBoot(s.host.UserData)
	require.NoError(t, err, again)
	assert.Equal(t, health{"200", "ok", config.Unreleased}, s.answer(t, "backend-api"), "safe to run twice")
}

func TestAnInstanceThatBootsServesItsRelease(t *testing.T) {
	s := newScene(t, environment(t, config.Prod), "d2-ride-booking-prod-backend-api")
	s.publish(t, "backend-api", "v1.0.0", Well)
	require.NoError(t, s.machine.Write("/etc/standins/dnf", "1"))
	assert.Contains(t, s.boots(t), "try 1 of 5 failed: dnf", "a repository that fails once is asked again")
	assert.Equal(t, health{"200", "ok", "v1.0.0"}, s.answer(t, "backend-api"))

	assert.Equal(t, "600 appuser", s.run(t, "stat -c '%a %U' /opt/apps/backend-api/current/.env"))
	assert.Equal(t, "600 600", strings.Join(strings.Fields(s.run(t, "stat -c %a /home/appuser/.pm2/dump.pm2*")), " "), "PM2 keeps the variables there")
	assert.Equal(t, "appuser", s.run(t, "stat -c %U /proc/$(pm2 pid backend-api)"))
	list := s.run(t, "pm2 jlist")
	assert.Contains(t, list, `"name":"backend-api"`)
	assert.Equal(t, s.process(t, "backend-api"), s.run(t, "runuser -u appuser -- pm2 pid backend-api"), "root and appuser see the same PM2 (runbook DEV 5.2)")
	for _, path := range []string{"~/.pm2/logs/backend-api-out.log", s.service("backend-api").OutLog()} { // runbook DEV 5.4
		assert.Contains(t, s.run(t, "cat "+path), "Database pool initialized")
		assert.Contains(t, s.run(t, "runuser -l appuser -c 'cat "+path+"'"), "Database pool initialized")
	}
	s.run(t, "ls /opt/apps/backend-api/current/ecosystem.config.js /opt/apps/backend-api/current/dist/main.js") // runbook DEV 5.8
	s.run(t, "cat "+s.service("backend-api").EnvFile()+" | grep DB_HOST")
	assert.Equal(t, "v1.0.0", s.variables(t, "backend-api")[config.VersionVariable])
}

func TestALogGoesWhereTheRunbooksLookForIt(t *testing.T) {
	s := bootedHost(t)
	var agent struct {
		Logs struct {
			Collected struct {
				Files struct {
					List []struct {
						Path   string `json:"file_path"`
						Group  string `json:"log_group_name"`
						Stream string `json:"log_stream_name"`
					} `json:"collect_list"`
				} `json:"files"`
			} `json:"logs_collected"`
		} `json:"logs"`
	}
	require.NoError(t, json.Unmarshal([]byte(s.read(t, "/etc/d2/cloudwatch-agent.json")), &agent))
	found := map[string]string{}
	for _, file := range agent.Logs.Collected.Files.List {
		assert.Equal(t, "/aws/ec2/prod-d2-ride-booking-backend-api", file.Group, "runbook PROD 9.1")
		found[file.Stream] = file.Path
	}
	assert.Equal(t, map[string]string{
		"{instance_id}/out":     "/home/appuser/.pm2/logs/backend-api-out.log",
		"{instance_id}/error":   "/home/appuser/.pm2/logs/backend-api-error.log",
		"{instance_id}/release": "/var/log/d2/backend-api-release.log",
		"{instance_id}/boot":    "/var/log/cloud-init-output.log",
	}, found)
}

func TestNoLogFillsTheDisk(t *testing.T) {
	s := releasedHost(t)
	log := s.service("backend-api").OutLog()
	for range 3 {
		s.run(t, "runuser -u appuser -- dd if=/dev/zero of="+log+" bs=1M count=21 oflag=append conv=notrunc status=none")
		s.run(t, "systemctl start d2-logrotate")
	}
	assert.Equal(t, "0", s.run(t, "stat -c %s "+log), "the log is empty again")
	assert.Equal(t, "3", s.run(t, "ls "+log+".*.gz | wc -l"))
	s.run(t, "curl -s http://localhost:3000/health && pm2 restart backend-api && sleep 2")
	assert.Contains(t, s.read(t, log), "listens on 3000", "the app still writes to it")
}

func TestABootThatCannotTrustMySQLsKeySaysSoAndServesAllTheSame(t *testing.T) {
	s := newScene(t, environment(t, config.Prod), "d2-ride-booking-prod-backend-api")
	other, err := world.OtherKey()
	require.NoError(t, err)
	world.MySQLKey = other
	said, err := s.machine.FirstBoot(s.host.UserData)
	require.Error(t, err)
	assert.Contains(t, said, "the key of MySQL's packages is not "+config.MySQLKeyFingerprint)
	assert.Contains(t, lastLine(said), "FAILED at: MySQL client 8.0.46")
	assert.Equal(t, health{"200", "ok", config.Unreleased}, s.answer(t, "backend-api"))
	_, err = s.machine.Run("which mysql")
	assert.Error(t, err, "nothing was installed by that key")
}

func TestABootWhoseReleaseFailsSaysSoAndAnswersNoHealthCheck(t *testing.T) {
	s := newScene(t, environment(t, config.Prod), "d2-ride-booking-prod-backend-api")
	s.publish(t, "backend-api", "v1.0.0", Sick)
	said, err := s.machine.FirstBoot(s.host.UserData)
	require.Error(t, err)
	assert.Contains(t, said, "d2-release: backend-api FAILED: v1.0.0 is not healthy")
	assert.Contains(t, said, "; nothing runs")
	assert.Contains(t, lastLine(said), "FAILED at: release of backend-api")
	assert.Equal(t, health{Code: "000"}, s.answer(t, "backend-api"), "so that no refresh takes it for good")
	assert.Contains(t, s.run(t, "mysql --version"), "8.0", "who looks into it has the tools")
}

func TestWebDriverBootsOnItsPort(t *testing.T) {
	s := newScene(t, environment(t, config.Prod, func(e *config.Environment) { e.EnableWebDriver = true }), "d2-ride-booking-prod-web-driver")
	s.publish(t, "web-driver", "v1.0.0", Well)
	s.boots(t)
	assert.Equal(t, health{"200", "ok", "v1.0.0"}, s.answer(t, "web-driver"))
	assert.Equal(t, health{Code: "000"}, s.answer(t, "backend-api"), "a fleet runs one service")
	assert.Contains(t, s.variables(t, "web-driver"), "NEXT_PUBLIC_COGNITO_USER_POOL_ID", "facts F16")
	_, err := s.machine.Read(s.service("web-driver").CABundle())
	assert.Error(t, err, "it uses no database")
}

func TestDevsHostRunsBothServices(t *testing.T) {
	s := newScene(t, environment(t, config.Dev, func(e *config.Environment) { e.EnableWebDriver = true }), "d2-ride-booking-dev-app-host")
	s.publish(t, "backend-api", "v1.0.0", Well)
	s.publish(t, "web-driver", "v7.0.0", Well)
	s.boots(t)
	assert.Equal(t, "v1.0.0", s.answer(t, "backend-api").Version)
	assert.Equal(t, "v7.0.0", s.answer(t, "web-driver").Version)

	s.publish(t, "web-driver", "v7.0.1", Crashes)
	backend := s.process(t, "backend-api")
	_, err := s.machine.Run(config.ReleaseCommand + " web-driver")
	require.Error(t, err)
	assert.Equal(t, "v7.0.0", s.answer(t, "web-driver").Version)
	assert.Equal(t, backend, s.process(t, "backend-api"), "the other service notices nothing")
	assert.Equal(t, "2", s.run(t, config.ReleaseCommand+" status | grep -c '\"healthy\": true'"))
}

func TestDevBootsWithoutADatabase(t *testing.T) {
	s := newScene(t, environment(t, config.Dev, func(e *config.Environment) { e.EnableRDS = false }), "d2-ride-booking-dev-app-host")
	s.publish(t, "backend-api", "v1.0.0", Well)
	said := s.boots(t)
	assert.Equal(t, "v1.0.0", s.answer(t, "backend-api").Version)
	assert.NotContains(t, said, "certificate authorities of RDS")
	assert.NotContains(t, s.variables(t, "backend-api"), "DB_HOST")
}
