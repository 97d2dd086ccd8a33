package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/d2-ride-booking/platform/host"
	"github.com/d2-ride-booking/platform/test/boot"
)

// shorter says what would shorten a step on AWS, where it is slow.
var shorter = map[string]string{
	"packages": "here they are stand-ins; on a t3.micro about 40 s of dnf: an image of one's own (runtime.ami_id) with them in it",
	"PM2":      "from a full npm cache here; on AWS from the registry: the same image, as an installed PM2 is not installed again",
	"release":  "download and unpacking grow with node_modules; then the app's own start",
	"tools":    "stand-ins here; it comes after the service answers, so it delays nobody",
	"MySQL":    "as the tools",
}

// boot times one first boot of a PROD backend, step by step.
func (r *runner) boot() error {
	fmt.Println("boot of a PROD backend with a release, from user data to a good /health (test/boot; dnf and the agents are stand-ins):")
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	measured, err := boot.Measure(ctx, r.root, func(string) {})
	if errors.Is(err, boot.ErrUnable) {
		fmt.Printf("  not measured: %v\n\n", err)
		return nil
	}
	if err != nil {
		return err
	}
	for _, step := range measured.Steps {
		fmt.Printf("  %-34s %5.1f s%s\n", step.Name, step.Took.Seconds(), hint(step.Name))
	}
	fmt.Printf("  %-34s %5.1f s\n", "to a good /health", measured.Healthy.Seconds())
	fmt.Printf("  %-34s %5.1f s\n", "whole", measured.Whole.Seconds())
	fmt.Printf("  user data: %d bytes of %d\n\n", measured.UserDataBytes, host.UserDataLimit)
	return nil
}

func hint(step string) string {
	for start, what := range shorter {
		if strings.HasPrefix(step, start) {
			return "  (" + what + ")"
		}
	}
	return ""
}
