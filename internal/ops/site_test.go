package ops

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cdntypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// fakeSite is a bucket and its distribution; what is done to them is noted in order.
type fakeSite struct {
	mutex    sync.Mutex
	objects  map[string]types.Object
	puts     []*s3.PutObjectInput
	done     []string      // "put KEY", "delete KEY", "invalidate PATH,PATH"
	fails    string        // the key whose upload fails
	spreads  time.Duration // how long an invalidation takes
	ordered  time.Time
	breaking error
}

func newFakeSite() *fakeSite { return &fakeSite{objects: map[string]types.Object{}} }

func (f *fakeSite) note(what string) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.done = append(f.done, what)
}

// stands puts an object there as an upload in one request leaves it.
func (f *fakeSite) stands(key, content string) {
	f.objects[key] = types.Object{
		Key: &key, Size: aws.Int64(int64(len(content))), LastModified: aws.Time(time.Unix(1, 0)),
		ETag: aws.String(fmt.Sprintf(`"%x"`, md5.Sum([]byte(content)))),
	}
}

func (f *fakeSite) ListObjectsV2(_ context.Context, in *s3.ListObjectsV2Input, _ ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	keys := slices.Sorted(maps.Keys(f.objects))
	const page = 2 // small, so that a site has several
	from := 0
	if in.ContinuationToken != nil {
		from = slices.Index(keys, *in.ContinuationToken)
	}
	answer := &s3.ListObjectsV2Output{}
	for i := from; i < min(from+page, len(keys)); i++ {
		answer.Contents = append(answer.Contents, f.objects[keys[i]])
	}
	if from+page < len(keys) {
		answer.IsTruncated, answer.NextContinuationToken = aws.Bool(true), &keys[from+page]
	}
	return answer, f.breaking
}

func (f *fakeSite) PutObject(_ context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	content, err := io.ReadAll(in.Body)
	if err != nil || *in.Key == f.fails {
		return nil, errors.Join(err, errors.New("no room"))
	}
	if sum := md5.Sum(content); base64.StdEncoding.EncodeToString(sum[:]) != *in.ContentMD5 {
		return nil, errors.New("BadDigest")
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.stands(*in.Key, string(content))
	f.puts, f.done = append(f.puts, in), append(f.done, "put "+*in.Key)
	return &s3.PutObjectOutput{}, nil
}

func (f *fakeSite) DeleteObjects(_ context.Context, in *s3.DeleteObjectsInput, _ ...func(*s3.Options)) (*s3.DeleteObjectsOutput, error) {
	for _, each := range in.Delete.Objects {
		delete(f.objects, *each.Key)
		f.note("delete " + *each.Key)
	}
	return &s3.DeleteObjectsOutput{}, nil
}

func (f *fakeSite) ListDistributions(context.Context, *cloudfront.ListDistributionsInput, ...func(*cloudfront.Options)) (*cloudfront.ListDistributionsOutput, error) {
	return &cloudfront.ListDistributionsOutput{DistributionList: &cdntypes.DistributionList{Items: []cdntypes.DistributionSummary{{
		Id: aws.String("E1"), Status: aws.String("Deployed"), Enabled: aws.Bool(true),
		Aliases: &cdntypes.Aliases{Items: []string{"admin.d2.fikri.dev"}},
	}}}}, nil
}

func (f *fakeSite) CreateInvalidation(_ context.Context, in *cloudfront.CreateInvalidationInput, _ ...func(*cloudfront.Options)) (*cloudfront.CreateInvalidationOutput, error) {
	f.ordered = time.Now()
	f.note("invalidate " + strings.Join(in.InvalidationBatch.Paths.Items, ","))
	return &cloudfront.CreateInvalidationOutput{Invalidation: f.invalidation()}, nil
}

func (f *fakeSite) GetInvalidation(context.Context, *cloudfront.GetInvalidationInput, ...func(*cloudfront.Options)) (*cloudfront.GetInvalidationOutput, error) {
	return &cloudfront.GetInvalidationOutput{Invalidation: f.invalidation()}, nil
}

func (f *fakeSite) ListInvalidations(context.Context, *cloudfront.ListInvalidationsInput, ...func(*cloudfront.Options)) (*cloudfront.ListInvalidationsOutput, error) {
	return &cloudfront.ListInvalidationsOutput{InvalidationList: &cdntypes.InvalidationList{Items: []cdntypes.InvalidationSummary{
		{Id: aws.String("I2"), Status: aws.String("InProgress")}, {Id: aws.String("I1"), Status: aws.String("Completed")},
	}}}, nil
}

func (f *fakeSite) invalidation() *cdntypes.Invalidation {
	status := "InProgress"
	if time.Since(f.ordered) >= f.spreads {
		status = "Completed"
	}
	return &cdntypes.Invalidation{Id: aws.String("I2"), Status: &status}
}

// built is a directory with the files given, content by path.
func built(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	return dir
}

// app is a site as Vite builds one.
func app() map[string]string {
	return map[string]string{
		"index.html": "<p>1", "about.html": "<p>about", "assets/index-BxK3f9aQ.js": "let a", "assets/index-C0ffee12.css": "p{}",
		"favicon.ico": "icon", "app.webmanifest": "{}",
	}
}

// publish plans and does it all.
func publish(t *testing.T, site *fakeSite, options PublishOptions) (*Publication, error) {
	t.Helper()
	options.Site = "web-admin"
	publication, err := PlanPublish(t.Context(), site, site, shipped(t, config.Prod), options)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = publication.Close() })
	if err := publication.Do(t.Context(), site, site, func(Event) {}); err != nil {
		return publication, err
	}
	return publication, publication.Clean(t.Context(), site, func(Event) {})
}

