package boot

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

//go:embed standins
var standins embed.FS

// placed are the stand-ins that the machine finds on its PATH, by where they stand.
var placed = map[string]string{
	"dnf":                         "usr/bin/dnf",
	"alternatives":                "usr/sbin/alternatives",
	"systemctl":                   "usr/bin/systemctl",
	"amazon-cloudwatch-agent-ctl": "opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl",
}

// Machine is one throw-away host. Its disk outlives a PowerOff, its processes do not.
type Machine struct {
	// AppsDiskBytes gives /opt/apps a disk of its own of that many bytes; 0 shares the machine's.
	AppsDiskBytes int

	world  *World
	dir    string   // has upper, work and root
	layers []string // the disks below, the nearest first
	power  *exec.Cmd
	output bytes.Buffer
	ended  <-chan struct{} // closed when the power is off
	pid    int             // of the machine's first process, as this machine sees it
	closes []io.Closer
}

// NewMachine is a host that has never run: this machine's file system with the
// stand-ins, and without the programs that a boot has to install.
func (w *World) NewMachine() (*Machine, error) {
	m, err := w.emptyMachine("/")
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{
		"etc/hosts":                         []byte("127.0.0.1 localhost " + strings.Join(w.hostNames(), " ") + "\n"),
		"etc/ssl/certs/ca-certificates.crt": w.certificates,
		"var/log/standins.jsonl":            nil,
	}
	entries, err := standins.ReadDir("standins")
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		content, err := standins.ReadFile("standins/" + entry.Name())
		if err != nil {
			return nil, err
		}
		files[".standins/"+entry.Name()] = content
		if path, ok := placed[entry.Name()]; ok {
			files[path] = content
		}
	}
	for path, content := range files {
		if err := m.put(path, content); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Copy is a host with the disk of one that is powered off; the original's stays as it is.
func (m *Machine) Copy() (*Machine, error) {
	return m.world.emptyMachine(append([]string{filepath.Join(m.dir, "upper")}, m.layers...)...)
}

func (w *World) emptyMachine(layers ...string) (*Machine, error) {
	dir, err := os.MkdirTemp(w.dir, "machine-")
	if err != nil {
		return nil, err
	}
	for _, each := range []string{"upper", "work", "root"} {
		if err := os.Mkdir(filepath.Join(dir, each), 0o755); err != nil {
			return nil, err
		}
	}
	return &Machine{world: w, dir: dir, layers: layers}, nil
}

// put writes a file onto the disk of a machine that is powered off.
func (m *Machine) put(path string, content []byte) error {
	path = filepath.Join(m.dir, "upper", path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o755)
}

// PowerOn starts the machine: its enabled units, and nothing else.
func (m *Machine) PowerOn() error {
	script := filepath.Join(m.world.dir, "machine.sh")
	arguments := []string{"--mount", "--pid", "--fork", "--net", "--kill-child", "bash", script, m.dir, strings.Join(m.layers, ":")}
	if m.AppsDiskBytes > 0 {
		arguments = append(arguments, fmt.Sprint(m.AppsDiskBytes))
	}
	m.power = exec.Command("unshare", arguments...)
	m.power.Env = m.world.environ()
	m.power.Stdout, m.power.Stderr = &m.output, &m.output
	m.power.SysProcAttr = endsWithUs()
	if err := m.power.Start(); err != nil {
		return fmt.Errorf("start the machine: %w", err)
	}
	ended := make(chan struct{})
	go func(power *exec.Cmd) { _ = power.Wait(); close(ended) }(m.power)
	m.ended = ended
	if err := m.awaitUp(); err != nil {
		m.PowerOff()
		return fmt.Errorf("the machine does not start: %w: %s", err, m.output.String())
	}
	return nil
}

// awaitUp waits for init, and serves the machine's network from the moment there is one.
func (m *Machine) awaitUp() error {
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", m.power.Process.Pid))
		if _, err := fmt.Sscan(string(children), &m.pid); err == nil {
			if _, err := os.Stat(m.path("/run")); err == nil && len(m.closes) == 0 {
				if err := m.serve(); err != nil && !errors.Is(err, syscall.EADDRNOTAVAIL) {
					return err
				}
			}
			if _, err := os.Stat(m.path("/run/up")); err == nil && len(m.closes) > 0 {
				return nil
			}
		}
		select {
		case <-m.ended:
			return errors.New("it ended")
		case <-time.After(5 * time.Millisecond):
		}
	}
	return errors.New("init did not report within 20 seconds")
}

// serve opens the doors through which the machine reaches the world.
func (m *Machine) serve() error {
	for address, handler := range map[string]http.Handler{
		metadataAddress: m.world.metadata(),
		awsAddress:      m.world.aws(),
		webAddress:      m.world.web(),
	} {
		listener, err := listenIn(m.power.Process.Pid, address)
		if err != nil {
			m.closeDoors()
			return err
		}
		if address == webAddress {
			listener = m.world.withTLS(listener)
		}
		server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
		m.closes = append(m.closes, server)
		go func(listener net.Listener) { _ = server.Serve(listener) }(listener)
	}
	return nil
}

func (m *Machine) closeDoors() {
	for _, each := range m.closes {
		_ = each.Close()
	}
	m.closes = nil
}

// PowerOff ends every process of the machine at once, as a pulled plug would.
func (m *Machine) PowerOff() {
	if m.power == nil {
		return
	}
	_ = m.power.Process.Kill()
	<-m.ended
	m.power, m.pid = nil, 0
	m.closeDoors()
}

// FirstBoot runs the user data as cloud-init does, once in an instance's life, and
// returns what it wrote; the error is that of its exit code.
func (m *Machine) FirstBoot(userData string) (string, error) {
	const script = "/var/lib/cloud/instance/scripts/part-001"
	if err := os.MkdirAll(filepath.Dir(m.path(script)), 0o755); err != nil {
		return "", err
	}
	if err := os.WriteFile(m.path(script), []byte(userData), 0o700); err != nil {
		return "", err
	}
	_, err := m.Run(script + " >> /var/log/cloud-init-output.log 2>&1")
	said, readErr := m.Read("/var/log/cloud-init-output.log")
	return said, errors.Join(err, readErr)
}

// Run runs a script of bash on the machine as root and returns all that it wrote.
func (m *Machine) Run(script string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "nsenter", "--target", fmt.Sprint(m.pid), "--mount", "--net", "--pid", "--root",
		"env", "--chdir=/", "bash", "-c", script)
	command.Env = m.world.environ()
	said, err := command.CombinedOutput()
	return strings.TrimSpace(string(said)), err
}

// Read returns a file of the machine.
func (m *Machine) Read(path string) (string, error) {
	content, err := os.ReadFile(m.path(path))
	return string(content), err
}

// path is where this machine sees a file of the other.
func (m *Machine) path(path string) string { return fmt.Sprintf("/proc/%d/root%s", m.pid, path) }

// Write writes a file of the machine that is powered on.
func (m *Machine) Write(path, content string) error {
	if err := os.MkdirAll(filepath.Dir(m.path(path)), 0o755); err != nil {
		return err
	}
	return os.WriteFile(m.path(path), []byte(content), 0o644)
}
