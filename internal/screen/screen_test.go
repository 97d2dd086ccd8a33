package screen

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/iostreams"
)

func fleets() *Document {
	document := &Document{}
	document.Line(Text("PROD"), In(iostreams.Good, "healthy"))
	table := document.Table("fleets", "FLEET", "DESIRED", "WHY")
	table.Row("backend-api", 2, "one instance answers its health check with 503 and is being replaced")
	return document
}

func TestATableKeepsToTheWidthOfTheTerminal(t *testing.T) {
	var written bytes.Buffer
	require.NoError(t, fleets().Write(iostreams.AsTerminal(&written, 50, false)))
	for line := range bytes.Lines(written.Bytes()) {
		assert.LessOrEqual(t, len([]rune(string(line))), 51, string(line))
	}
	assert.Contains(t, written.String(), "──")
}

func TestAPipeGetsEachRowOnALineOfItsOwnWithoutRules(t *testing.T) {
	var written bytes.Buffer
	require.NoError(t, fleets().Write(iostreams.Output{Writer: &written}))
	assert.Equal(t, `PROD healthy

  FLEET        DESIRED  WHY
  backend-api  2        one instance answers its health check with 503 and is being replaced
`, written.String())
}

func TestTabSeparatedValuesHoldNoTabOfTheirOwn(t *testing.T) {
	document := fleets()
	document.Table("alarms", "ALARM").Row("cpu\thigh\n")
	var written bytes.Buffer
	require.NoError(t, document.WriteTSV(&written))
	assert.Equal(t, "fleets\tFLEET\tDESIRED\tWHY\n"+
		"fleets\tbackend-api\t2\tone instance answers its health check with 503 and is being replaced\n"+
		"alarms\tALARM\nalarms\tcpu high\n", written.String())
}

func TestATableThatCouldNotBeReadSaysWhyInItsPlace(t *testing.T) {
	document := &Document{}
	document.Table("alarms", "ALARM").Note(In(iostreams.Bad, "denied"))
	document.Table("sites", "SITE")
	var written bytes.Buffer
	require.NoError(t, document.Write(iostreams.Output{Writer: &written}))
	assert.Equal(t, "ALARMS\n  denied\n", written.String())
}
