package localaws

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// assembly writes what the CDK app would write: a cloud assembly with stack S.
func assembly(t *testing.T, resources map[string]any) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, value any) {
		text, err := json.Marshal(value)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	write("manifest.json", map[string]any{
		"version": "36.0.0",
		"artifacts": map[string]any{"S": map[string]any{
			"type":        "aws:cloudformation:stack",
			"environment": "aws://" + DefaultAccount + "/" + DefaultRegion,
			"properties":  map[string]any{"templateFile": "S.template.json", "stackName": "S"},
		}},
	})
	write("S.template.json", map[string]any{"Resources": resources})
	return dir
}

func resource(kind string, properties map[string]any) map[string]any {
	return map[string]any{"Type": kind, "Properties": properties}
}

func alarm(threshold int) map[string]any {
	return resource("AWS::CloudWatch::Alarm", map[string]any{
		"AlarmName": "cdk-alarm", "Namespace": "n", "MetricName": "m", "Statistic": "Sum", "Period": 60,
		"EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold", "Threshold": threshold,
	})
}

// cdk runs the unmodified CLI and tells its exit code and all that it said.
func cdk(t *testing.T, server *Server, arguments ...string) (int, string) {
	t.Helper()
	command := server.CDK(t.Context(), arguments...)
	command.Env = append(command.Env, "NO_COLOR=1")
	// Away from the repository's cdk.json, which names another app.
	command.Dir = t.TempDir()
	output, err := command.CombinedOutput()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return command.ProcessState.ExitCode(), string(output)
}

func cli(t *testing.T, server *Server, arguments ...string) string {
	t.Helper()
	output, err := server.Command(t.Context(), server.Tools.AWS, append(arguments, "--output", "text")...).CombinedOutput()
	require.NoError(t, err, "%s", output)
	return strings.TrimSpace(string(output))
}

// TestTheCDKDeploysDiffsUpdatesFailsAndDestroys walks one stack through the
// unmodified CLI, and looks at each step through the services' own APIs.
func TestTheCDKDeploysDiffsUpdatesFailsAndDestroys(t *testing.T) {
	t.Parallel()
	available(t, InstallCDK(t.Context(), root(t), func(string) {}))
	server := start(t, Options{})
	deploy := func(app string) (int, string) {
		return cdk(t, server, "deploy", "--app", app, "--require-approval", "never")
	}
	threshold := func() string {
		return cli(t, server, "cloudwatch", "describe-alarms", "--alarm-names", "cdk-alarm", "--query", "MetricAlarms[0].Threshold")
	}
	status := func() string {
		return cli(t, server, "cloudformation", "describe-stacks", "--stack-name", "S", "--query", "Stacks[0].StackStatus")
	}
	topic := resource("AWS::SNS::Topic", map[string]any{"TopicName": "cdk-topic"})
	first := assembly(t, map[string]any{"Alarm": alarm(5), "Topic": topic})

	code, said := deploy(first)
	require.Equal(t, 0, code, said)
	assert.Equal(t, "5.0", threshold())
	assert.Regexp(t, `CREATE_COMPLETE +\| AWS::CloudWatch::Alarm +\| Alarm`, said)

	code, said = deploy(first)
	require.Equal(t, 0, code, said)
	assert.Contains(t, said, "S (no changes)")

	code, said = cdk(t, server, "diff", "--app", first, "--fail")
	assert.Equal(t, 0, code, said)
	assert.Contains(t, said, "There were no differences")

	second := assembly(t, map[string]any{"Alarm": alarm(7), "Topic": topic, "Kept": map[string]any{
		"Type": "AWS::SNS::Topic", "DeletionPolicy": "Retain", "Properties": map[string]any{"TopicName": "cdk-kept"},
	}})
	code, said = cdk(t, server, "diff", "--app", second, "--fail")
	assert.Equal(t, 1, code, said)
	assert.Contains(t, said, "[+] AWS::SNS::Topic Kept")
	assert.Regexp(t, `(?s)\[~\] AWS::CloudWatch::Alarm Alarm.*Threshold.*\[-\] 5.*\[\+\] 7`, said)
	assert.Equal(t, "5.0", threshold(), "a diff changes nothing")

	code, said = deploy(second)
	require.Equal(t, 0, code, said)
	assert.Equal(t, "7.0", threshold())

	code, said = deploy(assembly(t, map[string]any{"Alarm": alarm(9), "Topic": topic, "Broken": resource("AWS::S3::Bucket", map[string]any{
		"LoggingConfiguration": map[string]any{"DestinationBucketName": "nobody"},
	})}))
	assert.NotEqual(t, 0, code, said)
	assert.Contains(t, said, "(AWS::S3::Bucket Broken)")
	assert.Contains(t, said, "The target bucket for logging does not exist")
	assert.NotContains(t, said, "✅")
	assert.Equal(t, "UPDATE_ROLLBACK_COMPLETE", status())
	assert.Equal(t, "7.0", threshold())

	code, said = deploy(assembly(t, map[string]any{"Alarm": alarm(7), "Strange": resource("AWS::Lambda::Function", map[string]any{
		"Role": "r", "Code": map[string]any{"ZipFile": "x"},
	})}))
	assert.NotEqual(t, 0, code, said)
	assert.Contains(t, said, "(AWS::Lambda::Function Strange)")
	assert.Contains(t, said, "not known to the local AWS")

	code, said = cdk(t, server, "destroy", "--app", second, "--force")
	require.Equal(t, 0, code, said)
	topics := cli(t, server, "sns", "list-topics", "--query", "Topics[].TopicArn")
	assert.Regexp(t, `:cdk-kept$`, topics)
	assert.NotContains(t, topics, "cdk-topic")
}

