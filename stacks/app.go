package stacks

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/cxapi"
	"github.com/aws/jsii-runtime-go"

	"github.com/d2-ride-booking/platform/config"
	_ "github.com/d2-ride-booking/platform/internal/quietnode"
	"github.com/d2-ride-booking/platform/policies"
)

// Synth makes an app of the environments and writes its templates. The error of
// a failed synth is one line: CDK reports every failure by a panic, whose
// message is good and whose trace is noise, so it is caught here, once, for
// cmd/infra and the tests alike. Close ends what it started.
func Synth(props *awscdk.AppProps, environments func(awscdk.App) ([]*config.Environment, error)) (assembly cxapi.CloudAssembly, err error) {
	defer func() {
		if failure := recover(); failure != nil {
			err = fmt.Errorf("synth: %s", message(failure))
		}
	}()
	app := awscdk.NewApp(props)
	leaveOutTraces(app)
	if err := enforcePolicies(app); err != nil {
		return nil, err
	}
	found, err := environments(app)
	if err != nil {
		return nil, err
	}
	for _, env := range found {
		addEnvironment(app, env)
	}
	assembly = app.Synth(nil)
	return assembly, policiesSpoke(*assembly.Directory())
}

// policiesSpoke fails a synth in which a rule was not evaluated or was silenced,
// which CDK lets pass.
func policiesSpoke(dir string) error {
	report, err := os.ReadFile(filepath.Join(dir, "validation-report.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // CDK writes none when nobody had anything to say
	}
	if err != nil {
		return err
	}
	if err := policies.CheckReport(report); err != nil {
		return fmt.Errorf("policies: %w", err)
	}
	return nil
}

// Context is what the CDK command line hands an app: the context of a cdk.json.
// Whoever synthesizes without that command reads it here, else he would get
// another product.
func Context(cdkJSON string) (map[string]any, error) {
	data, err := os.ReadFile(cdkJSON)
	if err != nil {
		return nil, err
	}
	var settings struct{ Context map[string]any }
	if err := json.Unmarshal(data, &settings); err != nil {
		return nil, fmt.Errorf("%s: %w", cdkJSON, err)
	}
	return settings.Context, nil
}

// leaveOutTraces keeps creation traces, and with them paths of this machine, out
// of the assembly: two synths of one commit are the same bytes.
func leaveOutTraces(app awscdk.App) {
	for _, key := range []string{"aws:cdk:disable-stack-trace", "aws:cdk:disable-creation-stack-traces"} {
		app.Node().SetContext(str(key), true)
	}
}

// enforcePolicies has the runbook's principles checked over every template that
// this app writes; CDK's own rules stay on beside them.
func enforcePolicies(app awscdk.App) error {
	if on, _ := app.Node().TryGetContext(str(policies.ErrorsContext)).(bool); !on {
		return fmt.Errorf("cdk.json: context %q is not true, so no policy would fail a synth; set it to true, and run this through the cdk command", policies.ErrorsContext)
	}
	awscdk.Validations_Of(app).AddPlugins(principles())
	return nil
}

// principles are compiled once a process, which takes most of a second: the tests make many apps.
var principles = sync.OnceValue(func() awscdk.CloudFormationValidatePlugin {
	var rules []*awscdk.ValidationRuleSource
	for _, rule := range policies.Rules() {
		rules = append(rules, &awscdk.ValidationRuleSource{Name: str(rule.Name), Content: str(rule.Text)})
	}
	return awscdk.NewCloudFormationValidatePlugin(&awscdk.CloudFormationValidatePluginProps{RegoRules: &rules})
})

// addEnvironment builds both stacks of one environment into the app.
func addEnvironment(app awscdk.App, env *config.Environment) {
	edge := NewEdgeStack(app, env)
	if env.Environment == config.Prod {
		NewProdStack(app, env, edge)
	} else {
		NewDevStack(app, env, edge)
	}
}

// message is what a panic says, without the JavaScript trace below it.
func message(failure any) string {
	text := strings.TrimSpace(fmt.Sprint(failure))
	if end := strings.Index(text, "\n    at "); end >= 0 {
		text = text[:end]
	}
	return text
}

// Close ends the JavaScript runtime behind CDK. jsii-runtime-go waits for it
// twice and prints the second wait's failure, so nothing is heard meanwhile.
func Close() {
	heard := os.Stderr
	defer func() { os.Stderr = heard }()
	if silence, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
		os.Stderr = silence
	}
	jsii.Close()
}
