package cli

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "renew the golden screens in testdata; read their git diff before you commit it")

// golden compares a screen with the file of that name in testdata. See them in
// colour with: cat internal/cli/testdata/*
func golden(t *testing.T, name string, screen *bytes.Buffer) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, screen.Bytes(), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), screen.String(), "%s; when that is what you meant: go test ./internal/cli -update", path)
}
