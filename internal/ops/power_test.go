package ops

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// fakeDEV is a DEV whose host and database take AWS's time to change, refuse
// orders that their state does not allow, and note those that they take.
type fakeDEV struct {
	env     *config.Environment
	states  map[string]fakeState // by instance id, and "database"
	orders  []string
	busy    int // of so many looks each second one is throttled
	looks   int
	stale   int    // so many orders are refused: the state that was shown is not the one it is in yet
	running string // what d2-release says of it
}

// fakeState is a state, and the one that follows it at a time.
type fakeState struct {
	now, next string
	at        time.Time
}

func newFakeDEV(t *testing.T, host, bastion, database string) *fakeDEV {
	return &fakeDEV{env: shipped(t, config.Dev), running: runs("v1.0.0", true), states: map[string]fakeState{
		"i-host": {now: host}, "i-bastion": {now: bastion}, "database": {now: database},
	}}
}

func runs(version string, healthy bool) string {
	return fmt.Sprintf(`{"service":"backend-api","running":%q,"healthy":%t,"previous":""}`, version, healthy)
}

func (f *fakeDEV) api() PowerAPI {
	return PowerAPI{Hosts: f, Database: f, Agents: f, Commands: &fakeCommander{answers: map[string]string{
		"i-host": f.running,
	}}, Schedules: f}
}

func (f *fakeDEV) state(id string) string {
	if s := f.states[id]; s.next != "" && !time.Now().Before(s.at) {
		f.states[id] = fakeState{now: s.next}
	}
	return f.states[id].now
}

// changes has a part be in one state for a time, and then in the next.
func (f *fakeDEV) changes(id, now, next string, takes time.Duration) {
	f.states[id] = fakeState{now, next, time.Now().Add(takes)}
}

func (f *fakeDEV) order(what, id, from, between, to string, takes time.Duration) error {
	if f.stale--; f.state(id) != from || f.stale >= 0 {
		return &smithy.GenericAPIError{Code: map[bool]string{true: "InvalidDBInstanceState", false: "IncorrectInstanceState"}[id == "database"]}
	}
	f.orders = append(f.orders, what+" "+id)
	f.changes(id, between, to, takes)
	return nil
}

func (f *fakeDEV) throttle() error {
	if f.looks++; f.looks <= f.busy && f.looks%2 == 0 {
		return &smithy.GenericAPIError{Code: "ThrottlingException"}
	}
	return nil
}

func (f *fakeDEV) DescribeInstances(context.Context, *ec2.DescribeInstancesInput, ...func(*ec2.Options)) (*ec2.DescribeInstancesOutput, error) {
	var instances []ec2types.Instance
	for id, name := range map[string]string{"i-host": f.env.AppHostName(), "i-bastion": f.env.BastionName()} {
		instances = append(instances, ec2types.Instance{
			InstanceId: aws.String(id), State: &ec2types.InstanceState{Name: ec2types.InstanceStateName(f.state(id))},
			Tags: []ec2types.Tag{{Key: aws.String(config.TagName), Value: aws.String(name)}},
		})
	}
	return &ec2.DescribeInstancesOutput{Reservations: []ec2types.Reservation{{Instances: instances}}}, f.throttle()
}

func (f *fakeDEV) StopInstances(_ context.Context, in *ec2.StopInstancesInput, _ ...func(*ec2.Options)) (*ec2.StopInstancesOutput, error) {
	return nil, f.order("stop", in.InstanceIds[0], "running", "stopping", "stopped", time.Minute)
}

func (f *fakeDEV) StartInstances(_ context.Context, in *ec2.StartInstancesInput, _ ...func(*ec2.Options)) (*ec2.StartInstancesOutput, error) {
	return nil, f.order("start", in.InstanceIds[0], "stopped", "pending", "running", time.Minute)
}

func (f *fakeDEV) DescribeDBInstances(context.Context, *rds.DescribeDBInstancesInput, ...func(*rds.Options)) (*rds.DescribeDBInstancesOutput, error) {
	return &rds.DescribeDBInstancesOutput{DBInstances: []rdstypes.DBInstance{{
		DBInstanceIdentifier: aws.String(f.env.DatabaseIdentifier()), DBInstanceStatus: aws.String(f.state("database")),
	}}}, f.throttle()
}

func (f *fakeDEV) StopDBInstance(context.Context, *rds.StopDBInstanceInput, ...func(*rds.Options)) (*rds.StopDBInstanceOutput, error) {
	return nil, f.order("stop", "database", "available", "stopping", "stopped", 10*time.Minute)
}

func (f *fakeDEV) StartDBInstance(context.Context, *rds.StartDBInstanceInput, ...func(*rds.Options)) (*rds.StartDBInstanceOutput, error) {
	return nil, f.order("start", "database", "stopped", "starting", "available", 10*time.Minute)
}

func (f *fakeDEV) DescribeInstanceInformation(context.Context, *ssm.DescribeInstanceInformationInput, ...func(*ssm.Options)) (*ssm.DescribeInstanceInformationOutput, error) {
	return &ssm.DescribeInstanceInformationOutput{InstanceInformationList: []ssmtypes.InstanceInformation{
		{InstanceId: aws.String("i-host"), PingStatus: ssmtypes.PingStatusOnline},
	}}, nil
}

func (f *fakeDEV) ListSchedules(context.Context, *scheduler.ListSchedulesInput, ...func(*scheduler.Options)) (*scheduler.ListSchedulesOutput, error) {
	return nil, errors.New("denied")
}

func (f *fakeDEV) GetSchedule(context.Context, *scheduler.GetScheduleInput, ...func(*scheduler.Options)) (*scheduler.GetScheduleOutput, error) {
	return nil, errors.New("denied")
}

