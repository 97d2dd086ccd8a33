package ops

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

const (
	// publicTime is how long an answer from outside may take: the load balancer waits as long (docs/application.md).
	publicTime = 5 * time.Second
	// publicTries in a row must fail before a release is called bad: DNS and connections have bad moments.
	publicTries = 5
)

// PublicCheck asks a service from outside, as its users do. What keeps it from
// asking is no fault of the release, and is returned as the reason.
type PublicCheck func(ctx context.Context, address string) (skipped string, err error)

// AskPublic is the PublicCheck through this machine's network.
func AskPublic(ctx context.Context, address string) (skipped string, err error) {
	parsed, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	if _, err := net.DefaultResolver.LookupHost(ctx, parsed.Hostname()); err != nil {
		return parsed.Hostname() + " does not resolve here", nil
	}
	tries := 0
	ended := Poll(ctx, rollLook, func(ctx context.Context) (bool, error) {
		skipped, err = askOnce(ctx, address)
		tries++
		return tries == publicTries || (skipped == "" && err == nil), nil
	})
	return skipped, cmp.Or(err, ended)
}

func askOnce(ctx context.Context, address string) (skipped string, err error) {
	ctx, cancel := context.WithTimeout(ctx, publicTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(request)
	if err != nil {
		return fmt.Sprintf("it cannot be reached from here: %v", err), nil
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return "", verdict("%s answers %s", address, answer.Status)
	}
	return "", nil
}
