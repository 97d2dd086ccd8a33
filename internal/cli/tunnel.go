package cli

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/awsapi"
	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/screen"
	"github.com/d2-ride-booking/platform/internal/session"
)

// Variables that tell a COMMAND of tunnel where the database is.
const (
	variableHost   = "D2_DB_HOST"        // the tunnel's local end
	variablePort   = "D2_DB_PORT"        // and its port
	variableName   = "D2_DB_NAME"        // the database
	variableUser   = "D2_DB_USER"        // who logs in by token
	variableServer = "D2_DB_SERVER_NAME" // the endpoint, which the certificate names
	variableRegion = "D2_DB_REGION"      // in which a token is signed
)

// commandEnd is how long a COMMAND may take to end when it is told to.
const commandEnd = 5 * time.Second

// Ready is what tunnel prints once the database was seen through it.
type Ready struct {
	// Host and Port are the local end.
	Host string `json:"host"`
	Port int    `json:"port"`
	// Database is the one to name at login.
	Database string `json:"database"`
	// User logs in by IAM token.
	User string `json:"user"`
	// ServerName is the endpoint, by which TLS is verified.
	ServerName string `json:"server_name"`
	// Bastion is the instance through which it goes.
	Bastion string `json:"bastion"`
}

type tunnelOptions struct {
	*App
	local int
	until time.Duration
	words []string
}

func newTunnelCommand(app *App) *cobra.Command {
	o := &tunnelOptions{App: app}
	command := &cobra.Command{
		Use:   "tunnel [-- COMMAND...]",
		Short: "a local port that leads to the database, and heals",
		Long: `Opens a port on this machine that leads through the bastion to the environment's
database, and to nothing else. It is ready once the database has greeted. A session
that breaks is replaced, with the credentials as they are then, while the port stays
open: a client that connects meanwhile waits, one that was in the middle is cut. It
ends on Ctrl-C, after --for, or when it cannot be healed, and leaves nothing open.

With a COMMAND it runs that, and ends with it and its exit code. The command finds
the database by D2_DB_HOST, D2_DB_PORT, D2_DB_NAME, D2_DB_USER, D2_DB_SERVER_NAME
(the endpoint, by which TLS is verified) and D2_DB_REGION.`,
		Example: `  d2ctl tunnel -e prod
  d2ctl tunnel -e dev --local 0 --json
  d2ctl tunnel -e dev --for 8h
  d2ctl tunnel -e dev --local 0 -- sh -c 'nc -w 2 $D2_DB_HOST $D2_DB_PORT | head -c 80'`,
		Args: func(command *cobra.Command, args []string) error {
			if dash := command.ArgsLenAtDash(); dash > 0 || dash < 0 && len(args) > 0 {
				return fault.New(fault.Usage, "run it as: "+command.UseLine(), "%s is one word too many", args[0])
			}
			return nil
		},
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(command *cobra.Command, args []string) error {
			o.words = args
			return o.run(command.Context())
		},
	}
	flags := command.Flags()
	flags.IntVar(&o.local, "local", 3306, "the `port` on this machine; 0 takes a free one")
	flags.DurationVar(&o.until, "for", 0, "end after this `duration`, e.g. 8h")
	app.returns(command, Ready{})
	return command
}

func (o *tunnelOptions) run(ctx context.Context) error {
	if o.local < 0 || o.local > 65535 {
		return fault.New(fault.Usage, "give one from 1 to 65535, or 0 for a free one", "--local %d is no port", o.local)
	}
	if o.until < 0 {
		return fault.New(fault.Usage, "give a duration such as 30m or 8h", "--for %s is in the past", o.until)
	}
	env, clients, err := o.Connect(ctx)
	if err != nil {
		return err
	}
	if o.flags.dryRun {
		way, err := o.findDatabase(ctx, env, clients)
		if err != nil {
			return err
		}
		_, err = o.Agree(ctx, way.Plan(env, o.local))
		return err
	}
	tunnel, way, err := o.openTunnel(ctx, env, clients, o.local)
	if err != nil {
		return err
	}
	defer tunnel.Close()
	ready := readyAt(tunnel, way)
	var over <-chan time.Time
	if o.until > 0 {
		over = time.After(o.until)
	}
	if len(o.words) > 0 {
		return o.runCommand(ctx, tunnel, ready, env.Region, over)
	}
	return o.wait(ctx, tunnel, ready, over)
}

func readyAt(tunnel *session.Tunnel, way *ops.DatabaseWay) Ready {
	host, port, _ := net.SplitHostPort(tunnel.Addr())
	number, _ := strconv.Atoi(port)
	return Ready{Host: host, Port: number, Database: way.Name, User: way.User, ServerName: way.Host, Bastion: way.Bastion}
}

