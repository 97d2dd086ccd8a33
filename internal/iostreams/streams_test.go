package iostreams

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWhatAStreamCanDoIsSaidByTheEnvironment(t *testing.T) {
	for name, each := range map[string]struct {
		terminal     bool
		environment  map[string]string
		colour, live bool
	}{
		"a terminal":                    {terminal: true, colour: true, live: true},
		"a pipe":                        {},
		"NO_COLOR":                      {terminal: true, environment: map[string]string{"NO_COLOR": "1"}, live: true},
		"NO_COLOR beats CLICOLOR_FORCE": {terminal: true, environment: map[string]string{"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, live: true},
		"CLICOLOR_FORCE into a pipe":    {environment: map[string]string{"CLICOLOR_FORCE": "1"}, colour: true},
		"CLICOLOR=0":                    {terminal: true, environment: map[string]string{"CLICOLOR": "0"}, live: true},
		"a dumb terminal":               {terminal: true, environment: map[string]string{"TERM": "dumb"}},
		"a build with a terminal":       {terminal: true, environment: map[string]string{"CI": "true"}, colour: true},
	} {
		t.Run(name, func(t *testing.T) {
			out := capabilities(each.terminal, func(key string) string { return each.environment[key] })
			assert.Equal(t, each.colour, out.Colour, "colour")
			assert.Equal(t, each.live, out.Live, "live")
			assert.Equal(t, each.terminal, out.Terminal)
		})
	}
}

func TestColourIsOnlyWhereItIsTaken(t *testing.T) {
	assert.Equal(t, "down", Output{}.Paint(Bad, "down"))
	assert.Equal(t, "\x1b[31mdown\x1b[0m", Output{Colour: true}.Paint(Bad, "down"))
	assert.Equal(t, "up", Output{Colour: true}.Paint(Plain, "up"))
}