func TestPagesComeAfterAllThatTheyNameAndTheIndexLast(t *testing.T) {
	site := newFakeSite()
	_, err := publish(t, site, PublishOptions{Directory: built(t, app())})
	require.NoError(t, err)
	require.Len(t, site.done, 7)
	assert.ElementsMatch(t, []string{"put assets/index-BxK3f9aQ.js", "put assets/index-C0ffee12.css"}, site.done[:2])
	assert.ElementsMatch(t, []string{"put favicon.ico", "put app.webmanifest"}, site.done[2:4])
	assert.Equal(t, []string{"put about.html", "put index.html"}, site.done[4:6])
	for _, put := range site.puts {
		want := map[string]string{".html": cachePage, ".js": cacheHashed, ".css": cacheHashed, ".ico": cacheBetween, ".webmanifest": cacheBetween}
		assert.Equal(t, want[filepath.Ext(*put.Key)], *put.CacheControl, *put.Key)
	}
}

func TestWhatStandsIsNotUploadedAgain(t *testing.T) {
	site := newFakeSite()
	dir := built(t, app())
	_, err := publish(t, site, PublishOptions{Directory: dir})
	require.NoError(t, err)
	site.done = nil
	again, err := publish(t, site, PublishOptions{Directory: dir})
	require.NoError(t, err)
	assert.True(t, again.IsNothing())
	assert.Equal(t, 6, again.Unchanged)
	assert.Empty(t, site.done)

	again, err = publish(t, site, PublishOptions{Directory: dir, All: true})
	require.NoError(t, err)
	assert.Len(t, again.Uploaded, 6, "--all renews the headers of what stands")
}

func TestOnlyWhatHasChangedUnderItsNameIsInvalidated(t *testing.T) {
	before := app()
	for name, each := range map[string]struct {
		change map[string]string
		want   []string
	}{
		"a new hashed asset":           {map[string]string{"assets/late-D0nut5Qz.js": "let b"}, nil},
		"the index page":               {map[string]string{"index.html": "<p>2"}, []string{"/", "/index.html"}},
		"a page and an image":          {map[string]string{"about.html": "<p>us", "favicon.ico": "eicon"}, []string{"/favicon.ico", "/about.html"}},
		"a name that is not ASCII":     {map[string]string{"café 1.txt": "x"}, []string{"/caf%C3%A9%201.txt"}},
		"the same size, other content": {map[string]string{"favicon.ico": "ICON"}, []string{"/favicon.ico"}},
	} {
		t.Run(name, func(t *testing.T) {
			site := newFakeSite()
			for key, content := range before {
				site.stands(key, content)
			}
			after := maps.Clone(before)
			maps.Copy(after, each.change)
			publication, err := publish(t, site, PublishOptions{Directory: built(t, after)})
			require.NoError(t, err)
			assert.Len(t, publication.Uploaded, len(each.change))
			if each.want == nil {
				assert.Nil(t, publication.Invalidation)
				return
			}
			assert.Equal(t, each.want, publication.Invalidation.Paths)
		})
	}
}

