package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/localaws"
)

// session is what the verbs share.
type session struct {
	root   string
	dir    string // where the server's state and the logs lie
	output string // where the CDK app writes the templates
	stdout io.Writer
	screen *screen
}

func newSession(stdout, stderr io.Writer) (*session, error) {
	root, err := localaws.Root()
	if err != nil {
		return nil, err
	}
	return &session{
		root:   root,
		dir:    filepath.Join(root, ".local", "aws"),
		output: filepath.Join(root, ".local", "cdk.out"),
		stdout: stdout,
		screen: newScreen(stderr),
	}, nil
}

// running is the local AWS that an earlier up started, or localaws.ErrNotRunning.
func (s *session) running(ctx context.Context) (*localaws.Server, error) {
	return localaws.Attach(ctx, s.root, s.dir)
}

// environments reads the environments that the CDK app will read too.
func (s *session) environments(dir string) ([]*config.Environment, error) {
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(s.root, dir)
	}
	found, err := config.LoadAll(dir)
	var problems config.Problems
	if errors.As(err, &problems) {
		return nil, fmt.Errorf("%w\n%d problem(s) in %s; nothing was deployed", err, len(problems), dir)
	}
	return found, err
}

// stacks are all stacks of the environments, edge stacks first as they are deployed.
func stacks(environments []*config.Environment) []localaws.StackRef {
	var refs []localaws.StackRef
	for _, environment := range environments {
		refs = append(refs,
			localaws.StackRef{Region: environment.Region, Name: environment.StackName()},
			localaws.StackRef{Region: config.EdgeRegion, Name: environment.EdgeStackName()})
	}
	return refs
}
