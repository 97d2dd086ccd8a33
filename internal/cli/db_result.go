package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/d2-ride-booking/platform/internal/iostreams"
	"github.com/d2-ride-booking/platform/internal/mysql"
	"github.com/d2-ride-booking/platform/internal/screen"
)

// tableRows is how many rows are drawn as one table: its columns are as wide as the
// widest, so a table is kept whole until it is drawn. What is longer comes in several.
const tableRows = 10_000

// writeResult prints a result as -o says, while it comes, and says to people how much it was.
func (a *App) writeResult(rows *mysql.Rows, vertical bool, began time.Time) error {
	if rows.Change && a.forPeople() {
		return a.sayChange(rows, began)
	}
	var filtered bytes.Buffer
	total, err := mysql.Write(rows, a.resultWriter(&filtered, vertical))
	if err != nil {
		return err
	}
	if a.flags.jq != "" {
		return a.filter(json.RawMessage(filtered.Bytes()))
	}
	if a.forPeople() {
		a.Say("%s, %s", count(total, "row"), time.Since(began).Round(time.Millisecond))
	}
	return nil
}

// sayChange is for a statement that has no rows to draw.
func (a *App) sayChange(rows *mysql.Rows, began time.Time) error {
	row, err := rows.Next()
	if err != nil {
		return err
	}
	changed := "done"
	if len(row) == 1 && row[0].Text != "0" && row[0].Text != "-1" {
		changed = "rows changed: " + row[0].Text
	}
	a.Say("%s, %s", changed, time.Since(began).Round(time.Millisecond))
	return nil
}

func (a *App) resultWriter(filtered *bytes.Buffer, vertical bool) mysql.Writer {
	switch {
	case a.flags.jq != "":
		return mysql.NewJSON(filtered)
	case a.flags.output == "json":
		return mysql.NewJSON(a.Streams.Out)
	case a.flags.output == "yaml":
		return mysql.NewYAML(a.Streams.Out)
	case a.flags.output == "tsv":
		return mysql.NewTSV(a.Streams.Out)
	case a.flags.output == "csv":
		return mysql.NewCSV(a.Streams.Out)
	case vertical:
		return &verticalResult{out: a.Streams.Out}
	}
	return &tableResult{out: a.Streams.Out}
}

// tableResult draws rows as tables.
type tableResult struct {
	out      iostreams.Output
	columns  []string
	document *screen.Document
	table    *screen.Table
	rows     int
}

func (t *tableResult) Begin(columns []string) error {
	t.columns = make([]string, len(columns))
	for i, column := range columns {
		t.columns[i] = escaped(column)
	}
	t.fresh()
	return nil
}

func (t *tableResult) fresh() {
	t.document, t.rows = &screen.Document{}, 0
	t.table = t.document.Table("rows", t.columns...)
}

func (t *tableResult) Row(row []mysql.Value) error {
	cells := make([]any, len(row))
	for i, value := range row {
		cells[i] = cellOf(value)
	}
	t.table.Row(cells...)
	if t.rows++; t.rows < tableRows {
		return nil
	}
	err := t.document.Write(t.out)
	t.fresh()
	return err
}

func (t *tableResult) End() error { return t.document.Write(t.out) }

func cellOf(value mysql.Value) screen.Cell {
	if value.Kind == mysql.Null {
		return screen.In(iostreams.Faint, "NULL")
	}
	return screen.Text(escaped(value.Text))
}

// verticalResult writes a line a column, for rows that are wider than the screen.
type verticalResult struct {
	out     iostreams.Output
	columns []string
	widest  int
	rows    int
}

func (v *verticalResult) Begin(columns []string) error {
	for _, column := range columns {
		v.columns = append(v.columns, escaped(column))
		v.widest = max(v.widest, len([]rune(column)))
	}
	return nil
}

func (v *verticalResult) Row(row []mysql.Value) error {
	v.rows++
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", v.out.Paint(iostreams.Strong, "row "+strconv.Itoa(v.rows)))
	for i, value := range row {
		cell := cellOf(value)
		fmt.Fprintf(&b, "%*s  %s\n", v.widest, v.columns[i], v.out.Paint(cell.Mood, cell.Text))
	}
	_, err := v.out.Write([]byte(b.String()))
	return err
}

func (v *verticalResult) End() error { return nil }

// escaped shows what is no letter as its escape: a value must not move the
// cursor, colour the screen, or reverse what is read.
func escaped(text string) string {
	if !strings.ContainsFunc(text, unprintable) {
		return text
	}
	var b strings.Builder
	for _, each := range text {
		if unprintable(each) {
			b.WriteString(strings.Trim(strconv.QuoteRune(each), "'"))
			continue
		}
		b.WriteRune(each)
	}
	return b.String()
}

func unprintable(r rune) bool { return r != ' ' && !unicode.IsPrint(r) }
