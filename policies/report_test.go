package policies_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	cdk "github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/d2-ride-booking/platform/policies"
)

const multiAZ = "D2-PROD-10.2-multi-az"

// reportOf synthesizes PROD with a database in one zone and returns CDK's report.
func reportOf(t *testing.T, context map[string]any, prepare func(cdk.App)) []byte {
	t.Helper()
	app := newApp(t.TempDir(), false)
	for key, value := range context {
		app.Node().SetContext(jsii.String(key), value)
	}
	template := load(t, "prod")
	set("Db/Properties/MultiAZ", false).apply(t, template)
	prepare(app)
	stackOf(app, "Broken", template)
	content, err := os.ReadFile(filepath.Join(*app.Synth(nil).Directory(), "validation-report.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(content), multiAZ) {
		t.Fatalf("the report does not name %s", multiAZ)
	}
	return content
}

func TestAReportOfErrorsIsBelieved(t *testing.T) {
	if err := policies.CheckReport(reportOf(t, nil, func(cdk.App) {})); err != nil {
		t.Error(err)
	}
}

func TestFindingsThatAreOnlyWarningsAreRefused(t *testing.T) {
	report := reportOf(t, map[string]any{policies.ErrorsContext: false}, func(cdk.App) {})
	wantProblem(t, policies.CheckReport(report), multiAZ, policies.ErrorsContext)
}

func TestAnAcknowledgedPrincipleIsRefused(t *testing.T) {
	report := reportOf(t, nil, func(app cdk.App) {
		cdk.Validations_Of(app).Acknowledge(&cdk.Acknowledgment{
			Id: jsii.String("CloudFormation-Validate::" + multiAZ), Reason: jsii.String("one zone will do"),
		})
	})
	wantProblem(t, policies.CheckReport(report), multiAZ, "one zone will do")
}

// What CDK 2.270 writes when a rule cannot be evaluated; its CLI then exits 0.
func TestRulesThatWereNotEvaluatedAreRefused(t *testing.T) {
	report := `{"pluginReports": [{"pluginName": "CloudFormation Validate", "conclusion": "failure",
		"metadata": {"error": "Validation plugin 'CloudFormation Validate' failed: undefined"}, "violations": []}]}`
	wantProblem(t, policies.CheckReport([]byte(report)), "no rule was evaluated")
}

func TestAReportThatIsNoneIsRefused(t *testing.T) {
	wantProblem(t, policies.CheckReport(nil), "cannot be read")
}

func wantProblem(t *testing.T, err error, words ...string) {
	t.Helper()
	for _, word := range words {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("got %v; want a problem with %q", err, word)
		}
	}
}
