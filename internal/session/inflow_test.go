package session

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhatFlowsInComesOutInOrder(t *testing.T) {
	pipe := newInflow()
	want := bytes.Repeat([]byte("0123456789abcdef"), 3*inflowMost/16)
	go func() {
		for at := 0; at < len(want); at += 1000 {
			_, _ = pipe.Write(want[at:min(at+1000, len(want))])
		}
		_ = pipe.Close()
	}()
	got, err := io.ReadAll(pipe)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(want, got))
	_, err = pipe.Write([]byte("late"))
	assert.ErrorIs(t, err, io.ErrClosedPipe)
}
