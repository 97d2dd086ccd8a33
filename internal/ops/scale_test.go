package ops

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// fakeFleet is an Auto Scaling group of 1 to 3 whose new instances serve after boot.
type fakeFleet struct {
	desired int
	started time.Time
	boot    time.Duration
}

func (f *fakeFleet) SetDesiredCapacity(_ context.Context, in *autoscaling.SetDesiredCapacityInput, _ ...func(*autoscaling.Options)) (*autoscaling.SetDesiredCapacityOutput, error) {
	f.desired, f.started = int(*in.DesiredCapacity), time.Now()
	return &autoscaling.SetDesiredCapacityOutput{}, nil
}

func (f *fakeFleet) DescribeAutoScalingGroups(_ context.Context, in *autoscaling.DescribeAutoScalingGroupsInput, _ ...func(*autoscaling.Options)) (*autoscaling.DescribeAutoScalingGroupsOutput, error) {
	state := types.LifecycleStateInService
	if time.Since(f.started) < f.boot {
		state = types.LifecycleStatePending
	}
	group := types.AutoScalingGroup{
		AutoScalingGroupName: &in.AutoScalingGroupNames[0],
		MinSize:              aws.Int32(1), MaxSize: aws.Int32(3), DesiredCapacity: aws.Int32(int32(f.desired)),
	}
	for i := range f.desired {
		group.Instances = append(group.Instances, types.Instance{
			InstanceId: aws.String("i-" + string(rune('a'+i))), LifecycleState: state, HealthStatus: aws.String("Healthy"),
		})
	}
	return &autoscaling.DescribeAutoScalingGroupsOutput{AutoScalingGroups: []types.AutoScalingGroup{group}}, nil
}

func TestAFleetIsScaledWithinItsLimitsOnly(t *testing.T) {
	for name, each := range map[string]struct {
		stage  config.Stage
		change func(*config.Environment)
		to     int
		code   fault.Code
		what   string
		try    string
	}{
		"above the maximum": {
			stage: config.Prod, to: 4, code: fault.Usage, what: "4 is above max_size of backend-api, 3",
			try: "set fleet.max_size of the service backend-api to 4 in config/environments/prod.yaml, then make deploy ENV=prod",
		},
		"below the minimum": {
			stage: config.Prod, to: 0, code: fault.Usage, what: "0 is below min_size of backend-api, 1",
			try: "set fleet.min_size of the service backend-api to 0 in config/environments/prod.yaml, then make deploy ENV=prod",
		},
		"the file allows what is not deployed": {
			stage: config.Prod, to: 4, code: fault.Usage, what: "4 is above max_size of backend-api, 3",
			change: func(env *config.Environment) { env.Services[0].Fleet.MaxSize = 5 },
			try:    "config/environments/prod.yaml says 5 already, which is not deployed: make deploy ENV=prod",
		},
		"DEV": {
			stage: config.Dev, to: 2, code: fault.Usage, what: "DEV runs backend-api on one host; there is no fleet to scale",
			try: "scale PROD (-e prod), or change host.instance_type in config/environments/dev.yaml",
		},
	} {
		t.Run(name, func(t *testing.T) {
			env := shipped(t, each.stage)
			if each.change != nil {
				each.change(env)
			}
			_, err := PlanScaling(t.Context(), &fakeFleet{desired: 1}, env, "backend-api", each.to)
			var refusal *fault.Error
			require.ErrorAs(t, err, &refusal)
			assert.Equal(t, fault.Error{Code: each.code, What: each.what, Try: each.try}, *refusal)
		})
	}
}

func TestAServiceThatIsOffCannotBeScaled(t *testing.T) {
	_, err := PlanScaling(t.Context(), &fakeFleet{}, shipped(t, config.Prod), "web-driver", 2)
	assert.EqualError(t, err, `there is no service "web-driver" in prod`)
	assert.Equal(t, fault.NotFound, fault.CodeOf(err))
}

func TestScalingWaitsUntilTheNewInstancesServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := &fakeFleet{desired: 1, boot: 7 * time.Minute}
		env := shipped(t, config.Prod)
		scaling, err := PlanScaling(t.Context(), fleet, env, "backend-api", 3)
		require.NoError(t, err)
		require.NoError(t, scaling.Do(t.Context(), fleet))
		began := time.Now()
		states := map[string]bool{}
		require.NoError(t, scaling.Await(t.Context(), fleet, env, func(event Event) { states[event.Subject+" "+event.State] = true }))
		assert.Equal(t, 7*time.Minute, time.Since(began))
		assert.Equal(t, 3, scaling.InService)
		assert.Contains(t, states, "i-c Pending")
		assert.Contains(t, states, "i-c InService")
	})
}

func TestScalingThatIsNoLongerWaitedForGoesOnAndSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := &fakeFleet{desired: 3, started: time.Now(), boot: time.Hour}
		scaling := &Scaling{Service: "backend-api", From: 1, To: 3}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
		defer cancel()
		err := scaling.Await(ctx, fleet, shipped(t, config.Prod), func(Event) {})
		assert.EqualError(t, err, "scaling backend-api to 3 takes longer than this was to wait; it goes on")
		assert.Equal(t, fault.TimedOut, fault.CodeOf(err))

		ctx, interrupt := context.WithCancel(t.Context())
		interrupt()
		err = scaling.Await(ctx, fleet, shipped(t, config.Prod), func(Event) {})
		assert.EqualError(t, err, "interrupted; scaling backend-api to 3 goes on")
		assert.Equal(t, fault.Interrupted, fault.CodeOf(err))
	})
}
