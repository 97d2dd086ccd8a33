package d2ctl

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/ops"
)

// What somebody else does who works on the same account: by the SDK where tests do
// it often, as each start of the AWS command line takes most of a second.

// aws is the SDK turned to the local AWS.
func (p *platform) aws() aws.Config {
	return aws.Config{
		Region: p.prod.Region, BaseEndpoint: aws.String(p.server.URL()),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
		}),
	}
}

// awsCLI runs one command of the AWS command line.
func (p *platform) awsCLI(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // t.Context has ended when a test cleans up
	defer cancel()
	said, err := p.server.Command(ctx, p.server.Tools.AWS, args...).CombinedOutput()
	require.NoError(t, err, "aws %s: %s", strings.Join(args, " "), said)
	return strings.TrimSpace(string(said))
}

// uploads puts a release into the artifact bucket, with its checksum.
func (p *platform) uploads(t *testing.T, env *config.Environment, version string) {
	t.Helper()
	body := packed(t, map[string]string{"ecosystem.config.js": "module.exports = {apps: []}", "VERSION": version})
	file := path.Base(env.EnabledServices()[0].ArtifactKey(version))
	p.upload(t, env, version, body, fmt.Sprintf("%x  %s\n", sha256.Sum256(body), file))
}

// upload puts an artifact and, where one is given, its checksum into the bucket.
func (p *platform) upload(t *testing.T, env *config.Environment, version string, content []byte, sum string) {
	t.Helper()
	api := s3.NewFromConfig(p.aws(), func(o *s3.Options) { o.UsePathStyle = true })
	key := env.EnabledServices()[0].ArtifactKey(version)
	put := func(key string, content []byte) {
		_, err := api.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(env.ArtifactBucket()), Key: &key, Body: bytes.NewReader(content)})
		require.NoError(t, err)
	}
	put(key, content)
	if sum != "" {
		put(key+".sha256", []byte(sum))
	}
}

// puts writes a parameter.
func (p *platform) puts(t *testing.T, name, value string, kind types.ParameterType) {
	t.Helper()
	_, err := ssm.NewFromConfig(p.aws()).PutParameter(context.WithoutCancel(t.Context()), &ssm.PutParameterInput{
		Name: &name, Value: &value, Type: kind, Overwrite: aws.Bool(true),
	})
	require.NoError(t, err)
}

// hides puts secrets among the variables of the backend of each environment, one of
// them in a parameter that is no secret; the answer takes them away again.
func (p *platform) hides(t *testing.T, secret, stored string, environments ...*config.Environment) (forget func()) {
	t.Helper()
	var names []string
	for _, env := range environments {
		hidden, plain := env.RuntimeParameterPath(released)+"/PLAIN_LOOKING", env.RuntimeParameterPath(released)+"/SMTP_PASSWORD"
		p.puts(t, hidden, secret+"\nin two lines", types.ParameterTypeSecureString)
		p.puts(t, plain, stored, types.ParameterTypeString)
		names = append(names, hidden, plain)
	}
	return func() {
		_, err := ssm.NewFromConfig(p.aws()).DeleteParameters(context.WithoutCancel(t.Context()), &ssm.DeleteParametersInput{Names: names})
		require.NoError(t, err)
	}
}

// wants writes the version parameter of the backend.
func (p *platform) wants(t *testing.T, env *config.Environment, version string) {
	t.Helper()
	p.puts(t, env.VersionParameter(released), version, types.ParameterTypeString)
}

// runsOnHost has DEV's host run a line.
func (p *platform) runsOnHost(t *testing.T, line string) {
	t.Helper()
	instance := strings.TrimSpace(p.succeeds(t, "outputs", "-e", "dev", "host.instance_id").out)
	answers, err := ops.RunOnHosts(context.WithoutCancel(t.Context()), ssm.NewFromConfig(p.aws()), []string{instance}, line)
	require.NoError(t, err)
	require.Equal(t, "Success", answers[0].Status, answers[0].Err)
}

// released has DEV run a release of the backend, and takes it back when the test is over.
func (p *platform) released(t *testing.T, version string) {
	t.Helper()
	p.uploads(t, p.dev, version)
	p.wants(t, p.dev, version)
	p.runsOnHost(t, config.ReleaseCommand+" "+released)
	t.Cleanup(func() {
		p.wants(t, p.dev, config.Unreleased)
		p.runsOnHost(t, config.ReleaseCommand+" "+released)
	})
}
