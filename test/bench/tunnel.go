package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	awssession "github.com/aws/session-manager-plugin/src/sessionmanagerplugin/session"
	_ "github.com/aws/session-manager-plugin/src/sessionmanagerplugin/session/portsession" // registers Port
	driver "github.com/go-sql-driver/mysql"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/localaws/database"
	"github.com/d2-ride-booking/platform/internal/session"
	"github.com/d2-ride-booking/platform/internal/ssmtest"
)

const (
	// pluginVariable makes the bench AWS's own plugin, which must be a process: it ends by os.Exit.
	pluginVariable = "D2_BENCH_PLUGIN"
	// responseVariable is where the plugin looks for StartSession's answer.
	responseVariable = "AWS_SSM_START_SESSION_RESPONSE"
	// roundTrips, logins and megabytes are how much one run does.
	roundTrips, logins, megabytes = 300, 20, 20
	megabyte                      = 1_000_000
)

// bePlugin is AWS's own plugin, as the AWS CLI runs it.
func bePlugin() { awssession.ValidateInputAndStartSession(os.Args, os.Stdout) }

// behind is a database, the gateway before it, and who asks.
type behind struct {
	instance  database.Instance
	server    *database.Server
	gateway   *ssmtest.Gateway
	authority *database.Authority
	caller    session.Caller
}

// tunnel times the same MySQL client on the database itself, through d2ctl's
// tunnel, and through AWS's own plugin, in turn.
func (r *runner) tunnel() error {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	b, err := r.behind(ctx)
	if errors.Is(err, database.ErrNoServer) {
		fmt.Printf("d2ctl tunnel: not measured: %v\n\n", err)
		return nil
	}
	if err != nil {
		return err
	}
	defer b.stop()
	ours, err := session.Open(ctx, session.TunnelOptions{
		Caller: b.caller, Instance: "i-0123456789abcdef0", Host: b.instance.Host, Port: b.instance.Port,
	})
	if err != nil {
		return err
	}
	defer ours.Close()
	theirs, stop, err := b.plugin(ctx)
	if err != nil {
		return err
	}
	defer stop()
	return r.throughEach(ctx, b, [3]string{b.server.Address(), ours.Addr(), theirs})
}

func (r *runner) behind(ctx context.Context) (*behind, error) {
	authority, err := database.NewAuthority()
	if err != nil {
		return nil, err
	}
	b := &behind{authority: authority, instance: database.Instance{
		Identifier: "bench", Host: "bench.example.com", Port: 3306, User: "admin", Password: "bench",
	}}
	if b.server, err = database.Start(ctx, b.instance, database.Options{Authority: authority}); err != nil {
		return nil, err
	}
	b.gateway, err = ssmtest.Start(ssmtest.Options{Hosts: map[string]string{b.instance.Endpoint(): b.server.Address()}})
	if err != nil {
		b.server.Stop()
		return nil, err
	}
	settings := aws.Config{
		Region: config.EdgeRegion, BaseEndpoint: aws.String(b.gateway.URL()),
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	}
	b.caller = session.Caller{API: ssm.NewFromConfig(settings), Config: settings}
	return b, nil
}

func (b *behind) stop() {
	b.gateway.Close()
	b.server.Stop()
}

var pluginOpened = regexp.MustCompile(`Port (\d+) opened`)

// plugin runs AWS's own plugin, and tells where it listens.
func (b *behind) plugin(ctx context.Context) (address string, stop func(), err error) {
	target := "i-0123456789abcdef0"
	begun, err := b.caller.API.StartSession(ctx, &ssm.StartSessionInput{
		Target: &target, DocumentName: aws.String(ssmtest.RemoteHostDocument),
		Parameters: map[string][]string{"host": {b.instance.Host}, "portNumber": {fmt.Sprint(b.instance.Port)}},
	})
	if err != nil {
		return "", nil, err
	}
	response, err := json.Marshal(begun)
	if err != nil {
		return "", nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	process := exec.CommandContext(ctx, self, responseVariable, b.caller.Config.Region, "StartSession", "", `{"Target":"`+target+`"}`, b.gateway.URL())
	process.Env = append(os.Environ(), pluginVariable+"=1", responseVariable+"="+string(response),
		"AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local")
	said, err := process.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := process.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = process.Process.Kill()
		_ = process.Wait()
	}
	for lines := bufio.NewScanner(said); lines.Scan(); {
		if found := pluginOpened.FindSubmatch(bytes.TrimSpace(lines.Bytes())); found != nil {
			return net.JoinHostPort("127.0.0.1", string(found[1])), stop, nil
		}
	}
	stop()
	return "", nil, errors.New("AWS's plugin ended before it listened")
}

