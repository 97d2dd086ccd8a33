package localaws

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// The patterns name files, not directories: a directory would leave out
// __init__.py and __main__.py.
//
//go:embed moto/requirements.txt moto/d2moto/*.py moto/d2moto/*/*.py
var source embed.FS

// release tells one state of the Python source from another.
func release() string {
	sum := sha256.New()
	_ = fs.WalkDir(source, ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			text, _ := source.ReadFile(path)
			fmt.Fprintf(sum, "%s %d\n", path, len(text))
			sum.Write(text)
		}
		return err
	})
	return hex.EncodeToString(sum.Sum(nil))[:12]
}

// unpack writes the Python source below dir, once a release, and tells where.
func unpack(dir string) (string, error) {
	target := filepath.Join(dir, "d2moto-"+release())
	if _, err := os.Stat(target); err == nil {
		return target, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	draft, err := os.MkdirTemp(dir, "d2moto-draft-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(draft)
	tree, err := fs.Sub(source, "moto")
	if err != nil {
		return "", err
	}
	if err := os.CopyFS(filepath.Join(draft, "moto"), tree); err != nil {
		return "", fmt.Errorf("unpack the local AWS into %s: %w", dir, err)
	}
	// Renamed into place: two processes may unpack at once, and the loser's copy is as good.
	if err := os.Rename(filepath.Join(draft, "moto"), target); err != nil {
		if _, there := os.Stat(target); there != nil {
			return "", err
		}
	}
	return target, nil
}
