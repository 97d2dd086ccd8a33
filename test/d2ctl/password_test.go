//go:build unix

package d2ctl

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// says types a line on a terminal when a question stands there.
func (s *terminal) says(t *testing.T, question, line string) {
	t.Helper()
	s.until(t, question)
	_, err := s.WriteString(line + "\n")
	require.NoError(t, err)
}

func TestAPasswordIsTypedTwiceAndNotShown(t *testing.T) {
	p := deployed(t)
	screen := p.onTerminal(t, "user", "create", "-e", "prod", "typed@fikri.dev", "--role", "DRIVER")
	screen.says(t, "Type prod to go on: ", "prod")
	screen.says(t, "New password: ", canary)
	screen.says(t, "Once more: ", canary)
	assert.Zero(t, screen.end(), screen.seen)
	assert.NotContains(t, screen.seen, canary)

	test := p.onTerminal(t, "user", "test", "-e", "prod", "typed@fikri.dev")
	test.says(t, "Password of typed@fikri.dev: ", canary)
	assert.Zero(t, test.end(), test.seen)
	assert.NotContains(t, test.seen, canary)
	assert.Contains(t, test.seen, "DRIVER")
}

func TestTwoPasswordsThatDifferChangeNothing(t *testing.T) {
	p := deployed(t)
	screen := p.onTerminal(t, "user", "create", "-e", "dev", "differ@fikri.dev", "--yes")
	screen.says(t, "New password: ", canary)
	screen.says(t, "Once more: ", canary+"2")
	assert.Equal(t, 2, screen.end())
	assert.Contains(t, screen.seen, "the two passwords differ; nothing was changed")
	assert.NotContains(t, p.succeeds(t, "user", "list", "-e", "dev").out, "differ@fikri.dev")
}
