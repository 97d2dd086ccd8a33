package localaws

import (
	"context"
	"os"
	"os/exec"
	"strings"
)

// Environ are the variables that turn a program of AWS to this server, and keep
// it from any real account: credentials that mean nothing, no profile, no
// configuration files, no instance metadata.
func (s *Server) Environ() []string {
	return []string{
		"AWS_ENDPOINT_URL=" + s.URL(),
		"AWS_ACCESS_KEY_ID=local",
		"AWS_SECRET_ACCESS_KEY=local",
		"AWS_REGION=" + DefaultRegion,
		"AWS_DEFAULT_REGION=" + DefaultRegion,
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE=" + os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
		"AWS_PAGER=",
		"D2_DB_CA=" + s.DatabaseCA(), // its databases are no RDS's; d2ctl verifies them all the same
		// A proxy of the house must not get to see requests to this machine.
		"NO_PROXY=localhost,127.0.0.1",
		"no_proxy=localhost,127.0.0.1",
	}
}

// Command is a program that is to run against this server, from the repository's root.
func (s *Server) Command(ctx context.Context, name string, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, name, arguments...)
	command.Dir = s.Root
	command.Env = append(withoutAWS(os.Environ()), s.Environ()...)
	return command
}

// withoutAWS drops every variable that could lead a program to a real account.
func withoutAWS(environ []string) []string {
	var kept []string
	for _, variable := range environ {
		if !strings.HasPrefix(variable, "AWS_") && !strings.HasPrefix(variable, "CDK_DEFAULT_") {
			kept = append(kept, variable)
		}
	}
	return kept
}