// throughEach times each kind of work on each of the ways, in turn.
func (r *runner) throughEach(ctx context.Context, b *behind, ways [3]string) error {
	fmt.Println("The database, by the same MySQL client over TLS:")
	for _, work := range []struct {
		what string
		do   func(context.Context, *sql.DB) error
	}{
		{fmt.Sprintf("a result of %d MB", megabytes), download},
		{fmt.Sprintf("%d MB as parameters", megabytes), upload},
		{fmt.Sprintf("%d queries, one after the other", roundTrips), queries},
		{fmt.Sprintf("%d logins", logins), connections},
	} {
		var contestants []func() (time.Duration, error)
		for _, address := range ways {
			contestants = append(contestants, func() (time.Duration, error) { return b.timed(ctx, address, work.do) })
		}
		times, err := r.inTurn(r.runs, contestants...)
		if err != nil {
			return fmt.Errorf("%s: %w", work.what, err)
		}
		fmt.Printf("  %s:\n", work.what)
		for i, way := range []string{"directly", "through d2ctl's tunnel", "through AWS's plugin"} {
			row("  "+way, times[i])
		}
		fmt.Printf("    d2ctl / directly %.1f; AWS's plugin / d2ctl %.2f (aim: at least 1; medians of the rounds)\n",
			median(ratios(times[1], times[0])), median(ratios(times[2], times[1])))
	}
	fmt.Println()
	return nil
}

// timed does work by a client of its own, whose first connection is not counted.
func (b *behind) timed(ctx context.Context, address string, do func(context.Context, *sql.DB) error) (time.Duration, error) {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(b.authority.PEM())
	settings := driver.NewConfig()
	settings.User, settings.Passwd, settings.Net, settings.Addr = b.instance.User, b.instance.Password, "tcp", address
	settings.TLS = &tls.Config{RootCAs: roots, ServerName: b.instance.Host}
	settings.MaxAllowedPacket = 0 // the server's
	connector, err := driver.NewConnector(settings)
	if err != nil {
		return 0, err
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	if err := db.PingContext(ctx); err != nil {
		return 0, err
	}
	began := time.Now()
	err = do(ctx, db)
	return time.Since(began), err
}

func download(ctx context.Context, db *sql.DB) error {
	for range megabytes {
		var text sql.RawBytes
		rows, err := db.QueryContext(ctx, "SELECT REPEAT('x', ?)", megabyte)
		if err != nil {
			return err
		}
		for rows.Next() {
			if err := rows.Scan(&text); err != nil {
				return err
			}
			if len(text) != megabyte {
				return fmt.Errorf("%d bytes came", len(text))
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
	}
	return nil
}

func upload(ctx context.Context, db *sql.DB) error {
	text := bytes.Repeat([]byte("x"), megabyte)
	for range megabytes {
		var length int
		if err := db.QueryRowContext(ctx, "SELECT LENGTH(?)", text).Scan(&length); err != nil {
			return err
		}
		if length != megabyte {
			return fmt.Errorf("%d bytes arrived", length)
		}
	}
	return nil
}

func queries(ctx context.Context, db *sql.DB) error {
	for range roundTrips {
		var one int
		if err := db.QueryRowContext(ctx, "SELECT 1").Scan(&one); err != nil {
			return err
		}
	}
	return nil
}

func connections(ctx context.Context, db *sql.DB) error {
	db.SetMaxIdleConns(-1) // each query logs in
	for range logins {
		if err := db.PingContext(ctx); err != nil {
			return err
		}
	}
	return nil
}
