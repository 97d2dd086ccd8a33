package iostreams

import (
	"os"

	"golang.org/x/sys/windows"
)

// understandsANSI turns a Windows console to the sequences of other terminals.
// One from before Windows 10 cannot, and is treated as no terminal.
func understandsANSI(file *os.File) bool {
	var mode uint32
	handle := windows.Handle(file.Fd())
	if err := windows.GetConsoleMode(handle, &mode); err != nil {
		return false
	}
	return windows.SetConsoleMode(handle, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
