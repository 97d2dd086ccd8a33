package cli

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/iostreams"
	"github.com/d2-ride-booking/platform/internal/ops"
)

func TestOneOfSeveralHostsIsTaken(t *testing.T) {
	hosts := []ops.Host{{Instance: "i-1", Agent: "ConnectionLost"}, {Instance: "i-2", Agent: ops.Online}}
	for name, each := range map[string]struct {
		hosts    []ops.Host
		any      bool
		terminal bool
		typed    string
		taken    string
		says     string
		code     fault.Code
	}{
		"the only one":                {hosts: hosts[:1], taken: "i-1"},
		"any that is reached":         {hosts: hosts, any: true, taken: "i-2"},
		"any, though none is":         {hosts: []ops.Host{{Instance: "i-1"}, {Instance: "i-3"}}, any: true, taken: "i-1"},
		"the one that was typed":      {hosts: hosts, terminal: true, typed: "2\n", taken: "i-2"},
		"a number that is none":       {hosts: hosts, terminal: true, typed: "3\n", says: `"3" is none of them; nothing was opened`, code: fault.Usage},
		"Enter":                       {hosts: hosts, terminal: true, typed: "\n", says: `"" is none of them; nothing was opened`, code: fault.Usage},
		"nobody to ask, so all named": {hosts: hosts, says: "2 hosts answer to web: i-1, i-2", code: fault.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			streams, _, talk := iostreams.Recorded(each.typed)
			streams.In.Terminal, streams.Err.Terminal = each.terminal, each.terminal
			o := &connectOptions{App: NewApp(streams), target: "web", any: each.any}
			host, err := o.choose(t.Context(), each.hosts)
			if each.says != "" {
				require.EqualError(t, err, each.says)
				assert.Equal(t, each.code, fault.CodeOf(err))
				return
			}
			require.NoError(t, err)
			assert.Equal(t, each.taken, host.Instance)
			if each.terminal {
				assert.Contains(t, talk.String(), "1  i-1")
			}
		})
	}
}

func TestSessionsAreAskedForRight(t *testing.T) {
	for line, says := range map[string]string{
		"connect -e dev one two":           "two is one word too many",
		"connect -e dev --":                "nothing stands after --",
		"connect -e dev":                   "a shell needs a terminal, and this is none",
		"tunnel -e dev 3306":               "3306 is one word too many",
		"tunnel -e dev 3306 -- true":       "3306 is one word too many",
		"tunnel -e dev --host example.com": "unknown flag: --host",
		"tunnel -e dev --local 70000":      "--local 70000 is no port",
		"tunnel -e dev --for -1h":          "--for -1h0m0s is in the past",
	} {
		code, _, talk := run(t, strings.Fields(line)...)
		assert.Equal(t, fault.Usage, code, line)
		assert.Contains(t, talk, says, line)
	}
}

func TestACommandsExitCodeIsD2ctls(t *testing.T) {
	streams, _, talk := iostreams.Recorded("")
	app := NewApp(streams)
	assert.Equal(t, fault.Code(7), app.report(t.Context(), endsWith(7)))
	assert.Empty(t, talk.String(), "the command has said what there is to say")
	assert.NoError(t, endsWith(0))
}
