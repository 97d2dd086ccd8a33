package screen

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/d2-ride-booking/platform/internal/iostreams"
)

const (
	gap = "  "
	// narrowest is the least that the last column is wrapped to, in columns.
	narrowest = 16
)

// Write shows the document: on a terminal with rules and within its width,
// elsewhere aligned and whole, so that grep finds a line as it is.
func (d *Document) Write(out iostreams.Output) error {
	var b strings.Builder
	for i, each := range d.parts {
		if each.table == nil {
			b.WriteString(wrapped(out, joined(out, each.line)) + "\n")
			continue
		}
		if each.table.empty() {
			continue
		}
		if i > 0 {
			b.WriteString("\n")
		}
		each.table.write(&b, out, d.tables() > 1)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// WriteTSV writes the tables alone, a header line first. With several tables
// the first column is the table's title, so that one awk takes one of them.
func (d *Document) WriteTSV(w io.Writer) error {
	several := d.tables() > 1
	for _, each := range d.parts {
		if each.table == nil || each.table.empty() {
			continue
		}
		var lead []string
		if several {
			lead = []string{each.table.title}
		}
		if _, err := fmt.Fprintln(w, tabbed(lead, each.table.header)); err != nil {
			return err
		}
		for _, row := range each.table.rows {
			if _, err := fmt.Fprintln(w, tabbed(lead, words(row))); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *Document) tables() int {
	count := 0
	for _, each := range d.parts {
		if each.table != nil {
			count++
		}
	}
	return count
}

func (t *Table) write(b *strings.Builder, out iostreams.Output, titled bool) {
	if titled {
		b.WriteString(out.Paint(iostreams.Strong, strings.ToUpper(t.title)) + "\n")
	}
	if len(t.rows) > 0 {
		b.WriteString(t.drawn(out))
	}
	for _, note := range t.notes {
		b.WriteString(wrapped(out, gap+joined(out, []Cell{note})) + "\n")
	}
}

func (t *Table) drawn(out iostreams.Output) string {
	drawing := table.NewWriter()
	drawing.SetStyle(style(out.Terminal))
	if out.Terminal {
		drawing.SetColumnConfigs([]table.ColumnConfig{{
			Number: len(t.header), WidthMax: t.room(out.Width()), WidthMaxEnforcer: text.WrapSoft,
		}})
	}
	drawing.AppendHeader(asRow(t.header))
	for _, row := range t.rows {
		painted := make([]string, len(row))
		for i, cell := range row {
			painted[i] = out.Paint(cell.Mood, cell.Text)
		}
		drawing.AppendRow(asRow(painted))
	}
	var b strings.Builder
	for line := range strings.Lines(drawing.Render() + "\n") {
		if strings.HasPrefix(line, "──") { // the rule begins where the text does
			line = gap + line[len("──"):]
		}
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return b.String()
}

// wrapped breaks a line at the width of a terminal, what follows indented; a pipe gets it whole.
func wrapped(out iostreams.Output, line string) string {
	if !out.Terminal || text.StringWidthWithoutEscSequences(line) <= out.Width() {
		return line
	}
	var lines []string
	for i, each := range strings.Split(text.WrapSoft(line, out.Width()-len(gap)), "\n") {
		if i > 0 {
			each = gap + each
		}
		lines = append(lines, strings.TrimRight(each, " "))
	}
	return strings.Join(lines, "\n")
}

// style has no frame: a frame is noise on a screen that is all tables.
func style(ruled bool) table.Style {
	style := table.StyleLight
	style.Options = table.Options{SeparateHeader: ruled}
	style.Box.PaddingLeft, style.Box.PaddingRight = gap, ""
	style.Format.Header = text.FormatDefault
	return style
}

// room is what a screen of the given width leaves to the last column.
func (t *Table) room(width int) int {
	last := len(t.header) - 1
	for i := range last {
		widest := len(t.header[i])
		for _, row := range t.rows {
			widest = max(widest, text.StringWidth(row[i].Text))
		}
		width -= widest + len(gap)
	}
	return max(width-len(gap), narrowest)
}

func joined(out iostreams.Output, cells []Cell) string {
	painted := make([]string, len(cells))
	for i, cell := range cells {
		painted[i] = out.Paint(cell.Mood, cell.Text)
	}
	return strings.Join(painted, " ")
}

func asRow(values []string) table.Row {
	row := make(table.Row, len(values))
	for i, value := range values {
		row[i] = value
	}
	return row
}

func words(row []Cell) []string {
	texts := make([]string, len(row))
	for i, cell := range row {
		texts[i] = cell.Text
	}
	return texts
}

// tabbed joins values by tabs; a tab or a line's end within one would make two.
func tabbed(lead, values []string) string {
	fields := append(append([]string{}, lead...), values...)
	for i, field := range fields {
		fields[i] = strings.Join(strings.Fields(field), " ")
	}
	return strings.Join(fields, "\t")
}
