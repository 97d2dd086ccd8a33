package cli

import "os"

// askToEnd ends a program: Windows has no way to ask.
func askToEnd(process *os.Process) error { return process.Kill() }
