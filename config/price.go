package config

import (
	"slices"
	"strings"
)

// HoursAMonth is what AWS reckons a month with.
const HoursAMonth = 730

// RDS Extended Support of MySQL 8.0, USD an hour and vCPU in its first two years:
// the least and the most among AWS's Regions.
const (
	extendedSupportLow  = 0.10
	extendedSupportHigh = 0.12
)

// ExtendedSupport is what AWS adds to a database past its standard support, USD
// an hour: the least and the most. It is 0 for one that is not, and for a class
// whose name does not tell its vCPUs.
func ExtendedSupport(engineVersion, class string, multiAZ bool) (low, high float64) {
	if !isExtended(engineVersion) {
		return 0, 0
	}
	cpus := float64(vCPUs(strings.TrimPrefix(class, "db."))) // templates write db.t3.micro, our files t3.micro
	if multiAZ {
		cpus *= 2 // the standby is charged like the primary
	}
	return cpus * extendedSupportLow, cpus * extendedSupportHigh
}

// isExtended: MySQL 8.0 is past RDS standard support since 31 July 2026.
func isExtended(engineVersion string) bool { return strings.HasPrefix(engineVersion, "8.0.") }

// HoursAWeek is how long DEV runs in a week: 45 of 168 as shipped. It is 0 for
// hours that config refuses.
func (w *WorkingHours) HoursAWeek() float64 {
	start, startOK := parseClock(w.Start)
	stop, stopOK := parseClock(w.Stop)
	if !startOK || !stopOK || !areDays(w.Days) {
		return 0
	}
	days := map[int]bool{}
	for part := range strings.SplitSeq(w.Days, ",") {
		from, to, isRange := strings.Cut(part, "-")
		last := from
		if isRange {
			last = to
		}
		for day := slices.Index(scheduleDays, from); day <= slices.Index(scheduleDays, last); day++ {
			days[day] = true
		}
	}
	return float64(len(days)*mod(stop-start, minutesADay)) / 60
}
