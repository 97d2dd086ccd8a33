package cli

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/iostreams"
)

func TestEveryCommandOfTheRunbookTableIsThere(t *testing.T) {
	streams, _, _ := iostreams.Recorded("")
	root := NewRoot(NewApp(streams))
	for _, row := range runbookRows {
		if row.D2ctl == "" {
			assert.NotEmpty(t, row.Instead, "%s %s: a reason stands where no verb does", row.Section, row.Runbook)
			continue
		}
		words := strings.Fields(row.D2ctl)
		require.Equal(t, "d2ctl", words[0])
		command := commandOf(root, row.D2ctl)
		if assert.NotNil(t, command, row.D2ctl) {
			require.NoError(t, command.ParseFlags(words[1:]), row.D2ctl)
			path := len(strings.Fields(command.CommandPath())) - 1
			assert.NoError(t, command.ValidateArgs(command.Flags().Args()[path:]), row.D2ctl)
		}
	}
}

func TestASectionIsFoundHoweverItIsWritten(t *testing.T) {
	for _, section := range []string{"4.2", "PROD 4.2", "prod4.2"} {
		rows := rowsOf(section)
		require.NotEmpty(t, rows, section)
		assert.Equal(t, "PROD 4.2", rows[0].Section)
	}
	assert.Len(t, rowsOf(""), len(runbookRows))
	for _, row := range rowsOf("dev") {
		assert.True(t, strings.HasPrefix(row.Section, "DEV "), row.Section)
	}
	for _, row := range rowsOf("1") {
		assert.NotContains(t, row.Section, " 13", "1 is not the beginning of 13")
	}
	assert.Empty(t, rowsOf("99"))
}

func TestTheHelpOfAVerbNamesTheSectionsItReplaces(t *testing.T) {
	streams, out, _ := iostreams.Recorded("")
	assert.Zero(t, Run(t.Context(), streams, []string{"scale", "--help"}))
	assert.Contains(t, out.String(), "Replaces runbook PROD 4.2.")
}
