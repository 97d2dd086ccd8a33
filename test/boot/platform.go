package boot

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/stacks"
)

// Host is what the synthesized template of an environment says about one host.
type Host struct {
	Env        *config.Environment
	UserData   string
	Parameters map[string]string // of Systems Manager, with their first values
}

// Synthesize reads a host of an environment out of its template: the one whose
// launch template has the name given. root is the repository; out is a directory.
func Synthesize(root, out string, env *config.Environment, launchTemplate string) (*Host, error) {
	context, err := stacks.Context(filepath.Join(root, "cdk.json"))
	if err != nil {
		return nil, err
	}
	props := &awscdk.AppProps{Outdir: jsii.String(out), Context: &context}
	if _, err := stacks.Synth(props, func(awscdk.App) ([]*config.Environment, error) { return []*config.Environment{env}, nil }); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(out, env.StackName()+".template.json"))
	if err != nil {
		return nil, err
	}
	return readHost(env, data, launchTemplate)
}

func readHost(env *config.Environment, template []byte, launchTemplate string) (*Host, error) {
	var raw struct{ Resources map[string]json.RawMessage }
	if err := json.Unmarshal(template, &raw); err != nil {
		return nil, err
	}
	host := &Host{Env: env, Parameters: map[string]string{}}
	for id, text := range raw.Resources {
		if err := host.read(text, launchTemplate); err != nil {
			return nil, fmt.Errorf("%s: %w", id, err)
		}
	}
	if host.UserData == "" {
		return nil, fmt.Errorf("the template of %s has no plain user data for %s", env.StackName(), launchTemplate)
	}
	return host, nil
}

func (h *Host) read(resource json.RawMessage, launchTemplate string) error {
	var kind struct{ Type string }
	if err := json.Unmarshal(resource, &kind); err != nil {
		return err
	}
	switch kind.Type {
	case "AWS::SSM::Parameter":
		var parameter struct {
			Properties struct {
				Name  string
				Value any
			}
		}
		err := json.Unmarshal(resource, &parameter)
		h.Parameters[parameter.Properties.Name] = valueOf(parameter.Properties.Value)
		return err
	case "AWS::EC2::LaunchTemplate":
		var template struct {
			Properties struct {
				LaunchTemplateName string
				LaunchTemplateData struct{ UserData map[string]string }
			}
		}
		err := json.Unmarshal(resource, &template)
		if template.Properties.LaunchTemplateName == launchTemplate {
			h.UserData = template.Properties.LaunchTemplateData.UserData["Fn::Base64"]
		}
		return err
	}
	return nil
}

// valueOf is a parameter's value; what CloudFormation would look up is named instead.
func valueOf(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	text, _ := json.Marshal(value)
	return "looked up: " + strings.Trim(string(text), "{}")
}
