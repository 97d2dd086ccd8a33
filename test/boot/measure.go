package boot

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/d2-ride-booking/platform/config"
)

// Step is one step of a boot, as the boot script tells it.
type Step struct {
	Name string
	Took time.Duration
}

// Measurement is one first boot of a PROD backend with a release.
type Measurement struct {
	UserDataBytes int
	Steps         []Step        // in their order
	Healthy       time.Duration // from the start of user data to a good health check of the release
	Whole         time.Duration // to the end of user data
}

// Measure boots once and returns what it took. root is the repository.
func Measure(ctx context.Context, root string, progress func(string)) (*Measurement, error) {
	env, err := config.Load(filepath.Join(root, config.DefaultDir, "prod.yaml"))
	if err != nil {
		return nil, err
	}
	out, err := os.MkdirTemp("", "d2-boot-synth-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(out)
	service := env.EnabledServices()[0]
	host, err := Synthesize(root, out, env, env.Named(service.Name))
	if err != nil {
		return nil, err
	}
	world, err := NewWorld(ctx, env, progress)
	if err != nil {
		return nil, err
	}
	defer world.Close()
	if err := world.release(host, service, "v1.0.0"); err != nil {
		return nil, err
	}
	machine, err := world.NewMachine()
	if err != nil {
		return nil, err
	}
	defer machine.PowerOff()
	if err := machine.PowerOn(); err != nil {
		return nil, err
	}
	said, err := machine.FirstBoot(host.UserData)
	if err != nil {
		return nil, fmt.Errorf("the boot failed: %w: %s", err, said)
	}
	measured, err := readSteps(said)
	measured.UserDataBytes = len(host.UserData)
	return measured, err
}

// release puts a host's parameters and a release of its service in place.
func (w *World) release(host *Host, service config.Service, version string) error {
	for name, value := range host.Parameters {
		if err := w.PutParameter(name, value); err != nil {
			return err
		}
	}
	if err := w.MakeBucket(host.Env.ArtifactBucket()); err != nil {
		return err
	}
	artifact, err := Artifact(service.Name, Well, 0)
	if err != nil {
		return err
	}
	if err := w.PutRelease(host.Env, service, version, artifact); err != nil {
		return err
	}
	return w.PutParameter(host.Env.VersionParameter(service.Name), version)
}

var stepLine = regexp.MustCompile(`(?m)^d2-boot: ([0-9.]+) s: (.*)$`)

// readSteps makes durations of the moments at which the boot's steps began. The
// release's step ends with its good health check.
func readSteps(said string) (*Measurement, error) {
	measured := &Measurement{}
	lines := stepLine.FindAllStringSubmatch(said, -1)
	for i, line := range lines {
		at, err := strconv.ParseFloat(line[1], 64)
		if err != nil {
			return measured, err
		}
		moment := time.Duration(at * float64(time.Second))
		if i > 0 {
			last := &measured.Steps[len(measured.Steps)-1]
			last.Took += moment
			if strings.HasPrefix(last.Name, "release of") {
				measured.Healthy = moment
			}
		}
		measured.Whole = moment
		if line[2] != "done" {
			measured.Steps = append(measured.Steps, Step{Name: line[2], Took: -moment})
		}
	}
	if measured.Healthy == 0 {
		return measured, fmt.Errorf("the boot's output names no release: %s", said)
	}
	return measured, nil
}
