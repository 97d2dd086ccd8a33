package ops

import (
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
