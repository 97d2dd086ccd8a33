package awsapi

import (
	"strconv"
	"time"
)

// haste divides every wait for AWS. It is 1 in the d2ctl that people have, which no
// flag and no variable changes: test/d2ctl links its own with more, because what
// takes AWS minutes takes the local AWS half a second.
var haste = "1"

// Pause is how long AWS is left alone before it is asked again: the time given.
func Pause(usual time.Duration) time.Duration {
	times, _ := strconv.Atoi(haste) // a linker's word, which nobody types
	return usual / time.Duration(max(times, 1))
}
