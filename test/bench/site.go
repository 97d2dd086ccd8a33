package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/localaws"
)

const (
	siteFiles = 2000
	// motoRuns are few: moto itself takes most of their time.
	motoRuns = 3
	// ofTheCommandLine is the bucket that aws s3 sync fills; d2ctl has the site's own.
	ofTheCommandLine = "bench-of-the-aws-command"
)

// site times publishing 2,000 files, first and unchanged, by d2ctl site publish
// and by aws s3 sync in turn: against a stand-in for S3 that is as fast as it
// can be, and against moto.
func (r *runner) site() error {
	if _, err := exec.LookPath("aws"); err != nil {
		fmt.Printf("site publish beside aws s3 sync: not measured: the aws command is not here\n\n")
		return nil
	}
	b, err := r.siteBench()
	if err != nil {
		return err
	}
	defer b.front.Close()
	fmt.Printf("%d files, %.1f MB, published by d2ctl site publish and by aws s3 sync, in turn:\n", siteFiles, float64(b.bytes)/1e6)
	if err := b.onStandIn(r.runs); err != nil {
		return err
	}
	return b.onMoto(min(r.runs, motoRuns))
}

// siteBench is the two clients, what they publish, and what answers them.
type siteBench struct {
	*runner
	env     *config.Environment
	program string // d2ctl
	dir     string
	bytes   int
	front   *standIn // S3 in memory, and for both all that is not S3
	s3      string   // the endpoint that is timed
}

func (r *runner) siteBench() (*siteBench, error) {
	env, err := config.Shipped(config.Prod)
	if err != nil {
		return nil, err
	}
	b := &siteBench{runner: r, env: env, program: filepath.Join(r.work, "d2ctl"), dir: filepath.Join(r.work, "site")}
	command := exec.Command("go", "build", "-o", b.program, "./cmd/d2ctl")
	command.Dir = r.root
	if said, err := command.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build ./cmd/d2ctl: %w\n%s", err, said)
	}
	if err := b.write(); err != nil {
		return nil, err
	}
	b.front = newStandIn(env.Account, env.FQDN(env.EnabledSites()[0].HostLabel))
	return b, nil
}

