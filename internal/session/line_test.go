package session

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// These tests run on every system: they hold process_unix.go and process_windows.go.

// beEcho makes this test's program a child that answers one line.
const beEcho = "SESSION_TEST_BE_AN_ECHO"

// TestEcho is no test unless a test of below starts it.
func TestEcho(*testing.T) {
	if os.Getenv(beEcho) == "" {
		return
	}
	orders, reports := line()
	text, err := bufio.NewReader(orders).ReadString('\n')
	fmt.Fprintf(reports, "heard %q, %v\n", text, err)
	fmt.Print("shown")
	os.Exit(0)
}

// echo starts a child, of a shell with streams of its own or of a port without.
func echo(t *testing.T, in io.Reader, out io.Writer, terminal bool) (orders io.WriteCloser, reports io.ReadCloser, wait func() error) {
	t.Helper()
	t.Setenv(beEcho, "1")
	command := exec.Command(os.Args[0], "-test.run=^TestEcho$")
	theirs, orders, reports, err := talk(command, in, out)
	require.NoError(t, err)
	detach(command, terminal)
	require.NoError(t, command.Start())
	for _, each := range theirs {
		_ = each.Close()
	}
	return orders, reports, command.Wait
}

func TestAShellsChildTalksBesideItsStreams(t *testing.T) {
	for name, terminal := range map[string]bool{"on a terminal": true, "on pipes": false} {
		t.Run(name, func(t *testing.T) {
			var shown bytes.Buffer
			orders, reports, wait := echo(t, bytes.NewReader(nil), &shown, terminal)
			_, err := io.WriteString(orders, "order\n")
			require.NoError(t, err)
			told, err := io.ReadAll(reports)
			require.NoError(t, err)
			assert.NoError(t, wait())
			assert.Equal(t, "heard \"order\\n\", <nil>\n", string(told))
			assert.Equal(t, "shown", shown.String(), "what is for people goes to the streams, and nothing else")
			assert.NoError(t, orders.Close())
		})
	}
}

func TestAPortsChildTalksByItsStreams(t *testing.T) {
	orders, reports, wait := echo(t, nil, nil, false)
	_, err := io.WriteString(orders, "order\n")
	require.NoError(t, err)
	told, err := io.ReadAll(reports)
	require.NoError(t, err)
	assert.NoError(t, wait())
	assert.Equal(t, "heard \"order\\n\", <nil>\nshown", string(told))
}

func TestAChildSeesThatItsParentIsGone(t *testing.T) {
	var shown bytes.Buffer
	orders, reports, wait := echo(t, bytes.NewReader(nil), &shown, false)
	require.NoError(t, orders.Close())
	told, err := io.ReadAll(reports)
	require.NoError(t, err)
	assert.NoError(t, wait())
	assert.Equal(t, "heard \"\", EOF\n", string(told))
}
