// Command bench times what people wait for, each as a whole process, and prints
// medians: the synth of both environments beside that of an app with a single
// bucket; the way from an edited construct to the snapshot test's answer; how
// both grow with services and sites; the boot of a host; d2ctl status beside the
// commands of the runbook; publishing a site beside aws s3 sync; d2ctl's tunnel
// beside AWS's own plugin. Figures of one run compare; figures of two runs do not.
//
//	make bench
//	go run ./test/bench -only site
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/d2-ride-booking/platform/internal/session"
)

func main() {
	switch {
	case session.IsChild(os.Args):
		session.Child()
	case os.Getenv(pluginVariable) != "":
		bePlugin()
		return
	}
	runs := flag.Int("runs", 5, "counted runs of each command, after one that warms up")
	only := flag.String("only", "", "one measurement alone: boot, d2ctl, synth, growth, limits, edit, site or tunnel")
	app := flag.String("app", "", "be one of the apps that are timed, and exit (the bench calls itself with it)")
	flag.Parse()
	var err error
	if *app != "" {
		err = synthesize(*app)
	} else {
		err = bench(*runs, *only)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench prints every measurement, or the one named, one after the other: two at
// a time would time each other.
func bench(runs int, only string) error {
	root, err := repository()
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "d2-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	self, err := build(root, work)
	if err != nil {
		return err
	}
	b := &runner{root: root, work: work, self: self, runs: runs}
	found := false
	for _, measurement := range []struct {
		name string
		run  func() error
	}{{"boot", b.boot}, {"d2ctl", b.d2ctl}, {"synth", b.synth}, {"growth", b.growth}, {"limits", b.limits}, {"edit", b.edit}, {"site", b.site}, {"tunnel", b.tunnel}} {
		if only != "" && only != measurement.name {
			continue
		}
		found = true
		if err := measurement.run(); err != nil {
			return err
		}
	}
	if !found {
		return fmt.Errorf("there is no measurement %q; see -help", only)
	}
	return nil
}

// repository is the folder of go.mod, from wherever in it the bench is started.
func repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
	}
	return "", fmt.Errorf("no go.mod above the working directory; start it inside the repository: make bench")
}
