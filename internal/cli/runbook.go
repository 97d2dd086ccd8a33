package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/iostreams"
	"github.com/d2-ride-booking/platform/internal/screen"
)

// RunbookRow is one command of a runbook and what does it now.
type RunbookRow struct {
	// Section of the runbook, e.g. "PROD 4.2".
	Section string `json:"section"`
	// Runbook is the command there, abridged.
	Runbook string `json:"runbook"`
	// D2ctl is the command that replaces it; empty where none does.
	D2ctl string `json:"d2ctl,omitempty"`
	// Instead says what to do where no verb replaces it, or what is different.
	Instead string `json:"instead,omitempty"`
}

func newRunbookCommand(app *App) *cobra.Command {
	command := &cobra.Command{
		Use:   "runbook [SECTION]",
		Short: "which d2ctl command replaces which command of the runbooks",
		Long: `Prints the commands of the two runbooks and what replaces each. A section is
written as 4.2 (of both runbooks), "PROD 4.2" or prod4.`,
		Example: "  d2ctl runbook\n  d2ctl runbook 4.2\n  d2ctl runbook dev5",
		Args:    takesUpTo(2),
		RunE: func(_ *cobra.Command, args []string) error {
			rows := rowsOf(strings.Join(args, ""))
			if len(rows) == 0 {
				return fault.New(fault.NotFound, "see all: d2ctl runbook", "no runbook has a command in section %s", strings.Join(args, " "))
			}
			return app.Show(rows, func(d *screen.Document) { drawRunbook(d, rows) })
		},
	}
	app.returns(command, []RunbookRow{})
	return command
}

func drawRunbook(d *screen.Document, rows []RunbookRow) {
	table := d.Table("runbook", "SECTION", "RUNBOOK", "NOW")
	for _, row := range rows {
		now := screen.Text(row.D2ctl)
		switch {
		case row.D2ctl == "":
			now = screen.In(iostreams.Faint, row.Instead)
		case row.Instead != "":
			now.Text += " (" + row.Instead + ")"
		}
		table.Row(row.Section, row.Runbook, now)
	}
}

// rowsOf are the rows of a section and those below it; of all for an empty text.
func rowsOf(section string) []RunbookRow {
	wanted := strings.ToUpper(strings.ReplaceAll(section, " ", ""))
	return slices.DeleteFunc(slices.Clone(runbookRows), func(row RunbookRow) bool {
		book, number, _ := strings.Cut(row.Section, " ")
		return !isOrUnder(number, wanted) && !isOrUnder(book+number, wanted) && book != wanted && wanted != ""
	})
}

func isOrUnder(number, section string) bool {
	return number == section || strings.HasPrefix(number, section+".")
}

// nameRunbooks has the help of each verb say which sections it replaces.
func nameRunbooks(root *cobra.Command) {
	sections := map[*cobra.Command][]string{}
	for _, row := range runbookRows {
		command := commandOf(root, row.D2ctl)
		if command != nil && !slices.Contains(sections[command], row.Section) {
			sections[command] = append(sections[command], row.Section)
		}
	}
	for command, each := range sections {
		command.Long = strings.TrimSpace(command.Long) + "\n\nReplaces runbook " + strings.Join(each, ", ") + "."
	}
}

// commandOf is the verb of a line such as "d2ctl scale -e prod backend-api 3"; nil where there is none.
func commandOf(root *cobra.Command, line string) *cobra.Command {
	words := strings.Fields(line)
	if len(words) < 2 {
		return nil
	}
	command, _, err := root.Find(words[1:])
	if err != nil || command == root {
		return nil
	}
	return command
}
