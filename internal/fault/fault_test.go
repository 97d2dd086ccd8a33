package fault

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheExitCodeOfAnErrorOutlastsItsWrapping(t *testing.T) {
	lost := New(NotFound, "look again", "there is no %s", "host")
	for want, err := range map[Code]error{
		OK:       nil,
		Failed:   errors.New("nobody said"),
		NotFound: fmt.Errorf("status: %w", errors.Join(errors.New("other"), lost)),
		TimedOut: &Error{Code: TimedOut, What: "it takes longer", Cause: lost}, // what is said last counts
	} {
		assert.Equal(t, want, CodeOf(err), "%v", err)
	}
}

func TestAnErrorSaysWhatHappenedAndKeepsItsCause(t *testing.T) {
	err := &Error{Code: Failed, What: "the file is cut off", Try: "pack it again", Cause: io.ErrUnexpectedEOF}
	assert.EqualError(t, err, "the file is cut off", "the advice stands in a line of its own")
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.NoError(t, New(Failed, "", "100 %% full").Cause)
}

// TestTheHelpKnowsEveryExitCode counts the constants in the source: one that the list
// forgets would be in no help and no reference.
func TestTheHelpKnowsEveryExitCode(t *testing.T) {
	source, err := parser.ParseFile(token.NewFileSet(), "fault.go", nil, 0)
	require.NoError(t, err)
	declared := 0
	ast.Inspect(source, func(node ast.Node) bool {
		if value, isValue := node.(*ast.ValueSpec); isValue {
			if kind, isName := value.Type.(*ast.Ident); isName && kind.Name == "Code" {
				declared++
			}
		}
		return true
	})
	codes := Codes()
	require.Len(t, codes, declared)
	for i, each := range codes {
		assert.NotEmpty(t, each.Meaning)
		if i > 0 {
			assert.Greater(t, each.Code, codes[i-1].Code, "in order, and none twice")
		}
	}
}
