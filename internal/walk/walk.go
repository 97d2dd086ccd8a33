// Package walk goes through both runbooks section by section on a local AWS, with
// d2ctl alone: each line of the table of d2ctl runbook is run, and must show what
// its section promises. Tests walk, and so do people after make local.
package walk

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Program is d2ctl, turned to a local AWS.
type Program func(ctx context.Context, stdin string, args ...string) (Outcome, error)

// Outcome is what a run of the program left.
type Outcome struct {
	// Code is the exit code.
	Code int
	// Out is what it wrote to stdout, Talk to stderr.
	Out, Talk string
}

// Row is a row of the table, as d2ctl runbook --json prints it.
type Row struct {
	Section string `json:"section"`
	Runbook string `json:"runbook"`
	D2ctl   string `json:"d2ctl"`
	Instead string `json:"instead"`
}

// State is how a row fared.
type State string

// The states.
const (
	Shown  State = "ok"      // it showed what the section promises
	Failed State = "FAILED"  // it did not
	ByHand State = "by hand" // no command of d2ctl does it, and the table says what does
)

// Result is a row and how it fared.
type Result struct {
	Row   Row
	State State
	// Why says what was wrong, or is to be done by hand.
	Why string
}

// Walk goes through the table in its order and tells of each row. Where is a
// directory for the files that some lines take. Its error is that it could not
// walk; a row that failed is a Result.
func Walk(ctx context.Context, d2ctl Program, where string, tell func(Result)) error {
	w := &walker{d2ctl: d2ctl, files: files{where}}
	if err := w.files.make(); err != nil {
		return err
	}
	table, err := d2ctl(ctx, "", "runbook", "--json")
	if err != nil {
		return err
	}
	var rows []Row
	if err := json.Unmarshal([]byte(table.Out), &rows); err != nil {
		return fmt.Errorf("d2ctl runbook --json: %w: %s", err, table.Talk)
	}
	for _, row := range rows {
		result, err := w.walk(ctx, row)
		if err != nil {
			return fmt.Errorf("%s %s: %w", row.Section, row.D2ctl, err)
		}
		tell(result)
	}
	return nil
}

const (
	// patience is some boots of the local AWS (internal/localaws/README.md).
	patience  = 5 * time.Second
	lookAgain = 500 * time.Millisecond
)

// walker is a walk under way.
type walker struct {
	d2ctl Program
	files files
}

func (w *walker) walk(ctx context.Context, row Row) (Result, error) {
	if row.D2ctl == "" {
		return Result{row, ByHand, row.Instead}, nil
	}
	step, known := steps[row.D2ctl]
	if !known {
		return Result{row, Failed, "no step says what it must show (internal/walk/steps.go)"}, nil
	}
	for _, line := range step.before {
		if why, err := w.succeeds(ctx, line); err != nil || why != "" {
			return Result{row, Failed, why}, err
		}
	}
	if why, err := w.shows(ctx, step, row.D2ctl); err != nil || why != "" {
		return Result{row, Failed, why}, err
	}
	for _, line := range step.after {
		if why, err := w.succeeds(ctx, line); err != nil || why != "" {
			return Result{row, Failed, why}, err
		}
	}
	return Result{row, Shown, ""}, nil
}

// shows runs a line and says what it lacks. A line that only looks is given some
// time: hosts that a line before it launched may still boot.
func (w *walker) shows(ctx context.Context, step step, line string) (why string, err error) {
	for began := time.Now(); ; time.Sleep(lookAgain) {
		outcome, err := w.run(ctx, step.stdin, line+" "+step.add)
		if err != nil {
			return "", err
		}
		why = step.misses(outcome)
		if why == "" || step.changes() || time.Since(began) > patience || ctx.Err() != nil {
			return why, nil
		}
	}
}

// succeeds runs a line that only prepares or tidies up, and says why it did not end well.
func (w *walker) succeeds(ctx context.Context, line string) (why string, err error) {
	outcome, err := w.run(ctx, "", line)
	if err != nil || outcome.Code == 0 {
		return "", err
	}
	return fmt.Sprintf("%s: exit code %d: %s", line, outcome.Code, outcome.Talk), nil
}

func (w *walker) run(ctx context.Context, stdin, line string) (Outcome, error) {
	var args []string
	for _, word := range strings.Fields(line)[1:] {
		args = append(args, w.files.named(word))
	}
	return w.d2ctl(ctx, stdin, args...)
}

// step is how one line of the table is walked.
type step struct {
	before []string // lines that must end well first
	add    string   // what the line needs where nobody can be asked
	stdin  string
	shows  string   // a regular expression that stdout matches
	codes  []int    // exit codes that are as they should be; 0 where none is named
	done   string   // what stderr says where an earlier walk did it already; as good
	after  []string // lines that put back what was changed
}

// changes says whether a line changes something: who only looks may look again.
func (s step) changes() bool { return strings.Contains(s.add, "--yes") }

// misses says what an outcome lacks of what the section promises.
func (s step) misses(outcome Outcome) string {
	if s.done != "" && strings.Contains(outcome.Talk, s.done) {
		return ""
	}
	if codes := s.codes; !slices.Contains(codes, outcome.Code) && (outcome.Code != 0 || len(codes) > 0) {
		return fmt.Sprintf("exit code %d: %s", outcome.Code, cmp.Or(strings.TrimSpace(outcome.Talk), outcome.Out))
	}
	if !regexp.MustCompile(s.shows).MatchString(outcome.Out) {
		return fmt.Sprintf("it does not show %s:\n%s", s.shows, outcome.Out)
	}
	return ""
}
