package mysql

import (
	"bufio"
	"encoding/json"
	"io"
	"strings"

	"github.com/d2-ride-booking/platform/internal/fault"
)

// Writer writes a result as it comes.
type Writer interface {
	// Begin is told of the columns, once.
	Begin(columns []string) error
	// Row is told of each row.
	Row([]Value) error
	// End is told that there are no more.
	End() error
}

// Write gives all rows to a writer and says how many there were.
func Write(rows *Rows, to Writer) (count int, err error) {
	if err := to.Begin(rows.Columns); err != nil {
		return 0, err
	}
	for {
		row, err := rows.Next()
		if err != nil {
			return count, err
		}
		if row == nil {
			return count, to.End()
		}
		if err := to.Row(row); err != nil {
			return count, err
		}
		count++
	}
}

// NewJSON writes an array of objects, their keys in the order of the columns.
func NewJSON(w io.Writer) Writer {
	return &objects{out: bufio.NewWriter(w), first: "[\n  ", between: ",\n  ", last: "\n]\n", none: "[]\n"}
}

// NewYAML writes the same as YAML, an object a line.
func NewYAML(w io.Writer) Writer {
	return &objects{out: bufio.NewWriter(w), first: "- ", between: "\n- ", last: "\n", none: "[]\n"}
}

// NewCSV writes comma-separated values (RFC 4180, lines end with a line feed)
// under a header. NULL is nothing, an empty text is "".
func NewCSV(w io.Writer) Writer {
	return &lines{out: bufio.NewWriter(w), separator: ",", null: "", quote: quoteCSV}
}

// NewTSV writes tab-separated values under a header, as mysql --batch does: NULL
// is NULL, and tab, line feed, backslash and NUL are \t, \n, \\ and \0.
func NewTSV(w io.Writer) Writer {
	return &lines{out: bufio.NewWriter(w), separator: "\t", null: "NULL", quote: strings.NewReplacer("\\", `\\`, "\t", `\t`, "\n", `\n`, "\x00", `\0`).Replace}
}

type objects struct {
	out                        *bufio.Writer
	first, between, last, none string
	keys                       []string
	written                    bool
}

func (o *objects) Begin(columns []string) error {
	seen := map[string]bool{}
	for _, column := range columns {
		if seen[column] {
			return fault.New(fault.Usage, "name them apart: SELECT a.id AS a_id, …; or take -o csv", "two columns are called %s, and an object has one value a name", column)
		}
		seen[column] = true
		o.keys = append(o.keys, quoteJSON(column)+": ")
	}
	return nil
}

func (o *objects) Row(row []Value) error {
	lead := o.first
	if o.written {
		lead = o.between
	}
	o.written = true
	_, _ = o.out.WriteString(lead + "{") // bufio keeps the first error, which Flush or the last write returns
	for i, value := range row {
		if i > 0 {
			_, _ = o.out.WriteString(", ")
		}
		_, _ = o.out.WriteString(o.keys[i])
		_, _ = o.out.WriteString(asJSON(value))
	}
	return o.out.WriteByte('}')
}

func (o *objects) End() error {
	end := o.last
	if !o.written {
		end = o.none
	}
	_, _ = o.out.WriteString(end)
	return o.out.Flush()
}

func asJSON(value Value) string {
	switch value.Kind {
	case Null:
		return "null"
	case Number:
		return value.Text
	}
	return quoteJSON(value.Text)
}

func quoteJSON(text string) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // a text is always encoded, into memory
	return strings.TrimSuffix(b.String(), "\n")
}

type lines struct {
	out             *bufio.Writer
	separator, null string
	quote           func(string) string
}

func (l *lines) Begin(columns []string) error { return l.line(columns) }

func (l *lines) Row(row []Value) error {
	fields := make([]string, len(row))
	for i, value := range row {
		fields[i] = l.null
		if value.Kind != Null {
			fields[i] = l.quote(value.Text)
		}
	}
	return l.line(fields)
}

func (l *lines) line(fields []string) error {
	_, _ = l.out.WriteString(strings.Join(fields, l.separator))
	return l.out.WriteByte('\n')
}

func (l *lines) End() error { return l.out.Flush() }

func quoteCSV(text string) string {
	if text != "" && !strings.ContainsAny(text, "\",\r\n") && strings.TrimSpace(text) == text {
		return text
	}
	return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
}
