package ops

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

const (
	// artifactEnd ends the name of every artifact (docs/application.md).
	artifactEnd = ".tar.gz"
	// artifactEntry is what the host looks for at an artifact's top.
	artifactEntry = "ecosystem.config.js"
	// artifactMost is what S3 takes in one piece, in bytes, so that an artifact is there whole or not at all.
	artifactMost = 5 << 30
)

// Artifact is a release of a service as one file (docs/application.md), looked into.
type Artifact struct {
	// Version it is released as.
	Version string
	// Size in bytes.
	Size int64
	// SHA256 of the file, in hexadecimal digits.
	SHA256 string
	// File is where it lies on this machine; empty for one that the bucket has.
	File string
}

// isArtifactFile tells a file's name from a version, without looking at the disk.
func isArtifactFile(source string) bool {
	return strings.HasSuffix(source, artifactEnd) || strings.ContainsAny(source, `/\`)
}

// OpenArtifact looks into a file: its layout, its checksum, and the version that
// its name says, unless one is given.
func OpenArtifact(service config.Service, file, version string) (Artifact, error) {
	version, err := versionOf(service, file, version)
	if err != nil {
		return Artifact{}, err
	}
	content, err := os.Open(file)
	if errors.Is(err, os.ErrNotExist) {
		return Artifact{}, fault.New(fault.NotFound, "name a file, or a version that is in the bucket", "there is no file %s", file)
	}
	if err != nil {
		return Artifact{}, err
	}
	defer content.Close()
	artifact, err := inspect(content)
	if err != nil {
		return Artifact{}, fault.New(fault.Usage, "pack it as docs/application.md says", "%s: %v", file, err)
	}
	if artifact.Size > artifactMost {
		return Artifact{}, fault.New(fault.Usage, "leave out what the host does not need", "%s has %s; S3 takes 5 GiB in one piece", file, bytesOf(artifact.Size))
	}
	artifact.File, artifact.Version = file, version
	return artifact, nil
}

func versionOf(service config.Service, file, version string) (string, error) {
	name := filepath.Base(file)
	if version == "" {
		found, named := strings.CutPrefix(strings.TrimSuffix(name, artifactEnd), service.Name+"-")
		if !named || !strings.HasSuffix(name, artifactEnd) {
			return "", fault.New(fault.Usage, "rename it, or name its version: --version v1.0.1", "%s is not named %s-VERSION%s", name, service.Name, artifactEnd)
		}
		version = found
	}
	return version, mustBeVersion(version)
}

func mustBeVersion(version string) error {
	if config.IsVersion(version) {
		return nil
	}
	return fault.New(fault.Usage, "name it like a git tag: v1.0.1", "%q is no version of a release", version)
}

// inspect reads an artifact to its end, once: the checksum is of just what was looked into.
func inspect(content io.Reader) (Artifact, error) {
	sum, size := sha256.New(), new(counter)
	read := io.TeeReader(content, io.MultiWriter(sum, size))
	if err := lookInto(read); err != nil {
		return Artifact{}, err
	}
	if _, err := io.Copy(io.Discard, read); err != nil { // what stands behind the archive counts too
		return Artifact{}, err
	}
	return Artifact{Size: int64(*size), SHA256: hex.EncodeToString(sum.Sum(nil))}, nil
}

func lookInto(packed io.Reader) error {
	unzipped, err := gzip.NewReader(packed)
	if err != nil {
		return fmt.Errorf("it is no gzipped tar: %w", err)
	}
	archive, whole := tar.NewReader(unzipped), false
	for {
		member, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("it is no gzipped tar: %w", err)
		}
		whole = whole || (path.Clean(member.Name) == artifactEntry && member.Typeflag == tar.TypeReg)
	}
	if _, err := io.Copy(io.Discard, unzipped); err != nil { // gzip's own checksum stands at its end
		return fmt.Errorf("it is cut off or damaged: %w", err)
	}
	if !whole {
		return errors.New("there is no " + artifactEntry + " at its top")
	}
	return nil
}

// counter counts what is written to it, in bytes.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
