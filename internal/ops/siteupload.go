package ops

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"

	"github.com/d2-ride-booking/platform/internal/awsapi"
	"github.com/d2-ride-booking/platform/internal/fault"
)

const (
	// uploadsAtOnce keep a line busy whose round trips are long; the S3 client keeps as many connections.
	uploadsAtOnce = 32
	// deletesAtOnce is the most that S3 takes in one call.
	deletesAtOnce = 1000
)

// Do uploads stage by stage and orders the invalidation. What it deletes under
// hashed names it leaves to Clean.
func (p *Publication) Do(ctx context.Context, store SiteStore, cdn Invalidator, tell Listener) error {
	for _, stage := range stages {
		files := p.of(stage.stage)
		if len(files) == 0 {
			continue
		}
		upload := uploading{store: store, bucket: p.Bucket, cache: stage.cache, dir: p.dir, tell: tell, subject: stage.name, files: files}
		if err := upload.all(ctx); err != nil {
			return p.halfDone(err, stage.stage)
		}
	}
	if err := p.remove(ctx, store, tell, func(key string) bool { return !isHashed(key) }); err != nil {
		return err
	}
	if p.Invalidation == nil {
		return nil
	}
	return p.Invalidation.Do(ctx, cdn)
}

// Clean deletes the old hashed assets. It comes last, when no edge keeps a page
// any more that names them.
func (p *Publication) Clean(ctx context.Context, store SiteStore, tell Listener) error {
	return p.remove(ctx, store, tell, isHashed)
}

// halfDone says what people see of a publish that has failed or was ended, and what to do.
func (p *Publication) halfDone(err error, at stage) error {
	problem := fault.Error{Code: fault.Failed, What: err.Error(), Try: "run it again: it uploads what is missing", Cause: err}
	var known *fault.Error
	switch {
	case errors.Is(err, context.Canceled):
		problem.Code, problem.What = fault.Interrupted, "interrupted"
	case errors.As(awsapi.Explain(err), &known):
		problem.Code, problem.What, problem.Try = known.Code, known.What, cmp.Or(known.Try, problem.Try)
	}
	if at == stagePages {
		problem.What += "; some pages of " + p.Site + " are the new ones already"
	} else {
		problem.What += "; no page of " + p.Site + " was changed"
	}
	return &problem
}

// remove deletes those of Deleted that are meant.
func (p *Publication) remove(ctx context.Context, store SiteStore, tell Listener, meant func(string) bool) error {
	var objects []types.ObjectIdentifier
	for _, key := range p.Deleted {
		if meant(key) {
			objects = append(objects, types.ObjectIdentifier{Key: &key})
		}
	}
	for batch := range slices.Chunk(objects, deletesAtOnce) {
		answer, err := store.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &p.Bucket, Delete: &types.Delete{Objects: batch, Quiet: aws.Bool(true)}})
		if err != nil {
			return err
		}
		if len(answer.Errors) > 0 {
			refused := answer.Errors[0]
			return fault.New(fault.Failed, "look at the bucket's policy, then run it again with --delete", "%s was not deleted from %s: %s (%s)",
				aws.ToString(refused.Key), p.Bucket, aws.ToString(refused.Message), aws.ToString(refused.Code))
		}
		tell(Event{Subject: "old objects", State: fmt.Sprintf("%d deleted", len(batch))})
	}
	return nil
}

// uploading is one stage on its way.
type uploading struct {
	store         SiteStore
	bucket, cache string
	subject       string
	dir           *siteDir
	files         []SiteFile
	tell          Listener
	mutex         sync.Mutex
	started       time.Time
	done          int
	bytes         int64
}

// all uploads the stage's files side by side. The index page goes alone and
// last: it is the one that everybody opens.
func (u *uploading) all(ctx context.Context) error {
	u.started = time.Now()
	var last []SiteFile
	group, parallel := errgroup.WithContext(ctx)
	group.SetLimit(uploadsAtOnce)
	for _, file := range u.files {
		if file.Key == indexPage {
			last = append(last, file)
			continue
		}
		group.Go(func() error { return u.one(parallel, file) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, file := range last {
		if err := u.one(ctx, file); err != nil {
			return err
		}
	}
	return nil
}

func (u *uploading) one(ctx context.Context, file SiteFile) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	content, err := u.dir.root.Open(file.Key)
	if err != nil {
		return fault.New(fault.Failed, "let the build end, then run it again", "%s is gone: %v", u.dir.at(file.Key), cause(err))
	}
	defer content.Close()
	_, err = u.store.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &u.bucket, Key: &file.Key, Body: content, ContentLength: &file.Bytes,
		ContentType: aws.String(contentType(file.Key)), CacheControl: &u.cache,
		// S3 refuses what is not the content that was compared, such as that of a build which still writes.
		ContentMD5: aws.String(base64.StdEncoding.EncodeToString(file.md5[:])),
	})
	if err != nil {
		return err
	}
	u.count(file)
	return nil
}

// count tells how far the stage is, with its rate.
func (u *uploading) count(file SiteFile) {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	u.done++
	u.bytes += file.Bytes
	state := fmt.Sprintf("%d of %d, %s", u.done, len(u.files), Size(u.bytes))
	if took := time.Since(u.started); took > time.Second {
		state += fmt.Sprintf(", %s/s", Size(int64(float64(u.bytes)/took.Seconds())))
	}
	u.tell(Event{Subject: u.subject, State: state, Passing: u.done < len(u.files)})
}
