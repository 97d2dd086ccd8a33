package config

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// RDS's windows, in minutes.
const (
	leastWindow  = 30
	windowGap    = 30
	minutesADay  = 24 * 60
	minutesAWeek = 7 * minutesADay
)

var (
	clockPattern  = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)
	weeklyPattern = regexp.MustCompile(`^([A-Za-z]{3}):([0-9:]{5})-([A-Za-z]{3}):([0-9:]{5})$`)
	weekdays      = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
)

// window is a stretch of the week; a daily one starts within the first day.
type window struct{ start, length int }

// near says whether a weekly window comes too close to a daily one, before or after it, round the week's end too.
func (w window) near(daily window) bool {
	for day := range 7 {
		start := daily.start + day*minutesADay
		if mod(start-w.start, minutesAWeek) < w.length+windowGap || mod(w.start-start, minutesAWeek) < daily.length+windowGap {
			return true
		}
	}
	return false
}

func mod(a, b int) int { return ((a % b) + b) % b }

// parseDaily reads hh:mm-hh:mm; an end before its start is on the next day.
func parseDaily(text string) (window, bool) {
	from, to, found := strings.Cut(text, "-")
	start, startOK := parseClock(from)
	end, endOK := parseClock(to)
	return window{start, mod(end-start, minutesADay)}, found && startOK && endOK
}

// parseWeekly reads ddd:hh:mm-ddd:hh:mm.
func parseWeekly(text string) (window, bool) {
	parts := weeklyPattern.FindStringSubmatch(text)
	if parts == nil {
		return window{}, false
	}
	start, startOK := parseDayClock(parts[1], parts[2])
	end, endOK := parseDayClock(parts[3], parts[4])
	return window{start, mod(end-start, minutesAWeek)}, startOK && endOK
}

func parseDayClock(day, clock string) (int, bool) {
	index := slices.Index(weekdays, strings.ToLower(day))
	minute, ok := parseClock(clock)
	return index*minutesADay + minute, ok && index >= 0
}

// parseClock reads hh:mm as minutes since midnight.
func parseClock(text string) (int, bool) {
	if !clockPattern.MatchString(text) {
		return 0, false
	}
	hour, _ := strconv.Atoi(text[:2])
	minute, _ := strconv.Atoi(text[3:])
	return hour*60 + minute, true
}
