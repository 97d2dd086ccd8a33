//go:build !windows

package iostreams

import "os"

// understandsANSI is true of every terminal but a Windows console.
func understandsANSI(*os.File) bool { return true }
