package ops

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// fakeStore is a version parameter. A label sits on one revision at a time, and a
// revision takes ten, as in the parameter store.
type fakeStore struct {
	history []types.ParameterHistory
	before  func() // somebody who writes just before the next write
}

func storeOf(versions ...string) *fakeStore {
	store := &fakeStore{}
	for _, version := range versions {
		store.write(version, "arn:aws:iam::111122223333:user/kim")
	}
	return store
}

func (f *fakeStore) write(version, by string) int64 {
	number := int64(len(f.history) + 1)
	f.history = append(f.history, types.ParameterHistory{
		Value: &version, Version: number, LastModifiedUser: &by, LastModifiedDate: aws.Time(time.Now()),
	})
	return number
}

func (f *fakeStore) GetParameterHistory(context.Context, *ssm.GetParameterHistoryInput, ...func(*ssm.Options)) (*ssm.GetParameterHistoryOutput, error) {
	if len(f.history) == 0 {
		return nil, &types.ParameterNotFound{}
	}
	return &ssm.GetParameterHistoryOutput{Parameters: slices.Clone(f.history)}, nil
}

func (f *fakeStore) PutParameter(_ context.Context, in *ssm.PutParameterInput, _ ...func(*ssm.Options)) (*ssm.PutParameterOutput, error) {
	if f.before != nil {
		f.before()
		f.before = nil
	}
	return &ssm.PutParameterOutput{Version: f.write(*in.Value, "d2ctl")}, nil
}

func (f *fakeStore) LabelParameterVersion(_ context.Context, in *ssm.LabelParameterVersionInput, _ ...func(*ssm.Options)) (*ssm.LabelParameterVersionOutput, error) {
	for i := range f.history {
		f.history[i].Labels = slices.DeleteFunc(f.history[i].Labels, func(label string) bool { return slices.Contains(in.Labels, label) })
	}
	labelled := &f.history[*in.ParameterVersion-1]
	labelled.Labels = append(labelled.Labels, in.Labels...)
	if len(labelled.Labels) > 10 {
		return nil, &types.ParameterVersionLabelLimitExceeded{}
	}
	return &ssm.LabelParameterVersionOutput{}, nil
}

// good are the revisions that are marked so, the oldest first.
func (f *fakeStore) good(t *testing.T, env *config.Environment) []int64 {
	t.Helper()
	history, err := ReadHistory(t.Context(), f, env, "backend-api")
	require.NoError(t, err)
	var good []int64
	for _, revision := range slices.Backward(history) {
		if revision.Good() {
			good = append(good, revision.Number)
		}
	}
	return good
}

func TestTheLastGoodReleasesAreRemembered(t *testing.T) {
	store, env := storeOf(config.Unreleased), shipped(t, config.Prod)
	parameter := versionParameter{store, env, "backend-api"}
	for i := range 30 {
		version := fmt.Sprintf("v%d", i)
		require.NoError(t, parameter.mark(t.Context(), store.write(version, "kim"), version))
		store.write(version+"-bad", "kim")
	}
	good := store.good(t, env)
	assert.Equal(t, []int64{44, 46, 48, 50, 52, 54, 56, 58, 60}, good, "nine, so that no label gets as old as the store forgets")
	history, err := parameter.history(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "v29", history.LastGood("v29-bad"))
	assert.Equal(t, "v28", history.LastGood("v29"))
	assert.Equal(t, "v29", history.Earlier()[0], "good ones first")
	assert.Contains(t, history.Earlier(), "v28-bad")
}

func TestWhatARollbackLeavesIsGoodNoMore(t *testing.T) {
	store, env := storeOf("v1", "v2", "v2", "v1"), shipped(t, config.Prod)
	parameter := versionParameter{store, env, "backend-api"}
	for revision, version := range []string{"v1", "v2", "v2"} {
		require.NoError(t, parameter.mark(t.Context(), int64(revision+1), version))
	}
	require.NoError(t, parameter.mark(t.Context(), 4, "v2"))
	assert.Equal(t, []int64{1, 4}, store.good(t, env))
	history, err := parameter.history(t.Context())
	require.NoError(t, err)
	assert.Empty(t, history.LastGood("v1"))
}

func TestAReleaseThatTheWorkflowCalledGoodStaysGood(t *testing.T) {
	store, env := storeOf("v1", "v2"), shipped(t, config.Prod)
	store.history[0].Labels = []string{"good"}
	require.NoError(t, versionParameter{store, env, "backend-api"}.mark(t.Context(), 2, "v2"))
	assert.Equal(t, []int64{1, 2}, store.good(t, env))
}

func TestAVersionThatWasNamedInBetweenIsPutBack(t *testing.T) {
	store, env := storeOf("v1"), shipped(t, config.Prod)
	store.before = func() { store.write("v9", "arn:aws:iam::111122223333:user/lee") }
	_, err := versionParameter{store, env, "backend-api"}.set(t.Context(), 1, "v2")
	assert.ErrorContains(t, err, "was changed to v9 by arn:aws:iam::111122223333:user/lee at ")
	assert.Equal(t, fault.Failed, fault.CodeOf(err))
	assert.Equal(t, "v9", *store.history[len(store.history)-1].Value)
}

func TestAWriteThatWasSentTwiceIsNobodyElses(t *testing.T) {
	store, env := storeOf("v1"), shipped(t, config.Prod)
	store.before = func() { store.write("v2", "d2ctl") }
	revision, err := versionParameter{store, env, "backend-api"}.set(t.Context(), 1, "v2")
	require.NoError(t, err)
	assert.Equal(t, int64(3), revision)
}

func TestAServiceThatIsNotDeployedHasNoHistory(t *testing.T) {
	_, err := ReadHistory(t.Context(), &fakeStore{}, shipped(t, config.Prod), "backend-api")
	assert.EqualError(t, err, "there is no parameter /d2-ride-booking/prod/backend-api/version")
	assert.Equal(t, fault.NotFound, fault.CodeOf(err))
}
