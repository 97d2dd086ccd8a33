package cli

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/d2-ride-booking/platform/internal/iostreams"
	"github.com/d2-ride-booking/platform/internal/ops"
)

func TestALogGetsALineAChangeAndAHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		streams, _, talk := iostreams.Recorded("")
		progress := NewApp(streams).Progress("scaling")
		for _, state := range []string{"Pending", "Pending", "Pending", "InService"} {
			progress.Tell(ops.Event{Subject: "i-a", State: state})
			time.Sleep(14 * time.Second)
		}
		progress.End()
		lines := strings.Split(strings.TrimSpace(talk.String()), "\n")
		assert.Len(t, lines, 3)
		assert.Regexp(t, `^\d\d:\d\d:\d\d i-a: Pending$`, lines[0])
		assert.Regexp(t, `^\d\d:\d\d:\d\d scaling goes on, 30s so far$`, lines[1])
		assert.Regexp(t, `^\d\d:\d\d:\d\d i-a: InService$`, lines[2])
		assert.NotContains(t, talk.String(), "\x1b")
	})
}

func TestATerminalShowsOneBlockThatIsRedrawn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		streams, _, talk := iostreams.Recorded("")
		streams.Err = iostreams.AsTerminal(talk, 30, false)
		progress := NewApp(streams).Progress("scaling")
		progress.Tell(ops.Event{Subject: "i-a", State: "Pending"})
		progress.Tell(ops.Event{Subject: "i-b", State: "is waiting for something that takes long to say"})
		progress.End()
		assert.Equal(t, "scaling 0s\n  i-a  Pending\n"+
			"\x1b[2A\x1b[Jscaling 0s\n  i-a  Pending\n  i-b  is waiting for somethi\n"+
			"\x1b[3A\x1b[Jscaling 0s\n  i-a  Pending\n  i-b  is waiting for somethi\n", talk.String())
	})
}
