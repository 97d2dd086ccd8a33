package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/d2-ride-booking/platform/internal/localaws"
	"github.com/d2-ride-booking/platform/internal/walk"
)

// walkRunbooks goes through both runbooks on the local AWS with d2ctl alone, and
// says of each line whether it showed what its section promises. It changes what
// stands: it releases, scales and makes users.
func walkRunbooks(ctx context.Context, s *session, _ []string) error {
	server, err := s.running(ctx)
	if errors.Is(err, localaws.ErrNotRunning) {
		return errors.New("no local AWS is running; start one: make local")
	}
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "d2-walk-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "d2ctl")
	s.screen.passing("building d2ctl")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/d2ctl")
	build.Dir = s.root
	if said, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build ./cmd/d2ctl: %w: %s", err, said)
	}
	s.screen.clear()
	return s.walk(ctx, walkedBy(server, program), dir)
}

func (s *session) walk(ctx context.Context, d2ctl walk.Program, dir string) error {
	counts := map[walk.State]int{}
	err := walk.Walk(ctx, d2ctl, dir, func(result walk.Result) {
		counts[result.State]++
		fmt.Fprintf(s.stdout, "%-9s  %-9s  %s\n", result.State, result.Row.Section, strings.TrimSpace(result.Row.D2ctl+"  "+result.Why))
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "\n%d ok, %d by hand, %d failed\n", counts[walk.Shown], counts[walk.ByHand], counts[walk.Failed])
	if counts[walk.Failed] > 0 {
		return errSaid
	}
	return nil
}

// walkedBy is a program that is turned to the local AWS.
func walkedBy(server *localaws.Server, path string) walk.Program {
	return func(ctx context.Context, stdin string, args ...string) (walk.Outcome, error) {
		command := server.Command(ctx, path, args...)
		var out, talk bytes.Buffer
		command.Stdin, command.Stdout, command.Stderr = strings.NewReader(stdin), &out, &talk
		err := command.Run()
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = nil
		}
		return walk.Outcome{Code: command.ProcessState.ExitCode(), Out: out.String(), Talk: talk.String()}, err
	}
}
