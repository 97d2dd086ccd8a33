package d2ctl

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/awsapi"
)

// clients are those of d2ctl, for what a test prepares in the local AWS.
func (p *platform) clients(t *testing.T) *awsapi.Clients {
	t.Helper()
	for _, variable := range p.server.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	clients, err := awsapi.New(t.Context(), awsapi.Options{Region: p.dev.Region})
	require.NoError(t, err)
	return clients
}

// fed is d2ctl with a text on its standard input.
func (p *platform) fed(t *testing.T, input string, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	command := p.command(ctx, args...)
	var out, talk bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(input), &out, &talk
	_ = command.Run() // its exit code tells
	return outcome{command.ProcessState.ExitCode(), out.String(), talk.String()}
}
