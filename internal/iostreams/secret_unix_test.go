//go:build unix

package iostreams

import (
	"context"
	"io"
	"os"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// hasty is a person who answers while the question is still being written.
type hasty struct {
	t                *testing.T
	keyboard, screen *os.File
	answer           string
	asked            bool
}

func (h *hasty) Write(text []byte) (int, error) {
	if h.asked {
		return len(text), nil
	}
	h.asked = true
	settings, err := unix.IoctlGetTermios(int(h.screen.Fd()), getSettings)
	require.NoError(h.t, err)
	assert.Zero(h.t, settings.Lflag&unix.ECHO, "the answer would be seen")
	assert.NotZero(h.t, settings.Lflag&unix.ISIG, "Ctrl-C would be a letter of the answer")
	_, err = h.keyboard.WriteString(h.answer)
	return len(text), err
}

func TestWhoGivesUpAtOnceHasTheEchoBackForGood(t *testing.T) {
	keyboard, screen, err := pty.Open()
	require.NoError(t, err)
	defer keyboard.Close()
	before, err := unix.IoctlGetTermios(int(screen.Fd()), getSettings)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	streams := &Streams{In: Input{Reader: screen}, Err: Output{Writer: io.Discard}}
	_, err = streams.AskSecret(ctx, "Password: ")
	require.ErrorIs(t, err, context.Canceled)
	assert.Never(t, func() bool {
		after, err := unix.IoctlGetTermios(int(screen.Fd()), getSettings)
		return err != nil || *after != *before
	}, 200*time.Millisecond, 10*time.Millisecond)
	_, err = keyboard.WriteString("\r") // ends the read
	require.NoError(t, err)
}

func TestAnAnswerThatComesBeforeItIsReadIsTakenAndNotShown(t *testing.T) {
	keyboard, screen, err := pty.Open()
	require.NoError(t, err)
	defer keyboard.Close()
	before, err := unix.IoctlGetTermios(int(screen.Fd()), getSettings)
	require.NoError(t, err)
	person := &hasty{t: t, keyboard: keyboard, screen: screen, answer: "canary\r"}
	streams := &Streams{In: Input{Reader: screen}, Err: Output{Writer: person}}

	answered := make(chan string, 1)
	go func() {
		secret, err := streams.AskSecret(t.Context(), "Password: ")
		assert.NoError(t, err)
		answered <- secret
	}()
	select {
	case secret := <-answered:
		assert.Equal(t, "canary", secret)
	case <-time.After(10 * time.Second):
		t.Fatal("the answer was not taken")
	}
	after, err := unix.IoctlGetTermios(int(screen.Fd()), getSettings)
	require.NoError(t, err)
	assert.Equal(t, before, after, "the terminal is as it was")
	require.NoError(t, screen.Close()) // so that reading comes to an end
	shown, _ := io.ReadAll(keyboard)
	assert.NotContains(t, string(shown), "canary")
}
