package d2ctl

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/cli"
	"github.com/d2-ride-booking/platform/internal/iostreams"
	"github.com/d2-ride-booking/platform/internal/tooltest"
	"github.com/d2-ride-booking/platform/internal/walk"
)

// The canaries that the test makes up itself. The administrator's password and
// the users' of the walk are two more.
const (
	canaryKeyID    = "canary" // no secret: it is in every signature
	canaryKey      = "canary-in-the-secret-key"
	canaryToken    = "canary-in-the-session-token"
	canaryVariable = "canary-in-a-secure-string"
	canaryStored   = "canary-in-a-plain-parameter"
)

// watch runs the program and looks for canaries wherever somebody could see one.
type watch struct {
	p        *platform
	canaries []string
	mutex    sync.Mutex
	seen     []string        // where a canary was
	ran      map[string]bool // the words of each line that was run, without flags
}

func newWatch(t *testing.T, p *platform) *watch {
	t.Helper()
	_, err := os.ReadFile("/proc/self/cmdline")
	tooltest.Need(t, errors.Is(err, os.ErrNotExist), err)
	master := p.awsCLI(t, "secretsmanager", "get-secret-value", "--secret-id", p.prod.MasterSecretName(), "--query", "SecretString", "--output", "text")
	_, rest, _ := strings.Cut(master, `"password"`)
	password := strings.Split(rest, `"`)[1]
	require.Len(t, password, 30)
	return &watch{p: p, ran: map[string]bool{}, canaries: []string{canaryKey, canaryToken, canaryVariable, canaryStored, walk.Password, password}}
}

// run is a walk.Program under watch: each line with -v, and what only reads once more as JSON.
func (w *watch) run(ctx context.Context, stdin string, args ...string) (walk.Outcome, error) {
	w.mutex.Lock()
	w.ran[wordsOf(args)] = true
	w.mutex.Unlock()
	if !slices.Contains(args, "--yes") && !slices.Contains(args, "--json") && !slices.Contains(args, "--help") && stdin == "" {
		if _, err := w.once(ctx, stdin, withFlags(args, "-v", "--json")); err != nil {
			return walk.Outcome{}, err
		}
	}
	return w.once(ctx, stdin, withFlags(args, "-v"))
}

func (w *watch) once(ctx context.Context, stdin string, args []string) (walk.Outcome, error) {
	ended := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() { w.watchProcesses(ended) })
	keys := []string{"AWS_ACCESS_KEY_ID=" + canaryKeyID, "AWS_SECRET_ACCESS_KEY=" + canaryKey, "AWS_SESSION_TOKEN=" + canaryToken}
	outcome, err := w.p.walked(ctx, stdin, append(keys, args...)...)
	close(ended)
	watching.Wait()
	out := outcome.Out
	if slices.Equal(args[:2], []string{"db", "token"}) {
		out = strings.ReplaceAll(out, canaryToken, "") // its purpose: a login token has the session token in it
	}
	w.look("stdout of "+strings.Join(args, " "), out)
	w.look("stderr of "+strings.Join(args, " "), outcome.Talk)
	return outcome, err
}

// withFlags adds flags to a command line, before the words of a COMMAND.
func withFlags(args []string, flags ...string) []string {
	at := slices.Index(args, "--")
	if at < 0 {
		at = len(args)
	}
	return slices.Insert(slices.Clone(args), at, flags...)
}

// watchProcesses reads the argument list of every process until the program has ended.
func (w *watch) watchProcesses(ended <-chan struct{}) {
	for {
		select {
		case <-ended:
			return
		case <-time.After(10 * time.Millisecond):
		}
		lists, _ := filepath.Glob("/proc/[0-9]*/cmdline")
		for _, list := range lists {
			words, _ := os.ReadFile(list) // a process that has gone meanwhile shows nothing
			w.look("the argument list of "+strings.ReplaceAll(string(words), "\x00", " "), string(words))
		}
	}
}

func (w *watch) look(where, text string) {
	for _, canary := range w.canaries {
		if strings.Contains(text, canary) {
			w.mutex.Lock()
			w.seen = append(w.seen, canary+" in "+where)
			w.mutex.Unlock()
		}
	}
}

