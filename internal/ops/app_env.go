package ops

import (
	"cmp"
	"context"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/d2-ride-booking/platform/config"
)

// VariableReader is what is asked of the parameter store about a service's variables.
type VariableReader interface {
	GetParametersByPath(context.Context, *ssm.GetParametersByPathInput, ...func(*ssm.Options)) (*ssm.GetParametersByPathOutput, error)
}

// AppVariable is one variable of a running release (runbook DEV 5.8).
type AppVariable struct {
	// Instance it was read from.
	Instance string `json:"instance"`
	// Name of the variable.
	Name string `json:"name"`
	// Value that the app was started with; empty where Hidden.
	Value string `json:"value"`
	// Hidden says that the value did not leave the host, as it is or may be a secret.
	Hidden bool `json:"hidden"`
	// Changed says that the parameter store holds another value, which the next start takes.
	Changed bool `json:"changed"`
}

// hidden stands for a secret in what a host prints.
const hidden = "<hidden>"

// secretish are parts of the names that secrets usually have; a SecureString is one by its type.
const secretish = `PASSW|SECRET|TOKEN|CREDENTIAL|PRIVATE|_KEY|KEY_|DSN|DATABASE_URL|REDIS_URL`

var looksSecret = regexp.MustCompile(`(?i)` + secretish)

// ReadAppVariables reads the variables of a service's running release from the
// hosts given. The hosts hide secrets before they answer, as Run Command keeps
// answers for thirty days.
func ReadAppVariables(ctx context.Context, api AppAPI, env *config.Environment, service config.Service, instances []string) ([]AppVariable, error) {
	stored, err := readStored(ctx, api.Variables, env.RuntimeParameterPath(service.Name))
	if err != nil {
		return nil, err
	}
	answers, err := RunOnHosts(ctx, api.Commands, instances, readEnvironment(service.EnvFile(), stored))
	if err != nil {
		return nil, err
	}
	variables := []AppVariable{}
	for _, answer := range answers {
		if err := answered(answer, "reading "+service.EnvFile()); err != nil {
			return variables, err
		}
		variables = append(variables, variablesOf(answer, stored)...)
	}
	return variables, nil
}

// stored is a variable as the parameter store has it; the value of a secret is not asked for.
type stored struct {
	value  string
	secret bool
}

func readStored(ctx context.Context, api VariableReader, under string) (map[string]stored, error) {
	found := map[string]stored{}
	pages := ssm.NewGetParametersByPathPaginator(api, &ssm.GetParametersByPathInput{Path: &under, WithDecryption: aws.Bool(false)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, parameter := range page.Parameters {
			found[path.Base(aws.ToString(parameter.Name))] = stored{
				value: aws.ToString(parameter.Value), secret: parameter.Type == types.ParameterTypeSecureString,
			}
		}
	}
	return found, nil
}

// readEnvironment is the line that prints an .env file with its secrets hidden.
// sed reads the file as one text (-z), as a quoted value may have several lines.
func readEnvironment(file string, known map[string]stored) string {
	names := []string{`[A-Za-z0-9_]*(` + secretish + `)[A-Za-z0-9_]*`}
	for name, each := range known {
		if each.secret {
			names = append(names, regexp.QuoteMeta(name))
		}
	}
	slices.Sort(names)
	expression := `s/(^|\n)(` + strings.Join(names, "|") + `)=('[^']*'|"[^"]*"|[^'"\n])*/\1\2=` + hidden + `/gI`
	return "sed --sandbox -zE " + shellQuoted(expression) + " " + file
}

func shellQuoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'"'"'`) + "'" }

func variablesOf(answer HostAnswer, known map[string]stored) []AppVariable {
	var variables []AppVariable
	for name, value := range parseEnvironment(answer.Out) {
		parameter, isKnown := known[name]
		variable := AppVariable{Instance: answer.Instance, Name: name, Value: value}
		if parameter.secret || looksSecret.MatchString(name) { // here again: nothing rests on the host alone
			variable.Value, variable.Hidden = "", true
		} else {
			variable.Changed = isKnown && parameter.value != value
		}
		variables = append(variables, variable)
	}
	slices.SortFunc(variables, func(a, b AppVariable) int { return cmp.Compare(a.Name, b.Name) })
	return variables
}

// parseEnvironment reads NAME=value lines as a shell does, quotes and lines within them included.
func parseEnvironment(text string) map[string]string {
	variables := map[string]string{}
	var word strings.Builder
	var quote rune
	end := func() {
		if name, value, isVariable := strings.Cut(word.String(), "="); isVariable {
			variables[name] = value
		}
		word.Reset()
	}
	for _, char := range text {
		switch {
		case quote == char:
			quote = 0
		case quote == 0 && (char == '\'' || char == '"'):
			quote = char
		case quote == 0 && char == '\n':
			end()
		default:
			word.WriteRune(char)
		}
	}
	end()
	return variables
}
