package d2ctl

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestCtrlCAtThePasswordGivesTheTerminalItsEchoBack(t *testing.T) {
	p := deployed(t)
	screen := p.onTerminal(t, "user", "create", "-e", "dev", "stopped@fikri.dev", "--yes")
	screen.until(t, "New password: ")
	_, err := screen.Write([]byte{3})
	require.NoError(t, err)
	assert.Equal(t, 130, screen.end())
	assert.True(t, echoes(t, screen.File), "what is typed next must be seen")
	assert.NotContains(t, p.succeeds(t, "user", "list", "-e", "dev").out, "stopped@fikri.dev")
}

// echoes says whether a terminal shows what is typed.
func echoes(t *testing.T, terminal *os.File) bool {
	t.Helper()
	settings, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
	require.NoError(t, err)
	return settings.Lflag&unix.ECHO != 0
}
