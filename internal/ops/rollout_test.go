package ops

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// fakeCarrier brings a release as its fields say.
type fakeCarrier struct {
	ends  []error // how each roll ends, in turn
	where []string
	begun int
	stops int
	on    func() // runs while a roll is awaited
}

func (f *fakeCarrier) look(context.Context) error                  { return nil }
func (f *fakeCarrier) atWork(context.Context) (string, error)      { return "", nil }
func (f *fakeCarrier) plan(*Plan)                                  {}
func (f *fakeCarrier) start(context.Context) error                 { f.begun++; return nil }
func (f *fakeCarrier) resume(context.Context) error                { return nil }
func (f *fakeCarrier) stop(context.Context) error                  { f.stops++; return nil }
func (f *fakeCarrier) id() string                                  { return "r-1" }
func (f *fakeCarrier) instances(context.Context) ([]string, error) { return f.where, nil }

func (f *fakeCarrier) await(context.Context, Listener) error {
	if f.on != nil {
		f.on()
	}
	end := f.ends[0]
	f.ends = f.ends[1:]
	return end
}

// begunDeployment is v2 in the place of v1, begun, on hosts that say they run what is given.
func begunDeployment(t *testing.T, carrier *fakeCarrier, runs string) (*Deployment, *fakeStore) {
	t.Helper()
	env, store := shipped(t, config.Dev), storeOf("v1", "v2")
	service, err := FindService(env, "backend-api")
	require.NoError(t, err)
	carrier.where = []string{"i-a"}
	commands := &fakeReleaser{fakeCommander: fakeCommander{answers: map[string]string{"i-a": `{"service":"backend-api","running":"` + runs + `","healthy":true}`}}}
	d := &Deployment{back: "v1", Rollout: Rollout{
		Service: service.Name, From: "v1", Version: "v2", Revision: 2, Outcome: Begun,
		api: ReleaseAPI{Versions: store, Commands: commands}, env: env, service: service,
		parameter: versionParameter{store, env, service.Name}, carrier: carrier,
	}}
	return d, store
}

// fakeReleaser knows no earlier commands.
type fakeReleaser struct{ fakeCommander }

func (f *fakeReleaser) ListCommands(context.Context, *ssm.ListCommandsInput, ...func(*ssm.Options)) (*ssm.ListCommandsOutput, error) {
	return &ssm.ListCommandsOutput{}, nil
}

func TestAFailedReleaseEndsOnTheLastGoodOneWithItsCauseLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		carrier := &fakeCarrier{ends: []error{verdict("it is sick"), nil}}
		d, store := begunDeployment(t, carrier, "v1")
		var failed *fault.Error
		require.ErrorAs(t, d.Await(t.Context(), func(Event) {}), &failed)
		what := "backend-api v2 was not released: it is sick; v1 runs again"
		assert.Equal(t, fault.Error{Code: fault.Unhealthy, What: what}, *failed, "no advice stands behind the cause")
		assert.Equal(t, Restored, d.Outcome)
		assert.Equal(t, "v1", *store.history[2].Value)
		assert.Equal(t, []int{1, 1}, []int{carrier.stops, carrier.begun})
		assert.Equal(t, []int64{3}, store.good(t, d.env))
	})
}

func TestAWayBackThatFailsTooSaysBoth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, _ := begunDeployment(t, &fakeCarrier{ends: []error{verdict("it is sick"), verdict("no capacity")}}, "v1")
		err := d.Await(t.Context(), func(Event) {})
		assert.EqualError(t, err, "backend-api v2 was not released: it is sick; and the way back to v1 failed too: no capacity")
		assert.Equal(t, Broken, d.Outcome)
	})
}

func TestNothingIsPutInThePlaceOfAVersionThatSomebodyNamedMeanwhile(t *testing.T) {
	carrier := &fakeCarrier{ends: []error{verdict("it is sick")}}
	d, store := begunDeployment(t, carrier, "v1")
	carrier.on = func() { store.write("v9", "lee") }
	err := d.Await(t.Context(), func(Event) {})
	assert.ErrorContains(t, err, "backend-api v2 was not released: it is sick; nothing was put back, as lee named v9 at ")
	assert.Len(t, store.history, 3)
	assert.Zero(t, carrier.begun)
}

func TestAReleaseThatNobodyCanSeeIsNotPutBack(t *testing.T) {
	d, store := begunDeployment(t, &fakeCarrier{ends: []error{errors.New("the line is dead")}}, "v2")
	err := d.Await(t.Context(), func(Event) {})
	assert.EqualError(t, err, "the line is dead; the release of backend-api v2 goes on")
	assert.Equal(t, Begun, d.Outcome)
	assert.Len(t, store.history, 2)
}

func TestAHostThatRunsAnotherVersionFailsTheRelease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, _ := begunDeployment(t, &fakeCarrier{}, "v1")
		began := time.Now()
		err := d.verify(t.Context(), "v2", func(Event) {})
		assert.EqualError(t, err, "i-a runs v1, not v2")
		assert.True(t, isVerdict(err))
		assert.Equal(t, settleTime, time.Since(began).Round(time.Minute))
	})
}

func TestAHostThatDoesNotAnswerIsNoVerdict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		carrier := &fakeCarrier{}
		d, _ := begunDeployment(t, carrier, "v1")
		carrier.where = []string{"i-silent"}
		err := d.verify(t.Context(), "v2", func(Event) {})
		assert.EqualError(t, err, "i-silent does not say what it runs: d2-release: not found")
		assert.False(t, isVerdict(err), "a healthy release must not go because Systems Manager does not answer")
	})
}

