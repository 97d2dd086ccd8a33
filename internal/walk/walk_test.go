package walk

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stage is a d2ctl that knows what it is to answer: to one line the same each time,
// or one answer after the other, of which the last stays.
type stage struct {
	table   []string // the d2ctl column
	answers map[string][]Outcome
	ran     []string
}

func (s *stage) run(_ context.Context, _ string, args ...string) (Outcome, error) {
	line := strings.Join(args, " ")
	if line == "runbook --json" {
		var rows []Row
		for _, each := range s.table {
			rows = append(rows, Row{Section: "PROD 1.1", D2ctl: each, Instead: "do it yourself"})
		}
		table, err := json.Marshal(rows)
		return Outcome{Out: string(table)}, err
	}
	if line == "outputs -e dev rds.address" {
		return Outcome{}, errors.New("fork: no memory")
	}
	s.ran = append(s.ran, line)
	for begin, answers := range s.answers {
		if !strings.HasPrefix(line, begin) {
			continue
		}
		if len(answers) > 1 {
			s.answers[begin] = answers[1:]
		}
		return answers[0], nil
	}
	return Outcome{}, nil
}

// walked walks a table of one row, in the time of a bubble.
func walked(t *testing.T, line string, answers map[string][]Outcome) (result Result, ran []string) {
	t.Helper()
	s := &stage{table: []string{line}, answers: answers}
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		require.NoError(t, Walk(t.Context(), s.run, dir, func(each Result) { result = each }))
	})
	return result, s.ran
}

const (
	address = "d2ctl outputs -e prod rds.address"
	found   = "d2-ride-booking-prod-rds-mysql.c1.ap-southeast-1.rds.amazonaws.com\n"
)

func TestARowIsShownWhenItsLineShowsWhatItsSectionPromises(t *testing.T) {
	result, ran := walked(t, address, map[string][]Outcome{"outputs -e prod": {{Out: found}}})
	assert.Equal(t, Shown, result.State, result.Why)
	assert.Equal(t, []string{"outputs -e prod rds.address"}, ran)
}

func TestALineThatOnlyLooksIsGivenSomeTimeAndNoMore(t *testing.T) {
	result, ran := walked(t, address, map[string][]Outcome{"outputs -e prod": {{Out: "\n"}, {Code: 3, Talk: "d2ctl: not yet"}, {Out: found}}})
	assert.Equal(t, Shown, result.State, result.Why)
	assert.Len(t, ran, 3)

	result, ran = walked(t, address, map[string][]Outcome{"outputs -e prod": {{Out: "\n"}}})
	assert.Equal(t, Failed, result.State)
	assert.Contains(t, result.Why, "it does not show ^d2-ride-booking-prod-rds-mysql")
	assert.InDelta(t, int(patience/lookAgain), len(ran), 3)
}

func TestALineThatChangesSomethingIsRunOnceAndPutBack(t *testing.T) {
	const scale = "d2ctl scale -e prod backend-api 3"
	result, ran := walked(t, scale, map[string][]Outcome{"scale -e prod backend-api 3": {{Out: "backend-api 1 3 3"}}})
	assert.Equal(t, Shown, result.State, result.Why)
	assert.Equal(t, []string{"scale -e prod backend-api 3 --yes --confirm prod", "scale -e prod backend-api 1 --yes --confirm prod"}, ran)

	result, ran = walked(t, scale, map[string][]Outcome{"scale -e prod backend-api 3": {{Code: 6, Talk: "d2ctl: too many\n"}}})
	assert.Equal(t, Result{result.Row, Failed, "exit code 6: d2ctl: too many"}, result)
	assert.Len(t, ran, 1)

	result, _ = walked(t, scale, map[string][]Outcome{
		"scale -e prod backend-api 3": {{Out: "backend-api 1 3 3"}}, "scale -e prod backend-api 1": {{Code: 1, Talk: "stuck"}},
	})
	assert.Equal(t, Failed, result.State, "what was changed stays so")
	assert.Contains(t, result.Why, "stuck")
}

func TestWhatMustComeFirstAndDoesNotEndWellFailsTheRow(t *testing.T) {
	result, ran := walked(t, "d2ctl app status -e dev backend-api", map[string][]Outcome{"deploy -e dev": {{Code: 1, Talk: "no room"}}})
	assert.Equal(t, Failed, result.State)
	assert.Contains(t, result.Why, "exit code 1: no room")
	assert.Regexp(t, `^deploy -e dev backend-api /.*/backend-api-v1\.0\.0\.tar\.gz --yes$`, ran[len(ran)-1], "the artifact is a file")
}

func TestASecondWalkTakesWhatTheFirstLeftAsDone(t *testing.T) {
	result, _ := walked(t, "d2ctl user create -e prod admin@fikri.dev", map[string][]Outcome{
		"user create -e prod": {{Code: 2, Talk: "d2ctl: admin@fikri.dev is a user of the pool already"}},
	})
	assert.Equal(t, Shown, result.State, result.Why)
}

func TestWhatIsNoStepIsNotTakenForWalked(t *testing.T) {
	result, ran := walked(t, "", nil)
	assert.Equal(t, Result{result.Row, ByHand, "do it yourself"}, result)
	assert.Empty(t, ran)

	result, _ = walked(t, "d2ctl dance", nil)
	assert.Equal(t, Failed, result.State)
	assert.Contains(t, result.Why, "no step says what it must show")
}

func TestAWalkThatCannotGoOnSaysWhere(t *testing.T) {
	told := 0
	s := &stage{table: []string{"d2ctl version", "d2ctl outputs -e dev rds.address", "d2ctl version"}, answers: map[string][]Outcome{"version": {{Out: "d2ctl 1"}}}}
	err := Walk(t.Context(), s.run, t.TempDir(), func(Result) { told++ })
	assert.EqualError(t, err, "PROD 1.1 d2ctl outputs -e dev rds.address: fork: no memory")
	assert.Equal(t, 1, told)
}

func TestEveryStepCanBeTaken(t *testing.T) {
	files := files{t.TempDir()}
	require.NoError(t, files.make())
	for _, word := range slices.Sorted(maps.Keys(made)) {
		_, err := os.Stat(files.named(word))
		assert.NoError(t, err, word)
	}
	for line, step := range steps {
		_, err := regexp.Compile(step.shows)
		assert.NoError(t, err, line)
		for _, each := range slices.Concat(step.before, step.after, []string{line}) {
			assert.True(t, strings.HasPrefix(each, "d2ctl "), each)
		}
		if strings.Contains(step.add, "-stdin") {
			assert.NotEmpty(t, step.stdin, "%s would read nothing", line)
		}
	}
}
