// Package tooltest decides, once for all tests, what a test does on a machine
// that lacks a tool it needs: skip, loudly, on a laptop; fail in CI.
package tooltest

import (
	"os"
	"testing"
)

// Need ends the test unless err is nil. Where missing says that err is about a
// tool which this machine lacks, the test skips, unless CI=true; any other
// error fails it everywhere.
func Need(t testing.TB, missing bool, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if missing && os.Getenv("CI") != "true" {
		t.Skipf("SKIPPED, NOT PROVEN HERE: %v", err)
	}
	t.Fatal(err)
}