// wordsOf is a command line without its flags and their values.
func wordsOf(args []string) string {
	var words []string
	for _, arg := range args {
		if strings.HasPrefix(arg, "-") {
			break
		}
		words = append(words, arg)
	}
	return strings.Join(words, " ")
}

// watchedWalk is one walk, of which two tests look at different things.
type watchedWalk struct {
	*watch
	results []walk.Result
}

var (
	walkOnce sync.Once
	theWalk  *watchedWalk
)

func walkUnderWatch(t *testing.T) *watchedWalk {
	t.Helper()
	p := deployedForWalks(t)
	walkOnce.Do(func() {
		forgotten := p.hides(t, canaryVariable, canaryStored, p.dev, p.prod)
		defer forgotten()
		made := &watchedWalk{watch: newWatch(t, p)}
		require.NoError(t, walk.Walk(t.Context(), made.run, t.TempDir(), func(result walk.Result) { made.results = append(made.results, result) }))
		theWalk = made
	})
	require.NotNil(t, theWalk, "the walk broke off in another test")
	return theWalk
}

// unwalked are verbs that no line of the runbooks leads to, or only after a release.
var unwalked = []string{
	"app status -e dev backend-api", "app logs -e dev backend-api --stream all", "app env -e dev backend-api",
	"app restart -e dev backend-api --yes", "app reload -e dev backend-api --yes",
	"doctor -e prod", "runbook", "version", "alarms -e prod --all", "diagram -e prod", "releases -e prod backend-api",
	"snapshot list -e prod", "user list -e dev", "user disable -e dev nobody@demo.fikri.dev --yes",
}

func TestNoSecretIsSeenWhateverD2ctlDoes(t *testing.T) {
	walked := walkUnderWatch(t)
	t.Cleanup(walked.p.hides(t, canaryVariable, canaryStored, walked.p.dev, walked.p.prod))
	walked.p.released(t, "v1.2.3")
	migrations := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(migrations, "0001_rides.sql"), []byte("CREATE TABLE rides (id INT)"), 0o600))
	for _, line := range append(unwalked, "db migrate "+migrations+" -e dev --dry-run") {
		_, err := walked.run(t.Context(), "", strings.Fields(line)...)
		require.NoError(t, err)
	}
	assert.Empty(t, walked.seen)
	history := walked.p.awsCLI(t, "ssm", "list-command-invocations", "--details")
	for _, canary := range walked.canaries {
		assert.NotContains(t, history, canary, "the history of Run Command")
	}
	for _, verb := range leaves(t) {
		ran := slices.ContainsFunc(slices.Collect(maps.Keys(walked.ran)), func(line string) bool { return line == verb || strings.HasPrefix(line, verb+" ") })
		assert.True(t, ran, "%s was not watched: add a line to unwalked", verb)
	}
}

// TestTheWatchSeesASecret shows the watch one in every place that it looks at.
func TestTheWatchSeesASecret(t *testing.T) {
	w := newWatch(t, deployedForWalks(t))
	for _, args := range [][]string{
		{"outputs", "-e", "dev", canaryVariable},                                                  // named in its error
		{"logs", "-e", "dev", "backend-api", "-f", "--filter", canaryVariable, "--timeout", "2s"}, // runs for long enough to be seen
	} {
		_, err := w.once(t.Context(), "", args)
		require.NoError(t, err)
	}
	seen := strings.Join(w.seen, "\n")
	assert.Contains(t, seen, canaryVariable+" in stderr of outputs")
	assert.Contains(t, seen, canaryVariable+" in the argument list of "+w.p.binary)
}

// leaves are all verbs of the program that do something, e.g. "app status".
func leaves(t *testing.T) []string {
	t.Helper()
	streams, _, _ := iostreams.Recorded("")
	var found []string
	var visit func(*cobra.Command)
	visit = func(command *cobra.Command) {
		for _, each := range command.Commands() {
			if each.Hidden || each.Name() == "help" || each.Name() == "completion" {
				continue
			}
			if each.Runnable() {
				found = append(found, strings.TrimPrefix(each.CommandPath(), "d2ctl "))
			}
			visit(each)
		}
	}
	visit(cli.NewRoot(cli.NewApp(streams)))
	require.NotEmpty(t, found)
	return found
}
