package iostreams

import "golang.org/x/sys/windows"

// mute ends a console's echo and leaves it all else.
func mute(descriptor int) error {
	var mode uint32
	if err := windows.GetConsoleMode(windows.Handle(descriptor), &mode); err != nil {
		return err
	}
	return windows.SetConsoleMode(windows.Handle(descriptor), mode&^windows.ENABLE_ECHO_INPUT)
}
