package cli

import (
	"cmp"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/d2-ride-booking/platform/internal/iostreams"
	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/screen"
)

// logClock is a time of a log for people, in local time.
const logClock = "2006-01-02 15:04:05.000"

func (o *logsOptions) showLogs(events []ops.LogEvent) error {
	if !o.forPeople() {
		return o.Show(events, func(d *screen.Document) { drawLogs(d, events) })
	}
	for _, event := range events {
		if err := o.showEvent(event); err != nil {
			return err
		}
	}
	return nil
}

func drawLogs(d *screen.Document, events []ops.LogEvent) {
	table := d.Table("logs", "TIME", "INSTANCE", "STREAM", "MESSAGE")
	for _, event := range events {
		table.Row(event.Time.Local().Format(logClock), event.Instance, event.Stream, event.Message)
	}
}

// showEvent prints one event as it comes.
func (o *logsOptions) showEvent(event ops.LogEvent) error {
	if o.flags.output == "json" {
		return o.showLine(event)
	}
	if o.flags.output == "tsv" {
		_, err := fmt.Fprintln(o.Streams.Out, strings.Join([]string{
			event.Time.Local().Format(logClock), event.Instance, event.Stream, strings.Join(strings.Fields(event.Message), " "),
		}, "\t"))
		return err
	}
	_, err := fmt.Fprintln(o.Streams.Out, logLine(o.Streams.Out, event))
	return err
}

// logLine is an event for people. No table: the next one is not known yet, and a
// stack trace is to be read as it was written.
func logLine(out iostreams.Output, event ops.LogEvent) string {
	mood := iostreams.Plain
	if event.Stream == "error" {
		mood = iostreams.Bad
	}
	return strings.Join([]string{
		out.Paint(iostreams.Faint, event.Time.In(time.Local).Format(logClock)), cmp.Or(event.Instance, "-"),
		out.Paint(mood, event.Stream), printable(out, event.Message),
	}, " ")
}

// printable takes from a message what a terminal would obey: a log holds what strangers send.
func printable(out iostreams.Output, message string) string {
	if !out.Terminal {
		return message
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text.StripEscape(message))
}
