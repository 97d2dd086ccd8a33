package ops

import (
	"context"
	"encoding/hex"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/awsapi"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// BucketLister is what looking at a bucket needs of S3.
type BucketLister interface {
	ListObjectsV2(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
}

// object is what a listing says of one.
type object struct {
	bytes    int64
	etag     string // without its quotes
	modified time.Time
}

// holds says that the object's content is the file's. The ETag of what was
// uploaded in one request is its MD5; that of an upload in parts is not and has
// a dash, so such an object is uploaded once more, in one request, and compares
// from then on. The buckets are encrypted by S3's own key (constructs/bucket.go):
// under a KMS key no ETag would be an MD5.
func (o object) holds(file SiteFile) bool {
	return o.bytes == file.Bytes && o.etag == hex.EncodeToString(file.md5[:])
}

// listBucket is all that stands in a site's bucket, by key: a call a thousand objects.
func listBucket(ctx context.Context, api BucketLister, env *config.Environment, site config.Site) (map[string]object, error) {
	bucket := env.SiteBucket(site.Name)
	found := map[string]object{}
	pages := s3.NewListObjectsV2Paginator(api, &s3.ListObjectsV2Input{Bucket: &bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if awsapi.IsNotFound(err) {
			return nil, &fault.Error{Code: fault.NotFound, What: "there is no bucket " + bucket + " for " + site.Name, Try: deployStack(env), Cause: err}
		}
		if err != nil {
			return nil, err
		}
		for _, each := range page.Contents {
			found[aws.ToString(each.Key)] = object{
				bytes: aws.ToInt64(each.Size), etag: strings.Trim(aws.ToString(each.ETag), `"`), modified: aws.ToTime(each.LastModified),
			}
		}
	}
	return found, nil
}

func deployStack(env *config.Environment) string {
	return "deploy the stack: make deploy ENV=" + string(env.Environment)
}
