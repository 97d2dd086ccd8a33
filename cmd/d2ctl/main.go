// Command d2ctl operates the two environments: it is the two runbooks as one
// program (docs/d2ctl.md).
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/d2-ride-booking/platform/internal/cli"
	"github.com/d2-ride-booking/platform/internal/iostreams"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	os.Exit(int(cli.Run(ctx, iostreams.System(), os.Args[1:])))
}