func TestDEVIsStoppedAndStartedInTheOrderThatSparesItsData(t *testing.T) {
	for name, each := range map[string]struct {
		on                      bool
		host, bastion, database string
		orders                  []string
		takes                   time.Duration
	}{
		"stop what runs":             {false, "running", "running", "available", []string{"stop i-host", "stop i-bastion", "stop database"}, 12 * time.Minute},
		"stop the rest":              {false, "stopped", "running", "stopped", []string{"stop i-bastion"}, time.Minute},
		"stop what stops":            {false, "stopping", "stopped", "stopping", nil, 3*time.Minute + 5*time.Second},
		"stop what still starts":     {false, "pending", "stopped", "starting", []string{"stop i-host", "stop database"}, 14 * time.Minute},
		"stop while it is backed up": {false, "stopped", "stopped", "backing-up", []string{"stop database"}, 13 * time.Minute},
		"start what is stopped":      {true, "stopped", "stopped", "stopped", []string{"start database", "start i-host", "start i-bastion"}, 12 * time.Minute},
		"start the rest":             {true, "running", "stopped", "available", []string{"start i-bastion"}, time.Minute},
		"start what still stops":     {true, "stopping", "running", "stopping", []string{"start database", "start i-host"}, 14 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dev := newFakeDEV(t, each.host, each.bastion, each.database)
				next := map[string]string{"pending": "running", "stopping": "stopped", "starting": "available", "backing-up": "available"}
				for id, state := range dev.states {
					if next[state.now] != "" { // three minutes from now
						dev.changes(id, state.now, next[state.now], 3*time.Minute)
					}
				}
				power, err := PlanPower(t.Context(), dev.api(), dev.env, each.on, time.Now())
				require.NoError(t, err)
				assert.False(t, power.Done())
				dev.busy, dev.stale = 20, 2
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				began := time.Now()
				require.NoError(t, power.Do(ctx, dev.api(), func(Event) {}))
				assert.True(t, power.Done())
				assert.Equal(t, each.orders, dev.orders)
				assert.InDelta(t, each.takes.Minutes(), time.Since(began).Minutes(), 1)
			})
		})
	}
}

func TestAStartIsOverWhenTheHostAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dev := newFakeDEV(t, "running", "running", "available")
		power, err := PlanPower(t.Context(), dev.api(), dev.env, true, time.Now())
		require.NoError(t, err)
		assert.True(t, power.Done())
		require.NoError(t, power.AwaitAnswer(t.Context(), dev.api(), func(Event) {}))
		assert.Equal(t, "v1.0.0", power.Running[0].Version)

		for said, missing := range map[string]string{
			"": "backend-api has not answered yet", runs("", false): "backend-api does not run",
			runs("v1.0.0", false): "backend-api does not answer its health check",
		} {
			dev.running = said
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
			defer cancel()
			last := ""
			err = power.AwaitAnswer(ctx, dev.api(), func(event Event) { last = event.State })
			require.EqualError(t, err, "starting dev takes longer than this was to wait; it goes on")
			assert.Equal(t, missing, last)
		}
	})
}

func TestAnInterruptedStopSaysWhatWasNotOrdered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dev := newFakeDEV(t, "running", "stopped", "available")
		power, err := PlanPower(t.Context(), dev.api(), dev.env, false, time.Now())
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		err = power.Do(ctx, dev.api(), func(Event) {})
		var late *fault.Error
		require.ErrorAs(t, err, &late)
		assert.Equal(t, fault.TimedOut, late.Code)
		assert.Equal(t, "run it again for what was not ordered yet: database d2-ride-booking-dev-rds-mysql", late.Try)
	})
}

func TestWhatCannotBeStoppedSaysWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dev := newFakeDEV(t, "running", "running", "incompatible-parameters")
		_, err := PlanPower(t.Context(), dev.api(), dev.env, false, time.Now())
		assert.Equal(t, fault.Unhealthy, fault.CodeOf(err))

		dev = newFakeDEV(t, "stopped", "stopped", "starting")
		power, err := PlanPower(t.Context(), dev.api(), dev.env, false, time.Now())
		require.NoError(t, err)
		require.EqualError(t, power.Order(t.Context(), dev.api()), "the database d2-ride-booking-dev-rds-mysql is starting and takes no order now")

		dev.changes("database", "starting", "failed", time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		err = power.Do(ctx, dev.api(), func(Event) {})
		require.EqualError(t, err, "the database d2-ride-booking-dev-rds-mysql is failed")

		_, err = PlanPower(t.Context(), dev.api(), shipped(t, config.Prod), false, time.Now())
		assert.Equal(t, fault.Usage, fault.CodeOf(err))
		assert.Empty(t, dev.orders)
	})
}

func TestThePlanOfAStopTellsOfTheSevenDays(t *testing.T) {
	dev := newFakeDEV(t, "running", "stopped", "backing-up")
	now := time.Date(2026, 11, 20, 18, 0, 0, 0, time.UTC)
	power, err := PlanPower(t.Context(), dev.api(), dev.env, false, now)
	require.NoError(t, err)
	plan := power.Plan()
	assert.Equal(t, []string{
		"the host i-host goes from running to stopped",
		"the bastion i-bastion is stopped already",
		"the database d2-ride-booking-dev-rds-mysql is backing-up; when that is over it goes to stopped",
		"RDS starts a stopped database again by itself after seven days: by Fri 2026-11-27 18:00 UTC",
		"the working hours could not be read: denied",
	}, plan.Does)
	assert.Equal(t, []PlannedCall{{API: "EC2.StopInstances", On: "i-host"}, {API: "RDS.StopDBInstance", On: "d2-ride-booking-dev-rds-mysql"}}, plan.Calls)
}
