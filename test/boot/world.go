package boot

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/localaws"
)

// ErrUnable says that this machine cannot make machines.
var ErrUnable = errors.New("a throw-away machine needs Linux, root, and unshare, nsenter, ip, gpg, logrotate and /usr/bin/python3 (Debian: apt-get install util-linux iproute2 gpg logrotate python3)")

// memory is a file system beside this machine's own: a layer may not lie inside another.
const memory = "/dev/shm"

// World is what a host reaches: the local AWS, and the web servers that a boot fetches from.
type World struct {
	// MySQLKey is what the world serves as the key of MySQL's packages; nil is MySQL's own.
	MySQLKey []byte
	// Fault may answer a request of a machine to AWS in the place of the local AWS; nil never does.
	Fault func(http.ResponseWriter, *http.Request) bool

	server       *localaws.Server
	dir          string
	npmCache     string
	programs     programs
	buckets      map[string]bool
	parameters   map[string]bool
	certificates []byte // what a machine trusts: this machine's authorities, and the world's own
	authority    *authority
}

// programs of this machine that a boot installs on the other, by where they really stand.
type programs struct{ node, npm, aws string }

// NewWorld starts a local AWS and makes ready what machines need. ErrUnable and
// localaws.IsMissing tell what this machine lacks.
func NewWorld(ctx context.Context, env *config.Environment, progress func(string)) (*World, error) {
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		return nil, ErrUnable
	}
	for _, tool := range []string{"unshare", "nsenter", "ip", "gpg", "logrotate", "/usr/bin/python3"} {
		if _, err := exec.LookPath(tool); err != nil {
			return nil, fmt.Errorf("%w: no %s", ErrUnable, tool)
		}
	}
	if _, err := os.Stat(memory); err != nil {
		return nil, fmt.Errorf("%w: no %s", ErrUnable, memory)
	}
	server, err := localaws.Start(ctx, localaws.Options{Account: env.Account, Progress: progress})
	if err != nil {
		return nil, err
	}
	w := &World{server: server, buckets: map[string]bool{}, parameters: map[string]bool{}}
	if err := w.prepare(ctx, env); err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

func (w *World) prepare(ctx context.Context, env *config.Environment) (err error) {
	if w.dir, err = os.MkdirTemp(memory, "d2-boot-"); err != nil {
		return err
	}
	script, err := standins.ReadFile("standins/machine.sh")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(w.dir, "machine.sh"), script, 0o700); err != nil {
		return err
	}
	if err := w.findPrograms(ctx); err != nil {
		return err
	}
	if w.authority, err = newAuthority(w.hostNames()); err != nil {
		return err
	}
	trusted, err := os.ReadFile("/etc/ssl/certs/ca-certificates.crt")
	if err != nil {
		return err
	}
	w.certificates = append(append(trusted, '\n'), w.authority.PEM...)
	return w.fillNPMCache(ctx, env)
}

// findPrograms asks Python where the AWS command line stands, as a shim of pyenv does not work in another root.
func (w *World) findPrograms(ctx context.Context) error {
	for name, found := range map[string]*string{"node": &w.programs.node, "npm": &w.programs.npm} {
		path, err := exec.LookPath(name)
		if err != nil {
			return err
		}
		if *found, err = filepath.EvalSymlinks(path); err != nil {
			return err
		}
	}
	scripts, err := exec.CommandContext(ctx, w.server.Tools.Python, "-c", "import sysconfig; print(sysconfig.get_path('scripts'))").Output()
	w.programs.aws = filepath.Join(strings.TrimSpace(string(scripts)), "aws")
	return err
}

// fillNPMCache has npm fetch PM2 once, from the registry or from its cache, so that
// every machine's own npm can install it without a network.
func (w *World) fillNPMCache(ctx context.Context, env *config.Environment) error {
	w.npmCache = filepath.Join(w.server.Root, ".local", "boot-npm")
	command := exec.CommandContext(ctx, "npm", "install", "--global", "--prefix", filepath.Join(w.dir, "pm2"),
		"--cache", w.npmCache, "--prefer-offline", "--before", env.Runtime.PM2PackagesBefore,
		"--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error", "pm2@"+env.Runtime.PM2Version)
	if said, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("fetch PM2 from npm: %w: %s", err, said)
	}
	return nil
}

