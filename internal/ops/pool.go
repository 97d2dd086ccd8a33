package ops

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// PoolReader is what is asked of Cognito.
type PoolReader interface {
	ListUserPools(context.Context, *cognito.ListUserPoolsInput, ...func(*cognito.Options)) (*cognito.ListUserPoolsOutput, error)
	DescribeUserPool(context.Context, *cognito.DescribeUserPoolInput, ...func(*cognito.Options)) (*cognito.DescribeUserPoolOutput, error)
}

// Pool is the Cognito user pool of the environment (runbook PROD 8.1).
type Pool struct {
	// Name is config's.
	Name string `json:"name"`
	// ID is Cognito's.
	ID string `json:"id"`
	// Users is about how many there are; Cognito counts now and then.
	Users int `json:"users"`
}

// ReadPool is the environment's user pool. Cognito lets two have one name, and then neither is taken.
func ReadPool(ctx context.Context, api PoolReader, env *config.Environment) (*Pool, error) {
	var ids []string
	pages := cognito.NewListUserPoolsPaginator(api, &cognito.ListUserPoolsInput{MaxResults: aws.Int32(60)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, pool := range page.UserPools {
			if aws.ToString(pool.Name) == env.UserPoolName() {
				ids = append(ids, aws.ToString(pool.Id))
			}
		}
	}
	switch len(ids) {
	case 0:
		return nil, fault.New(fault.NotFound, "deploy the stack: make deploy ENV="+string(env.Environment), "there is no user pool %s", env.UserPoolName())
	case 1:
		described, err := api.DescribeUserPool(ctx, &cognito.DescribeUserPoolInput{UserPoolId: &ids[0]})
		if err != nil {
			return nil, err
		}
		return &Pool{Name: env.UserPoolName(), ID: ids[0], Users: int(described.UserPool.EstimatedNumberOfUsers)}, nil
	default:
		return nil, fault.New(fault.NotFound, "delete the one that the stack does not name: d2ctl outputs cognito.user_pool_id",
			"two user pools are called %s: %s", env.UserPoolName(), listed(ids))
	}
}
