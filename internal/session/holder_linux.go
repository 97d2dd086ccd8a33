package session

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// holderOf is the program that listens on a port of loopback, with its pid; empty
// where it is not to be seen, e.g. another user's.
func holderOf(port int) string {
	inode := ""
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		if inode = listenerIn(table, port); inode != "" {
			break
		}
	}
	if inode == "" {
		return ""
	}
	descriptors, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, descriptor := range descriptors {
		if to, err := os.Readlink(descriptor); err == nil && to == "socket:["+inode+"]" {
			pid := strings.Split(descriptor, "/")[2]
			name, _ := os.ReadFile("/proc/" + pid + "/comm")
			return fmt.Sprintf("%s (pid %s)", strings.TrimSpace(string(name)), pid)
		}
	}
	return ""
}

// listenerIn is the inode of the socket that listens on a port, in one of the
// kernel's tables: "sl local_address rem_address st … inode" (proc_net_tcp).
func listenerIn(table string, port int) string {
	file, err := os.Open(table)
	if err != nil {
		return ""
	}
	defer file.Close()
	const listening = "0A"
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 10 || fields[3] != listening {
			continue
		}
		_, hex, _ := strings.Cut(fields[1], ":")
		if number, err := strconv.ParseInt(hex, 16, 32); err == nil && int(number) == port {
			return fields[9]
		}
	}
	return ""
}
