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

// coming are verbs that the walk waits for: one that is there is taken from this list.
var coming = []string{
	"connect", "tunnel", "db", // sessions
}

func TestBothRunbooksAreWalkedWithD2ctlAlone(t *testing.T) {
	awaited := map[string]bool{}
	for _, result := range walkUnderWatch(t).results {
		switch result.State {
		case walk.Failed:
			t.Errorf("%s %s: %s", result.Row.Section, result.Row.D2ctl, result.Why)
		case walk.NotHere:
			verb := strings.TrimPrefix(result.Why, "d2ctl ")
			awaited[verb] = true
			assert.Contains(t, coming, verb, "%s %s", result.Row.Section, result.Row.D2ctl)
		}
	}
	for _, verb := range coming {
		assert.True(t, awaited[verb], "%s is there: take it from the list of coming verbs", verb)
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
