package awsapi

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// TestAWSIsLeftAloneAsLongAsIsSaid is about the d2ctl that people have: nobody linked it with haste.
func TestAWSIsLeftAloneAsLongAsIsSaid(t *testing.T) {
	assert.Equal(t, 5*time.Second, Pause(5*time.Second))
	delay, err := retryer().RetryDelay(attempts, nil)
	assert.NoError(t, err)
	assert.Equal(t, longestBackoff, delay)

	defer func(usual string) { haste = usual }(haste)
	haste = "20"
	assert.Equal(t, 250*time.Millisecond, Pause(5*time.Second))
	for _, haste = range []string{"", "0", "-1", "much"} {
		assert.Equal(t, time.Second, Pause(time.Second), haste)
	}
}
