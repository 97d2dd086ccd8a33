package ops

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/awsapi"
	"github.com/d2-ride-booking/platform/internal/fault"
)

const (
	// followEvery leaves most of the five FilterLogEvents a second that an account has to others.
	followEvery = 2 * time.Second
	// followOverlap is how late an event may reach CloudWatch Logs and still be
	// shown: the agent sends every five seconds, and again after a failure.
	followOverlap = 2 * time.Minute
)

// LogReader is what is asked of CloudWatch Logs.
type LogReader interface {
	FilterLogEvents(context.Context, *cloudwatchlogs.FilterLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error)
}

// LogEvent is one line, or several that belong together, of a log (runbook PROD 9.1).
type LogEvent struct {
	// Time is when it was written, by the clock of who wrote it.
	Time time.Time `json:"time"`
	// Instance wrote it; empty where the log is not a host's.
	Instance string `json:"instance,omitempty"`
	// Stream is out, error, release or boot, or the whole name of another log's stream.
	Stream string `json:"stream"`
	// Message is the text, without the line's end.
	Message string `json:"message"`

	id string // CloudWatch's, by which an event that is read twice is told once
}

// LogQuery says which events of which log.
type LogQuery struct {
	// Group is the log group's name.
	Group string
	// Instance limits it to one host; empty for all.
	Instance string
	// Stream limits it to one of config's streams; empty for all.
	Stream config.LogStream
	// Filter is a filter pattern of CloudWatch Logs; empty for every event.
	Filter string
	// Since is where it begins.
	Since time.Time
	// Limit is how many of the newest are read at first; 0 is all.
	Limit int
}

// ReadLogs are the newest events that a query means, the oldest first.
func ReadLogs(ctx context.Context, api LogReader, query LogQuery) (events []LogEvent, more bool, err error) {
	events = []LogEvent{}
	input := query.input(query.Since)
	input.StartFromHead = aws.Bool(false) // from the newest on: a limit costs what it shows
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(api, input)
	for pages.HasMorePages() && (query.Limit == 0 || len(events) <= query.Limit) {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, false, query.explain(err)
		}
		events = append(events, query.take(page.Events)...)
	}
	slices.SortStableFunc(events, func(a, b LogEvent) int { return a.Time.Compare(b.Time) })
	if older := len(events) - query.Limit; query.Limit > 0 && older > 0 {
		return events[older:], true, nil
	}
	return events, false, nil
}

func (q LogQuery) input(since time.Time) *cloudwatchlogs.FilterLogEventsInput {
	input := &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &q.Group, StartTime: aws.Int64(since.UnixMilli())}
	if q.Filter != "" {
		input.FilterPattern = &q.Filter
	}
	if q.Instance != "" { // by prefix: a name that is not there yet would be an error
		input.LogStreamNamePrefix = aws.String(q.Instance + "/" + string(q.Stream))
	}
	return input
}

// take are the events of a page that are meant: a stream of all instances has no common prefix to ask for.
func (q LogQuery) take(page []types.FilteredLogEvent) []LogEvent {
	var taken []LogEvent
	for _, found := range page {
		event := logEventFrom(found)
		if (q.Instance == "" || q.Instance == event.Instance) && (q.Stream == "" || string(q.Stream) == event.Stream) {
			taken = append(taken, event)
		}
	}
	return taken
}

func logEventFrom(found types.FilteredLogEvent) LogEvent {
	name := aws.ToString(found.LogStreamName)
	instance, stream, ofHost := strings.Cut(name, "/")
	if !ofHost || !strings.HasPrefix(instance, "i-") {
		instance, stream = "", name
	}
	return LogEvent{
		Time: time.UnixMilli(aws.ToInt64(found.Timestamp)).UTC(), Instance: instance, Stream: stream,
		Message: strings.TrimRight(aws.ToString(found.Message), "\r\n"), id: aws.ToString(found.EventId),
	}
}

func (q LogQuery) explain(err error) error {
	if !awsapi.IsNotFound(err) {
		return err
	}
	return &fault.Error{
		Code: fault.NotFound, What: "there is no log group " + q.Group,
		Try: "deploy the stack that makes it: make deploy ENV=dev or make deploy ENV=prod", Cause: err,
	}
}

// FollowLogs tells what a query means, and then what comes, until ctx ends. No
// event is told twice, and none is lost that comes within followOverlap; it may
// then stand after younger ones.
func FollowLogs(ctx context.Context, api LogReader, query LogQuery, tell func(LogEvent) error) error {
	first, more, err := ReadLogs(ctx, api, query)
	if err != nil {
		return err
	}
	f := follower{query: query, api: api, tell: tell, from: query.Since, newest: query.Since, told: map[string]time.Time{}}
	if more { // what a limit left out is not told later
		f.from = first[0].Time
	}
	if err := f.tellNew(first); err != nil {
		return err
	}
	return Poll(ctx, followEvery, despiteThrottling(f.look))
}

// follower remembers what it has told of the time that it still looks at.
type follower struct {
	query        LogQuery
	api          LogReader
	tell         func(LogEvent) error
	from, newest time.Time
	told         map[string]time.Time // by event id
}

func (f *follower) look(ctx context.Context) (bool, error) {
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(f.api, f.query.input(f.from))
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return false, f.query.explain(err)
		}
		if err := f.tellNew(f.query.take(page.Events)); err != nil {
			return false, err
		}
	}
	// Only after all pages: one that failed is read again from where it began.
	if window := f.newest.Add(-followOverlap); window.After(f.from) {
		f.from = window
	}
	maps.DeleteFunc(f.told, func(_ string, at time.Time) bool { return at.Before(f.from) })
	return false, nil
}

func (f *follower) tellNew(events []LogEvent) error {
	for _, event := range events {
		if _, known := f.told[event.id]; known {
			continue
		}
		if err := f.tell(event); err != nil {
			return err
		}
		f.told[event.id] = event.Time
		// A host whose clock is ahead must not move the window past the others' events.
		if event.Time.After(f.newest) && event.Time.Before(time.Now()) {
			f.newest = event.Time
		}
	}
	return nil
}

// LogGroups are the logs that are no service's, by the names that d2ctl gives them.
func LogGroups(env *config.Environment) map[string]string {
	groups := map[string]string{"sessions": env.SessionLogGroup(), "flow": env.FlowLogGroup()}
	if env.EnableRDS {
		groups["database"], groups["slowquery"] = env.DatabaseLogGroup("error"), env.DatabaseLogGroup("slowquery")
	}
	return groups
}

// FindLogGroup is a service's log, or, where no service is named, one of LogGroups.
func FindLogGroup(env *config.Environment, serviceName, group string) (string, error) {
	if group == "" {
		service, err := FindService(env, serviceName)
		return env.ServiceLogGroup(service.Name), err
	}
	if name := LogGroups(env)[group]; name != "" {
		return name, nil
	}
	return "", fault.New(fault.NotFound, "name one of: "+listed(slices.Sorted(maps.Keys(LogGroups(env)))), "there is no log group called %s in %s", cmp.Or(group, `""`), env.Environment)
}
