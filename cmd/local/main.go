// Command local deploys DEV and PROD to an AWS on this machine, and shows them.
//
//	go run ./cmd/local up      start the local AWS, bootstrap it, deploy every stack, show what stands
//	go run ./cmd/local status  show what stands
//	go run ./cmd/local walk    go through both runbooks on it with d2ctl
//	go run ./cmd/local down    end it, and with it everything deployed
//
// A second up deploys what changed, in place.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

const usage = `usage: go run ./cmd/local up [--port N] [--verbose] [cdk arguments...]
       go run ./cmd/local status
       go run ./cmd/local walk
       go run ./cmd/local down

up deploys DEV and PROD to an AWS on this machine with the unmodified CDK CLI,
and again what changed when it is run again. What it does not know itself it
passes on to cdk deploy: -c key=value, --exclusively, stack names, ...

  --port N     listen there (4566, or a free port when that is taken)
  --verbose    show all that the CDK CLI says

walk goes through both runbooks section by section with d2ctl alone and says of
each line whether it shows what its section promises. It releases, scales and
makes users on the way.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the whole program; its answer is the exit code.
func run(ctx context.Context, arguments []string, stdout, stderr io.Writer) int {
	verbs := map[string]func(context.Context, *session, []string) error{"up": up, "down": down, "status": status, "walk": walkRunbooks}
	if len(arguments) == 0 || isHelp(arguments[0]) {
		fmt.Fprint(stdout, usage)
		return 0
	}
	verb, known := verbs[arguments[0]]
	if !known {
		fmt.Fprintf(stderr, "local: there is no %q\n%s", arguments[0], usage)
		return 1
	}
	if len(arguments) > 1 && isHelp(arguments[1]) {
		fmt.Fprint(stdout, usage)
		return 0
	}
	session, err := newSession(stdout, stderr)
	if err == nil {
		err = verb(ctx, session, arguments[1:])
	}
	switch {
	case err == nil:
		return 0
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "local: interrupted")
	case errors.Is(err, errSaid):
	default:
		fmt.Fprintln(stderr, "local: "+strings.TrimSpace(err.Error()))
	}
	return 1
}

// errSaid is a failure that has been told already.
var errSaid = errors.New("said")

func isHelp(argument string) bool {
	return argument == "-h" || argument == "--help" || argument == "help"
}
