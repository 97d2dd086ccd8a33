package config_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/d2-ride-booking/platform/config"
)

func TestWorkingHoursAreCountedByTheWeek(t *testing.T) {
	for _, each := range []struct {
		start, stop, days string
		hours             float64
	}{
		{"09:00", "18:00", "MON-FRI", 45},
		{"09:30", "18:00", "MON,WED", 17},
		{"09:00", "10:00", "MON-TUE,TUE-WED", 3},
		{"22:00", "02:00", "SUN-SAT", 28}, // over midnight
		{"09:00", "25:00", "MON-FRI", 0},
		{"09:00", "18:00", "FRI-MON", 0},
	} {
		hours := &config.WorkingHours{Start: each.start, Stop: each.stop, Days: each.days}
		assert.Equal(t, each.hours, hours.HoursAWeek(), each)
	}
}

func TestExtendedSupportIsChargedForMySQL80AndForEachZone(t *testing.T) {
	low, high := config.ExtendedSupport("8.0.46", "db.t3.micro", true)
	assert.InDelta(t, 292, low*config.HoursAMonth, 0.01)
	assert.InDelta(t, 350.4, high*config.HoursAMonth, 0.01)
	low, _ = config.ExtendedSupport("8.0.46", "db.m6gd.2xlarge", false)
	assert.InDelta(t, 0.8, low, 0.001)
	_, high = config.ExtendedSupport("8.4.10", "db.t3.micro", true)
	assert.Zero(t, high)
}
