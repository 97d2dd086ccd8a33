package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

var (
	// event is a line of the CDK CLI about one resource: stack | done/all | time | status | type | what.
	event = regexp.MustCompile(`^(\S+) \|\s*(\d+(?:/\d+)?) \|[^|]*\| (\S+)\s*\| (\S+)\s*\| (.*)$`)
	// ending is its line about a stack that is done.
	ending = regexp.MustCompile(`^\s*✅\s+(.*)$`)
)

// follow runs the CDK CLI. All that it says goes to a log; the screen shows how
// far it is, what failed, and its warnings.
func (s *session) follow(command *exec.Cmd, verbose bool) error {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return err
	}
	logFile := filepath.Join(s.dir, "deploy.log")
	log, err := os.Create(logFile)
	if err != nil {
		return err
	}
	defer log.Close()
	reader, writer := io.Pipe()
	command.Stdout, command.Stderr = writer, writer
	if err := command.Start(); err != nil {
		return fmt.Errorf("run the CDK CLI: %w", err)
	}
	ended := make(chan error, 1)
	go func() {
		ended <- command.Wait()
		writer.Close()
	}()
	told := s.tell(io.TeeReader(reader, log), verbose)
	if err := <-ended; err != nil {
		s.screen.clear()
		if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
			return err
		}
		if !verbose {
			s.screen.lines(told)
		}
		return fmt.Errorf("the deployment failed; mend what it says and run up again (all that the CDK CLI said: %s)", logFile)
	}
	return nil
}

// tell shows what the CDK CLI says while it says it. Its answer is what has to
// be said when that ends in failure: the part from the first failure on, or the
// end of it all.
func (s *session) tell(output io.Reader, verbose bool) string {
	lines := bufio.NewScanner(output)
	lines.Buffer(nil, 1<<20)
	var last, failure []string
	for lines.Scan() {
		line := lines.Text()
		if verbose {
			s.screen.lines(line)
		}
		if last = append(last, line); len(last) > 30 {
			last = last[1:]
		}
		parts := event.FindStringSubmatch(line)
		failed := strings.Contains(line, "❌") || (parts != nil && strings.HasSuffix(parts[3], "_FAILED"))
		if (failed || len(failure) > 0) && (parts == nil || failed) && len(failure) < 60 {
			failure = append(failure, line)
		}
		switch done := ending.FindStringSubmatch(line); {
		case verbose:
		case done != nil:
			s.screen.step("deployed %s", done[1])
		case parts != nil:
			s.screen.passing(fmt.Sprintf("%s %s %s %s", parts[1], parts[2], parts[3], parts[5]))
		}
	}
	s.screen.clear()
	if len(failure) == 0 {
		failure = last
	}
	return strings.Join(failure, "\n")
}
