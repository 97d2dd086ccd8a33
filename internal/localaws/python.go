package localaws

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

var (
	// ErrNoPython says that this machine has no Python 3.10 or later.
	ErrNoPython = errors.New("no Python 3.10 or later")
	// ErrNoMoto says that Python is here, but what the local AWS runs on can be neither found nor installed.
	ErrNoMoto = errors.New("moto cannot be installed")
)

// IsMissing reports whether err says that this machine lacks what the local AWS
// needs. A test may skip then, loudly, unless CI=true.
func IsMissing(err error) bool {
	return errors.Is(err, ErrNoPython) || errors.Is(err, ErrNoMoto) || errors.Is(err, ErrNoCDK)
}

// Tools are the programs that the local AWS needs.
type Tools struct {
	// Python can import moto and everything else of requirements.txt in the pinned versions.
	Python string
	// AWS is the aws command line that came with it.
	AWS string
}

// probe exits 0 when Python is recent and has every pinned requirement. It
// reads the requirements from its standard input.
const probe = `
import sys
if sys.version_info < (3, 10):
    sys.exit("Python %d.%d is older than 3.10" % sys.version_info[:2])
from importlib.metadata import PackageNotFoundError, version
for line in sys.stdin:
    line = line.split("#")[0].strip()
    if line:
        name, wanted = line.split("==")
        name = name.split("[")[0]
        try:
            have = version(name)
        except PackageNotFoundError:
            sys.exit(name + " is missing")
        if have != wanted:
            sys.exit("%s is %s, not %s" % (name, have, wanted))
import flask, flask_cors
from os.path import dirname
from shutil import which
print(which("aws", path=dirname(sys.executable)) or which("aws") or "")
`

// FindTools looks for a Python that has what is pinned: $D2_PYTHON, the
// repository's own in .local/venv, then python3 of the PATH. Where none does it
// makes .local/venv and installs into it; progress is told what goes on.
func FindTools(ctx context.Context, root string, progress func(string)) (Tools, error) {
	venv := filepath.Join(root, stateDir, "venv")
	own := filepath.Join(venv, "bin", "python")
	var tried []string
	base := ""
	for _, candidate := range []string{os.Getenv("D2_PYTHON"), own, "python3", "python"} {
		path, err := exec.LookPath(candidate)
		if candidate == "" || err != nil {
			continue
		}
		tools, problem := tryPython(ctx, path)
		if problem == nil {
			return tools, nil
		}
		tried = append(tried, fmt.Sprintf("%s: %v", path, problem))
		if base == "" && path != own && !strings.Contains(problem.Error(), "older than") {
			base = path
		}
	}
	if err := ctx.Err(); err != nil {
		return Tools{}, err
	}
	if base == "" {
		return Tools{}, fmt.Errorf("%w (tried: %s); install Python 3.10 or later (Debian: apt-get install python3 python3-venv; macOS: brew install python) or point D2_PYTHON at one", ErrNoPython, orNothing(tried))
	}
	if err := makeVenv(ctx, base, venv, progress); err != nil {
		return Tools{}, fmt.Errorf("%w into %s: %v; see that this machine reaches a Python package index, or point D2_PYTHON at a Python that has internal/localaws/moto/requirements.txt", ErrNoMoto, venv, err)
	}
	tools, problem := tryPython(ctx, own)
	if problem != nil {
		return Tools{}, fmt.Errorf("%w: %s was made anew, but %v; remove it and try again", ErrNoMoto, venv, problem)
	}
	return tools, nil
}

func tryPython(ctx context.Context, python string) (Tools, error) {
	pinned, err := source.ReadFile("moto/requirements.txt")
	if err != nil {
		return Tools{}, err
	}
	command := exec.CommandContext(ctx, python, "-c", probe)
	command.Stdin = bytes.NewReader(pinned)
	var out, problem bytes.Buffer
	command.Stdout, command.Stderr = &out, &problem
	if err := command.Run(); err != nil {
		return Tools{}, errors.New(lastLine(problem.String(), err.Error()))
	}
	return Tools{Python: python, AWS: strings.TrimSpace(out.String())}, nil
}

func makeVenv(ctx context.Context, base, venv string, progress func(string)) error {
	progress("installing the local AWS into " + stateDir + "/venv; this is done once and takes a minute")
	requirements := filepath.Join(venv, "requirements.txt")
	if output, err := exec.CommandContext(ctx, base, "-m", "venv", "--clear", venv).CombinedOutput(); err != nil {
		return errors.New(lastLine(string(output), err.Error()))
	}
	pinned, err := source.ReadFile("moto/requirements.txt")
	if err != nil {
		return err
	}
	if err := os.WriteFile(requirements, pinned, 0o644); err != nil {
		return err
	}
	install := exec.CommandContext(ctx, filepath.Join(venv, "bin", "python"),
		"-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements)
	if output, err := install.CombinedOutput(); err != nil {
		return errors.New(lastLine(string(output), err.Error()))
	}
	return nil
}

// lastLine is the last line of a program's output, which most often says what is wrong.
func lastLine(output, otherwise string) string {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	if last := strings.TrimSpace(lines[len(lines)-1]); last != "" {
		return last
	}
	return otherwise
}

func orNothing(tried []string) string {
	if len(tried) == 0 {
		return "no python3 and no python in the PATH"
	}
	return strings.Join(tried, "; ")
}
