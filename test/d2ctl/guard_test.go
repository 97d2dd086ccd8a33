package d2ctl

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
)

func TestNothingIsAssumedAboutTheEnvironment(t *testing.T) {
	p := deployed(t)
	for _, verb := range [][]string{{"outputs"}, {"scale", "backend-api", "2", "--yes"}} {
		result := p.d2ctl(t, verb...)
		assert.Equal(t, 2, result.code)
		assert.Contains(t, result.errors, "no environment was named")
	}
}

func TestCredentialsOfAnotherAccountStopEverything(t *testing.T) {
	p := deployed(t)
	environments := elsewhere(t, "444455556666")
	for _, verb := range [][]string{{"outputs"}, {"scale", "backend-api", "2", "--yes", "--confirm", "prod"}} {
		result := p.d2ctl(t, append(verb, "-e", "prod", "--environments", environments)...)
		assert.Equal(t, 4, result.code)
		assert.Contains(t, result.errors, "wrong account: prod lives in 444455556666, but the credentials are of "+p.prod.Account)
	}
}

func TestWithoutCredentialsItSaysHowToGetSome(t *testing.T) {
	p := deployed(t)
	result := p.d2ctl(t, "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "outputs", "-e", "dev")
	assert.Equal(t, 4, result.code)
	assert.Contains(t, result.errors, "d2ctl: there are no AWS credentials\nTry: name a profile")
	assert.Equal(t, 2, strings.Count(result.errors, "\n"), result.errors)
}

func TestAProfileThatIsNotThereIsNamed(t *testing.T) {
	result := deployed(t).d2ctl(t, "outputs", "-e", "dev", "--profile", "nobody")
	assert.Equal(t, 4, result.code)
	assert.Contains(t, result.errors, `there is no AWS profile "nobody"`)
}

func TestAnAWSThatCannotBeReachedIsSaidSo(t *testing.T) {
	p := deployed(t)
	result := p.d2ctl(t, "AWS_ENDPOINT_URL=http://127.0.0.1:1", "AWS_MAX_ATTEMPTS=1", "outputs", "-e", "dev")
	assert.Equal(t, 1, result.code)
	assert.Contains(t, result.errors, "AWS cannot be reached (STS.GetCallerIdentity): connection refused")
}

func TestEveryCallIsShownWhenAskedFor(t *testing.T) {
	result := deployed(t).succeeds(t, "outputs", "-e", "dev", "region", "-v")
	assert.Equal(t, "ap-southeast-1\n", result.out)
	assert.Regexp(t, `(?m)^aws STS\.GetCallerIdentity 200 \d+ ms \S+$`, result.errors)
	assert.Regexp(t, `(?m)^aws CloudFormation\.DescribeStacks 200 \d+ ms \S+$`, result.errors)
}

// elsewhere is a directory with copies of the shipped environments that name another account.
func elsewhere(t *testing.T, account string) string {
	t.Helper()
	dir := t.TempDir()
	for _, file := range []string{"dev.yaml", "prod.yaml"} {
		text, err := os.ReadFile(filepath.Join(root, config.DefaultDir, file))
		require.NoError(t, err)
		moved := strings.ReplaceAll(string(text), shared.dev.Account, account)
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), []byte(moved), 0o600))
	}
	return dir
}
