package localaws

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// once runs the aws command line without its retries, and tells what it said.
func once(t *testing.T, server *Server, arguments ...string) (string, error) {
	t.Helper()
	command := server.Command(t.Context(), server.Tools.AWS, arguments...)
	command.Env = append(command.Env, "AWS_MAX_ATTEMPTS=1")
	output, err := command.CombinedOutput()
	return string(output), err
}

func TestAFaultReachesRealClientsUntilItIsCleared(t *testing.T) {
	t.Parallel()
	server := start(t, Options{})
	require.NoError(t, server.SetFaults(t.Context(), []Fault{
		{Service: "autoscaling", Error: "ThrottlingException"},
		{Service: "ssm", Operation: "DescribeParameters", Error: "AccessDenied"},
		{Service: "s3", Operation: "ListBuckets", Error: "ExpiredToken"},
	}))
	for arguments, want := range map[string]string{
		"autoscaling describe-auto-scaling-groups": "(Throttling) when calling the DescribeAutoScalingGroups operation",
		"ssm describe-parameters":                  "is not authorized to perform: ssm:DescribeParameters",
		"s3api list-buckets":                       "(ExpiredToken)",
	} {
		said, err := once(t, server, strings.Fields(arguments)...)
		assert.Error(t, err, arguments)
		assert.Contains(t, said, want)
	}
	said, err := once(t, server, "ssm", "get-parameters-by-path", "--path", "/nothing")
	assert.NoError(t, err, "another operation is left alone: %s", said)

	require.NoError(t, server.ClearFaults(t.Context()))
	said, err = once(t, server, "autoscaling", "describe-auto-scaling-groups")
	assert.NoError(t, err, said)
}

// TestAClientThatRetriesGetsThroughAFault needs a rate that is counted: the
// first two calls are hit, and the command line's third succeeds.
func TestAClientThatRetriesGetsThroughAFault(t *testing.T) {
	t.Parallel()
	server := start(t, Options{})
	require.NoError(t, server.SetFaults(t.Context(), []Fault{{Service: "sts", Error: "ThrottlingException", Times: 2}}))
	assert.Equal(t, DefaultAccount, cli(t, server, "sts", "get-caller-identity", "--query", "Account"))
}

func TestAFaultMayOnlyBeLate(t *testing.T) {
	t.Parallel()
	server := start(t, Options{})
	require.NoError(t, server.SetFaults(t.Context(), []Fault{{LatencyMS: 1500}}))
	began := time.Now()
	assert.Equal(t, DefaultAccount, cli(t, server, "sts", "get-caller-identity", "--query", "Account"))
	assert.GreaterOrEqual(t, time.Since(began), 1500*time.Millisecond)
}

func TestAFaultThatCouldNeverStrikeIsAnError(t *testing.T) {
	t.Parallel()
	server := start(t, Options{})
	err := server.SetFaults(t.Context(), []Fault{{Service: "ssm", Operation: "sendCommand", Error: "AccessDenied"}})
	assert.ErrorContains(t, err, "ssm has no operation 'sendCommand'")
	assert.NoError(t, server.SetFaults(t.Context(), nil))
}
