package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/mysql"
)

type dbShellOptions struct {
	dbOptions
	user   string
	writes bool
}

func newDBShellCommand(app *App) *cobra.Command {
	o := &dbShellOptions{dbOptions: dbOptions{App: app}}
	command := &cobra.Command{
		Use:   "shell",
		Short: "type SQL, with a history, and see tables",
		Long: `Runs what is typed, statement by statement, each ended by a semicolon, and prints
tables. It only reads unless --write is there, which asks in PROD. Ctrl-C cancels the
statement that runs, and not the shell; \x shows a line a column, \q or Ctrl-D ends.

The history of each environment is a file of your own, and never has a statement that
may hold a secret. From a pipe, the statements are run one after the other until one
fails, and -o json, yaml, tsv and csv print a result each.`,
		Example:     "  d2ctl db shell -e dev\n  d2ctl db shell -e prod --user admin --write\n  d2ctl db shell -e dev < report.sql",
		Args:        takes(),
		Annotations: map[string]string{printsCSV: "yes"},
		RunE:        func(command *cobra.Command, _ []string) error { return o.run(command.Context()) },
	}
	o.add(command)
	userFlag(command, &o.user)
	command.Flags().BoolVar(&o.writes, "write", false, "let statements change something")
	app.returns(command, []map[string]any{}) // of each statement
	return command
}

func (o *dbShellOptions) run(ctx context.Context) error {
	if o.flags.timeout > 0 { // a shell takes as long as it takes
		var cancel context.CancelFunc
		ctx, cancel = o.Within(ctx, 0)
		defer cancel()
	}
	if o.flags.dryRun && o.writes { // nothing is opened for a plan
		logins, _, err := o.logins(ctx)
		if err != nil {
			return err
		}
		_, err = o.agreeToWrite(ctx, logins, o.user, "what is typed is run")
		return err
	}
	logins, _, end, err := o.reach(ctx)
	if err != nil {
		return err
	}
	defer end()
	if o.writes {
		if agreed, err := o.agreeToWrite(ctx, logins, o.user, "what is typed is run"); !agreed || err != nil {
			return err
		}
	}
	shell := &dbShell{dbShellOptions: o, logins: logins}
	defer shell.leave()
	if !o.Streams.CanAsk() {
		return shell.runPipe(ctx)
	}
	return shell.runConsole(ctx)
}

// dbShell is one session. Its connection is made when a statement needs it, and
// again after it broke off.
type dbShell struct {
	*dbShellOptions
	logins   *dbLogins
	console  *console // nil where nobody types
	splitter mysql.Splitter
	history  *history
	vertical bool

	conn *mysql.Conn
	end  func()
}

func (s *dbShell) leave() {
	if s.end != nil {
		s.end()
	}
	s.conn, s.end = nil, nil
}

// connection is the one that there is, or a new one.
func (s *dbShell) connection(ctx context.Context) (*mysql.Conn, error) {
	if s.conn != nil {
		return s.conn, nil
	}
	conn, end, err := s.logins.connect(ctx, dbAs{s.user, s.logins.env.Database.Name, s.writes})
	if err != nil {
		return nil, err
	}
	s.conn, s.end = conn, end
	return conn, nil
}

// runPipe runs all that is on standard input, until something fails.
func (s *dbShell) runPipe(ctx context.Context) error {
	text, err := io.ReadAll(s.Streams.In)
	if err != nil {
		return err
	}
	statements, err := mysql.SplitAll(string(text))
	if err != nil {
		return err
	}
	for _, statement := range statements {
		if err := s.statement(ctx, statement.Text); err != nil {
			return atLine(statement.Line, err)
		}
	}
	return nil
}

// atLine says which of many statements failed.
func atLine(line int, err error) error {
	var known *fault.Error
	if !errors.As(err, &known) {
		return err
	}
	return &fault.Error{Code: known.Code, What: fmt.Sprintf("line %d: %s", line, known.What), Try: known.Try, Cause: known.Cause}
}

// statement runs one and prints its rows.
func (s *dbShell) statement(ctx context.Context, statement string) error {
	if !s.writes {
		if err := mysql.MustRead(statement); err != nil {
			return err
		}
	}
	conn, err := s.connection(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	rows, err := conn.Query(ctx, statement)
	if err == nil {
		if err = s.writeResult(rows, s.vertical, began); err == nil {
			return rows.Close()
		}
		_ = rows.Close()
	}
	if conn.Broken(context.WithoutCancel(ctx)) {
		s.leave()
		s.Say("the next statement connects anew; the schema of USE, variables and transactions are gone")
	}
	return err
}

// runConsole runs what a person types, until they leave.
func (s *dbShell) runConsole(ctx context.Context) error {
	if _, err := s.connection(ctx); err != nil { // a login that fails should fail at once
		return err
	}
	var err error
	if s.console, err = openConsole(s.Streams); err != nil {
		return err
	}
	defer s.console.close()
	s.history = s.openHistory()
	s.console.line.History = s.history
	s.Say(`%s of %s; \x turns lines and columns, \q ends`, s.logins.userOr(s.user), strings.ToUpper(string(s.logins.env.Environment)))
	var typed string
	for {
		line, dropped, err := s.console.read(ctx, s.prompt(typed))
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case dropped:
			typed = ""
		case typed == "" && isLeave(line):
			return nil
		case typed == "" && strings.TrimSpace(line) == `\x`:
			s.vertical = !s.vertical
		default:
			typed = s.take(ctx, typed+line+"\n")
		}
	}
}

func isLeave(line string) bool {
	switch strings.ToLower(strings.TrimRight(strings.TrimSpace(line), ";")) {
	case `\q`, "quit", "exit":
		return true
	}
	return false
}

// prompt names where one is; what is only continued has it blank.
func (s *dbShell) prompt(typed string) string {
	prompt := string(s.logins.env.Environment) + " " + s.logins.userOr(s.user)
	if s.writes {
		prompt += " writes"
	}
	if strings.TrimSpace(typed) != "" {
		return strings.Repeat(" ", len(prompt)-1) + "-> "
	}
	return prompt + "> "
}

// take runs the statements that are complete and gives back the rest.
func (s *dbShell) take(ctx context.Context, typed string) (rest string) {
	done, left, open := s.splitter.Split(typed)
	for _, statement := range done {
		s.history.keep(statement.Text + s.splitter.Delimiter)
		err := s.console.during(ctx, func(ctx context.Context) error { return s.statement(ctx, statement.Text) })
		var known *fault.Error
		switch {
		case errors.Is(err, context.Canceled):
			s.Say("cancelled")
		case errors.As(err, &known) && known.Try != "":
			s.Say("%s\nTry: %s", known.What, known.Try)
		case err != nil:
			s.Say("%v", err)
		}
		if err != nil {
			break // what stands behind it was typed for its success
		}
	}
	if left.Text == "" || open != "" {
		return left.Text
	}
	return left.Text + "\n"
}

// openHistory is the history of the environment; without a place for it, one of this session.
func (s *dbShell) openHistory() *history {
	dir, err := stateDir()
	if err != nil {
		return &history{}
	}
	return openHistory(filepath.Join(dir, "db-history-"+string(s.logins.env.Environment)))
}
