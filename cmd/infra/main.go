// Command infra is the CDK app: it reads the two environment files and writes
// the templates of their stacks. The CDK command line runs it.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/stacks"
)

func main() {
	_, err := stacks.Synth(nil, environments)
	stacks.Close()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// environments are read from config.DefaultDir, or from where "-c environments=DIR" says.
func environments(app awscdk.App) ([]*config.Environment, error) {
	dir := config.DefaultDir
	if given, ok := app.Node().TryGetContext(jsii.String("environments")).(string); ok {
		dir = given
	}
	found, err := config.LoadAll(dir)
	var problems config.Problems
	if errors.As(err, &problems) {
		return nil, fmt.Errorf("%w\n%d problem(s) in %s; nothing was synthesized", err, len(problems), dir)
	}
	return found, err
}
