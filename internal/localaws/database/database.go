// Package database runs the server behind an RDS endpoint of the local AWS: a
// MariaDB on loopback, with TLS by an authority of its own, the administrator's
// password of Secrets Manager, and login by IAM token.
//
// MariaDB is not MySQL: it has no caching_sha2_password, mysql.user is a view,
// and its JSON, GTIDs and some error texts are its own. Grants, TLS, REQUIRE
// SSL, DDL and locks behave alike, which is what d2ctl relies on.
package database

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// startWithin is how long a new server may take; it is a second on an idle machine.
const startWithin = 60 * time.Second

// ErrNoServer says that this machine has no MariaDB.
var ErrNoServer = errors.New("no mariadbd on this machine: install it (Debian: apt-get install mariadb-server; macOS: brew install mariadb)")

// Instance is what a DB instance of the local AWS says of itself.
type Instance struct {
	// Identifier of the DB instance.
	Identifier string
	// Host and Port of its endpoint, which certificates and tokens are for.
	Host string
	Port int
	// User and Password of the administrator.
	User, Password string
	// Database that exists from the start; empty for none.
	Database string
	// IAM says that users may log in by token.
	IAM bool
}

// Endpoint is the instance's host and port.
func (i Instance) Endpoint() string { return net.JoinHostPort(i.Host, strconv.Itoa(i.Port)) }

// Options say how to run a server.
type Options struct {
	// Authority signs its certificate.
	Authority *Authority
	// Secrets are the secret access keys by access key id that may sign a token.
	Secrets map[string]string
	// Cache is where the compiled plug-in is kept.
	Cache string
	// Log is told which tokens were refused and why, which a client is never told.
	Log func(string)
	// Certificate spoils the server's certificate before it is signed, and Plain has
	// the server offer no TLS at all: for tests of clients, which must refuse both.
	Certificate func(*x509.Certificate)
	Plain       bool
}

// Server is a running database.
type Server struct {
	address string
	dir     string
	process *exec.Cmd
	ended   chan struct{}
	tokens  net.Listener
}

// Start runs the server of an instance, empty but for its administrator.
func Start(ctx context.Context, instance Instance, options Options) (*Server, error) {
	program, err := find("mariadbd")
	if err != nil {
		return nil, ErrNoServer
	}
	// A short path: sockets lie in it, whose paths may have 107 bytes.
	dir, err := os.MkdirTemp("", "d2db-")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, ended: make(chan struct{})}
	if err := s.start(ctx, program, instance, options); err != nil {
		s.Stop()
		return nil, fmt.Errorf("start the database %s: %w", instance.Identifier, err)
	}
	return s, nil
}

// Address is where it listens, on loopback.
func (s *Server) Address() string { return s.address }

