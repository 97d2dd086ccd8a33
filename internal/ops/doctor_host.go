package ops

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/d2-ride-booking/platform/config"
)

// fullDisk is how full a host's disk may be, percent: from there the alarm disk-high is on (constructs.hostAlarms).
const fullDisk = 85

// host looks at what the boot made of a host (runbook DEV 2).
func (d *doctor) host() []probe {
	node := fmt.Sprintf("v%d.", d.env.Runtime.NodeMajor)
	return []probe{
		{"reached by Systems Manager", "DEV 2.5", d.lookAgents},
		{"boot", "DEV 2.1", d.lookBoot},
		{"Node.js", "DEV 2.2", d.version("node --version", node)},
		{"npm", "DEV 2.2", d.version("npm --version", "")},
		{"MySQL client", "DEV 2.3", d.version("mysql --version", d.env.Runtime.MySQLSeries()+".")},
		{"AWS CLI", "DEV 2.4", d.version("aws --version", "aws-cli/2.")},
		{"agents and PM2", "DEV 2.5", d.lookUnits},
		{"disk", "DEV 5.9", d.lookDisk},
	}
}

func (d *doctor) lookAgents(context.Context) (outcome, error) {
	hosts, err := d.appHosts()
	switch {
	case err != nil:
		return outcome{}, err
	case d.sleeping():
		return skipped("DEV is stopped: " + d.say("start", ""))
	case len(hosts) == 0:
		return wrong("see the fleets: "+d.say("status", ""), "no host runs")
	}
	for _, host := range hosts {
		if host.Agent != Online {
			return wrong("wait for its boot; then see its way out (NAT, endpoints) and its role, or replace it",
				"%s is %s", host.Instance, cmp.Or(host.Agent, "not known to Systems Manager"))
		}
	}
	return fine("%d of %d", len(hosts), len(hosts))
}

// lookBoot finds the last thing that the boot said: done, or where it failed.
func (d *doctor) lookBoot(ctx context.Context) (outcome, error) {
	return d.everyHost(ctx, "tail -n 100 "+config.BootLog, func(answer HostAnswer) (outcome, error) {
		said := ""
		for line := range strings.Lines(answer.Out) {
			if strings.HasPrefix(line, "d2-boot: ") {
				said = strings.TrimSpace(line)
			}
		}
		switch {
		case strings.Contains(said, "FAILED"):
			return wrong("see the lines above it: d2ctl connect "+answer.Instance+", "+config.BootLog+"; then replace the instance", "%s: %s", answer.Instance, said)
		case !strings.HasSuffix(said, ": done"):
			return wrong("wait for it; a boot takes 5 to 10 minutes", "%s is at: %s", answer.Instance, cmp.Or(said, "the beginning"))
		}
		return fine("%s", said)
	})
}

// version is a probe that a program is there in a version that begins so, wherever in the line.
func (d *doctor) version(line, begins string) func(context.Context) (outcome, error) {
	return func(ctx context.Context) (outcome, error) {
		return d.everyHost(ctx, line, func(answer HostAnswer) (outcome, error) {
			said := lastLine(answer.Out)
			if answer.Exit != 0 || !strings.Contains(said, begins) {
				return wrong("the boot did not get there: see boot above, then replace the instance",
					"%s: %s; %s was expected", answer.Instance, cmp.Or(said, lastLine(withoutExit(answer.Err)), "nothing"), cmp.Or(begins, "a version"))
			}
			return fine("%s", said)
		})
	}
}

// units are the services of systemd that every host needs.
var units = []string{"amazon-ssm-agent", "amazon-cloudwatch-agent", "pm2"}

func (d *doctor) lookUnits(ctx context.Context) (outcome, error) {
	return d.everyHost(ctx, "systemctl is-active "+strings.Join(units, " "), func(answer HostAnswer) (outcome, error) {
		for i, state := range strings.Fields(answer.Out) {
			if i < len(units) && state != "active" {
				return wrong("start it there: sudo systemctl restart "+units[i], "%s on %s is %s", units[i], answer.Instance, state)
			}
		}
		return fine("%s are active", listed(units))
	})
}

// usedPercent is the column of df that says how full a disk is.
var usedPercent = regexp.MustCompile(`(\d+)% +/\s*$`)

func (d *doctor) lookDisk(ctx context.Context) (outcome, error) {
	return d.everyHost(ctx, "df -k /", func(answer HostAnswer) (outcome, error) {
		found := usedPercent.FindStringSubmatch(answer.Out)
		if found == nil {
			return outcome{verdict: Unknown, saw: answer.Instance + ": " + cmp.Or(lastLine(answer.Out), "df said nothing")}, nil
		}
		if used, _ := strconv.Atoi(found[1]); used >= fullDisk {
			return wrong("look at /var/log and "+config.AppsDir+"; raise root_volume_gib in "+File(d.env), "%s is %d%% full", answer.Instance, used)
		}
		return fine("%s%% full", found[1])
	})
}

// everyHost runs a line on all hosts; the first that is not fine is told.
func (d *doctor) everyHost(ctx context.Context, line string, judge func(HostAnswer) (outcome, error)) (outcome, error) {
	if d.sleeping() {
		return skipped("DEV is stopped")
	}
	answers, err := d.onHosts(ctx, "", line)
	if err != nil {
		return outcome{}, err
	}
	var last outcome
	for _, answer := range answers {
		if last, err = judge(answer); err != nil || last.verdict != Fine {
			return last, err
		}
	}
	return last, nil
}
