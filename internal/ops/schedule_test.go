package ops

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestTheNextStopIsToldInDEVsOwnTime(t *testing.T) {
	friday := time.Date(2026, 11, 20, 10, 30, 0, 0, time.UTC) // 18:30 in Singapore
	for name, each := range map[string]struct{ expression, zone, want string }{
		"tomorrow, as today's is over": {"cron(0 18 * * ? *)", "Asia/Singapore", "Sat 2026-11-21 18:00 +0800"},
		"today":                        {"cron(45 18 * * ? *)", "Asia/Singapore", "Fri 2026-11-20 18:45 +0800"},
		"not at the weekend":           {"cron(0 9 ? * MON-FRI *)", "Asia/Singapore", "Mon 2026-11-23 09:00 +0800"},
		"days one by one":              {"cron(0 9 ? * SUN,WED *)", "Asia/Singapore", "Sun 2026-11-22 09:00 +0800"},
		"days round the week's end":    {"cron(0 9 ? * SAT-MON *)", "UTC", "Sat 2026-11-21 09:00 +0000"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, each.want, nextTime(each.expression, each.zone, friday).Format("Mon 2006-01-02 15:04 -0700"))
		})
	}
	for _, unknown := range []string{"rate(1 day)", "cron(0 9 1 * ? *)", "cron(0/5 9 * * ? *)"} {
		assert.Zero(t, nextTime(unknown, "UTC", friday), unknown)
	}
	assert.Zero(t, nextTime("cron(0 9 * * ? *)", "Moon/Crater", friday))
}
