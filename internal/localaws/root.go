package localaws

import (
	"errors"
	"os"
	"path/filepath"
)

// stateDir is where everything that is made on this machine lies, under the repository's root.
const stateDir = ".local"

// Root is the repository's root: the nearest directory, here or above, that holds cdk.json.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "cdk.json")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no cdk.json here or above: run this inside the repository")
		}
		dir = parent
	}
}