// write makes a site as Vite leaves it: one page, a few fixed names, and assets of 1 to 16 kB.
func (b *siteBench) write() error {
	source := rand.New(rand.NewSource(1))
	if err := os.MkdirAll(filepath.Join(b.dir, "assets"), 0o755); err != nil {
		return err
	}
	for i := range siteFiles {
		name := fmt.Sprintf("assets/part%04d-%04xAbc%d.js", i, i, i%10)
		switch {
		case i == 0:
			name = "index.html"
		case i < 10:
			name = fmt.Sprintf("icon%d.png", i)
		}
		content := make([]byte, 1000+source.Intn(15000))
		source.Read(content)
		b.bytes += len(content)
		if err := os.WriteFile(filepath.Join(b.dir, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// onStandIn measures the clients: the server keeps objects in memory.
func (b *siteBench) onStandIn(runs int) error {
	b.s3 = b.front.URL
	own := usage(syscall.RUSAGE_SELF)
	err := b.compare("a stand-in for S3 in memory", runs, 4, 5, func(bucket string) error { b.front.clear(bucket); return nil })
	fmt.Printf("  the stand-in took %.2f s of processor in all runs together\n\n", (usage(syscall.RUSAGE_SELF) - own).Seconds())
	return err
}

// onMoto measures what a newcomer sees, which is moto.
func (b *siteBench) onMoto(runs int) error {
	ctx := context.Background()
	server, err := localaws.Start(ctx, localaws.Options{Root: b.root})
	if localaws.IsMissing(err) {
		fmt.Printf("  moto: not measured: %v\n\n", err)
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = server.Stop() }()
	b.s3 = server.URL()
	buckets := b.client()
	for _, bucket := range []string{b.bucket(), ofTheCommandLine} {
		if _, err := buckets.CreateBucket(ctx, &s3.CreateBucketInput{
			Bucket:                    &bucket,
			CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(b.env.Region)},
		}); err != nil {
			return err
		}
	}
	began := time.Now()
	busy := processorOf(server.PID)
	if err := b.compare("moto", runs, 0, 0, func(bucket string) error { return empty(ctx, buckets, bucket) }); err != nil {
		return err
	}
	fmt.Printf("  moto was busy %.0f %% of the time: it is the limit there\n\n", 100*(processorOf(server.PID)-busy).Seconds()/time.Since(began).Seconds())
	return nil
}

// compare prints the four medians and the two ratios. An aim of 0 is none.
func (b *siteBench) compare(where string, runs int, aimFirst, aimUnchanged float64, clear func(bucket string) error) error {
	times, err := b.inTurn(runs,
		func() (time.Duration, error) { return b.emptied(clear, b.bucket(), b.publish()) },
		func() (time.Duration, error) { return timed(b.publish()) },
		func() (time.Duration, error) { return b.emptied(clear, ofTheCommandLine, b.sync()) },
		func() (time.Duration, error) { return timed(b.sync()) },
	)
	if err != nil {
		return err
	}
	fmt.Printf("  against %s:\n", where)
	for i, what := range []string{"d2ctl site publish, first", "d2ctl site publish, unchanged", "aws s3 sync, first", "aws s3 sync, unchanged"} {
		row(what, times[i])
	}
	fmt.Printf("  aws s3 sync / d2ctl: first %.1f%s, unchanged %.1f%s (medians of the rounds)\n",
		median(ratios(times[2], times[0])), aim(aimFirst), median(ratios(times[3], times[1])), aim(aimUnchanged))
	return nil
}

func aim(times float64) string {
	if times == 0 {
		return ""
	}
	return fmt.Sprintf(" (aim: %.0f)", times)
}

// emptied times a command on an empty bucket; the emptying is not counted.
func (b *siteBench) emptied(clear func(string) error, bucket string, command *exec.Cmd) (time.Duration, error) {
	if err := clear(bucket); err != nil {
		return 0, err
	}
	return timed(command)
}

func (b *siteBench) bucket() string { return b.env.SiteBucket(b.env.EnabledSites()[0].Name) }

func (b *siteBench) publish() *exec.Cmd {
	return b.pointed(b.program, "site", "publish", "-e", string(b.env.Environment), "--yes", "--confirm", string(b.env.Environment),
		"--json", b.env.EnabledSites()[0].Name, b.dir)
}

func (b *siteBench) sync() *exec.Cmd {
	return b.pointed("aws", "s3", "sync", "--only-show-errors", b.dir, "s3://"+ofTheCommandLine)
}

// pointed is a command whose S3 is the one that is timed.
func (b *siteBench) pointed(program string, args ...string) *exec.Cmd {
	command := exec.Command(program, args...)
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "AWS_") {
			command.Env = append(command.Env, variable)
		}
	}
	command.Env = append(command.Env, "AWS_ENDPOINT_URL="+b.front.URL, "AWS_ENDPOINT_URL_S3="+b.s3, "AWS_REGION="+b.env.Region,
		"AWS_DEFAULT_REGION="+b.env.Region, "AWS_ACCESS_KEY_ID=bench", "AWS_SECRET_ACCESS_KEY=bench", "AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "NO_PROXY=localhost,127.0.0.1")
	return command
}

func (b *siteBench) client() *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: &b.s3, Region: b.env.Region, UsePathStyle: true,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "bench", SecretAccessKey: "bench"}, nil
		}),
	})
}

func empty(ctx context.Context, client *s3.Client, bucket string) error {
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		var keys []types.ObjectIdentifier
		for _, object := range page.Contents {
			keys = append(keys, types.ObjectIdentifier{Key: object.Key})
		}
		if len(keys) == 0 {
			continue
		}
		answer, err := client.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &bucket, Delete: &types.Delete{Objects: keys}})
		if err != nil || len(answer.Errors) > 0 {
			return errors.Join(err, fmt.Errorf("%d objects of %s could not be deleted", len(keys), bucket))
		}
	}
	return nil
}

// usage is the processor time of this process, or of its children that have ended.
func usage(who int) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(who, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// processorOf is the processor time of another process, where /proc tells; else 0.
func processorOf(pid int) time.Duration {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(content), ") ")
	var user, system int64
	fields := strings.Fields(after)
	if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
		return 0
	}
	return time.Duration(user+system) * (time.Second / 100)
}
