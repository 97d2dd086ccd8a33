package mysql

import (
	"regexp"
	"slices"
	"strings"

	"github.com/d2-ride-booking/platform/internal/fault"
)

var (
	// readers begin statements that change nothing; what they call is held by the read-only transaction.
	readers = []string{"SELECT", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "WITH", "TABLE", "VALUES", "(", "USE", "HELP", "BEGIN", "COMMIT", "ROLLBACK"}
	// lifts are ways out of a read-only transaction that begin like a reader.
	lifts = regexp.MustCompile(`(?i)\bREAD\s+WRITE\b`)
	// startsReading is START TRANSACTION, and SET of variables of the user's own.
	startsReading = regexp.MustCompile(`(?is)^(START\s+TRANSACTION\b|SET\s+@[^@])`)
	leadingWord   = regexp.MustCompile(`^[A-Za-z_]+`)
	// secrets are the words beside which a password or a key stands.
	secrets = regexp.MustCompile(`(?i)identified|passw|secret|token|credential|aes_(en|de)crypt|private`)
)

// MustRead refuses what is no mere look. The read-only transaction of the
// server refuses changes of data and schema; beside it there are statements that
// it lets pass, such as KILL, FLUSH and SET GLOBAL. It saves from slips: what a
// user may is what its grants say.
func MustRead(statement string) error {
	bare := withoutComments(statement)
	word := strings.ToUpper(firstWord(bare))
	switch {
	case word == "START" && lifts.MatchString(bare):
	case slices.Contains(readers, word), startsReading.MatchString(bare):
		return nil
	}
	return fault.New(fault.Usage, "add --write", "%s is no statement that only reads, and without --write nothing else is run", word)
}

// HoldsSecret says that a statement may have a secret in it, so it must not be kept or shown.
func HoldsSecret(statement string) bool { return secrets.MatchString(statement) }

// Shown is a statement for a plan, in one line; one that may hold a secret is named by its first words.
func Shown(statement string) string {
	words := strings.Fields(withoutComments(statement))
	if HoldsSecret(statement) {
		return strings.Join(words[:min(2, len(words))], " ") + " … (hidden: it may hold a secret)"
	}
	return strings.Join(words, " ")
}

// firstWord is the word that says what a statement does.
func firstWord(bare string) string {
	if word := leadingWord.FindString(bare); word != "" {
		return word
	}
	return bare[:min(1, len(bare))]
}

// withoutComments takes the comments before a statement away, but those that the server runs.
func withoutComments(statement string) string {
	for {
		statement = strings.TrimSpace(statement)
		if statement == "" {
			return ""
		}
		length, comment := new(scanner).piece(statement)
		if !comment {
			return statement
		}
		statement = statement[length:]
	}
}
