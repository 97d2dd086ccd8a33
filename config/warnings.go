package config

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Warning is what a synth says of an environment that works but costs or risks
// something its owner should know.
type Warning struct {
	Key  string // the key that changes it
	What string // what it is, and the one-line change
}

// Warnings are at most three: MySQL 8.0 and Node.js 20 past their standard
// support, which the runbooks ask for, and PROD without anyone to tell.
func (e *Environment) Warnings() []Warning {
	var warnings []Warning
	if e.EnableRDS && isExtended(e.Database.EngineVersion) {
		warnings = append(warnings, Warning{
			Key: "database.engine_version",
			What: fmt.Sprintf("MySQL %s is past RDS standard support since 31 July 2026; Extended Support %s. Set an 8.4 version, e.g. engine_version: 8.4.10, after a trial upgrade",
				e.Database.EngineVersion, e.extendedSupport()),
		})
	}
	if len(e.EnabledServices()) > 0 && e.Runtime.NodeMajor == 20 {
		warnings = append(warnings, Warning{
			Key:  "runtime.node_major",
			What: "Node.js 20 gets no more security fixes since 30 April 2026. Set node_major: 22",
		})
	}
	if e.Environment == Prod && e.Observability.AlarmEmail == "" {
		warnings = append(warnings, Warning{
			Key:  "observability.alarm_email",
			What: "nobody is told when PROD's alarms go off or its budget is spent. Set the address of who is on call",
		})
	}
	return warnings
}

// extendedSupport is the monthly price, e.g. "costs about 146 to 175 USD a month".
func (e *Environment) extendedSupport() string {
	low, high := ExtendedSupport(e.Database.EngineVersion, e.Database.InstanceClass, e.Database.MultiAZ)
	if high == 0 {
		return "is charged by the vCPU and hour"
	}
	return fmt.Sprintf("costs about %.0f to %.0f USD a month", low*HoursAMonth, high*HoursAMonth)
}

var xlargePattern = regexp.MustCompile(`\.([0-9]*)xlarge$`)

// vCPUs of an RDS class, 0 where its name does not tell: two up to large (one for
// an m6gd.medium and its like), four an xlarge.
func vCPUs(class string) int {
	if size := xlargePattern.FindStringSubmatch(class); size != nil {
		times, err := strconv.Atoi(size[1])
		if err != nil {
			times = 1
		}
		return 4 * times
	}
	family, size, _ := strings.Cut(class, ".")
	switch {
	case size == "large", strings.HasPrefix(family, "t") && size != "":
		return 2
	case size == "medium":
		return 1
	}
	return 0
}
