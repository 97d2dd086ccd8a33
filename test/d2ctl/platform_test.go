// Package d2ctl runs the built program against both environments on a local AWS,
// as people run it: by its arguments, its variables and its streams.
package d2ctl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/jsii-runtime-go"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/localaws"
	"github.com/d2-ride-booking/platform/internal/tooltest"
	"github.com/d2-ride-booking/platform/stacks"
)

// root is the repository, seen from this package.
const root = "../.."

// TestMain ends what the tests of the package share: the local AWS, the binary,
// and the JavaScript runtime of the synth.
func TestMain(m *testing.M) {
	code := m.Run()
	for _, each := range []*platform{&shared, &walkedOver} {
		if each.server != nil {
			_ = each.server.Stop()
		}
	}
	_ = os.RemoveAll(common.dir)
	stacks.Close()
	os.Exit(code)
}

// platform is both environments as shipped, deployed on a local AWS, and d2ctl.
type platform struct {
	server    *localaws.Server
	dev, prod *config.Environment
	binary    string
}

// workshop is what every platform is made of: the environments, d2ctl built, and the
// templates synthesized. The first platform makes it.
type workshop struct {
	dir, binary, assembly string
	environments          []*config.Environment
}

var (
	common     workshop
	commonOnce sync.Once
	commonErr  error
)

// shared is made by the first test that asks for it. A test that changes what is
// deployed puts it back. A walk through the runbooks leaves more behind than it
// could put back, so walkedOver is for walks alone.
var (
	shared, walkedOver         platform
	sharedOnce, walkedOverOnce sync.Once
	sharedErr, walkedOverErr   error
)

// deployed is the platform that all tests of the package share.
func deployed(t *testing.T) *platform {
	t.Helper()
	sharedOnce.Do(func() { sharedErr = shared.make() })
	tooltest.Need(t, localaws.IsMissing(sharedErr), sharedErr)
	return &shared
}

// deployedForWalks is the platform of the tests that walk.
func deployedForWalks(t *testing.T) *platform {
	t.Helper()
	walkedOverOnce.Do(func() { walkedOverErr = walkedOver.make() })
	tooltest.Need(t, localaws.IsMissing(walkedOverErr), walkedOverErr)
	return &walkedOver
}

func (p *platform) make() (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	commonOnce.Do(func() { commonErr = common.make(ctx) })
	if commonErr != nil {
		return commonErr
	}
	p.dev, p.prod, p.binary = common.environments[0], common.environments[1], common.binary
	p.server, err = localaws.Start(ctx, localaws.Options{
		Account: p.dev.Account, HostedZones: map[string]string{p.dev.Domain.ZoneName: p.dev.Domain.ZoneID},
		Signers: map[string]string{canaryKeyID: canaryKey},
	})
	if err != nil {
		return err
	}
	if err := localaws.InstallCDK(ctx, p.server.Root, func(string) {}); err != nil {
		return err
	}
	if err := p.server.Bootstrap(ctx, p.dev.Region, config.EdgeRegion); err != nil {
		return err
	}
	said, err := p.server.CDK(ctx, "deploy", "--all", "--require-approval", "never", "--app", common.assembly, "--progress", "events").CombinedOutput()
	if err != nil {
		return fmt.Errorf("cdk deploy: %w: %s", err, said)
	}
	return p.awaitHosts(ctx)
}

// hosts are how many the stacks launch: two bastions, DEV's host and PROD's backend.
const hosts = 4

// awaitHosts waits until Systems Manager reaches every host.
func (p *platform) awaitHosts(ctx context.Context) error {
	api := ssm.NewFromConfig(p.aws())
	for {
		told, err := api.DescribeInstanceInformation(ctx, &ssm.DescribeInstanceInformationInput{})
		if err != nil {
			return err
		}
		online := 0
		for _, each := range told.InstanceInformationList {
			if each.PingStatus == types.PingStatusOnline {
				online++
			}
		}
		if online == hosts {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func (w *workshop) make(ctx context.Context) (err error) {
	if w.dir, err = os.MkdirTemp("", "d2ctl-test-"); err != nil {
		return err
	}
	if w.environments, err = config.LoadAll(filepath.Join(root, config.DefaultDir)); err != nil {
		return err
	}
	if err := w.build(ctx); err != nil {
		return err
	}
	return w.synth()
}

// build links d2ctl with haste: the local AWS is done in half a second with what
// takes AWS minutes. How long d2ctl really waits is held in internal/ops.
func (w *workshop) build(ctx context.Context) error {
	w.binary = filepath.Join(w.dir, "d2ctl")
	const haste = "-X github.com/d2-ride-booking/platform/internal/awsapi.haste=20"
	said, err := exec.CommandContext(ctx, "go", "build", "-ldflags", haste, "-o", w.binary, "../../cmd/d2ctl").CombinedOutput()
	if err != nil {
		return fmt.Errorf("go build ./cmd/d2ctl: %w: %s", err, said)
	}
	return nil
}

func (w *workshop) synth() error {
	settings, err := stacks.Context(filepath.Join(root, "cdk.json"))
	if err != nil {
		return err
	}
	w.assembly = filepath.Join(w.dir, "assembly")
	props := &awscdk.AppProps{Outdir: jsii.String(w.assembly), Context: &settings}
	_, err = stacks.Synth(props, func(awscdk.App) ([]*config.Environment, error) { return w.environments, nil })
	return err
}

// outcome is what a run of the program left.
type outcome struct {
	code        int
	out, errors string
}

// d2ctl runs the program without a terminal. Variables such as "D2_ENV=dev" are
// given as the first arguments.
func (p *platform) d2ctl(t *testing.T, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	command := p.command(ctx, args...)
	var out, talk bytes.Buffer
	command.Stdout, command.Stderr = &out, &talk
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("d2ctl %s: %v", strings.Join(args, " "), err)
	}
	return outcome{command.ProcessState.ExitCode(), out.String(), talk.String()}
}

// command is the program, ready to be run against the local AWS.
func (p *platform) command(ctx context.Context, args ...string) *exec.Cmd {
	var variables []string
	for len(args) > 0 && strings.Contains(args[0], "=") {
		variables, args = append(variables, args[0]), args[1:]
	}
	command := p.server.Command(ctx, p.binary, args...)
	command.Env = append(command.Env, variables...)
	return command
}

// succeeds is d2ctl for a run that must end well.
func (p *platform) succeeds(t *testing.T, args ...string) outcome {
	t.Helper()
	result := p.d2ctl(t, args...)
	require.Zero(t, result.code, "d2ctl %s: %s%s", strings.Join(args, " "), result.out, result.errors)
	return result
}
