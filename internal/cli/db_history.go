package cli

import (
	"bufio"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/d2-ride-booking/platform/internal/mysql"
)

// historyMost is how many statements a history keeps.
const historyMost = 1000

// history is what was typed into db shell, as golang.org/x/term asks for it. It
// keeps no statement that may hold a secret, in memory neither.
type history struct {
	file    string // empty for one that is not kept
	entries []string
}

// openHistory reads a history; one that cannot be read begins anew.
func openHistory(file string) *history {
	h := &history{file: file}
	text, err := os.Open(file)
	if err != nil {
		return h
	}
	defer text.Close()
	lines := bufio.NewScanner(text)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		h.entries = append(h.entries, lines.Text())
	}
	h.entries = h.entries[max(0, len(h.entries)-historyMost):]
	return h
}

// Add does nothing: it is told of lines, and a secret may stand in another line
// than what tells that it is one. See keep.
func (h *history) Add(string) {}

// Len is how many there are.
func (h *history) Len() int { return len(h.entries) }

// At is one of them, 0 the newest.
func (h *history) At(i int) string { return h.entries[len(h.entries)-1-i] }

// keep adds a whole statement: in one line where that is the same statement, else line by line.
func (h *history) keep(statement string) {
	if mysql.HoldsSecret(statement) {
		return
	}
	lines := strings.FieldsFunc(statement, func(r rune) bool { return r == '\n' || r == '\r' })
	if !strings.Contains(statement, "--") && !strings.ContainsAny(statement, "#'\"`") {
		lines = []string{strings.Join(lines, " ")}
	}
	for _, line := range lines {
		if len(h.entries) == 0 || h.entries[len(h.entries)-1] != line {
			h.entries = append(h.entries, line)
		}
	}
	h.entries = h.entries[max(0, len(h.entries)-historyMost):]
	if h.file != "" {
		// A history that cannot be written is no reason to fail a session.
		_ = os.WriteFile(h.file, []byte(strings.Join(h.entries, "\n")+"\n"), 0o600)
	}
}

// stateDir is where d2ctl keeps what it would not ask for again: XDG's state
// directory, or the system's likeness of it. Nobody else can read it.
func stateDir() (string, error) {
	base := os.Getenv("XDG_STATE_HOME")
	if base == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		base = filepath.Join(home, ".local", "state")
		if runtime.GOOS == "windows" {
			if base, err = os.UserCacheDir(); err != nil { // %LocalAppData%
				return "", err
			}
		}
	}
	dir := filepath.Join(base, "d2ctl")
	return dir, os.MkdirAll(dir, 0o700)
}