// Runs says whether the server has not ended meanwhile.
func (s *Server) Runs() bool {
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// Stop ends the server and forgets its data.
func (s *Server) Stop() {
	if s.tokens != nil {
		_ = s.tokens.Close()
	}
	if s.process != nil {
		// Nothing is kept, so nothing has to be put away.
		_ = s.process.Process.Kill()
		<-s.ended
	}
	_ = os.RemoveAll(s.dir)
}

func (s *Server) start(ctx context.Context, program string, instance Instance, options Options) error {
	if err := s.install(ctx); err != nil {
		return err
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	s.address = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	arguments := []string{
		"--no-defaults", "--datadir=" + s.path("data"), "--socket=" + s.path("sql.sock"), "--pid-file=" + s.path("pid"),
		"--bind-address=127.0.0.1", "--port=" + strconv.Itoa(port), "--skip-name-resolve", "--init-file=" + s.path("init.sql"),
		"--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=0", "--max-connections=60",
	}
	if !options.Plain {
		arguments = append(arguments, "--ssl-ca="+s.path("ca.pem"), "--ssl-cert="+s.path("cert.pem"), "--ssl-key="+s.path("key.pem"), "--require-secure-transport=ON")
	}
	if instance.IAM {
		plugin, err := compile(ctx, options.Cache)
		if err != nil {
			return err
		}
		arguments = append(arguments, "--plugin-maturity=experimental", "--plugin-dir="+filepath.Dir(plugin), "--plugin-load-add="+filepath.Base(plugin))
		if err := s.listenForTokens(verifier{instance.Endpoint(), options.Secrets}, options.Log); err != nil {
			return err
		}
	}
	if err := s.write(instance, options); err != nil {
		return err
	}
	return s.run(ctx, program, append(arguments, asRoot()...))
}

// install makes the system tables.
func (s *Server) install(ctx context.Context) error {
	installer, err := find("mariadb-install-db")
	if err != nil {
		return ErrNoServer
	}
	arguments := append([]string{
		"--no-defaults", "--datadir=" + s.path("data"), "--auth-root-authentication-method=normal", "--skip-test-db",
	}, asRoot()...)
	if said, err := exec.CommandContext(ctx, installer, arguments...).CombinedOutput(); err != nil {
		return fmt.Errorf("mariadb-install-db: %w: %s", err, last(said))
	}
	return nil
}

// write puts down the certificate, and what the server does before it listens.
func (s *Server) write(instance Instance, options Options) error {
	cert, key, err := options.Authority.issue(instance.Host, options.Certificate)
	if err != nil {
		return err
	}
	for name, text := range map[string][]byte{
		"ca.pem": options.Authority.PEM(), "cert.pem": cert, "key.pem": key, "init.sql": []byte(initial(instance)),
	} {
		if err := os.WriteFile(s.path(name), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// initial makes the administrator, as RDS does: all rights but those of the
// machine's own administrator. The users that MariaDB brings, of which an
// anonymous one would be taken for everybody, go.
func initial(instance Instance) string {
	user := quoted(instance.User) + "@'%'"
	lines := []string{
		"DELETE FROM mysql.global_priv WHERE User IN ('', 'root');",
		"FLUSH PRIVILEGES;",
		"CREATE USER " + user + " IDENTIFIED BY " + quoted(instance.Password) + ";",
		"GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, SHOW DATABASES, " +
			"CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, " +
			"CREATE USER, EVENT, TRIGGER ON *.* TO " + user + " WITH GRANT OPTION;",
	}
	if instance.Database != "" {
		lines = append(lines, "CREATE DATABASE `"+strings.ReplaceAll(instance.Database, "`", "``")+"` CHARACTER SET utf8mb4;")
	}
	return strings.Join(lines, "\n") + "\n"
}

func quoted(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}

// run starts the server and waits until it listens.
func (s *Server) run(ctx context.Context, program string, arguments []string) error {
	log, err := os.Create(s.path("log"))
	if err != nil {
		return err
	}
	defer log.Close()
	s.process = exec.Command(program, arguments...)
	s.process.Env = []string{"PATH=/usr/bin:/bin", "D2_IAM_SOCKET=" + s.path("iam.sock")}
	s.process.Stdout, s.process.Stderr = log, log
	// A Ctrl-C that is meant for the local AWS must not end it first.
	s.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.process.Start(); err != nil {
		s.process = nil
		return err
	}
	go func() {
		_ = s.process.Wait()
		close(s.ended)
	}()
	if err := s.awaitPort(ctx); err != nil {
		return err
	}
	// It has the administrator's password in it.
	return os.Remove(s.path("init.sql"))
}

func (s *Server) awaitPort(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	for {
		if s.greets(ctx) {
			return nil
		}
		select {
		case <-s.ended:
			text, _ := os.ReadFile(s.path("log"))
			return fmt.Errorf("mariadbd ended at once: %s", complaint(text))
		case <-ctx.Done():
			return fmt.Errorf("mariadbd does not listen: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// greets says whether a client gets the server's greeting: it listens before it has done what init.sql says.
func (s *Server) greets(ctx context.Context) bool {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.address)
	if err != nil {
		return false
	}
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(startWithin))
	n, _ := conn.Read(make([]byte, 1))
	return n == 1
}

func (s *Server) listenForTokens(tokens verifier, log func(string)) (err error) {
	if log == nil {
		log = func(string) {}
	}
	if s.tokens, err = net.Listen("unix", s.path("iam.sock")); err != nil {
		return err
	}
	go func() {
		for {
			conn, err := s.tokens.Accept()
			if err != nil {
				return
			}
			go tokens.answer(conn, log)
		}
	}()
	return nil
}

func (s *Server) path(name string) string { return filepath.Join(s.dir, name) }

// asRoot tells MariaDB's programs that root means it.
func asRoot() []string {
	if os.Geteuid() == 0 {
		return []string{"--user=root"}
	}
	return nil
}

// find looks for a program in the PATH, and where Debian keeps servers.
func find(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return exec.LookPath(filepath.Join("/usr/sbin", name))
	}
	return path, nil
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func last(text []byte) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}

// complaint is the first error of a log, or its last line.
func complaint(log []byte) string {
	for line := range strings.Lines(string(log)) {
		if strings.Contains(line, "[ERROR]") {
			return strings.TrimSpace(line)
		}
	}
	return last(log)
}
