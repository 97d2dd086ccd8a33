package ops

import (
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/template"
)

// PlanCost is what the templates of an assembly would cost once deployed: those
// that make synth writes to cdk.out. It calls nobody.
func PlanCost(env *config.Environment, assembly string) (*Cost, error) {
	var templates []*template.Template
	for _, stack := range []string{env.StackName(), env.EdgeStackName()} {
		read, err := ReadTemplate(filepath.Join(assembly, stack+".template.json"))
		if err != nil {
			return nil, err
		}
		templates = append(templates, read)
	}
	return ReckonCost(env, "the templates in "+filepath.Clean(assembly), templates, LiveSizes{})
}

// ReadTemplate reads a synthesized template, and says how to make one that is not there.
func ReadTemplate(path string) (*template.Template, error) {
	read, err := template.Read(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &fault.Error{Code: fault.NotFound, What: "there is no template " + path, Try: "make one: make synth", Cause: err}
	case err != nil:
		return nil, &fault.Error{Code: fault.Usage, What: err.Error(), Try: "name a template that make synth has written", Cause: err}
	}
	return read, nil
}
