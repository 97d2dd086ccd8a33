package policies_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	cdk "github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/d2-ride-booking/platform/policies"
)

// TestMain closes jsii in an orderly way.
func TestMain(m *testing.M) {
	code := m.Run()
	jsii.Close()
	os.Exit(code)
}

// load reads a good template: what CDK made of network, fleet, database, sites and
// the rest by its own constructs, with shorter logical ids.
func load(t *testing.T, name string) object {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var template object
	if err := json.Unmarshal(content, &template); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return template
}

// plugin is the real one, with our rules alone. Making it costs about two seconds
// (it compiles all rules), so there is one.
var plugin cdk.CloudFormationValidatePlugin

func realPlugin() cdk.CloudFormationValidatePlugin {
	if plugin != nil {
		return plugin
	}
	var sources []*cdk.ValidationRuleSource
	for _, rule := range policies.Rules() {
		sources = append(sources, &cdk.ValidationRuleSource{Name: jsii.String(rule.Name), Content: jsii.String(rule.Text)})
	}
	plugin = cdk.NewCloudFormationValidatePlugin(&cdk.CloudFormationValidatePluginProps{
		RegoRules:           &sources,
		IncludeDefaultRules: jsii.Bool(false),
	})
	return plugin
}

// newApp is an app under our rules. With failing off, a synth leaves its findings in the
// report instead of ending in a panic, so that many templates can be read in one.
func newApp(dir string, failing bool) cdk.App {
	app := cdk.NewApp(&cdk.AppProps{
		Outdir:             jsii.String(dir),
		AnalyticsReporting: jsii.Bool(false),
		TreeMetadata:       jsii.Bool(false),
		Context: &map[string]any{
			policies.ErrorsContext:                        true,
			"@aws-cdk/core:failSynthOnValidationErrors":   failing,
			"@aws-cdk/core:disableCreateStackTraces":      true,
			"aws:cdk:disable-stack-trace":                 true,
			"aws:cdk:disable-asset-staging":               true,
			"@aws-cdk/core:annotationsInValidationReport": false,
		},
	})
	cdk.Validations_Of(app).AddPlugins(realPlugin())
	return app
}

// stackOf makes a stack that synthesizes to the template.
func stackOf(app cdk.App, id string, template object) {
	stack := cdk.NewStack(app, jsii.String(id), &cdk.StackProps{
		Env: &cdk.Environment{Account: jsii.String("123456789012"), Region: jsii.String("ap-southeast-1")},
	})
	for id, value := range section(template, "Resources") {
		source := value.(object)
		properties, _ := source["Properties"].(object)
		made := cdk.NewCfnResource(stack, jsii.String(id), &cdk.CfnResourceProps{
			Type:       jsii.String(source["Type"].(string)),
			Properties: &properties,
		})
		for _, key := range []string{"DeletionPolicy", "UpdateReplacePolicy", "UpdatePolicy"} {
			if policy, there := source[key]; there {
				made.AddOverride(jsii.String(key), policy)
			}
		}
	}
	for id, value := range section(template, "Outputs") {
		cdk.NewCfnOutput(stack, jsii.String(id), &cdk.CfnOutputProps{Value: cdk.Token_AsString(value.(object)["Value"], nil)})
	}
	for id, value := range section(template, "Parameters") {
		if id == "BootstrapVersion" { // the synthesizer's own
			continue
		}
		cdk.NewCfnParameter(stack, jsii.String(id), &cdk.CfnParameterProps{Type: jsii.String(value.(object)["Type"].(string))})
	}
}

func section(template object, name string) object {
	part, _ := template[name].(object)
	return part
}

// A finding is one violation in CDK's report.
type finding struct {
	Rule     string
	Resource string // its logical id; nothing when the template as a whole is meant
	Severity string
	Text     string
}

// synth returns the findings of our rules by stack.
func synth(t *testing.T, app cdk.App) map[string][]finding {
	t.Helper()
	assembly := app.Synth(nil)
	content, err := os.ReadFile(filepath.Join(*assembly.Directory(), "validation-report.json"))
	if err != nil {
		t.Fatal(err)
	}
	return readReport(t, content)
}

func readReport(t *testing.T, content []byte) map[string][]finding {
	t.Helper()
	var report struct {
		PluginReports []struct {
			PluginName string
			Metadata   map[string]string
			Violations []struct {
				RuleName, Description, Severity string
				ViolatingConstructs             []struct {
					ConstructPath          string
					CloudFormationResource struct{ TemplatePath, LogicalID string }
				}
			}
		}
	}
	if err := json.Unmarshal(content, &report); err != nil {
		t.Fatal(err)
	}
	if len(report.PluginReports) != 1 {
		t.Fatalf("%d plugins reported, want ours alone", len(report.PluginReports))
	}
	if failure := report.PluginReports[0].Metadata["error"]; failure != "" {
		t.Fatal(failure) // a rule that cannot be evaluated is no finding, and ends all of them
	}
	findings := map[string][]finding{}
	for _, violation := range report.PluginReports[0].Violations {
		for _, construct := range violation.ViolatingConstructs {
			stack := stackName(construct.CloudFormationResource.TemplatePath, construct.ConstructPath)
			findings[stack] = append(findings[stack], finding{
				Rule: violation.RuleName, Resource: construct.CloudFormationResource.LogicalID,
				Severity: violation.Severity, Text: violation.Description,
			})
		}
	}
	return findings
}

func stackName(templatePath, constructPath string) string {
	const suffix = ".template.json"
	if len(templatePath) > len(suffix) {
		return templatePath[:len(templatePath)-len(suffix)]
	}
	return constructPath
}
