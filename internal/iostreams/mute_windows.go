package iostreams

import "golang.org/x/sys/windows"

// mute ends a console's echo and leaves it all else.
func mute(descriptor int) error {
	var mode uint32
	if err := windows.GetConsoleMode(windows.Handle(descriptor), &mode); err != nil {
		return err
	}
	mode = mode&^windows.ENABLE_ECHO_INPUT | windows.ENABLE_LINE_INPUT | windows.ENABLE_PROCESSED_INPUT
	return windows.SetConsoleMode(windows.Handle(descriptor), mode)
}
