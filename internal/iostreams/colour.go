package iostreams

// Mood is what a piece of text says about what it names. Words carry the
// meaning too: where there is no colour nothing is lost.
type Mood int

const (
	// Plain says nothing.
	Plain Mood = iota
	// Good is as it should be.
	Good
	// Notable is on its way, or worth a look.
	Notable
	// Bad is broken.
	Bad
	// Faint is of lesser weight.
	Faint
	// Strong is a heading.
	Strong
)

// escapes are the ANSI sequences of each mood: the terminal's own sixteen
// colours, which its owner has chosen to be readable.
var escapes = map[Mood]string{Good: "32", Notable: "33", Bad: "31", Faint: "2", Strong: "1"}

// Paint colours a text where the stream takes colour.
func (o Output) Paint(mood Mood, text string) string {
	escape, coloured := escapes[mood]
	if !o.Colour || !coloured || text == "" {
		return text
	}
	return "\x1b[" + escape + "m" + text + "\x1b[0m"
}