func TestManyChangedPathsAreInvalidatedAsOne(t *testing.T) {
	files := app()
	for i := range 40 {
		files[fmt.Sprintf("p%d.html", i)] = "<p>"
	}
	publication, err := publish(t, newFakeSite(), PublishOptions{Directory: built(t, files)})
	require.NoError(t, err)
	assert.Equal(t, []string{"/*"}, publication.Invalidation.Paths)
}

func TestOldObjectsAreDeletedOnlyWhenAskedAndOldAssetsLast(t *testing.T) {
	site := newFakeSite()
	for _, key := range []string{"old.html", "assets/old-Q1w2e3r4.js", "assets/older-Z9y8x7w6.js"} {
		site.stands(key, "old")
	}
	dir := built(t, app())
	publication, err := publish(t, site, PublishOptions{Directory: dir})
	require.NoError(t, err)
	assert.Equal(t, 3, publication.Stale)
	assert.Contains(t, site.objects, "old.html")

	site.done = nil
	publication, err = publish(t, site, PublishOptions{Directory: dir, Delete: true})
	require.NoError(t, err)
	assert.Zero(t, publication.Stale)
	assert.Equal(t, []string{
		"delete old.html", "invalidate /old.html", "delete assets/old-Q1w2e3r4.js", "delete assets/older-Z9y8x7w6.js",
	}, site.done)
}

func TestAnObjectThatWasUploadedInPartsIsUploadedOnceMore(t *testing.T) {
	site := newFakeSite()
	site.stands("index.html", "<p>1")
	parts := site.objects["index.html"]
	parts.ETag = aws.String(`"9b2cf535f27731c974343645a3985328-2"`)
	site.objects["index.html"] = parts
	dir := built(t, map[string]string{"index.html": "<p>1"})
	publication, err := publish(t, site, PublishOptions{Directory: dir})
	require.NoError(t, err)
	assert.Len(t, publication.Uploaded, 1)
	publication, err = publish(t, site, PublishOptions{Directory: dir})
	require.NoError(t, err)
	assert.True(t, publication.IsNothing())
}

func TestAPublishThatFailsSaysWhatPeopleSee(t *testing.T) {
	for key, seen := range map[string]string{
		"assets/index-BxK3f9aQ.js": "no room; no page of web-admin was changed",
		"favicon.ico":              "no room; no page of web-admin was changed",
		"index.html":               "no room; some pages of web-admin are the new ones already",
	} {
		site := newFakeSite()
		site.fails = key
		_, err := publish(t, site, PublishOptions{Directory: built(t, app())})
		assert.EqualError(t, err, seen)
		assert.NotContains(t, site.objects, "index.html")
	}
}

func TestAnInterruptedPublishLeavesThePagesAsTheyWere(t *testing.T) {
	site := newFakeSite()
	publication, err := PlanPublish(t.Context(), site, site, shipped(t, config.Prod), PublishOptions{Site: "web-admin", Directory: built(t, app())})
	require.NoError(t, err)
	defer publication.Close()
	ctx, interrupt := context.WithCancel(t.Context())
	err = publication.Do(ctx, site, site, func(event Event) { interrupt() })
	assert.EqualError(t, err, "interrupted; no page of web-admin was changed")
	assert.Equal(t, fault.Interrupted, fault.CodeOf(err))
	assert.NotContains(t, site.objects, "index.html")
}

func TestAFileThatChangesWhileItIsPublishedIsRefused(t *testing.T) {
	site := newFakeSite()
	dir := built(t, app())
	publication, err := PlanPublish(t.Context(), site, site, shipped(t, config.Prod), PublishOptions{Site: "web-admin", Directory: dir})
	require.NoError(t, err)
	defer publication.Close()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "favicon.ico"), []byte("nope"), 0o600))
	assert.ErrorContains(t, publication.Do(t.Context(), site, site, func(Event) {}), "BadDigest")
}