// openTunnel opens a tunnel to the environment's database from a local port, 0
// for a free one, and says on stderr what it does. It returns once the database
// has greeted.
func (a *App) openTunnel(ctx context.Context, env *config.Environment, clients *awsapi.Clients, local int) (*session.Tunnel, *ops.DatabaseWay, error) {
	way, err := a.findDatabase(ctx, env, clients)
	if err != nil {
		return nil, nil, err
	}
	a.Say("%s: to %s:%d through %s; CloudTrail notes the session, what goes through it is not logged", stageName(env), way.Host, way.Port, way.Bastion)
	tunnel, err := session.Open(ctx, session.TunnelOptions{
		Caller: sessionCaller(clients), Instance: way.Bastion, Host: way.Host, Port: way.Port, Local: local,
		Say: func(line string) { a.Say("%s %s", time.Now().Format(time.TimeOnly), line) }, Why: whyNoSession(env, clients, way.Bastion),
	})
	return tunnel, way, err
}

func (a *App) findDatabase(ctx context.Context, env *config.Environment, clients *awsapi.Clients) (*ops.DatabaseWay, error) {
	ctx, cancel := a.Within(ctx, findTime)
	defer cancel()
	return ops.FindDatabaseWay(ctx, ops.ReachAPI{Hosts: clients.EC2(), Agents: clients.SSM(), Database: clients.RDS()}, env)
}

// wait holds the tunnel open until it is told to end. Ctrl-C is how it usually ends, so that is no failure.
func (o *tunnelOptions) wait(ctx context.Context, tunnel *session.Tunnel, ready Ready, over <-chan time.Time) error {
	err := o.Show(ready, func(d *screen.Document) {
		table := d.Table("tunnel", "HOST", "PORT", "DATABASE", "USER", "SERVER NAME")
		table.Row(ready.Host, ready.Port, ready.Database, ready.User, ready.ServerName)
	})
	if err != nil {
		return err
	}
	o.Say("ready: %s leads to %s; Ctrl-C ends it", tunnel.Addr(), ready.ServerName)
	select {
	case <-ctx.Done():
		o.Say("ending the session")
		return nil
	case <-over:
		o.Say("the tunnel ends after %s, as --for says", o.until)
		return nil
	case <-tunnel.Done():
		return tunnel.Err()
	}
}

// runCommand runs the COMMAND with the tunnel, which ends with it; or it with the tunnel.
func (o *tunnelOptions) runCommand(ctx context.Context, tunnel *session.Tunnel, ready Ready, region string, over <-chan time.Time) error {
	if o.Streams.In.Terminal {
		defer leaveInterrupts()()
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	command := exec.CommandContext(ctx, o.words[0], o.words[1:]...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, o.Streams.Out.Writer, o.Streams.Err.Writer
	command.Env = append(os.Environ(),
		variableHost+"="+ready.Host, variablePort+"="+strconv.Itoa(ready.Port), variableName+"="+ready.Database,
		variableUser+"="+ready.User, variableServer+"="+ready.ServerName, variableRegion+"="+region)
	command.Cancel = func() error { return askToEnd(command.Process) }
	command.WaitDelay = commandEnd
	if err := command.Start(); err != nil {
		return &fault.Error{Code: fault.Usage, What: "the command cannot be run: " + err.Error(), Try: "see that " + o.words[0] + " is a program on this machine", Cause: err}
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	select {
	case err := <-ended:
		return o.ending(ctx, err)
	case <-tunnel.Done():
		cancel(tunnel.Err())
		<-ended
		return tunnel.Err()
	case <-over:
		o.Say("the tunnel ends after %s, as --for says, and %s with it", o.until, o.words[0])
		cancel(nil)
		<-ended
		return nil
	}
}

// leaveInterrupts leaves Ctrl-C to the command, which the terminal sends it too:
// in MySQL's client it ends a statement, not the tunnel. It is caught and not
// ignored, as programs inherit what is ignored.
func leaveInterrupts() (again func()) {
	signal.Reset(os.Interrupt)
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, os.Interrupt)
	return func() { signal.Stop(caught) }
}

// ending is d2ctl's end by that of the command.
func (o *tunnelOptions) ending(ctx context.Context, err error) error {
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &exit) && exit.ExitCode() >= 0:
		return endsWith(exit.ExitCode())
	case err != nil:
		return fault.New(fault.Failed, "", "%s ended by %s", o.words[0], strings.TrimPrefix(err.Error(), "signal: "))
	}
	return nil
}
