package host

import (
	"archive/tar"
	"bytes"
	"embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"
)

//go:embed root
var root embed.FS

// What stands around the packed files in boot.sh.tmpl.
const (
	rootBegins = "of the repository\n"
	rootEnds   = "\nROOT\n"
)

// d2Release is the program that fetches and starts releases. It is no template: it reads host.json.
const d2Release = "usr/bin/d2-release"

// rootFiles are the files of root/ by their path on the host, with the values filled in.
func rootFiles(told values) (map[string]string, error) {
	files := map[string]string{}
	err := fs.WalkDir(root, "root", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := root.ReadFile(name)
		if err != nil {
			return err
		}
		path := strings.TrimPrefix(name, "root/")
		files[path] = string(content)
		if path != d2Release {
			files[path], err = execute(path, files[path], told)
		}
		return err
	})
	return files, err
}

// pack makes of the files what `base64 -d | tar -xz` unpacks. The same files are
// the same bytes on every machine and day, or instances would be replaced for
// nothing: no times, no owners, and a compressor whose version go.mod pins, which
// that of Go's own library is not.
func pack(files map[string]string) (string, error) {
	var packed bytes.Buffer
	compressor, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return "", err
	}
	archive := tar.NewWriter(compressor)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		header := &tar.Header{Name: name, Mode: 0o644, Size: int64(len(files[name])), Format: tar.FormatUSTAR}
		if path.Base(path.Dir(name)) == "bin" {
			header.Mode = 0o755
		}
		if err := archive.WriteHeader(header); err != nil {
			return "", err
		}
		if _, err := archive.Write([]byte(files[name])); err != nil {
			return "", err
		}
	}
	if err := archive.Close(); err != nil {
		return "", err
	}
	if err := compressor.Close(); err != nil {
		return "", err
	}
	return wrap(base64.StdEncoding.EncodeToString(packed.Bytes())), nil
}

// wrap breaks a long line, so that a terminal and a diff can show it.
func wrap(line string) string {
	const width = 120
	var lines []string
	for len(line) > width {
		lines, line = append(lines, line[:width]), line[width:]
	}
	return strings.Join(append(lines, line), "\n")
}

func marshal(content any) (string, error) {
	text, err := json.MarshalIndent(content, "", " ")
	return string(text) + "\n", err
}

// File is one file that a boot script puts on its host.
type File struct {
	Mode    int64 // permission bits
	Content string
}

// Unpack returns the files that a boot script carries, by their path on the host
// without the leading slash: for tests, and for whoever asks what an instance was given.
func Unpack(userData string) (map[string]File, error) {
	_, packed, _ := strings.Cut(userData, rootBegins)
	packed, _, found := strings.Cut(packed, rootEnds)
	if !found {
		return nil, errors.New("host: the user data carries no files")
	}
	compressed := base64.NewDecoder(base64.StdEncoding, strings.NewReader(packed))
	plain, err := gzip.NewReader(compressed)
	if err != nil {
		return nil, fmt.Errorf("host: %w", err)
	}
	files := map[string]File{}
	for archive := tar.NewReader(plain); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, fmt.Errorf("host: %w", err)
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			return nil, fmt.Errorf("host: %s: %w", header.Name, err)
		}
		files[header.Name] = File{Mode: header.Mode, Content: string(content)}
	}
}
