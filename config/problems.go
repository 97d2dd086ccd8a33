package config

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Problem is one thing that is wrong with an environment file: where, what, and
// what to do about it.
type Problem struct {
	File   string // as it was given to Load or Parse; empty for an Environment made in Go
	Line   int    // 1 is the first; 0 where there is no line to point at
	Key    string // the path of the key, e.g. database.backup_retention_days
	What   string // what is wrong, continuing the key: "3 is below 7, the least PROD keeps"
	Remedy string // what mends it: "set 7 or more"
}

// String is the problem on one line, e.g.
//
//	environments/prod.yaml:41 database.backup_retention_days: 3 is below 7, the least PROD keeps (runbook PROD 10.5); set 7 or more
func (p Problem) String() string {
	where := p.File
	if p.File != "" && p.Line > 0 {
		where += ":" + strconv.Itoa(p.Line)
	}
	where = strings.TrimSpace(where + " " + p.Key)
	if where != "" {
		where += ": "
	}
	return oneLine(where + p.What + "; " + p.Remedy)
}

// Problems are all that is wrong, in the order of the lines. It is the error
// that Load, LoadAll, Parse and Validate return; errors.As finds it.
type Problems []Problem

// Error is one line a problem.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

// orNil is nil when there are none, so that a caller's err != nil is true only for real problems.
func (p Problems) orNil() error {
	if len(p) == 0 {
		return nil
	}
	return p
}

func (p Problems) sorted() Problems {
	slices.SortStableFunc(p, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	return p
}

// oneLine keeps what a file holds from breaking the line, or the terminal, of the report.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
}