func TestADirectoryThatCannotBeASiteIsRefusedBeforeAnythingIsAsked(t *testing.T) {
	outside := built(t, map[string]string{"secret": "x"})
	for name, each := range map[string]struct {
		files map[string]string
		links map[string]string
		what  string
	}{
		"empty":                {what: "DIR is empty"},
		"without an index":     {files: map[string]string{"a.js": ""}, what: "DIR has no index.html"},
		"with a link out":      {files: app(), links: map[string]string{"key": filepath.Join(outside, "secret")}, what: "DIR/key is a link that leads nowhere in DIR: path escapes from parent"},
		"with a link up":       {files: app(), links: map[string]string{"key": "../x"}, what: "DIR/key is a link that leads nowhere in DIR: path escapes from parent"},
		"with a dead link":     {files: app(), links: map[string]string{"key": "gone"}, what: "DIR/key is a link that leads nowhere in DIR: no such file or directory"},
		"with a linked folder": {files: app(), links: map[string]string{"more": "assets"}, what: "DIR/more is no file"},
		"with secrets":         {files: map[string]string{"index.html": "", ".env.local": "X=1"}, what: "DIR/.env.local is nothing to publish: everybody could read it"},
		"with a repository":    {files: map[string]string{"index.html": "", ".git/HEAD": ""}, what: "DIR/.git is nothing to publish: everybody could read it"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := built(t, each.files)
			for link, to := range each.links {
				require.NoError(t, os.Symlink(to, filepath.Join(dir, link)))
			}
			site := newFakeSite()
			_, err := publish(t, site, PublishOptions{Directory: dir})
			assert.EqualError(t, err, strings.ReplaceAll(each.what, "DIR", dir))
			assert.Equal(t, fault.Usage, fault.CodeOf(err))
			assert.Empty(t, site.done)
		})
	}
	_, err := publish(t, newFakeSite(), PublishOptions{Directory: filepath.Join(outside, "none")})
	assert.ErrorContains(t, err, "none cannot be opened: no such file or directory")
}

func TestALinkToAFileOfTheSiteIsPublishedAsTheFile(t *testing.T) {
	dir := built(t, app())
	require.NoError(t, os.Symlink("index.html", filepath.Join(dir, "start.html")))
	site := newFakeSite()
	_, err := publish(t, site, PublishOptions{Directory: dir})
	require.NoError(t, err)
	assert.Equal(t, int64(4), *site.objects["start.html"].Size)
}

func TestOnlyANameThatTellsTheContentIsKeptForAYear(t *testing.T) {
	for key, want := range map[string]bool{
		"assets/index-BxK3f9aQ.js":                   true, // Vite
		"assets/vendor-_aB-cD1e.css":                 true,
		"assets/font-xBcDeFgH.woff2":                 true, // no digit, but no word either
		"static/js/main.2f4a1b3c.chunk.js":           true, // webpack
		"_next/static/chunks/64ad27b21261a9ce-0.js":  true, // Next.js
		"_next/static/h9BqW_build/_buildManifest.js": true, // under the id of the build
		"assets/my-document.pdf":                     false,
		"assets/my-Document.pdf":                     false,
		"assets/photo-20260101.jpg":                  false, // a date
		"my-BxK3f9aQ.js":                             false, // no folder of Vite's
		"report.20260101.csv":                        false,
		"logo.svg":                                   false,
		"sw.js":                                      false,
		"_next/image":                                false,
	} {
		assert.Equal(t, want, isHashed(key), key)
	}
}

func TestContentTypesAreTheWebs(t *testing.T) {
	for key, want := range map[string]string{
		"index.html": "text/html; charset=utf-8", "a.js": "text/javascript; charset=utf-8", "a.mjs": "text/javascript; charset=utf-8",
		"a.css": "text/css; charset=utf-8", "a.wasm": "application/wasm", "a.js.map": "application/json", "a.AVIF": "image/avif",
		"a.woff2": "font/woff2", "site.webmanifest": "application/manifest+json", "a.svg": "image/svg+xml",
		"LICENSE": "application/octet-stream", "a.unheardof": "application/octet-stream",
	} {
		assert.Equal(t, want, contentType(key), key)
	}
}