// TestTheCDKBootstrapsBothRegionsAndDeploysWhatItUploads needs the staging
// bucket: a template above 50 KB goes through it.
func TestTheCDKBootstrapsBothRegionsAndDeploysWhatItUploads(t *testing.T) {
	t.Parallel()
	available(t, InstallCDK(t.Context(), root(t), func(string) {}))
	server := start(t, Options{})
	require.NoError(t, server.Bootstrap(t.Context(), DefaultRegion, "us-east-1"))
	for _, region := range []string{DefaultRegion, "us-east-1"} {
		done, err := server.IsBootstrapped(t.Context(), region)
		require.NoError(t, err)
		assert.True(t, done, region)
	}
	done, err := server.IsBootstrapped(t.Context(), "eu-west-1")
	require.NoError(t, err)
	assert.False(t, done)

	resources := map[string]any{}
	for i := range 40 {
		resources[fmt.Sprintf("P%d", i)] = resource("AWS::SSM::Parameter", map[string]any{
			"Type": "String", "Name": fmt.Sprintf("/big/%d", i), "Value": strings.Repeat("x", 2000),
		})
	}
	code, said := cdk(t, server, "deploy", "--app", assembly(t, resources), "--require-approval", "never")
	require.Equal(t, 0, code, said)
	uploaded := cli(t, server, "s3api", "list-objects-v2", "--bucket", "cdk-hnb659fds-assets-"+DefaultAccount+"-"+DefaultRegion, "--query", "Contents[].Key")
	assert.Regexp(t, regexp.MustCompile(`^cdk/S/[0-9a-f]{64}\.yml$`), uploaded)

	reports, err := server.Inventory(t.Context(), StackRef{DefaultRegion, "S"}, StackRef{DefaultRegion, "Nobody"})
	require.NoError(t, err)
	assert.Equal(t, [3]string{"stack", "S", "CREATE_COMPLETE, 40 resources in " + DefaultRegion}, reports[0].Lines[0])
	assert.Equal(t, [3]string{"stack", "Nobody", "not deployed"}, reports[1].Lines[0])
}
