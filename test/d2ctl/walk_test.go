package d2ctl

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/walk"
)

func TestBothRunbooksAreWalkedWithD2ctlAlone(t *testing.T) {
	for _, result := range walkUnderWatch(t).results {
		assert.NotEqual(t, walk.Failed, result.State, "%s %s: %s", result.Row.Section, result.Row.D2ctl, result.Why)
	}
}

// TestAWalkSeesAStepThatShowsLessThanItsSectionPromises mutes lines that change something:
// they are run once, where one that only looks is given five seconds (internal/walk).
func TestAWalkSeesAStepThatShowsLessThanItsSectionPromises(t *testing.T) {
	p := deployedForWalks(t)
	var failed []string
	mute := func(ctx context.Context, stdin string, args ...string) (walk.Outcome, error) {
		outcome, err := p.walked(ctx, stdin, args...)
		if slices.Contains(args, "scale") || slices.Contains(args, "restart") {
			outcome.Out = "\n"
		}
		return outcome, err
	}
	require.NoError(t, walk.Walk(t.Context(), mute, t.TempDir(), func(result walk.Result) {
		if result.State == walk.Failed {
			failed = append(failed, result.Row.Section)
		}
	}))
	assert.Equal(t, []string{"PROD 4.2", "DEV 5.7"}, failed)
}

// walked is the program as a walk runs it.
func (p *platform) walked(ctx context.Context, stdin string, args ...string) (walk.Outcome, error) {
	command := p.command(ctx, args...)
	var out, talk bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(stdin), &out, &talk
	err := command.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = nil
	}
	return walk.Outcome{Code: command.ProcessState.ExitCode(), Out: out.String(), Talk: talk.String()}, err
}
