package ops

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/awsapi"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// sumEnd is behind an artifact's key in that of its checksum, as sha256sum writes it.
const sumEnd = ".sha256"

// ArtifactStore is what releases ask of the artifact bucket.
type ArtifactStore interface {
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	HeadObject(context.Context, *s3.HeadObjectInput, ...func(*s3.Options)) (*s3.HeadObjectOutput, error)
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
}

// shelf is where the artifacts of one service lie.
type shelf struct {
	api     ArtifactStore
	env     *config.Environment
	service config.Service
}

func (s shelf) key(version string) string { return s.service.ArtifactKey(version) }

// upload puts an artifact on the shelf, the checksum first: it claims the version,
// and an upload that was cut off between the two is taken up by the next. Neither
// is ever overwritten.
func (s shelf) upload(ctx context.Context, artifact Artifact) error {
	key := s.key(artifact.Version)
	sum := artifact.SHA256 + "  " + path.Base(key) + "\n"
	there, err := s.putOnce(ctx, key+sumEnd, strings.NewReader(sum), "")
	if err != nil {
		return err
	}
	if there {
		if err := s.isTheSame(ctx, artifact); err != nil {
			return err
		}
	}
	file, err := os.Open(artifact.File)
	if err != nil {
		return err
	}
	defer file.Close()
	there, err = s.putOnce(ctx, key, file, artifact.SHA256)
	if err != nil || !there {
		return err
	}
	_, err = s.stored(ctx, artifact.Version)
	return err
}

// putOnce writes an object that does not exist; there says that it did. With a
// checksum S3 refuses a content that changed since it was looked into.
func (s shelf) putOnce(ctx context.Context, key string, content io.ReadSeeker, sum string) (there bool, err error) {
	put := &s3.PutObjectInput{Bucket: aws.String(s.env.ArtifactBucket()), Key: &key, Body: content, IfNoneMatch: aws.String("*")}
	if digest, err := hex.DecodeString(sum); err == nil && sum != "" {
		put.ChecksumSHA256 = aws.String(base64.StdEncoding.EncodeToString(digest))
	}
	_, err = s.api.PutObject(ctx, put)
	var answer smithy.APIError
	if errors.As(err, &answer) && answer.ErrorCode() == "PreconditionFailed" {
		return true, nil
	}
	return false, err
}

// isTheSame refuses an artifact whose version the shelf has with another checksum.
func (s shelf) isTheSame(ctx context.Context, artifact Artifact) error {
	sum, err := s.sum(ctx, artifact.Version)
	if err != nil || sum == "" || sum == artifact.SHA256 {
		return err
	}
	return fault.New(fault.Usage, "give the new content a version of its own; to roll out the one that is there: d2ctl deploy "+s.service.Name+" "+artifact.Version,
		"the bucket has another %s: its sha256 is %.12s…, this one's %.12s…; a version is never overwritten", path.Base(s.key(artifact.Version)), sum, artifact.SHA256)
}

// sum is the checksum that the shelf has for a version; empty when it has none.
func (s shelf) sum(ctx context.Context, version string) (string, error) {
	answer, err := s.api.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(s.env.ArtifactBucket()), Key: aws.String(s.key(version) + sumEnd)})
	if awsapi.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	var text bytes.Buffer
	if _, err := io.CopyN(&text, answer.Body, sha256Digits); err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return strings.ToLower(text.String()), nil
}

// sha256Digits is how long a checksum is, in characters.
const sha256Digits = 64

// stored looks into the artifact that the shelf has of a version, as a host does before it runs it.
func (s shelf) stored(ctx context.Context, version string) (Artifact, error) {
	sum, err := s.sum(ctx, version)
	if err != nil {
		return Artifact{}, err
	}
	answer, err := s.api.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(s.env.ArtifactBucket()), Key: aws.String(s.key(version))})
	if awsapi.IsNotFound(err) || (err == nil && sum == "") {
		return Artifact{}, s.missing(version)
	}
	if err != nil {
		return Artifact{}, err
	}
	defer answer.Body.Close()
	artifact, err := inspect(answer.Body)
	switch {
	case err != nil && ctx.Err() != nil:
		return Artifact{}, ctx.Err()
	case err != nil:
		return Artifact{}, s.spoilt("s3://%s/%s: %v", s.env.ArtifactBucket(), s.key(version), err)
	case artifact.SHA256 != sum:
		return Artifact{}, s.spoilt("s3://%s/%s is corrupt: its sha256 is %.12s…, its checksum file says %.12s…", s.env.ArtifactBucket(), s.key(version), artifact.SHA256, sum)
	}
	artifact.Version = version
	return artifact, nil
}

func (s shelf) spoilt(what string, values ...any) error {
	return fault.New(fault.Usage, "release the content again under a version of its own", what, values...)
}

// has says that artifact and checksum of a version are there, without reading them.
func (s shelf) has(ctx context.Context, version string) (bool, error) {
	for _, end := range []string{"", sumEnd} {
		_, err := s.api.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String(s.env.ArtifactBucket()), Key: aws.String(s.key(version) + end)})
		if awsapi.IsNotFound(err) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	return true, nil
}

func (s shelf) missing(version string) error {
	return fault.New(fault.NotFound, "see which versions are there: d2ctl releases -e "+string(s.env.Environment)+" "+s.service.Name,
		"the bucket %s has no %s with its checksum", s.env.ArtifactBucket(), s.key(version))
}
