// Package screen is what a verb shows to people: headings, lines and tables,
// written for a terminal, for a pipe, or as tab-separated values. A verb says
// what there is to see; how it looks is decided here, alike for all.
package screen

import (
	"fmt"

	"github.com/d2-ride-booking/platform/internal/iostreams"
)

// Cell is one text with its mood.
type Cell struct {
	Text string
	Mood iostreams.Mood
}

// Text is a cell without a mood, formatted as fmt.Sprint does.
func Text(value any) Cell { return Cell{Text: fmt.Sprint(value)} }

// In is a cell of a mood, formatted as fmt.Sprint does.
func In(mood iostreams.Mood, value any) Cell { return Cell{Text: fmt.Sprint(value), Mood: mood} }

// Document is a screen in the making; the zero value is an empty one.
type Document struct{ parts []part }

// part is a line or a table.
type part struct {
	line  []Cell
	table *Table
}

// Line adds a line of cells, joined by a space.
func (d *Document) Line(cells ...Cell) { d.parts = append(d.parts, part{line: cells}) }

// Table adds a table; the title is one lower-case word or two. One without rows is not shown.
func (d *Document) Table(title string, header ...string) *Table {
	table := &Table{title: title, header: header}
	d.parts = append(d.parts, part{table: table})
	return table
}

// Table is rows under a header. The last column takes what the screen has left:
// put the longest text there.
type Table struct {
	title  string
	header []string
	rows   [][]Cell
	notes  []Cell
}

// Row adds a row: a Cell, or anything that fmt.Sprint prints, for each column.
func (t *Table) Row(values ...any) {
	row := make([]Cell, len(values))
	for i, value := range values {
		cell, isCell := value.(Cell)
		if !isCell {
			cell = Text(value)
		}
		row[i] = cell
	}
	t.rows = append(t.rows, row)
}

// Note adds a line in the table's place or below it: why there are no rows, or not all.
func (t *Table) Note(cell Cell) { t.notes = append(t.notes, cell) }

func (t *Table) empty() bool { return len(t.rows) == 0 && len(t.notes) == 0 }
