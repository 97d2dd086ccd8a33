package database

import (
	"context"
	"crypto/sha256"
	_ "embed" // the plug-in's source
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed iam/aws_auth.c
var pluginSource []byte

// ErrNoCompiler says that the plug-in for login by token cannot be built here.
var ErrNoCompiler = errors.New("login by IAM token needs a C compiler and MariaDB's headers: install them (Debian: apt-get install gcc libmariadbd-dev; macOS: xcode-select --install)")

// compile builds the plug-in into dir, once for each state of its source and
// each version of the headers, and tells where.
func compile(ctx context.Context, dir string) (string, error) {
	compiler, err := find("cc")
	if err != nil {
		return "", ErrNoCompiler
	}
	flags, err := headers(ctx)
	if err != nil {
		return "", err
	}
	if !anyHolds(flags, "mysql/plugin_auth.h") {
		return "", ErrNoCompiler
	}
	sum := sha256.Sum256([]byte(string(pluginSource) + strings.Join(flags, " ")))
	target := filepath.Join(dir, "iam-"+hex.EncodeToString(sum[:])[:12], "aws_auth.so")
	if _, err := os.Stat(target); err == nil {
		return target, nil
	}
	draft, err := os.MkdirTemp("", "d2db-plugin-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(draft)
	source, built := filepath.Join(draft, "aws_auth.c"), filepath.Join(draft, "aws_auth.so")
	if err := os.WriteFile(source, pluginSource, 0o600); err != nil {
		return "", err
	}
	arguments := append([]string{"-O2", "-Wall", "-fPIC", "-shared", "-DMYSQL_DYNAMIC_PLUGIN", "-o", built, source}, flags...)
	if said, err := exec.CommandContext(ctx, compiler, arguments...).CombinedOutput(); err != nil {
		problem, _, _ := strings.Cut(string(said), "\n")
		return "", fmt.Errorf("compile the plug-in for login by IAM token: %s", problem)
	}
	return target, place(built, target)
}

// headers are the compiler's flags for the server's headers.
func headers(ctx context.Context) ([]string, error) {
	told, err := find("mariadb_config")
	if err != nil {
		return nil, ErrNoCompiler
	}
	include, err := exec.CommandContext(ctx, told, "--include").Output()
	if err != nil {
		return nil, ErrNoCompiler
	}
	var flags []string
	for _, flag := range strings.Fields(string(include)) {
		// The client's headers; the server's lie in a directory below, and come first.
		flags = append([]string{flag + "/server"}, append(flags, flag)...)
	}
	return flags, nil
}

func anyHolds(flags []string, header string) bool {
	for _, flag := range flags {
		if _, err := os.Stat(filepath.Join(strings.TrimPrefix(flag, "-I"), header)); err == nil && strings.HasSuffix(flag, "/server") {
			return true
		}
	}
	return false
}

// place moves a file to where it is kept. Two may do so at once; either is as good.
func place(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	draft, err := os.CreateTemp(filepath.Dir(to), "draft-")
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name())
	if _, err := draft.Write(text); err != nil {
		return err
	}
	if err := draft.Chmod(0o755); err != nil {
		return err
	}
	if err := draft.Close(); err != nil {
		return err
	}
	return os.Rename(draft.Name(), to)
}
