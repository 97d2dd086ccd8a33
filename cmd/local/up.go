package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/localaws"
)

// defaultPort is where programs that know local AWSes look first.
const defaultPort = 4566

// upOptions are the arguments of up.
type upOptions struct {
	port         int
	verbose      bool
	environments string   // the directory that -c environments=DIR names
	cdk          []string // what is passed on
}

// up brings the local AWS to what the repository says.
func up(ctx context.Context, s *session, arguments []string) error {
	options, err := parseUp(arguments)
	if err != nil {
		return err
	}
	environments, err := s.environments(options.environments)
	if err != nil {
		return err
	}
	if err := localaws.InstallCDK(ctx, s.root, s.progress); err != nil {
		return err
	}
	server, started, err := s.start(ctx, options, environments)
	if err != nil {
		return err
	}
	if err := s.deploy(ctx, server, options, environments); err != nil {
		if started && ctx.Err() != nil {
			// Nobody asked for half a deployment to stay; a server that was there before does stay.
			_ = server.Stop()
		}
		return err
	}
	return s.show(ctx, server, environments)
}

// parseUp keeps what is its own and passes the rest on.
func parseUp(arguments []string) (upOptions, error) {
	options := upOptions{environments: config.DefaultDir}
	for i := 0; i < len(arguments); i++ {
		name, value, hasValue := strings.Cut(arguments[i], "=")
		switch name {
		case "--port":
			if !hasValue && i+1 < len(arguments) {
				i++
				value = arguments[i]
			}
			port, err := strconv.Atoi(value)
			if err != nil || port < 1 || port > 65535 {
				return options, fmt.Errorf("--port %s: give a port from 1 to 65535", value)
			}
			options.port = port
		case "--verbose", "-v":
			options.verbose = true
		case "--":
		case "environments":
			if i > 0 && slices.Contains([]string{"-c", "--context"}, arguments[i-1]) {
				options.environments = value
			}
			fallthrough
		default:
			options.cdk = append(options.cdk, arguments[i])
		}
	}
	return options, nil
}

// start finds the local AWS or starts one; started tells which.
func (s *session) start(ctx context.Context, options upOptions, environments []*config.Environment) (server *localaws.Server, started bool, err error) {
	account, err := oneAccount(environments)
	if err != nil {
		return nil, false, err
	}
	server, err = s.running(ctx)
	switch {
	case err == nil && server.Account != account:
		return nil, false, fmt.Errorf("the running local AWS is account %s, the environments are in %s; run \"go run ./cmd/local down\" first", server.Account, account)
	case err == nil && options.port != 0 && options.port != server.Port:
		return nil, false, fmt.Errorf("the local AWS already runs on port %d; run \"go run ./cmd/local down\" first", server.Port)
	case err == nil:
		s.screen.step("the local AWS runs already (%s)", server.URL())
		if !server.Current() {
			s.screen.step("its source has changed since; to take that too: go run ./cmd/local down")
		}
		return server, false, nil
	case !errors.Is(err, localaws.ErrNotRunning):
		return nil, false, err
	}
	start := localaws.Options{
		Root: s.root, Dir: s.dir, Detach: true, Account: account, HostedZones: zones(environments), Progress: s.progress,
		Port: options.port,
	}
	if start.Port == 0 && localaws.IsFree(defaultPort) {
		start.Port = defaultPort
	}
	s.screen.passing("starting the local AWS")
	server, err = localaws.Start(ctx, start)
	if err != nil {
		return nil, false, err
	}
	s.screen.step("the local AWS listens on %s", server.URL())
	return server, true, nil
}

// deploy bootstraps the regions where that is not done yet, then deploys every stack.
func (s *session) deploy(ctx context.Context, server *localaws.Server, options upOptions, environments []*config.Environment) error {
	var missing []string
	for _, region := range regions(environments) {
		done, err := server.IsBootstrapped(ctx, region)
		if err != nil {
			return err
		}
		if !done {
			missing = append(missing, region)
		}
	}
	if len(missing) > 0 {
		s.screen.passing("bootstrapping " + strings.Join(missing, " and "))
		if err := server.Bootstrap(ctx, missing...); err != nil {
			return err
		}
		s.screen.step("bootstrapped %s", strings.Join(missing, " and "))
	}
	s.screen.passing("building the app and its templates")
	arguments := []string{"deploy", "--require-approval", "never", "--output", s.output}
	if !namesStack(options.cdk) {
		arguments = append(arguments, "--all")
	}
	return s.follow(server.CDK(ctx, append(arguments, options.cdk...)...), options.verbose)
}

// namesStack reports whether the arguments choose stacks, so that --all would be too much.
func namesStack(arguments []string) bool {
	for i, argument := range arguments {
		afterOption := i > 0 && strings.HasPrefix(arguments[i-1], "-")
		if !strings.HasPrefix(argument, "-") && !afterOption {
			return true
		}
	}
	return slices.Contains(arguments, "--all")
}

// oneAccount is the account of all environments.
func oneAccount(environments []*config.Environment) (string, error) {
	account := environments[0].Account
	for _, environment := range environments[1:] {
		if environment.Account != account {
			return "", fmt.Errorf("the environments are in accounts %s and %s, the local AWS is only one; give copies of the files that name one account with -c environments=DIR", account, environment.Account)
		}
	}
	return account, nil
}

// zones are the hosted zones that the environments take as given.
func zones(environments []*config.Environment) map[string]string {
	given := map[string]string{}
	for _, environment := range environments {
		if environment.Domain.ZoneID != "" {
			given[environment.Domain.ZoneName] = environment.Domain.ZoneID
		}
	}
	return given
}

// regions are where the stacks go.
func regions(environments []*config.Environment) []string {
	found := []string{config.EdgeRegion}
	for _, environment := range environments {
		found = append(found, environment.Region)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func (s *session) progress(what string) { s.screen.step("%s", what) }
