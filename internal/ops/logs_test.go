package ops

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// pageSize of fakeLogs is small, so that a few events are several pages.
const pageSize = 3

// fakeLogs is a log group. An event is seen from its arrival on; refuse is asked before each page.
type fakeLogs struct {
	events []fakeEvent
	refuse func(call int) error
	calls  int
}

type fakeEvent struct {
	text, stream    string
	written, arrive time.Time
}

func (f *fakeLogs) FilterLogEvents(_ context.Context, in *cloudwatchlogs.FilterLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	f.calls++
	if f.refuse != nil {
		if err := f.refuse(f.calls); err != nil {
			return nil, err
		}
	}
	var found []types.FilteredLogEvent
	for i, event := range f.events {
		if event.arrive.After(time.Now()) || event.written.UnixMilli() < *in.StartTime || !strings.HasPrefix(event.stream, aws.ToString(in.LogStreamNamePrefix)) {
			continue
		}
		found = append(found, types.FilteredLogEvent{
			EventId: aws.String(strconv.Itoa(i)), LogStreamName: &event.stream, Message: aws.String(event.text + "\n"), Timestamp: aws.Int64(event.written.UnixMilli()),
		})
	}
	slices.SortStableFunc(found, func(a, b types.FilteredLogEvent) int { return int(*a.Timestamp - *b.Timestamp) })
	if in.StartFromHead != nil && !*in.StartFromHead {
		slices.Reverse(found)
	}
	from, _ := strconv.Atoi(aws.ToString(in.NextToken))
	out := &cloudwatchlogs.FilterLogEventsOutput{Events: found[min(from, len(found)):min(from+pageSize, len(found))]}
	if from+pageSize < len(found) {
		out.NextToken = aws.String(strconv.Itoa(from + pageSize))
	}
	return out, nil
}

// write adds events that arrive as soon as they are written.
func (f *fakeLogs) write(stream string, texts ...string) {
	for i, text := range texts {
		at := time.Now().Add(time.Duration(i) * time.Second)
		f.events = append(f.events, fakeEvent{text, stream, at, at})
	}
}

func messages(events []LogEvent) []string {
	var texts []string
	for _, event := range events {
		texts = append(texts, event.Message)
	}
	return texts
}

func TestTheNewestLinesAreReadAndTheOldestOfThemComesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, start := &fakeLogs{}, time.Now()
		api.write("i-a/out", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10")
		time.Sleep(time.Minute)
		events, more, err := ReadLogs(t.Context(), api, LogQuery{Since: start, Limit: 4})
		require.NoError(t, err)
		assert.Equal(t, []string{"7", "8", "9", "10"}, messages(events))
		assert.True(t, more)
		assert.Equal(t, 2, api.calls, "no more is read than is shown")
		events, more, err = ReadLogs(t.Context(), api, LogQuery{Since: start, Limit: 10})
		require.NoError(t, err)
		assert.Len(t, events, 10)
		assert.False(t, more)
	})
}

func TestAStreamAndAnInstanceAreToldApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, start := &fakeLogs{}, time.Now()
		for _, stream := range []string{"i-a/out", "i-a/error", "i-b/out", "i-ab/out", "sessions/kim"} {
			api.write(stream, stream)
		}
		for want, query := range map[string]LogQuery{
			"i-a/out i-a/error":        {Instance: "i-a"},
			"i-a/out i-b/out i-ab/out": {Stream: config.StreamOut},
			"i-b/out":                  {Instance: "i-b", Stream: config.StreamOut},
			"i-a/out i-a/error i-b/out i-ab/out sessions/kim": {},
		} {
			query.Since = start
			events, _, err := ReadLogs(t.Context(), api, query)
			require.NoError(t, err)
			assert.ElementsMatch(t, strings.Fields(want), messages(events), want)
		}
		assert.Equal(t, "i-b/out", *LogQuery{Instance: "i-b", Stream: config.StreamOut}.input(start).LogStreamNamePrefix, "CloudWatch reads no more than that")
		whole := logEventFrom(types.FilteredLogEvent{LogStreamName: aws.String("sessions/kim")})
		assert.Equal(t, []string{"", "sessions/kim"}, []string{whole.Instance, whole.Stream})
	})
}

func TestNoEventIsLostOrToldTwiceWhileFollowing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		at := func(seconds int) time.Time { return now.Add(time.Duration(seconds) * time.Second) }
		api := &fakeLogs{events: []fakeEvent{
			{"before", "i-a/out", at(-60), at(-60)},
			{"late and older than all that was there", "i-a/out", at(-90), at(3)},
			{"prompt", "i-a/out", at(5), at(6)},
			{"with prompt", "i-b/out", at(5), at(6)},
			{"a minute late", "i-b/out", at(4), at(64)},
			{"from a clock that is ahead", "i-c/out", at(3600), at(70)},
			{"after that", "i-a/out", at(100), at(101)},
			{"nearly two minutes late", "i-b/out", at(90), at(205)},
			{"last", "i-a/out", at(300), at(301)},
		}}
		for i := range 10 { // a burst of four pages
			api.events = append(api.events, fakeEvent{"burst " + strconv.Itoa(i), "i-a/out", at(150), at(151)})
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		var told []string
		err := FollowLogs(ctx, api, LogQuery{Since: now.Add(-time.Hour)}, func(event LogEvent) error {
			told = append(told, event.Message)
			return nil
		})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		var written []string
		for _, event := range api.events {
			written = append(written, event.text)
		}
		assert.ElementsMatch(t, written, told)
		assert.Equal(t, "before", told[0])
	})
}

func TestFollowingOutlastsThrottlingInTheMiddleOfItsPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &fakeLogs{}
		api.write("i-a/out", "1", "2", "3", "4", "5", "6", "7")
		api.refuse = func(call int) error {
			if call > 1 && call%4 == 0 {
				return &smithy.GenericAPIError{Code: "ThrottlingException"}
			}
			return nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var told []string
		err := FollowLogs(ctx, api, LogQuery{Since: time.Now().Add(-time.Hour)}, func(event LogEvent) error {
			told = append(told, event.Message)
			return nil
		})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, []string{"1", "2", "3", "4", "5", "6", "7"}, told)
	})
}

func TestWhatALimitLeftOutIsNotToldLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, start := &fakeLogs{}, time.Now()
		api.write("i-a/out", "1", "2", "3", "4", "5")
		time.Sleep(10 * time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var told []string
		_ = FollowLogs(ctx, api, LogQuery{Since: start, Limit: 2}, func(event LogEvent) error { // it ends with ctx
			told = append(told, event.Message)
			return nil
		})
		assert.Equal(t, []string{"4", "5"}, told)
	})
}

func TestALogGroupThatIsNotThereIsNamed(t *testing.T) {
	api := &fakeLogs{refuse: func(int) error { return &types.ResourceNotFoundException{} }}
	_, _, err := ReadLogs(t.Context(), api, LogQuery{Group: "/aws/ec2/x"})
	assert.EqualError(t, err, "there is no log group /aws/ec2/x")
	assert.Equal(t, fault.NotFound, fault.CodeOf(err))
}
