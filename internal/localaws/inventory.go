package localaws

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
)

// StackRef names a stack and its region.
type StackRef struct {
	Region string
	Name   string
}

// StackReport is what stands of one stack, as the services themselves see it.
type StackReport struct {
	// Stack is its name.
	Stack string `json:"stack"`
	// Lines are [kind, name, state], the stack itself first.
	Lines [][3]string `json:"lines"`
}

// Inventory asks the services what the stacks made.
func (s *Server) Inventory(ctx context.Context, stacks ...StackRef) ([]StackReport, error) {
	if s.Tools.Python == "" {
		tools, err := FindTools(ctx, s.Root, func(string) {})
		if err != nil {
			return nil, err
		}
		s.Tools = tools
	}
	code, err := unpack(filepath.Join(s.Root, stateDir, "cache"))
	if err != nil {
		return nil, err
	}
	arguments := []string{"-m", "d2moto.inventory"}
	for _, stack := range stacks {
		arguments = append(arguments, stack.Region+"/"+stack.Name)
	}
	command := s.Command(ctx, s.Tools.Python, arguments...)
	command.Env = append(command.Env, "PYTHONPATH="+code)
	output, err := command.Output()
	if err != nil {
		reason := err.Error()
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			reason = lastLine(string(exit.Stderr), reason)
		}
		return nil, fmt.Errorf("ask the local AWS what stands: %s (log: %s)", reason, s.Log)
	}
	var reports []StackReport
	return reports, json.Unmarshal(output, &reports)
}

// IsBootstrapped reports whether the CDK's own stack stands in a region.
func (s *Server) IsBootstrapped(ctx context.Context, region string) (bool, error) {
	reports, err := s.Inventory(ctx, StackRef{region, "CDKToolkit"})
	if err != nil {
		return false, err
	}
	return len(reports[0].Lines) > 0 && reports[0].Lines[0][2] != "not deployed", nil
}
