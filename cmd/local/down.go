package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/d2-ride-booking/platform/internal/localaws"
)

// down ends the local AWS and forgets what stood in it.
func down(ctx context.Context, s *session, arguments []string) error {
	if len(arguments) > 0 {
		return fmt.Errorf("down takes no arguments, not %q", arguments[0])
	}
	server, err := s.running(ctx)
	if errors.Is(err, localaws.ErrNotRunning) {
		fmt.Fprintln(s.stdout, "no local AWS is running")
		return nil
	}
	if err != nil {
		return err
	}
	if err := server.Stop(); err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "ended the local AWS (process %d); all that was deployed to it is gone\n", server.PID)
	return nil
}
