package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/d2-ride-booking/platform/config"
)

// synth times both environments, with and without validation, beside a single bucket.
func (r *runner) synth() error {
	fmt.Println("synth, whole process, in turn:")
	times, err := r.inTurn(r.runs,
		func() (time.Duration, error) { return r.app(appShipped) },
		func() (time.Duration, error) { return r.app(appShipped, "CDK_VALIDATION=false") },
		func() (time.Duration, error) { return r.app(appBucket) },
	)
	if err != nil {
		return err
	}
	row("both environments", times[0])
	row("both environments, validation off", times[1])
	row("an app with a single bucket", times[2])
	fmt.Printf("  both environments / single bucket: %.2f (median of the rounds; aim: at most 1.70)\n\n", median(ratios(times[0], times[2])))
	return nil
}

// growthRuns is enough to see a line; 32 services take their time.
const growthRuns = 3

// growth times PROD with more and more services, then sites.
func (r *runner) growth() error {
	fmt.Println("growth of PROD, one app in one process, in turn:")
	for _, of := range []struct {
		kind   string
		counts []int
	}{{appServices, []int{1, 4, 16, 32}}, {appSites, []int{1, 4, 8, 16}}} {
		var contestants []func() (time.Duration, error)
		for _, count := range of.counts {
			contestants = append(contestants, func() (time.Duration, error) {
				return r.app(fmt.Sprintf("%s=%d", of.kind, count))
			})
		}
		times, err := r.inTurn(min(r.runs, growthRuns), contestants...)
		if err != nil {
			return err
		}
		least, most := 0, len(of.counts)-1
		for i, count := range of.counts {
			row(fmt.Sprintf("%d %s", count, of.kind), times[i])
		}
		perEntry := (median(times[most]) - median(times[least])) / time.Duration(of.counts[most]-of.counts[least])
		fmt.Printf("  one more of %s costs %d ms\n", of.kind, perEntry.Milliseconds())
	}
	fmt.Println()
	return nil
}

// limits says how many services and sites config lets PROD have, and which limit of AWS says no.
func (r *runner) limits() error {
	fmt.Println("the first limit of AWS, as config refuses it:")
	for _, kind := range []string{appServices, appSites} {
		for count := 1; ; count++ {
			found, err := environments(kind, count)
			if err != nil {
				return err
			}
			var problems config.Problems
			if err := found[0].Validate(); errors.As(err, &problems) {
				fmt.Printf("  %-10s %d are taken, %d are refused: %s\n", kind, count-1, count, problems[0].What)
				break
			} else if err != nil {
				return err
			}
		}
	}
	fmt.Println()
	return nil
}

// edit times the way from a changed construct to the snapshot test's answer, in a
// copy of the repository, so that nobody's files are touched.
func (r *runner) edit() error {
	copied := filepath.Join(r.work, "copy")
	if out, err := exec.Command("git", "clone", "--quiet", "--no-hardlinks", r.root, copied).CombinedOutput(); err != nil {
		return fmt.Errorf("git clone: %w\n%s", err, out)
	}
	edits := 0
	times, err := r.inTurn(r.runs, func() (time.Duration, error) {
		edits++
		if err := touch(filepath.Join(copied, "constructs", "network.go"), edits); err != nil {
			return 0, err
		}
		command := exec.Command("go", "test", "-count=1", "-run", "Snapshot", "./test")
		command.Dir = copied
		return timed(command)
	})
	if err != nil {
		return err
	}
	fmt.Println("an edited construct (committed state), to the snapshot test's answer, warm:")
	row("edit, compile, link, synth, compare", times[0])
	fmt.Println("  aim: at most 10 s")
	return nil
}

// touch changes a file in a way that the compiler cannot skip: a new constant.
func touch(file string, number int) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = fmt.Fprintf(f, "\nconst edit%d = %d\n", number, number)
	return err
}
