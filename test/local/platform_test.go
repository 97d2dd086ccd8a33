package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/localaws"
	"github.com/d2-ride-booking/platform/internal/tooltest"
	"github.com/d2-ride-booking/platform/stacks"
)

// TestMain ends the JavaScript runtime that every synth of the package shares.
func TestMain(m *testing.M) {
	code := m.Run()
	stacks.Close()
	os.Exit(code)
}

// root is the repository, seen from this package.
const root = "../.."

// environment is a shipped environment, fresh, for a step to change.
func environment(t *testing.T, stage config.Stage, change ...func(*config.Environment)) *config.Environment {
	t.Helper()
	env, err := config.Load(filepath.Join(root, config.DefaultDir, string(stage)+".yaml"))
	require.NoError(t, err)
	for _, each := range change {
		each(env)
	}
	return env
}

// template is what a step reads of a synthesized template.
type template struct {
	Resources map[string]struct {
		Type       string
		Properties map[string]any
	}
}

func readTemplate(t *testing.T, assembly, stack string) template {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(assembly, stack+".template.json"))
	require.NoError(t, err)
	var read template
	require.NoError(t, json.Unmarshal(data, &read))
	return read
}

// platform is both environments on a local AWS of the test's own.
type platform struct {
	server   *localaws.Server
	dev      *config.Environment
	prod     *config.Environment
	dir      string // of all assemblies
	assembly string // the one that is deployed at present
	targets  string // the ARN of PROD's target group, from the first look at it
}

func newPlatform(t *testing.T) *platform {
	dev, prod := environment(t, config.Dev), environment(t, config.Prod)
	// A host boots slowly enough to be seen booting by a command line that takes most of a second.
	t.Setenv("LOCALAWS_BOOT_SECONDS", "1")
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	t.Cleanup(cancel)
	server, err := localaws.Start(ctx, localaws.Options{
		Account:     dev.Account,
		HostedZones: map[string]string{dev.Domain.ZoneName: dev.Domain.ZoneID},
		Progress:    func(what string) { t.Log(what) },
	})
	tooltest.Need(t, localaws.IsMissing(err), err)
	t.Cleanup(func() { _ = server.Stop() })
	require.NoError(t, localaws.InstallCDK(ctx, server.Root, func(what string) { t.Log(what) }))
	require.NoError(t, server.Bootstrap(ctx, dev.Region, config.EdgeRegion))
	return &platform{server: server, dev: dev, prod: prod, dir: t.TempDir()}
}

// synth writes the assembly of the environments that the CDK command line is then given.
func (p *platform) synth(t *testing.T, environments ...*config.Environment) string {
	t.Helper()
	out, err := os.MkdirTemp(p.dir, "assembly-")
	require.NoError(t, err)
	context, err := stacks.Context(filepath.Join(root, "cdk.json"))
	require.NoError(t, err)
	props := &awscdk.AppProps{Outdir: jsii.String(out), Context: &context}
	_, err = stacks.Synth(props, func(awscdk.App) ([]*config.Environment, error) { return environments, nil })
	require.NoError(t, err)
	return out
}

// cdk runs the CDK command line on an assembly and returns what it said.
func (p *platform) cdk(assembly string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	said, err := p.server.CDK(ctx, append(args, "--app", assembly, "--progress", "events")...).CombinedOutput()
	return string(said), err
}

func (p *platform) deploy(t *testing.T, assembly string, stacks ...string) string {
	t.Helper()
	if len(stacks) == 0 {
		stacks = []string{"--all"}
	}
	said, err := p.cdk(assembly, append([]string{"deploy", "--require-approval", "never"}, stacks...)...)
	require.NoError(t, err, said)
	p.assembly = assembly
	return said
}

// aws runs one command of the AWS command line and returns what it answered.
func (p *platform) aws(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	answer, err := p.server.Command(ctx, p.server.Tools.AWS, args...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return "", fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	return strings.TrimSpace(string(answer)), err
}

// ask is aws where the test cannot go on without the answer. The words are split
// at spaces; region is the environments'.
func (p *platform) ask(t *testing.T, command string, more ...string) string {
	t.Helper()
	args := append(strings.Fields(command), more...)
	if !strings.Contains(command, "--region") {
		args = append(args, "--region", p.prod.Region)
	}
	answer, err := p.aws(args...)
	require.NoError(t, err, "aws %s", strings.Join(args, " "))
	return answer
}

// query asks for one value as text.
func (p *platform) query(t *testing.T, command, query string, more ...string) string {
	t.Helper()
	return p.ask(t, command, append(more, "--query", query, "--output", "text")...)
}

// outputs are a stack's, by their dotted keys.
func (p *platform) outputs(t *testing.T, stack string) map[string]string {
	t.Helper()
	var described struct {
		Stacks []struct {
			Outputs []struct{ Description, OutputValue string }
		}
	}
	answer := p.ask(t, "cloudformation describe-stacks --output json --stack-name", stack)
	require.NoError(t, json.Unmarshal([]byte(answer), &described))
	outputs := map[string]string{}
	for _, output := range described.Stacks[0].Outputs {
		outputs[output.Description] = output.OutputValue
	}
	return outputs
}
