package main

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/localaws/database"
	"github.com/d2-ride-booking/platform/internal/tooltest"
)

func TestADatabaseThatHasEndedIsReplaced(t *testing.T) {
	authority, err := database.NewAuthority()
	require.NoError(t, err)
	var told []string
	all := &databases{options: database.Options{Authority: authority, Log: func(line string) { told = append(told, line) }}}
	defer all.stop()
	instance := database.Instance{Identifier: "one", Host: "one.example.com", Port: 3306, User: "admin", Password: "secret"}

	first, err := all.start(t.Context(), instance.Endpoint(), instance)
	tooltest.Need(t, errors.Is(err, database.ErrNoServer), err)
	again, err := all.start(t.Context(), instance.Endpoint(), instance)
	require.NoError(t, err)
	assert.Same(t, first, again)
	assert.Empty(t, told)

	first.Stop()
	second, err := all.start(t.Context(), instance.Endpoint(), instance)
	require.NoError(t, err)
	assert.NotSame(t, first, second)
	assert.True(t, second.Runs())
	assert.Equal(t, []string{"the database of one.example.com:3306 has ended; a new one, which is empty, takes its place"}, told)
}