// Close ends the local AWS and forgets every machine.
func (w *World) Close() {
	_ = w.server.Stop()
	_ = os.RemoveAll(w.dir)
}

// environ are the variables of every process of a machine.
func (w *World) environ() []string {
	return append(npmSettings(),
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
		"AWS_ENDPOINT_URL=http://"+awsAddress, "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null",
		"npm_config_cache="+w.npmCache, "npm_config_offline=true", "npm_config_update_notifier=false",
		"BELOW_NODE="+w.programs.node, "BELOW_NPM="+w.programs.npm, "BELOW_AWS="+w.programs.aws)
}

// npmSettings are this machine's own, such as its registry: the cache is kept by the registry's name.
func npmSettings() []string {
	var found []string
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(strings.ToLower(variable), "="); strings.HasPrefix(name, "npm_config_") {
			found = append(found, variable)
		}
	}
	return found
}

// PutParameter writes a parameter of Systems Manager; one that exists is overwritten.
func (w *World) PutParameter(name, value string) error {
	w.parameters[name] = true
	return w.ssm("PutParameter", map[string]any{"Name": name, "Value": value, "Type": "String", "Overwrite": true})
}

// Reset forgets every parameter, every fault and a key of the test's own.
func (w *World) Reset() error {
	w.Fault, w.MySQLKey = nil, nil
	for name := range w.parameters {
		if err := w.ssm("DeleteParameter", map[string]any{"Name": name}); err != nil {
			return err
		}
		delete(w.parameters, name)
	}
	return nil
}

func (w *World) ssm(operation string, input map[string]any) error {
	body, err := json.Marshal(input)
	if err != nil {
		return err
	}
	return w.send(http.MethodPost, "", "ssm", bytes.NewReader(body), map[string]string{
		"X-Amz-Target": "AmazonSSM." + operation, "Content-Type": "application/x-amz-json-1.1",
	})
}

// OtherKey is a key for signing that is not MySQL's.
func (w *World) OtherKey() ([]byte, error) {
	home, err := os.MkdirTemp(w.dir, "gnupg-")
	if err != nil {
		return nil, err
	}
	for _, arguments := range [][]string{
		{"--passphrase", "", "--quick-generate-key", "Somebody Else <else@example.com>", "ed25519", "sign", "1d"},
		{"--armor", "--export"},
	} {
		key, err := exec.Command("gpg", append([]string{"--batch", "--homedir", home}, arguments...)...).Output()
		if err != nil || len(key) > 0 {
			return key, err
		}
	}
	return nil, errors.New("gpg exported no key")
}

// MakeBucket makes a bucket, unless there is one already.
func (w *World) MakeBucket(name string) error {
	if w.buckets[name] {
		return nil
	}
	w.buckets[name] = true
	configuration := "<CreateBucketConfiguration><LocationConstraint>" + localaws.DefaultRegion + "</LocationConstraint></CreateBucketConfiguration>"
	return w.send(http.MethodPut, name, "s3", strings.NewReader(configuration), nil)
}

// PutObject writes an object.
func (w *World) PutObject(bucket, key string, content []byte) error {
	return w.send(http.MethodPut, bucket+"/"+key, "s3", bytes.NewReader(content), nil)
}

// DeleteObject deletes an object.
func (w *World) DeleteObject(bucket, key string) error {
	return w.send(http.MethodDelete, bucket+"/"+key, "s3", nil, nil)
}

// PutRelease uploads an artifact and its checksum, as a release workflow does.
func (w *World) PutRelease(env *config.Environment, service config.Service, version string, artifact []byte) error {
	key := service.ArtifactKey(version)
	checksum := fmt.Sprintf("%x  %s\n", sha256.Sum256(artifact), filepath.Base(key))
	return errors.Join(
		w.PutObject(env.ArtifactBucket(), key, artifact),
		w.PutObject(env.ArtifactBucket(), key+".sha256", []byte(checksum)))
}

// send makes one request of the local AWS, which takes any signature but reads the service from it.
func (w *World) send(method, path, service string, body io.Reader, headers map[string]string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, w.server.URL()+"/"+path, body)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=local/20260101/"+localaws.DefaultRegion+"/"+service+"/aws4_request, SignedHeaders=host, Signature=0")
	for key, value := range headers {
		request.Header.Set(key, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusMultipleChoices {
		said, _ := io.ReadAll(response.Body)
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, said)
	}
	return nil
}
