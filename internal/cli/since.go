package cli

import (
	"strconv"
	"strings"
	"time"

	"github.com/d2-ride-booking/platform/internal/fault"
)

// since is a flag that says how far back to look: 90s, 15m, 1h, 2d.
type since struct{ time.Duration }

// Set reads what was typed; days are no unit of time.ParseDuration, whose longest is the hour.
func (s *since) Set(text string) (err error) {
	if days, isDays := strings.CutSuffix(text, "d"); isDays {
		var number int
		number, err = strconv.Atoi(days)
		s.Duration = time.Duration(number) * 24 * time.Hour
	} else {
		s.Duration, err = time.ParseDuration(text)
	}
	if err != nil || s.Duration <= 0 {
		return fault.New(fault.Usage, "", "give a time such as 15m, 1h or 2d")
	}
	return nil
}

// String is the time as one would type it.
func (s *since) String() string {
	if day := 24 * time.Hour; s.Duration > 0 && s.Duration%day == 0 {
		return strconv.Itoa(int(s.Duration/day)) + "d"
	}
	return strings.Replace(strings.Replace(s.Duration.String(), "m0s", "m", 1), "h0m", "h", 1)
}

// Type is the flag's word in the help.
func (s *since) Type() string { return "time" }
