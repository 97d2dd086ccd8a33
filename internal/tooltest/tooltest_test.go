package tooltest

import (
	"errors"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
)

// verdict records how a test was ended.
type verdict struct {
	testing.TB
	said string
}

func (v *verdict) Helper()              {}
func (v *verdict) Skipf(string, ...any) { v.said = "skipped"; runtime.Goexit() }
func (v *verdict) Fatal(...any)         { v.said = "failed"; runtime.Goexit() }

func TestAMissingToolSkipsOnALaptopAndFailsInCI(t *testing.T) {
	broken := errors.New("no such tool")
	for _, each := range []struct {
		ci      string
		missing bool
		err     error
		want    string
	}{
		{"", true, nil, ""},
		{"", true, broken, "skipped"},
		{"true", true, broken, "failed"},
		{"", false, broken, "failed"},
		{"true", false, broken, "failed"},
	} {
		t.Setenv("CI", each.ci)
		v, done := &verdict{}, make(chan struct{})
		go func() {
			defer close(done)
			Need(v, each.missing, each.err)
		}()
		<-done
		assert.Equal(t, each.want, v.said, "%+v", each)
	}
}
