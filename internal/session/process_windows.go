package session

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/windows"
)

// detach keeps Ctrl-C, which the console sends to a whole group, from the child:
// the parent ends the session in order. The child of a shell on the console stays.
func detach(command *exec.Cmd, terminal bool) {
	attributes := attributesOf(command)
	if !terminal {
		attributes.CreationFlags |= windows.CREATE_NEW_PROCESS_GROUP
	}
}

// inherit gives the child two handles beside its streams, and says which.
func inherit(command *exec.Cmd, read, write *os.File) error {
	attributes := attributesOf(command)
	for _, file := range []*os.File{read, write} {
		handle := windows.Handle(file.Fd())
		if err := windows.SetHandleInformation(handle, windows.HANDLE_FLAG_INHERIT, windows.HANDLE_FLAG_INHERIT); err != nil {
			return err
		}
		attributes.AdditionalInheritedHandles = append(attributes.AdditionalInheritedHandles, syscall.Handle(handle))
	}
	command.Env = append(os.Environ(), fmt.Sprintf("%s=%d,%d", lineVariable, read.Fd(), write.Fd()))
	return nil
}

func attributesOf(command *exec.Cmd) *syscall.SysProcAttr {
	if command.SysProcAttr == nil {
		command.SysProcAttr = &syscall.SysProcAttr{}
	}
	return command.SysProcAttr
}
