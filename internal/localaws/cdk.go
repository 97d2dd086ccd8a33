package localaws

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// ErrNoCDK says that the CDK CLI is not here and cannot be installed.
var ErrNoCDK = errors.New("the CDK CLI cannot be installed")

// InstallCDK installs the pinned CDK CLI into node_modules unless it is there.
func InstallCDK(ctx context.Context, root string, progress func(string)) error {
	if _, err := exec.LookPath("node"); err != nil {
		return fmt.Errorf("%w: there is no node in the PATH; install Node 20 or later", ErrNoCDK)
	}
	if _, err := os.Stat(cdkScript(root)); err == nil {
		return nil
	}
	progress("installing the CDK CLI that package.json pins")
	install := exec.CommandContext(ctx, "npm", "ci", "--no-fund", "--no-audit")
	install.Dir = root
	if output, err := install.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: npm ci in %s: %s; see that this machine reaches an npm registry", ErrNoCDK, root, lastLine(string(output), err.Error()))
	}
	return nil
}

// CDK is the CDK CLI, unmodified, to run against this server: CDK(ctx, "deploy", "--all").
// The end of ctx ends it and what it started.
func (s *Server) CDK(ctx context.Context, arguments ...string) *exec.Cmd {
	command := s.Command(ctx, "node", append([]string{cdkScript(s.Root)}, arguments...)...)
	command.Env = append(command.Env,
		// Banners about the end of life of Node 20, which say nothing about a deployment.
		"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20",
		"NODE_NO_WARNINGS=1",
		"CDK_DISABLE_CLI_TELEMETRY=true",
	)
	endWholeGroup(command)
	return command
}

// Bootstrap prepares regions for the CDK, which deploys only where that was done.
func (s *Server) Bootstrap(ctx context.Context, regions ...string) error {
	// Run where there is no cdk.json: in the repository the CLI would synthesize the app first.
	elsewhere, err := os.MkdirTemp("", "localaws-bootstrap-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(elsewhere)
	arguments := []string{"bootstrap"}
	for _, region := range regions {
		arguments = append(arguments, "aws://"+s.Account+"/"+region)
	}
	command := s.CDK(ctx, arguments...)
	command.Dir = elsewhere
	if output, err := command.CombinedOutput(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("bootstrap %v: %s (log of the local AWS: %s)", regions, lastLine(string(output), err.Error()), s.Log)
	}
	return nil
}

func cdkScript(root string) string {
	return filepath.Join(root, "node_modules", "aws-cdk", "bin", "cdk")
}

// endWholeGroup lets the end of a command's context end its children too: the
// CDK CLI runs the app, which runs Go and Node.
func endWholeGroup(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGTERM) }
	command.WaitDelay = 5 * time.Second
}
