package cli

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// beSleeper makes this test's program one that waits to be ended.
const beSleeper = "CLI_TEST_BE_A_SLEEPER"

// TestSleep is no test unless the test below starts it.
func TestSleep(*testing.T) {
	if os.Getenv(beSleeper) != "" {
		os.Stdout.WriteString("here")
		time.Sleep(time.Minute)
	}
}

// TestAProgramThatIsAskedToEndEnds runs on every system: it holds process_unix.go and process_windows.go.
func TestAProgramThatIsAskedToEndEnds(t *testing.T) {
	t.Setenv(beSleeper, "1")
	command := exec.Command(os.Args[0], "-test.run=^TestSleep$")
	said, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	_, err = said.Read(make([]byte, 4))
	require.NoError(t, err)
	began := time.Now()
	require.NoError(t, askToEnd(command.Process))
	assert.Error(t, command.Wait(), "not by itself")
	assert.Less(t, time.Since(began), 10*time.Second)
}
