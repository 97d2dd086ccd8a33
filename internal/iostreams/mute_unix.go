//go:build unix

package iostreams

import "golang.org/x/sys/unix"

// mute ends a terminal's echo and leaves it all else: a raw one would take Ctrl-C
// for a letter of the password, and Enter for no end of it. What a program before
// may have left raw is set right for both.
func mute(descriptor int) error {
	settings, err := unix.IoctlGetTermios(descriptor, getSettings)
	if err != nil {
		return err
	}
	settings.Lflag = settings.Lflag&^unix.ECHO | unix.ICANON | unix.ISIG
	settings.Iflag |= unix.ICRNL
	return unix.IoctlSetTermios(descriptor, setSettings, settings)
}
