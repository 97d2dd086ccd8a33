package ops

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// fakeSnapshots is a database whose snapshots take five minutes and end as said.
type fakeSnapshots struct {
	database string // its status
	end      string
	made     map[string]time.Time
	looks    int
}

func (f *fakeSnapshots) DescribeDBInstances(context.Context, *rds.DescribeDBInstancesInput, ...func(*rds.Options)) (*rds.DescribeDBInstancesOutput, error) {
	return &rds.DescribeDBInstancesOutput{DBInstances: []types.DBInstance{{DBInstanceIdentifier: aws.String("db"), DBInstanceStatus: &f.database}}}, nil
}

func (f *fakeSnapshots) CreateDBSnapshot(_ context.Context, in *rds.CreateDBSnapshotInput, _ ...func(*rds.Options)) (*rds.CreateDBSnapshotOutput, error) {
	f.made[*in.DBSnapshotIdentifier] = time.Now()
	return &rds.CreateDBSnapshotOutput{DBSnapshot: &types.DBSnapshot{DBSnapshotIdentifier: in.DBSnapshotIdentifier, Status: aws.String("creating")}}, nil
}

func (f *fakeSnapshots) DescribeDBSnapshots(_ context.Context, in *rds.DescribeDBSnapshotsInput, _ ...func(*rds.Options)) (*rds.DescribeDBSnapshotsOutput, error) {
	out := &rds.DescribeDBSnapshotsOutput{}
	if f.looks++; f.looks%3 == 0 {
		return nil, &smithy.GenericAPIError{Code: "Throttling"}
	}
	for identifier, since := range f.made {
		if in.DBSnapshotIdentifier != nil && *in.DBSnapshotIdentifier != identifier {
			continue
		}
		status := "creating"
		if time.Since(since) >= 5*time.Minute {
			status = f.end
		}
		out.DBSnapshots = append(out.DBSnapshots, types.DBSnapshot{DBSnapshotIdentifier: aws.String(identifier), Status: &status, SnapshotCreateTime: aws.Time(since)})
	}
	if in.DBSnapshotIdentifier != nil && len(out.DBSnapshots) == 0 {
		return nil, &types.DBSnapshotNotFoundFault{}
	}
	return out, nil
}

func TestASnapshotIsAwaitedUntilItCanBeRestoredFrom(t *testing.T) {
	for end, code := range map[string]fault.Code{"available": fault.OK, "failed": fault.Unhealthy} {
		t.Run(end, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				env, api := shipped(t, config.Prod), &fakeSnapshots{database: "available", end: end, made: map[string]time.Time{}}
				snapshot, err := PlanSnapshot(t.Context(), api, env, "", time.Date(2026, 11, 22, 7, 8, 9, 0, time.FixedZone("", 8*3600)))
				require.NoError(t, err)
				assert.Equal(t, "d2-ride-booking-prod-20261121-230809", snapshot.Identifier)
				require.NoError(t, snapshot.Do(t.Context(), api, env))
				began := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				err = snapshot.Await(ctx, api, env, func(Event) {})
				assert.Equal(t, code, fault.CodeOf(err))
				assert.InDelta(t, 5, time.Since(began).Minutes(), 0.5)
				assert.Equal(t, end, snapshot.Status)
			})
		})
	}
}

func TestASnapshotThatCannotBeIsRefused(t *testing.T) {
	env := shipped(t, config.Prod)
	api := &fakeSnapshots{database: "available", made: map[string]time.Time{"d2-ride-booking-prod-before-v2": time.Now()}}
	for name, want := range map[string]string{
		"before--v2": "--name before--v2 cannot name a snapshot",
		"-x":         "--name -x cannot name a snapshot",
		"über":       "--name über cannot name a snapshot",
		"Before-v2":  "there is a snapshot d2-ride-booking-prod-before-v2 already",
	} {
		_, err := PlanSnapshot(t.Context(), api, env, name, time.Now())
		assert.EqualError(t, err, want)
	}
	api.database = "backing-up"
	_, err := PlanSnapshot(t.Context(), api, env, "", time.Now())
	assert.ErrorContains(t, err, "is backing-up, and a snapshot is taken of an available one")
	env.EnableRDS = false
	_, err = PlanSnapshot(t.Context(), api, env, "", time.Now())
	assert.Equal(t, fault.NotFound, fault.CodeOf(err))
}
