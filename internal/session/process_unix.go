//go:build unix

package session

import (
	"os"
	"os/exec"
	"syscall"
)

// detach keeps Ctrl-C, which the terminal sends to a whole group, from the child:
// the parent ends the session in order. The child of a shell on the terminal
// stays, as who is not in the foreground may not read it.
func detach(command *exec.Cmd, terminal bool) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: !terminal}
}

// inherit gives the child two descriptors beside its streams, and says which.
func inherit(command *exec.Cmd, read, write *os.File) error {
	command.ExtraFiles = []*os.File{read, write} // they become 3 and 4
	command.Env = append(os.Environ(), lineVariable+"=3,4")
	return nil
}
