package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/localaws"
)

// status shows what stands.
func status(ctx context.Context, s *session, arguments []string) error {
	options, err := parseUp(arguments)
	if err != nil {
		return err
	}
	server, err := s.running(ctx)
	if errors.Is(err, localaws.ErrNotRunning) {
		return fmt.Errorf("%w; start it: go run ./cmd/local up", err)
	}
	if err != nil {
		return err
	}
	var environments []*config.Environment
	if environments, err = s.environments(options.environments); err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "the local AWS runs on %s, process %d, account %s\n", server.URL(), server.PID, server.Account)
	return s.show(ctx, server, environments)
}
