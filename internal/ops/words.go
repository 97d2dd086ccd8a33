package ops

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

func listed(names []string) string { return strings.Join(names, ", ") }

func hostPort(host string, port int32) string {
	if host == "" {
		return ""
	}
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}

// bytesOf is a size for people, in the units of S3's console: 12.3 MB.
func bytesOf(size int64) string {
	const unit = 1000
	value, name := float64(size), "B"
	for _, next := range []string{"kB", "MB", "GB"} {
		if value < unit {
			break
		}
		value, name = value/unit, next
	}
	if name == "B" {
		return fmt.Sprintf("%d B", size)
	}
	return fmt.Sprintf("%.1f %s", value, name)
}

// counted is a number of things: "1 statement", "2 statements".
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