// fakeRoll is a fleet whose refresh is under way, and whose new instance is as it says.
type fakeRoll struct {
	FleetRoller
	instances []types.Instance
	fails     int // how many looks fail
}

func (f *fakeRoll) DescribeInstanceRefreshes(context.Context, *autoscaling.DescribeInstanceRefreshesInput, ...func(*autoscaling.Options)) (*autoscaling.DescribeInstanceRefreshesOutput, error) {
	if f.fails > 0 {
		f.fails--
		return nil, &smithy.GenericAPIError{Code: "InternalFailure", Message: "we are sorry"}
	}
	return &autoscaling.DescribeInstanceRefreshesOutput{InstanceRefreshes: []types.InstanceRefresh{{
		InstanceRefreshId: aws.String("r-1"), Status: types.InstanceRefreshStatusInProgress, StartTime: aws.Time(time.Now()),
	}}}, nil
}

func (f *fakeRoll) DescribeAutoScalingGroups(context.Context, *autoscaling.DescribeAutoScalingGroupsInput, ...func(*autoscaling.Options)) (*autoscaling.DescribeAutoScalingGroupsOutput, error) {
	return &autoscaling.DescribeAutoScalingGroupsOutput{AutoScalingGroups: []types.AutoScalingGroup{{Instances: f.instances}}}, nil
}

func (f *fakeRoll) DescribeTargetGroups(context.Context, *elb.DescribeTargetGroupsInput, ...func(*elb.Options)) (*elb.DescribeTargetGroupsOutput, error) {
	return &elb.DescribeTargetGroupsOutput{TargetGroups: []elbtypes.TargetGroup{{}}}, nil
}

func (f *fakeRoll) DescribeTargetHealth(context.Context, *elb.DescribeTargetHealthInput, ...func(*elb.Options)) (*elb.DescribeTargetHealthOutput, error) {
	return &elb.DescribeTargetHealthOutput{TargetHealthDescriptions: []elbtypes.TargetHealthDescription{{
		Target:       &elbtypes.TargetDescription{Id: aws.String("i-new")},
		TargetHealth: &elbtypes.TargetHealth{State: elbtypes.TargetHealthStateEnumUnhealthy, Description: aws.String("Health checks failed with these codes: [503]")},
	}}}, nil
}

func (f *fakeRoll) DescribeAlarms(context.Context, *cloudwatch.DescribeAlarmsInput, ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error) {
	return &cloudwatch.DescribeAlarmsOutput{}, nil
}

func rollOf(t *testing.T, fake *fakeRoll) *fleetCarrier {
	t.Helper()
	env := shipped(t, config.Prod)
	service, err := FindService(env, "backend-api")
	require.NoError(t, err)
	return &fleetCarrier{api: ReleaseAPI{Fleets: fake, Targets: fake, Alarms: fake}, env: env, service: service, refresh: "r-1", before: []string{"i-old"}}
}

func serving(instance, health string) types.Instance {
	return types.Instance{InstanceId: &instance, LifecycleState: types.LifecycleStateInService, HealthStatus: &health}
}

func TestANewInstanceThatAutoScalingCondemnsEndsTheRollAnHourEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &fakeRoll{instances: []types.Instance{serving("i-old", "Unhealthy"), serving("i-new", "Unhealthy")}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		err := rollOf(t, fake).await(ctx, func(Event) {})
		assert.EqualError(t, err, "i-new did not get healthy within the grace period; i-new: Health checks failed with these codes: [503]")
		assert.True(t, isVerdict(err))
	})
}

func TestAnOldInstanceThatDiesMeanwhileIsNotTheReleasesFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := rollOf(t, &fakeRoll{instances: []types.Instance{serving("i-old", "Unhealthy")}}).await(ctx, func(Event) {})
		assert.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestAFewLooksThatFailDoNotEndTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := rollOf(t, &fakeRoll{fails: patience - 1}).await(ctx, func(Event) {})
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		err = rollOf(t, &fakeRoll{fails: patience}).await(t.Context(), func(Event) {})
		assert.ErrorContains(t, err, "we are sorry")
	})
}

func TestCtrlCComesBeforeOrAfterWhatBelongsTogether(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	require.NoError(t, whole(ctx, func(ctx context.Context) error {
		interrupt()
		return ctx.Err()
	}))
	assert.ErrorIs(t, whole(ctx, func(context.Context) error { return nil }), context.Canceled)
}

func TestTheServiceIsAskedFromOutsideWhereItCanBe(t *testing.T) {
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	skipped, err := AskPublic(t.Context(), server.URL)
	assert.NoError(t, err)
	assert.Empty(t, skipped)

	status = http.StatusBadGateway
	_, err = askOnce(t.Context(), server.URL)
	assert.EqualError(t, err, server.URL+" answers 502 Bad Gateway")
	assert.True(t, isVerdict(err))

	server.Close()
	skipped, err = askOnce(t.Context(), server.URL)
	assert.NoError(t, err)
	assert.Contains(t, skipped, "it cannot be reached from here")
	skipped, err = AskPublic(t.Context(), "https://api.d2.invalid/health")
	assert.NoError(t, err)
	assert.Equal(t, "api.d2.invalid does not resolve here", skipped)
}
