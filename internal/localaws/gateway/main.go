// Command gateway is the message gateway of the local AWS, with the databases
// behind it. The local AWS starts it with the first session; it ends when its
// standard input does, which is when the local AWS ends.
//
//	gateway --aws URL --authority FILE --cache DIR   writes its own address as the first line
//	gateway shell                                    what a shell session runs, on its terminal
package main

import (
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/d2-ride-booking/platform/internal/localaws"
	"github.com/d2-ride-booking/platform/internal/localaws/database"
	"github.com/d2-ride-booking/platform/internal/ssmtest"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "shell" {
		os.Exit(shell(os.Getenv(awsVariable), os.Getenv(instanceVariable), os.Stdin, os.Stdout))
	}
	aws := flag.String("aws", "", "address of the local AWS")
	authority := flag.String("authority", "", "file that the certificate of the databases' authority is written to")
	cache := flag.String("cache", "", "directory where compiled things are kept")
	flag.Parse()
	if err := run(*aws, *authority, *cache); err != nil {
		fmt.Fprintln(os.Stderr, "gateway: "+err.Error())
		os.Exit(1)
	}
}

func run(aws, certificate, cache string) error {
	authority, err := database.NewAuthority()
	if err != nil {
		return err
	}
	if err := os.WriteFile(certificate, authority.PEM(), 0o600); err != nil {
		return err
	}
	secrets, err := localaws.Signers()
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	log := func(line string) { fmt.Fprintln(os.Stderr, "gateway: "+line) }
	behind := &databases{aws: aws, options: database.Options{Authority: authority, Secrets: secrets, Cache: cache, Log: log}}
	defer behind.stop()
	gateway, err := ssmtest.Start(ssmtest.Options{
		Secrets: secrets, Dial: behind.dial, Log: log,
		Shell: []string{self, "shell"}, ShellEnv: []string{awsVariable + "=" + aws},
	})
	if err != nil {
		return err
	}
	defer gateway.Close()
	fmt.Println(gateway.URL())
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}
