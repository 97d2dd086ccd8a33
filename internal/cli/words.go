package cli

import (
	"fmt"
	"strings"
	"time"
)

// ago is how long before now something was, in one unit: 40s, 5m, 3h, 12d ago.
func ago(now, then time.Time) string {
	if then.IsZero() {
		return "-"
	}
	switch past := now.Sub(then); {
	case past < time.Second:
		return "now"
	case past < time.Minute:
		return fmt.Sprintf("%ds ago", int(past.Seconds()))
	case past < time.Hour:
		return fmt.Sprintf("%dm ago", int(past.Minutes()))
	case past < 48*time.Hour:
		return fmt.Sprintf("%dh ago", int(past.Hours()))
	default:
		return fmt.Sprintf("%dd ago", int(past.Hours()/24))
	}
}

// count is a number of things: "1 problem", "2 problems".
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// words turns AWS's NOT_CHECKED into "not checked".
func words(constant string) string { return strings.ToLower(strings.ReplaceAll(constant, "_", " ")) }
