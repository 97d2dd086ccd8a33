package ops

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
)

func TestAPasswordIsHeldAgainstThePolicyOfItsEnvironment(t *testing.T) {
	const misses = "the password misses what the user pool asks for: "
	for password, want := range map[string]string{
		"SecurePassword123!": "",
		"Pässword 123!X":     "",
		"Password123!":       "",
		"Passw0rd!":          misses + "12 to 256 characters",
		"securepassword123!": misses + "an upper-case letter",
		"SecurePassword":     misses + "a digit, a symbol",
		" SecurePassword1":   misses + "no space at either end",
		"":                   misses + "a lower-case letter, an upper-case letter, a digit, a symbol, 12 to 256 characters",
	} {
		err := CheckPassword(shipped(t, config.Prod), password)
		if want == "" {
			assert.NoError(t, err, password)
			continue
		}
		require.EqualError(t, err, want, password)
	}
	assert.NoError(t, CheckPassword(shipped(t, config.Dev), "Passw0rd!"), "DEV takes 8")
}

func TestAGeneratedPasswordIsTakenAndNeverTheSame(t *testing.T) {
	env := shipped(t, config.Prod)
	made := map[string]bool{}
	for range 1000 {
		password := NewPassword(env)
		require.NoError(t, CheckPassword(env, password))
		assert.Len(t, password, generatedLength)
		assert.False(t, strings.ContainsAny(password, " '\"$`\\&|<>*?!"), "no shell must read it otherwise")
		made[password] = true
	}
	assert.Len(t, made, 1000)
	env.Identity.PasswordMinLength = 40
	assert.NoError(t, CheckPassword(env, NewPassword(env)))
}
