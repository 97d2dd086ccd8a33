//go:build unix

package cli

import (
	"os"
	"syscall"
)

// askToEnd asks a program to end.
func askToEnd(process *os.Process) error { return process.Signal(syscall.SIGTERM) }
