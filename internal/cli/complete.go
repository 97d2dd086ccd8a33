package cli

import (
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/awsapi"
)

// completionTime is how long somebody who pressed Tab waits for AWS.
const completionTime = 2 * time.Second

// completeFlags completes the values of global flags that have few.
func completeFlags(root *cobra.Command) {
	for flag, values := range map[string][]string{
		"env":     {string(config.Dev), string(config.Prod)},
		"output":  {"table", "json", "yaml", "tsv"},
		"confirm": {string(config.Prod)},
	} {
		if err := root.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
			panic(err) // a flag that flags.go does not have
		}
	}
}

// completeFlag completes the value of a verb's own flag. Arguments may stand before
// it, so it is completed as a first argument would be.
func completeFlag(command *cobra.Command, flag string, values cobra.CompletionFunc) {
	err := command.RegisterFlagCompletionFunc(flag, func(command *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return values(command, nil, typed)
	})
	if err != nil {
		panic(err) // a flag that the verb does not have
	}
}

// completeFromFile completes the first argument with what the environment's file
// knows; without an environment, with nothing.
func (a *App) completeFromFile(names func(*config.Environment) []string) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		env, err := a.Environment()
		if err != nil || len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return names(env), cobra.ShellCompDirectiveNoFileComp
	}
}

// completeFromAWS completes the first argument with what AWS answers in time. It
// says nothing when that fails: a line that is being typed is no place for it.
func (a *App) completeFromAWS(names func(context.Context, *config.Environment, *awsapi.Clients) ([]string, error)) cobra.CompletionFunc {
	return func(command *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		a.Streams.Err.Writer = io.Discard
		ctx, cancel := context.WithTimeout(command.Context(), completionTime)
		defer cancel()
		env, clients, err := a.Connect(ctx)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		found, err := names(ctx, env, clients)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return found, cobra.ShellCompDirectiveNoFileComp
	}
}

// versionCompletion are versions of a service that AWS answers in time.
type versionCompletion func(ctx context.Context, env *config.Environment, clients *awsapi.Clients, service string) ([]string, error)

// completeServiceThen completes the first argument with services and the second
// with their versions, beside what the directive adds, e.g. files.
func (a *App) completeServiceThen(directive cobra.ShellCompDirective, versions versionCompletion) cobra.CompletionFunc {
	first := a.completeFromFile(serviceNames)
	return func(command *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		switch len(args) {
		case 0:
			return first(command, args, typed)
		case 1:
			found, _ := a.completeVersions(versions)(command, args, typed)
			return found, directive
		default:
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
	}
}

// completeVersions completes versions of the service that is the first argument.
func (a *App) completeVersions(versions versionCompletion) cobra.CompletionFunc {
	return func(command *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return a.completeFromAWS(func(ctx context.Context, env *config.Environment, clients *awsapi.Clients) ([]string, error) {
			return versions(ctx, env, clients, args[0])
		})(command, nil, typed)
	}
}

// completeFlag completes the value of a verb's flag with versions of its service.
func (a *App) completeFlag(command *cobra.Command, flag string, versions versionCompletion) {
	if err := command.RegisterFlagCompletionFunc(flag, a.completeVersions(versions)); err != nil {
		panic(err) // a flag that the verb does not have
	}
}

// serviceNames are the services that are on.
func serviceNames(env *config.Environment) []string {
	var names []string
	for _, service := range env.EnabledServices() {
		names = append(names, service.Name)
	}
	return names
}
