// Package localaws runs an AWS of its own on this machine: moto for the service
// APIs, and a CloudFormation that makes resources through them (see moto/).
//
// The unmodified CDK CLI bootstraps and deploys to it. What it does not know
// fails the deployment; it never pretends. It listens on loopback only, keeps
// everything in memory, and asks for nothing but Python 3.10 and Node.
//
//	server, err := localaws.Start(ctx, localaws.Options{})
//	if err != nil { … }
//	defer server.Stop()
//	err = server.Bootstrap(ctx, "ap-southeast-1", "us-east-1")
//	err = server.CDK(ctx, "deploy", "--all", "--require-approval", "never").Run()
package localaws
