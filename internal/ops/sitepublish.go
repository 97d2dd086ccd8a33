package ops

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"

	"github.com/d2-ride-booking/platform/config"
)

// listedCalls is how many uploads a plan names before a question; --dry-run names all.
const listedCalls = 15

// SiteStore is what publishing needs of S3.
type SiteStore interface {
	BucketLister
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
	DeleteObjects(context.Context, *s3.DeleteObjectsInput, ...func(*s3.Options)) (*s3.DeleteObjectsOutput, error)
}

// PublishOptions say what is published, and how.
type PublishOptions struct {
	// Site by its name, and the Directory that its build wrote.
	Site, Directory string
	// Delete removes objects that are not in the directory.
	Delete bool
	// All uploads files that stand already, for objects whose headers others wrote.
	All bool
}

// Publication brings a site's bucket to what a directory holds (runbook PROD 6.2).
type Publication struct {
	// Site is published.
	Site string `json:"site"`
	// URL is where people open it.
	URL string `json:"url"`
	// Bucket keeps its files.
	Bucket string `json:"bucket"`
	// Uploaded are the files that are new or different, hashed assets first, pages last.
	Uploaded []SiteFile `json:"uploaded"`
	// Unchanged is how many files stood in the bucket as they are.
	Unchanged int `json:"unchanged"`
	// Deleted are the objects that --delete removes.
	Deleted []string `json:"deleted"`
	// Stale is how many objects are not in the directory and stay.
	Stale int `json:"stale"`
	// Invalidation is what CloudFront is to forget; null when only hashed assets are new.
	Invalidation *Invalidation `json:"invalidation" jsonschema:"nullable"`

	dir *siteDir
}

// PlanPublish reads directory, bucket and distribution, and compares. The caller
// closes what it returns.
func PlanPublish(ctx context.Context, store SiteStore, cdn Invalidator, env *config.Environment, options PublishOptions) (*Publication, error) {
	site, err := FindSite(env, options.Site)
	if err != nil {
		return nil, err
	}
	dir, err := openSiteDir(ctx, options.Directory)
	if err != nil {
		return nil, err
	}
	var (
		objects map[string]object
		at      Site
	)
	group, reading := errgroup.WithContext(ctx)
	group.Go(func() (err error) { objects, err = listBucket(reading, store, env, site); return err })
	group.Go(func() (err error) { at, err = readSite(reading, cdn, env, site.Name); return err })
	if err := group.Wait(); err != nil {
		dir.root.Close()
		return nil, err
	}
	p := &Publication{Site: site.Name, URL: at.URL, Bucket: at.Bucket, Uploaded: []SiteFile{}, Deleted: []string{}, dir: dir}
	p.compare(objects, options)
	if changed := p.changedNames(); len(changed) > 0 {
		p.Invalidation = &Invalidation{Site: site.Name, Distribution: at.Distribution, Paths: pathsOf(changed)}
	}
	return p, nil
}

// Close forgets the directory.
func (p *Publication) Close() error { return p.dir.root.Close() }

// compare notes what is to be uploaded, in its order, and what is in the bucket alone.
func (p *Publication) compare(objects map[string]object, options PublishOptions) {
	stale := maps.Clone(objects)
	for _, file := range p.dir.files {
		delete(stale, file.Key)
		if standing, there := objects[file.Key]; there && standing.holds(file) && !options.All {
			p.Unchanged++
			continue
		}
		p.Uploaded = append(p.Uploaded, file)
	}
	slices.SortStableFunc(p.Uploaded, func(a, b SiteFile) int { return int(stageOf(a.Key)) - int(stageOf(b.Key)) })
	if options.Delete {
		p.Deleted = append(p.Deleted, slices.Sorted(maps.Keys(stale))...)
	} else {
		p.Stale = len(stale)
	}
}

// changedNames are the keys whose content changes under a name that stays.
func (p *Publication) changedNames() []string {
	var keys []string
	for _, file := range p.Uploaded {
		keys = append(keys, file.Key)
	}
	return slices.DeleteFunc(append(keys, p.Deleted...), isHashed)
}

// IsNothing says that the site is already what the directory holds.
func (p *Publication) IsNothing() bool { return len(p.Uploaded) == 0 && len(p.Deleted) == 0 }

// Plan is what Do will do. With whole it names every file.
func (p *Publication) Plan(env *config.Environment, whole bool) *Plan {
	plan := NewPlan(env).Do("%s gets %d of the %d files in %s, %s", p.Site, len(p.Uploaded), len(p.dir.files), p.dir.path, Size(sum(p.Uploaded)))
	for _, stage := range stages {
		if files := p.of(stage.stage); len(files) > 0 {
			plan.Do("%s: %d, %s, with %s", stage.name, len(files), Size(sum(files)), stage.cache)
		}
	}
	switch {
	case len(p.Deleted) > 0:
		plan.Do("objects that are not in %s are deleted: %d; the bucket keeps their versions for a while", p.dir.path, len(p.Deleted))
	case p.Stale > 0:
		plan.Do("objects that are not in %s stay: %d; --delete removes them", p.dir.path, p.Stale)
	}
	if p.Invalidation != nil {
		plan.Do("CloudFront forgets %s", listed(p.Invalidation.Paths))
	}
	p.addCalls(plan, whole)
	return plan
}

func (p *Publication) addCalls(plan *Plan, whole bool) {
	for i, file := range p.Uploaded {
		if i == listedCalls && !whole {
			plan.Call("S3.PutObject", p.Bucket, fmt.Sprintf("%d files more; --dry-run names them", len(p.Uploaded)-i))
			break
		}
		plan.Call("S3.PutObject", p.Bucket+"/"+file.Key, Size(file.Bytes)+" of "+contentType(file.Key))
	}
	for i, key := range p.Deleted {
		if i == listedCalls && !whole {
			plan.Call("S3.DeleteObjects", p.Bucket, fmt.Sprintf("%d objects more; --dry-run names them", len(p.Deleted)-i))
			break
		}
		plan.Call("S3.DeleteObjects", p.Bucket+"/"+key, "")
	}
	if p.Invalidation != nil {
		p.Invalidation.addTo(plan)
	}
}

// of are the files that are uploaded in a stage.
func (p *Publication) of(stage stage) []SiteFile {
	var files []SiteFile
	for _, file := range p.Uploaded {
		if stageOf(file.Key) == stage {
			files = append(files, file)
		}
	}
	return files
}

func sum(files []SiteFile) int64 {
	var bytes int64
	for _, file := range files {
		bytes += file.Bytes
	}
	return bytes
}

// Size is a number of bytes for people: 1.2 MB.
func Size(bytes int64) string {
	if bytes < 1000 {
		return fmt.Sprintf("%d B", bytes)
	}
	value, units := float64(bytes), "kMGT"
	unit := -1
	for value >= 999.95 && unit < len(units)-1 {
		value, unit = value/1000, unit+1
	}
	return strings.Replace(fmt.Sprintf("%.1f %cB", value, units[unit]), ".0 ", " ", 1)
}
