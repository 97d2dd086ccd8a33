package ops

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // Windows has no time zones that Go could read

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"

	"github.com/d2-ride-booking/platform/config"
)

// ScheduleReader is what is asked of EventBridge Scheduler.
type ScheduleReader interface {
	ListSchedules(context.Context, *scheduler.ListSchedulesInput, ...func(*scheduler.Options)) (*scheduler.ListSchedulesOutput, error)
	GetSchedule(context.Context, *scheduler.GetScheduleInput, ...func(*scheduler.Options)) (*scheduler.GetScheduleOutput, error)
}

// Schedule is one of those that stop and start DEV (constructs.NewWorkingHours).
type Schedule struct {
	// Name is what it does, e.g. stop-hosts.
	Name string `json:"name"`
	// Expression is EventBridge Scheduler's, e.g. cron(0 18 * * ? *).
	Expression string `json:"expression"`
	// TimeZone that the expression is in, as IANA names it.
	TimeZone string `json:"time_zone"`
	// Enabled is false for one that somebody switched off.
	Enabled bool `json:"enabled"`
	// Next is when it acts next; the zero time when that cannot be told from the expression.
	Next time.Time `json:"next,omitzero"`
}

// ReadSchedules are the environment's schedules, the next first; none while it has no working hours.
func ReadSchedules(ctx context.Context, api ScheduleReader, env *config.Environment, now time.Time) ([]Schedule, error) {
	schedules := []Schedule{}
	if env.Cost.WorkingHours == nil {
		return schedules, nil
	}
	prefix := env.Named("")
	pages := scheduler.NewListSchedulesPaginator(api, &scheduler.ListSchedulesInput{NamePrefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, summary := range page.Schedules {
			found, err := api.GetSchedule(ctx, &scheduler.GetScheduleInput{Name: summary.Name, GroupName: summary.GroupName})
			if err != nil {
				return nil, err
			}
			schedules = append(schedules, scheduleFrom(found, prefix, now))
		}
	}
	slices.SortFunc(schedules, func(a, b Schedule) int { return a.Next.Compare(b.Next) })
	return schedules, nil
}

func scheduleFrom(found *scheduler.GetScheduleOutput, prefix string, now time.Time) Schedule {
	schedule := Schedule{
		Name:       strings.TrimPrefix(aws.ToString(found.Name), prefix),
		Expression: aws.ToString(found.ScheduleExpression), TimeZone: aws.ToString(found.ScheduleExpressionTimezone),
		Enabled: found.State != types.ScheduleStateDisabled,
	}
	if schedule.Enabled {
		schedule.Next = nextTime(schedule.Expression, schedule.TimeZone, now)
	}
	return schedule
}

// atADay is a cron expression of one time of day: every day, or on days of the week.
var atADay = regexp.MustCompile(`^cron\((\d+) (\d+) (?:\* \* \?|\? \* ([A-Z,-]+)) \*\)$`)

var weekdays = []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}

// nextTime is when an expression acts next; the zero time for one that is not of the kind that we make.
func nextTime(expression, zone string, now time.Time) time.Time {
	parts := atADay.FindStringSubmatch(expression)
	location, err := time.LoadLocation(zone)
	if parts == nil || err != nil {
		return time.Time{}
	}
	minute, _ := strconv.Atoi(parts[1])
	hour, _ := strconv.Atoi(parts[2])
	today := now.In(location)
	for day := range 8 {
		at := time.Date(today.Year(), today.Month(), today.Day()+day, hour, minute, 0, 0, location)
		if at.After(now) && onDay(parts[3], at.Weekday()) {
			return at
		}
	}
	return time.Time{}
}

// onDay says whether days such as "MON-FRI" or "MON,WED" hold a weekday; no days are all.
func onDay(days string, day time.Weekday) bool {
	if days == "" {
		return true
	}
	for part := range strings.SplitSeq(days, ",") {
		from, to, isRange := strings.Cut(part, "-")
		first, last := slices.Index(weekdays, from), slices.Index(weekdays, to)
		if !isRange {
			last = first
		}
		if first < 0 || last < 0 {
			continue
		}
		if last < first { // FRI-MON
			last += len(weekdays)
		}
		for each := first; each <= last; each++ {
			if each%len(weekdays) == int(day) {
				return true
			}
		}
	}
	return false
}