func TestThePlanNamesEachFileWhenItIsAllThereIs(t *testing.T) {
	files := app()
	for i := range 30 {
		files[fmt.Sprintf("assets/part%02d-BxK3f9aQ.js", i)] = strings.Repeat("x", 1000)
	}
	site := newFakeSite()
	env := shipped(t, config.Prod)
	publication, err := PlanPublish(t.Context(), site, site, env, PublishOptions{Site: "web-admin", Directory: built(t, files)})
	require.NoError(t, err)
	defer publication.Close()
	assert.Len(t, publication.Plan(env, true).Calls, 36+1)
	short := publication.Plan(env, false)
	require.Len(t, short.Calls, listedCalls+1+1)
	assert.Equal(t, "21 files more; --dry-run names them", short.Calls[listedCalls].With)
	assert.Contains(t, short.Does[0], "web-admin gets 36 of the 36 files in ")
	assert.Contains(t, short.Does, "hashed assets: 32, 30 kB, with public, max-age=31536000, immutable")
	assert.Empty(t, site.done, "a plan changes nothing")
}

func TestAnInvalidationIsAwaitedUntilEveryEdgeHasForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site, env := newFakeSite(), shipped(t, config.Prod)
		site.spreads = 90 * time.Second
		invalidation, err := PlanInvalidation(t.Context(), site, env, "web-admin", nil)
		require.NoError(t, err)
		assert.Equal(t, []string{"/*"}, invalidation.Paths)
		require.NoError(t, invalidation.Do(t.Context(), site))
		began := time.Now()
		require.NoError(t, invalidation.Await(t.Context(), site, env, func(Event) {}))
		assert.Equal(t, 90*time.Second, time.Since(began))
		assert.Equal(t, "Completed", invalidation.Status)

		site.spreads = time.Hour
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err = invalidation.Await(ctx, site, env, func(Event) {})
		assert.EqualError(t, err, "the invalidation of web-admin takes longer than this was to wait; it goes on")
	})
}

func TestAPathThatCloudFrontWouldRefuseIsRefusedHere(t *testing.T) {
	for _, path := range []string{"index.html", "", "/a*b", "/*/a"} {
		_, err := PlanInvalidation(t.Context(), newFakeSite(), shipped(t, config.Prod), "web-admin", []string{path})
		assert.Equal(t, fault.Usage, fault.CodeOf(err), path)
	}
}

func TestASiteThatIsNotThereIsNotFound(t *testing.T) {
	_, err := PlanInvalidation(t.Context(), newFakeSite(), shipped(t, config.Prod), "web-shop", nil)
	assert.EqualError(t, err, `there is no site "web-shop" in prod`)
	_, err = PlanInvalidation(t.Context(), newFakeSite(), shipped(t, config.Prod), "web-passenger", nil)
	assert.EqualError(t, err, "no CloudFront distribution answers at https://passenger.d2.fikri.dev")
	site := newFakeSite()
	site.breaking = &types.NoSuchBucket{}
	_, err = publish(t, site, PublishOptions{Directory: built(t, app())})
	assert.ErrorContains(t, err, "there is no bucket d2-ride-booking-web-admin-prod-111122223333 for web-admin")
	assert.Equal(t, fault.NotFound, fault.CodeOf(err))
}

func TestTheStatusOfASiteIsWhatStandsInItsBucket(t *testing.T) {
	site := newFakeSite()
	site.stands("index.html", "<p>1")
	site.stands("a.js", "let a")
	newest := site.objects["a.js"]
	newest.LastModified = aws.Time(time.Unix(99, 0))
	site.objects["a.js"] = newest
	found, err := ReadSiteStatus(t.Context(), site, site, shipped(t, config.Prod), "web-admin")
	require.NoError(t, err)
	require.Len(t, found, 1)
	assert.Equal(t, 2, found[0].Objects)
	assert.Equal(t, int64(9), found[0].Bytes)
	assert.Equal(t, int64(99), found[0].Published.Unix())
	assert.Equal(t, []string{"I2"}, found[0].Invalidating)
}

func TestASizeIsReadAtAGlance(t *testing.T) {
	var said bytes.Buffer
	for _, bytes := range []int64{0, 999, 1000, 1234, 999_949, 999_999, 5 << 30} {
		fmt.Fprint(&said, Size(bytes), ", ")
	}
	assert.Equal(t, "0 B, 999 B, 1 kB, 1.2 kB, 999.9 kB, 1 MB, 5.4 GB, ", said.String())
}
