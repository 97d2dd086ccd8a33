package ops

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"strings"
	"unicode/utf8"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

const (
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits = "0123456789"
	// symbols are those that Cognito counts as such (Cognito Developer Guide, "Password policies").
	symbols = "^$*.[]{}()?-\"!@#%&/\\,><':;|_~`+= "
	// longestPassword is Cognito's limit, in characters.
	longestPassword = 256
	// generatedLength of a password that nobody has to remember; 20 of 69 characters are 122 bits.
	generatedLength = 20
)

// generatedFrom are the kinds of which a generated password has at least one
// each; its symbols mean nothing to a shell and end no quotation.
var generatedFrom = []string{lower, upper, digits, "-_.+=@%"}

// CheckPassword refuses what the user pool would, before anything is changed. It
// says which rules are missed, and nothing of the password.
func CheckPassword(env *config.Environment, password string) error {
	var missing []string
	for _, each := range []struct{ what, kind string }{
		{"a lower-case letter", lower}, {"an upper-case letter", upper}, {"a digit", digits}, {"a symbol", symbols},
	} {
		if !strings.ContainsAny(password, each.kind) {
			missing = append(missing, each.what)
		}
	}
	if length := utf8.RuneCountInString(password); length < env.Identity.PasswordMinLength || length > longestPassword {
		missing = append(missing, fmt.Sprintf("%d to %d characters", env.Identity.PasswordMinLength, longestPassword))
	}
	if strings.TrimSpace(password) != password {
		missing = append(missing, "no space at either end")
	}
	if len(missing) == 0 {
		return nil
	}
	return fault.New(fault.Usage, "choose another, or let one be made: --generate", "the password misses what the user pool asks for: %s", listed(missing))
}

// NewPassword makes one that CheckPassword takes.
func NewPassword(env *config.Environment) string {
	password := make([]byte, max(generatedLength, env.Identity.PasswordMinLength))
	for i := range password {
		kind := strings.Join(generatedFrom, "")
		if i < len(generatedFrom) {
			kind = generatedFrom[i]
		}
		password[i] = kind[below(len(kind))]
	}
	for i := len(password) - 1; i > 0; i-- { // else its kinds would stand in a known order
		j := below(i + 1)
		password[i], password[j] = password[j], password[i]
	}
	return string(password)
}

// below is a number from 0 to n-1 that nobody can foretell.
func below(n int) int {
	number, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		panic(err) // crypto/rand never fails: it ends the program by itself
	}
	return int(number.Int64())
}
