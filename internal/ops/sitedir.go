package ops

import (
	"cmp"
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/d2-ride-booking/platform/internal/fault"
)

const (
	// indexPage is what a distribution answers at / and for every path of the app (constructs/staticsite.go).
	indexPage = "index.html"
	// largestFile is the most that S3 takes in one request, in bytes. One request
	// leaves the MD5 of the content as its ETag, which is what the next publish compares.
	largestFile = 5 << 30
)

// siteDir is a built site on this machine. Its root lets nothing be opened that
// a link leads out of it to.
type siteDir struct {
	path  string
	root  *os.Root
	files []SiteFile
}

// openSiteDir reads what is to be published, and refuses what cannot be right
// before anything is asked of AWS. The caller closes it.
func openSiteDir(ctx context.Context, dir string) (*siteDir, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, &fault.Error{Code: fault.Usage, What: fmt.Sprintf("%s cannot be opened: %v", dir, cause(err)), Try: "build the site, and name the directory that holds its " + indexPage, Cause: err}
	}
	d := &siteDir{path: filepath.Clean(dir), root: root}
	if err := d.read(ctx); err != nil {
		root.Close()
		return nil, err
	}
	return d, nil
}

func (d *siteDir) read(ctx context.Context) error {
	if err := fs.WalkDir(d.root.FS(), ".", d.add); err != nil {
		return err
	}
	if len(d.files) == 0 {
		return fault.New(fault.Usage, "build the site first", "%s is empty", d.path)
	}
	if !slices.ContainsFunc(d.files, func(file SiteFile) bool { return file.Key == indexPage }) {
		return fault.New(fault.Usage, "name the directory that the build writes, e.g. dist or out", "%s has no %s", d.path, indexPage)
	}
	return d.sum(ctx)
}

// add takes a file of the walk, or says why the directory cannot be published.
func (d *siteDir) add(name string, entry fs.DirEntry, err error) error {
	if err != nil {
		return fault.New(fault.Usage, "make it readable, or take it out", "%s cannot be read: %v", d.at(name), cause(err))
	}
	if base := path.Base(name); base == ".git" || base == ".env" || strings.HasPrefix(base, ".env.") {
		return fault.New(fault.Usage, "take it out, and name the directory that the build writes", "%s is nothing to publish: everybody could read it", d.at(name))
	}
	if entry.IsDir() {
		return nil
	}
	info, err := d.root.Stat(name) // through a link, if it is one
	switch {
	case err != nil:
		return fault.New(fault.Usage, "put the file itself there", "%s is a link that leads nowhere in %s: %v", d.at(name), d.path, cause(err))
	case !info.Mode().IsRegular():
		return fault.New(fault.Usage, "put the files themselves there", "%s is no file", d.at(name))
	case info.Size() > largestFile:
		return fault.New(fault.Usage, "publish it elsewhere", "%s is larger than the 5 GiB that S3 takes at once", d.at(name))
	}
	d.files = append(d.files, SiteFile{Key: name, Bytes: info.Size()})
	return nil
}

// sum fills in the checksum of every file.
func (d *siteDir) sum(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2 * runtime.GOMAXPROCS(0)) // reading waits for the disk
	for i := range d.files {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return d.sumOf(&d.files[i])
		})
	}
	return group.Wait()
}

func (d *siteDir) sumOf(file *SiteFile) error {
	opened, err := d.root.Open(file.Key)
	if err != nil {
		return fault.New(fault.Usage, "make it readable, or take it out", "%s cannot be read: %v", d.at(file.Key), cause(err))
	}
	defer opened.Close()
	hash := md5.New()
	if file.Bytes, err = io.Copy(hash, opened); err != nil {
		return err
	}
	hash.Sum(file.md5[:0])
	return nil
}

// at is a file as people would name it.
func (d *siteDir) at(name string) string { return filepath.Join(d.path, filepath.FromSlash(name)) }

// cause is the system's own word of an error that repeats the path.
func cause(err error) error {
	var failed *fs.PathError
	if errors.As(err, &failed) {
		return cmp.Or(failed.Err, err)
	}
	return err
}
