package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/localaws"
)

// show prints what stands, as the services see it, and how to reach it.
func (s *session) show(ctx context.Context, server *localaws.Server, environments []*config.Environment) error {
	reports, err := server.Inventory(ctx, stacks(environments)...)
	if err != nil {
		return err
	}
	s.screen.clear()
	table := tabwriter.NewWriter(s.stdout, 0, 0, 2, ' ', 0)
	perEnvironment := len(reports) / len(environments)
	for i, environment := range environments {
		fmt.Fprintf(table, "\n%s\n", strings.ToUpper(string(environment.Environment)))
		for _, report := range reports[i*perEnvironment : (i+1)*perEnvironment] {
			for _, line := range report.Lines {
				fmt.Fprintf(table, "  %s\t%s\t%s\n", line[0], line[1], line[2])
			}
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "\nTo turn aws, cdk and d2ctl to it, in this shell:\n")
	for _, variable := range server.Environ() {
		if !strings.HasSuffix(variable, "=") {
			fmt.Fprintf(s.stdout, "  export %s\n", variable)
		}
	}
	fmt.Fprintf(s.stdout, "Its log: %s\nTo end it: go run ./cmd/local down\n", server.Log)
	return nil
}
