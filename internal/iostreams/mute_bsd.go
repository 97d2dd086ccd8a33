//go:build unix && !linux

package iostreams

import "golang.org/x/sys/unix"

const getSettings, setSettings = unix.TIOCGETA, unix.TIOCSETA
