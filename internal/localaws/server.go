package localaws

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// DefaultAccount is the account of the local AWS unless Options.Account names another.
const DefaultAccount = "111122223333"

// DefaultRegion is what AWS_REGION says to programs that are run against it.
const DefaultRegion = "ap-southeast-1"

// Options say how to start a local AWS. The zero value is a server on a free
// port that ends with the process which started it.
type Options struct {
	// Root is the repository's root; empty looks for it from the working directory upwards.
	Root string
	// Port to listen on; 0 takes a free one.
	Port int
	// Account is the twelve-digit account that everything is in; empty means DefaultAccount.
	Account string
	// HostedZones are Route 53 zones that exist from the start: domain to zone id.
	HostedZones map[string]string
	// Signers are credentials beside those of Environ that may open sessions and
	// make tokens for databases: secret access keys by access key id.
	Signers map[string]string
	// Dir keeps the server's state and its log; empty means a temporary directory, removed by Stop.
	Dir string
	// Detach lets the server outlive this process; Attach finds it again in Dir.
	Detach bool
	// Timeout for the server to answer; 0 means a minute.
	Timeout time.Duration
	// Progress is told in words what takes time; nil tells nobody.
	Progress func(string)
}

// Server is a running local AWS.
type Server struct {
	// Port it listens on, on loopback.
	Port int
	// PID of its process.
	PID int
	// Account that everything is in.
	Account string
	// Release names the source it runs; Current compares it.
	Release string
	// Log is the file that it writes to.
	Log string
	// Root is the repository's root.
	Root string
	// Tools it runs on.
	Tools Tools

	dir       string
	temporary bool
	exited    chan struct{}
}

// ErrNotRunning says that there is no local AWS where Attach looked.
var ErrNotRunning = errors.New("no local AWS is running")

// state is what the server writes once it answers.
type state struct {
	PID     int    `json:"pid"`
	Port    int    `json:"port"`
	Account string `json:"account"`
	Release string `json:"release"`
}

// Start runs a local AWS and waits until it answers.
func Start(ctx context.Context, options Options) (*Server, error) {
	if options.Progress == nil {
		options.Progress = func(string) {}
	}
	if options.Account == "" {
		options.Account = DefaultAccount
	}
	if options.Timeout == 0 {
		options.Timeout = time.Minute
	}
	if options.Root == "" {
		root, err := Root()
		if err != nil {
			return nil, err
		}
		options.Root = root
	}
	tools, err := FindTools(ctx, options.Root, options.Progress)
	if err != nil {
		return nil, err
	}
	code, err := unpack(filepath.Join(options.Root, stateDir, "cache"))
	if err != nil {
		return nil, err
	}
	server := &Server{Root: options.Root, Tools: tools, dir: options.Dir, exited: make(chan struct{})}
	if server.dir == "" {
		if server.dir, err = os.MkdirTemp("", "localaws-"); err != nil {
			return nil, err
		}
		server.temporary = true
	} else if err := os.MkdirAll(server.dir, 0o755); err != nil {
		return nil, err
	}
	if err := server.launch(ctx, code, options); err != nil {
		server.forget()
		return nil, err
	}
	return server, nil
}

func (s *Server) launch(ctx context.Context, code string, options Options) error {
	s.Log = filepath.Join(s.dir, "server.log")
	log, err := os.Create(s.Log)
	if err != nil {
		return err
	}
	defer log.Close()
	// A state file of an earlier server would be taken for this one's.
	if err := os.Remove(s.stateFile()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	arguments := []string{"-m", "d2moto", "--port", strconv.Itoa(options.Port), "--account", options.Account,
		"--state", s.stateFile(), "--release", release(),
		"--gateway", s.gatewayCommand(options.Root), "--gateway-directory", options.Root}
	for domain, id := range options.HostedZones {
		arguments = append(arguments, "--hosted-zone", domain+"="+id)
	}
	if !options.Detach {
		arguments = append(arguments, "--parent", strconv.Itoa(os.Getpid()))
	}
	command := exec.Command(s.Tools.Python, arguments...)
	command.Dir = code
	command.Env = append(withoutAWS(os.Environ()), "PYTHONPATH="+code, "PYTHONUNBUFFERED=1", options.signers(),
		"MOTO_ACM_VALIDATION_WAIT=0", // moto would leave certificates pending for a minute, as a real one waits for DNS
		"NO_PROXY=localhost,127.0.0.1", "no_proxy=localhost,127.0.0.1")
	command.Stdout, command.Stderr = log, log
	// In a process group of its own, so that a Ctrl-C meant for us does not end it halfway through an answer.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := command.Start(); err != nil {
		return fmt.Errorf("start the local AWS with %s: %w", s.Tools.Python, err)
	}
	go func() {
		_ = command.Wait()
		close(s.exited)
	}()
	s.PID = command.Process.Pid
	if err := s.await(ctx, options); err != nil {
		_ = s.end()
		return err
	}
	return nil
}

