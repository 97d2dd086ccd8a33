package mysql

import (
	"strings"

	"github.com/d2-ride-booking/platform/internal/fault"
)

// Statement is one of a text of several.
type Statement struct {
	// Text is the statement without its delimiter, comments included.
	Text string
	// Line is where it begins, counted from 1.
	Line int
}

// Splitter cuts a text into statements, as the mysql client does: by the
// delimiter outside of quotes and comments. The server's modes ANSI_QUOTES and
// NO_BACKSLASH_ESCAPES, which RDS does not set, would read quotes otherwise.
type Splitter struct {
	// Delimiter ends a statement; empty is a semicolon. The client's command
	// DELIMITER, at the beginning of a line, changes it.
	Delimiter string
}

// Split are the statements that the text ends, and what is left behind the last
// delimiter: empty where only blanks and comments are. open is what the rest
// breaks off in: "", a quote, or "/*".
func (s *Splitter) Split(text string) (done []Statement, rest Statement, open string) {
	if s.Delimiter == "" {
		s.Delimiter = ";"
	}
	scan := scanner{text: text, line: 1}
	for {
		statement, ended := scan.statement(s)
		if !ended {
			return done, statement, scan.open
		}
		if statement.Text != "" {
			done = append(done, statement)
		}
	}
}

// SplitAll is Split for a whole text, whose last statement may lack its delimiter.
func SplitAll(text string) ([]Statement, error) {
	statements, rest, open := new(Splitter).Split(text)
	if open != "" {
		return nil, fault.New(fault.Usage, "close it", "line %d: a %s is opened and never closed", rest.Line, open)
	}
	if rest.Text != "" {
		statements = append(statements, rest)
	}
	return statements, nil
}

// scanner goes through a text once.
type scanner struct {
	text string
	at   int
	line int
	open string
}

// statement reads up to and beyond the next delimiter; ended is false at the end of the text.
func (s *scanner) statement(splitter *Splitter) (found Statement, ended bool) {
	begin := -1 // where its first word is
	take := func(end int) Statement {
		switch {
		case begin < 0:
			return Statement{Line: s.line}
		case s.open != "": // blanks within a quote are part of it
			return Statement{Text: s.text[begin:end], Line: found.Line}
		}
		return Statement{Text: strings.TrimSpace(s.text[begin:end]), Line: found.Line}
	}
	for s.at < len(s.text) {
		rest := s.text[s.at:]
		if begin < 0 && s.atLineStart() && s.directive(splitter) {
			continue
		}
		if strings.HasPrefix(rest, splitter.Delimiter) {
			end := s.at
			s.skip(len(splitter.Delimiter))
			return take(end), true
		}
		length, comment := s.piece(rest)
		if begin < 0 && !comment && strings.TrimSpace(rest[:length]) != "" {
			begin, found.Line = s.at, s.line
		}
		s.skip(length)
		if s.open != "" {
			if begin < 0 {
				begin, found.Line = s.at-length, s.line
			}
			break
		}
	}
	return take(len(s.text)), false
}

// piece is how long the next quote, comment or character is, and whether it says nothing to the server.
func (s *scanner) piece(rest string) (length int, comment bool) {
	switch {
	case strings.ContainsAny(rest[:1], "'\"`"):
		return s.quote(rest), false
	case strings.HasPrefix(rest, "/*"):
		end := strings.Index(rest[2:], "*/")
		if end < 0 {
			s.open = "/*"
			return len(rest), false
		}
		return end + 4, !strings.HasPrefix(rest, "/*!") && !strings.HasPrefix(rest, "/*M!") // those the server runs
	case rest[0] == '#', isDashComment(rest):
		if end := strings.IndexByte(rest, '\n'); end >= 0 {
			return end + 1, true
		}
		return len(rest), true
	}
	return 1, false
}

// isDashComment says whether two dashes are a comment: MySQL wants a blank behind them, as 1--1 is a number.
func isDashComment(rest string) bool {
	return strings.HasPrefix(rest, "--") && (len(rest) == 2 || strings.ContainsAny(rest[2:3], " \t\r\n"))
}

func (s *scanner) quote(rest string) int {
	mark := rest[0]
	for i := 1; i < len(rest); i++ {
		switch {
		case rest[i] == '\\' && mark != '`':
			i++
		case rest[i] == mark && i+1 < len(rest) && rest[i+1] == mark:
			i++
		case rest[i] == mark:
			return i + 1
		}
	}
	s.open = rest[:1]
	return len(rest)
}

func (s *scanner) skip(length int) {
	s.line += strings.Count(s.text[s.at:s.at+length], "\n")
	s.at += length
}

func (s *scanner) atLineStart() bool { return s.at == 0 || s.text[s.at-1] == '\n' }

// directive takes a line "DELIMITER //", which is the client's and not the server's.
func (s *scanner) directive(splitter *Splitter) bool {
	line, _, _ := strings.Cut(s.text[s.at:], "\n")
	words := strings.Fields(line)
	if len(words) < 2 || !strings.EqualFold(words[0], "DELIMITER") {
		return false
	}
	splitter.Delimiter = words[1]
	s.skip(min(len(line)+1, len(s.text)-s.at))
	return true
}
