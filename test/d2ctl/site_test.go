package d2ctl

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/localaws"
	"github.com/d2-ride-booking/platform/internal/ops"
)

// site is a directory as a build of web-admin leaves it.
func site(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"index.html": "<script src=/assets/index-BxK3f9aQ.js>", "assets/index-BxK3f9aQ.js": "let a", "favicon.ico": "icon",
	} {
		write(t, dir, name, content)
	}
	return dir
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
}

// published runs site publish on PROD's web-admin.
func published(t *testing.T, p *platform, args ...string) (ops.Publication, outcome) {
	t.Helper()
	result := p.succeeds(t, append([]string{"site", "publish", "-e", "prod", "--yes", "--confirm", "prod", "--json", "web-admin"}, args...)...)
	var publication ops.Publication
	require.NoError(t, json.Unmarshal([]byte(result.out), &publication))
	return publication, result
}

func TestASiteIsPublishedThenLeftAloneThenChanged(t *testing.T) {
	p := deployed(t)
	dir := site(t)
	first, result := published(t, p, dir)
	assert.Len(t, first.Uploaded, 3)
	assert.Equal(t, []string{"/favicon.ico", "/", "/index.html"}, first.Invalidation.Paths)
	assert.Contains(t, result.errors, "hashed assets: 1 of 1, 5 B\n")
	assert.NoError(t, check(t, "site-publish.json", result.out))

	second, result := published(t, p, dir)
	assert.Equal(t, 3, second.Unchanged)
	assert.Nil(t, second.Invalidation)
	assert.Contains(t, result.errors, "web-admin is as in "+dir+" already\n")
	assert.NoError(t, check(t, "site-publish.json", result.out))

	require.NoError(t, os.Remove(filepath.Join(dir, "assets/index-BxK3f9aQ.js")))
	write(t, dir, "assets/index-C0ffee12.js", "let b")
	third, _ := published(t, p, dir, "--delete")
	assert.Equal(t, []string{"assets/index-BxK3f9aQ.js"}, third.Deleted)
	assert.Nil(t, third.Invalidation, "only hashed assets are other ones")

	status := p.succeeds(t, "site", "status", "-e", "prod", "web-admin", "--jq", ".[0].objects")
	assert.Equal(t, "3\n", status.out)
}

func TestABrowserIsToldWhatAFileIsAndHowLongItMayKeepIt(t *testing.T) {
	p := deployed(t)
	published(t, p, site(t), "--all")
	for key, want := range map[string][2]string{
		"index.html":               {"text/html; charset=utf-8", "no-cache"},
		"assets/index-BxK3f9aQ.js": {"text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
	} {
		object, err := p.bucket().HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(p.prod.SiteBucket("web-admin")), Key: &key})
		require.NoError(t, err)
		assert.Equal(t, want, [2]string{*object.ContentType, *object.CacheControl}, key)
	}
}

// bucket is S3 without d2ctl.
func (p *platform) bucket() *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: aws.String(p.server.URL()), Region: p.prod.Region, UsePathStyle: true,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	})
}

func TestADryRunOfAPublishListsEachFileAndUploadsNone(t *testing.T) {
	p := deployed(t)
	result := p.succeeds(t, "site", "publish", "-e", "prod", "web-passenger", site(t), "--dry-run")
	assert.Contains(t, result.out, p.prod.SiteBucket("web-passenger")+"/assets/index-BxK3f9aQ.js")
	assert.Contains(t, result.out, "CloudFront.CreateInvalidation")
	assert.Equal(t, "0\n", p.succeeds(t, "site", "status", "-e", "prod", "web-passenger", "--jq", ".[].objects").out)
}

func TestWhatIsNoSiteIsNotPublished(t *testing.T) {
	p := deployed(t)
	empty := t.TempDir()
	result := p.d2ctl(t, "site", "publish", "-e", "prod", "web-admin", empty, "--dry-run")
	assert.Equal(t, 2, result.code)
	assert.Equal(t, "d2ctl: "+empty+" is empty\nTry: build the site first\n", result.errors)
	result = p.d2ctl(t, "site", "publish", "-e", "dev", "web-admin", site(t), "--yes")
	assert.Equal(t, 3, result.code)
	assert.Contains(t, result.errors, "no site is on in dev")
	assert.Equal(t, 2, p.d2ctl(t, "site", "publish", "-e", "prod", "web-admin", site(t), "--yes", "--all").code, "PROD is named")
}

func TestAnInvalidationIsOrderedAndAwaited(t *testing.T) {
	p := deployed(t)
	result := p.succeeds(t, "site", "invalidate", "-e", "prod", "web-admin", "--yes", "--confirm", "prod", "--json")
	var invalidation ops.Invalidation
	require.NoError(t, json.Unmarshal([]byte(result.out), &invalidation))
	assert.Equal(t, []string{"/*"}, invalidation.Paths)
	assert.NotEmpty(t, invalidation.ID)
	assert.NoError(t, check(t, "site-invalidate.json", result.out))
}

func TestADeniedUploadNamesTheCallAndWhatPeopleSee(t *testing.T) {
	p := deployed(t)
	require.NoError(t, p.server.SetFaults(t.Context(), []localaws.Fault{{Service: "s3", Operation: "PutObject", Error: "AccessDenied"}}))
	defer func() { require.NoError(t, p.server.ClearFaults(context.Background())) }()
	result := p.d2ctl(t, "site", "publish", "-e", "prod", "web-admin", site(t), "--all", "--yes", "--confirm", "prod")
	assert.Equal(t, 4, result.code)
	assert.Contains(t, result.errors, "d2ctl: these credentials may not s3:PutObject; no page of web-admin was changed\n")
}
