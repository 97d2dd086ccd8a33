package walk

import (
	"archive/tar"
	"compress/gzip"
	"os"
	"path/filepath"
)

// files are what some lines of the table take from the disk, by the words that stand for them there.
type files struct{ dir string }

// made are the files by the words of the table: an artifact, one of the next version, a built site.
var made = map[string]string{
	"ARTIFACT": "backend-api-v1.0.0.tar.gz",
	"NEXT":     "backend-api-v1.0.1.tar.gz",
	"dist":     "dist",
}

// sql is what stands for SQL in the table.
const sql = "SELECT VERSION(), DATABASE(), USER()"

// named is the path for a word of the table; other words stand for themselves.
func (f files) named(word string) string {
	if name, isFile := made[word]; isFile {
		return filepath.Join(f.dir, name)
	}
	if word == "SQL" {
		return sql
	}
	return word
}

func (f files) make() error {
	for _, word := range []string{"ARTIFACT", "NEXT"} {
		if err := writeArtifact(f.named(word)); err != nil {
			return err
		}
	}
	site := f.named("dist")
	if err := os.MkdirAll(filepath.Join(site, "assets"), 0o755); err != nil {
		return err
	}
	for name, text := range map[string]string{
		"index.html":               "<!doctype html><script src=/assets/index-Bx3kQ9aZ.js></script>\n",
		"assets/index-Bx3kQ9aZ.js": "document.title = 'walked'\n",
	} {
		if err := os.WriteFile(filepath.Join(site, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// writeArtifact writes the layout that docs/application.md asks for, as small as it goes.
func writeArtifact(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	zipped := gzip.NewWriter(file)
	archive := tar.NewWriter(zipped)
	for _, member := range []struct{ name, text string }{
		{"ecosystem.config.js", "module.exports = { apps: [{ name: 'backend-api', script: 'dist/main.js' }] }\n"},
		{"package.json", "{}\n"},
		{"dist/main.js", "\n"},
		{"node_modules/.package-lock.json", "{}\n"},
	} {
		if err := archive.WriteHeader(&tar.Header{Name: member.name, Mode: 0o644, Size: int64(len(member.text))}); err != nil {
			return err
		}
		if _, err := archive.Write([]byte(member.text)); err != nil {
			return err
		}
	}
	if err := archive.Close(); err != nil {
		return err
	}
	return zipped.Close()
}
