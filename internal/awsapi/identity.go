package awsapi

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/d2-ride-booking/platform/internal/fault"
)

// Identity is who calls.
type Identity struct {
	// Account is the twelve-digit account of the credentials.
	Account string `json:"account"`
	// ARN is the user or role.
	ARN string `json:"arn"`
}

// Whoami asks AWS whose credentials these are.
func (c *Clients) Whoami(ctx context.Context) (Identity, error) {
	if c.config.Credentials == nil {
		return Identity{}, explainCredentials(fmt.Errorf("no provider"))
	}
	if _, err := c.config.Credentials.Retrieve(ctx); err != nil {
		return Identity{}, explainCredentials(err)
	}
	caller, err := c.STS().GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return Identity{}, Explain(err)
	}
	return Identity{Account: *caller.Account, ARN: *caller.Arn}, nil
}

// MustBeIn refuses any account but the environment's: a command for DEV must
// not reach PROD because a shell still has PROD's credentials.
func (i Identity) MustBeIn(account, environment string) error {
	if i.Account == account {
		return nil
	}
	return fault.New(fault.Credentials,
		fmt.Sprintf("use credentials of account %s (--profile NAME or AWS_PROFILE), or correct account in %s.yaml and rebuild (or --environments DIR)", account, environment),
		"wrong account: %s lives in %s, but the credentials are of %s (%s)", environment, account, i.Account, i.ARN)
}