// await waits for the state file, which the server writes when it answers.
func (s *Server) await(ctx context.Context, options Options) error {
	deadline := time.NewTimer(options.Timeout)
	defer deadline.Stop()
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.exited:
			return s.failure(options.Port)
		case <-deadline.C:
			return fmt.Errorf("the local AWS did not answer within %s; its log is %s", options.Timeout, s.Log)
		case <-tick.C:
			if written, err := readState(s.stateFile()); err == nil {
				s.Port, s.Account, s.Release = written.Port, written.Account, written.Release
				return nil
			}
		}
	}
}

// failure says why a server ended before it answered.
func (s *Server) failure(port int) error {
	text, _ := os.ReadFile(s.Log)
	reason := lastLine(string(text), "its log is empty")
	if strings.Contains(string(text), "Address already in use") || strings.Contains(reason, "in use") {
		return fmt.Errorf("port %d of this machine is taken by another program; end it or choose another port", port)
	}
	// The log of a temporary directory goes with it, so its last line has to say enough.
	return fmt.Errorf("the local AWS ended at once: %s (log: %s)", reason, s.Log)
}

// Attach finds the detached server whose state lies in dir. ErrNotRunning says that there is none.
func Attach(ctx context.Context, root, dir string) (*Server, error) {
	server := &Server{Root: root, dir: dir, Log: filepath.Join(dir, "server.log")}
	written, err := readState(server.stateFile())
	if err != nil {
		return nil, ErrNotRunning
	}
	server.PID, server.Port = written.PID, written.Port
	answer, err := health(ctx, written.Port)
	if err != nil || answer.PID != written.PID {
		// The pid may be another program's by now; only one that answers as ours is ours.
		return nil, ErrNotRunning
	}
	server.Account, server.Release = answer.Account, answer.Release
	return server, nil
}

// Current reports whether the server runs the source that this program holds.
func (s *Server) Current() bool { return s.Release == release() }

// URL is the endpoint of every service.
func (s *Server) URL() string { return "http://localhost:" + strconv.Itoa(s.Port) }

// Stop ends the server, and with it everything that was deployed to it.
func (s *Server) Stop() error {
	err := s.end()
	s.forget()
	return err
}

func (s *Server) end() error {
	if err := syscall.Kill(s.PID, syscall.SIGTERM); err != nil {
		if errors.Is(err, syscall.ESRCH) {
			return nil
		}
		return fmt.Errorf("end the local AWS, process %d: %w", s.PID, err)
	}
	for range 100 {
		if syscall.Kill(s.PID, 0) != nil || isClosed(s.exited) {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return syscall.Kill(s.PID, syscall.SIGKILL)
}

func (s *Server) forget() {
	if s.temporary {
		_ = os.RemoveAll(s.dir)
		return
	}
	_ = os.Remove(s.stateFile())
}

func (s *Server) stateFile() string { return filepath.Join(s.dir, "server.json") }

func readState(path string) (state, error) {
	var written state
	text, err := os.ReadFile(path)
	if err != nil {
		return written, err
	}
	return written, json.Unmarshal(text, &written)
}

// health asks who answers on a port.
func health(ctx context.Context, port int) (state, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	url := "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) + "/d2moto/health"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return state{}, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return state{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
	if err != nil {
		return state{}, err
	}
	var answer state
	return answer, json.Unmarshal(body, &answer)
}

func isClosed(exited chan struct{}) bool {
	select {
	case <-exited:
		return true
	default:
		return false
	}
}

// IsFree reports whether a port of this machine's loopback can be listened on.
func IsFree(port int) bool {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	_ = listener.Close()
	return true
}
