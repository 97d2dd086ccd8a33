package d2ctl

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/localaws"
	"github.com/d2-ride-booking/platform/internal/ops"
)

// writeLog puts lines into a stream of a log group, the last one now and those
// before it a second apart.
func writeLog(t *testing.T, p *platform, group, stream string, lines ...string) {
	t.Helper()
	logs := p.clients(t).Logs()
	_, _ = logs.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: &stream}) // it may be there
	var events []types.InputLogEvent
	for i, line := range lines {
		at := time.Now().Add(time.Duration(i-len(lines)+1) * time.Second)
		events = append(events, types.InputLogEvent{Message: aws.String(line), Timestamp: aws.Int64(at.UnixMilli())})
	}
	_, err := logs.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{LogGroupName: &group, LogStreamName: &stream, LogEvents: events})
	require.NoError(t, err)
}

func logged(t *testing.T, text string) []ops.LogEvent {
	t.Helper()
	var events []ops.LogEvent
	require.NoError(t, json.Unmarshal([]byte(text), &events), text)
	return events
}

func TestLogsAreThoseThatWereAskedFor(t *testing.T) {
	p := deployed(t)
	group := p.prod.ServiceLogGroup("backend-api")
	writeLog(t, p, group, "i-0a1b2c3d4e5f6a7b8/out", "first of a", "second of a")
	writeLog(t, p, group, "i-0b2c3d4e5f6a7b8c9/error", "ERROR of b")

	all := logged(t, p.succeeds(t, "logs", "-e", "prod", "backend-api", "--json").out)
	require.Len(t, all, 3)
	assert.Equal(t, "first of a", all[0].Message)
	assert.Equal(t, time.UTC, all[0].Time.Location())
	for args, want := range map[string]string{
		"--instance i-0b2c3d4e5f6a7b8c9": "ERROR of b",
		"--stream error":                 "ERROR of b",
		"--filter ERROR":                 "ERROR of b",
	} {
		found := logged(t, p.succeeds(t, append([]string{"logs", "-e", "prod", "backend-api", "--json"}, strings.Fields(args)...)...).out)
		require.Len(t, found, 1, args)
		assert.Equal(t, want, found[0].Message, args)
	}
	newest := p.succeeds(t, "logs", "-e", "prod", "backend-api", "--limit", "2")
	assert.Contains(t, newest.errors, "older lines are left out")
	assert.NotContains(t, newest.out, "first of a")
	assert.Regexp(t, `(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} i-0a1b2c3d4e5f6a7b8 out second of a$`, newest.out)
}

func TestALogThatIsNotThereIsNotFound(t *testing.T) {
	p := deployed(t)
	for args, want := range map[string]string{
		"nobody":           "Try: name one of: backend-api\n",
		"--group nonsense": "Try: name one of: database, flow, sessions, slowquery\n",
	} {
		result := p.d2ctl(t, append([]string{"logs", "-e", "prod"}, strings.Fields(args)...)...)
		assert.Equal(t, 3, result.code)
		assert.Contains(t, result.errors, want)
	}
}

// TestFollowingLosesAndRepeatsNothing writes while it follows, late events among
// them, and throttles what it asks.
func TestFollowingLosesAndRepeatsNothing(t *testing.T) {
	p := deployed(t)
	group := p.dev.ServiceLogGroup("backend-api")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	writeLog(t, p, group, "i-0a1b2c3d4e5f6a7b8/out", "line 0")
	command := p.command(ctx, "logs", "-e", "dev", "backend-api", "-f", "--json")
	out, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	seen := make(chan ops.LogEvent, 100)
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			assert.NoError(t, check(t, "logs.json", "["+lines.Text()+"]"))
			var event ops.LogEvent
			if json.Unmarshal(lines.Bytes(), &event) == nil {
				seen <- event
			}
		}
		close(seen)
	}()
	assert.Equal(t, "line 0", (<-seen).Message)

	require.NoError(t, p.server.SetFaults(t.Context(), []localaws.Fault{{Service: "logs", Operation: "FilterLogEvents", Error: "ThrottlingException", Rate: 0.5}}))
	defer func() { require.NoError(t, p.server.ClearFaults(context.Background())) }()
	counts := map[string]int{}
	for _, each := range []struct{ stream, line string }{{"out", "line 1"}, {"error", "late line 2"}, {"out", "line 3"}} {
		lines := []string{each.line}
		if strings.HasPrefix(each.line, "late") { // ten seconds older than what was told before it
			lines = append(lines, "a", "b", "c", "d", "e", "f", "g", "h", "i", "j")
		}
		writeLog(t, p, group, "i-0a1b2c3d4e5f6a7b8/"+each.stream, lines...)
		for range lines {
			counts[(<-seen).Message]++
		}
	}
	require.NoError(t, command.Process.Signal(os.Interrupt))
	for event := range seen {
		counts[event.Message]++
	}
	_ = command.Wait()
	assert.Equal(t, 130, command.ProcessState.ExitCode())
	assert.Len(t, counts, 13)
	for message, count := range counts {
		assert.Equal(t, 1, count, message)
	}
}
