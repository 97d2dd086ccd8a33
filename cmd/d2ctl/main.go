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
	"github.com/d2-ride-booking/platform/internal/session"
)

func main() {
	if session.IsChild(os.Args) {
		session.Child() // one session of a d2ctl that runs; it does not return
	}
	ctx, stop := signal.NotifyContext(context.Background(), endings()...)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	os.Exit(int(cli.Run(ctx, iostreams.System(), os.Args[1:])))
}

// endings are the signals that end d2ctl in order: Ctrl-C, and a terminal that
// is closed, unless it was told to outlive that (nohup).
func endings() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}
