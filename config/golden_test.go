package config_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
)

var update = flag.Bool("update", false, "write the golden files of broken environments anew")

// Each file under testdata/broken is wrong in its own way; the text beside it is
// all that its author is told.
func TestTheMessageAloneLetsAStrangerMendABrokenFile(t *testing.T) {
	files, err := filepath.Glob("testdata/broken/*.yaml")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 5)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			_, err := config.Load(file)
			require.Error(t, err)
			compareGolden(t, strings.TrimSuffix(file, ".yaml")+".txt", err.Error())
		})
	}
}

func TestTwoEnvironmentsThatShareAreToldWhat(t *testing.T) {
	_, err := config.LoadAll("testdata/shared")
	require.Error(t, err)
	compareGolden(t, "testdata/shared/problems.txt", err.Error())
}

func compareGolden(t *testing.T, path, got string) {
	t.Helper()
	got += "\n"
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}
