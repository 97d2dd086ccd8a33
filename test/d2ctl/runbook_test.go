package d2ctl

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/cli"
	"github.com/d2-ride-booking/platform/internal/iostreams"
)

// books are the runbooks as they were before there was d2ctl; testdata has them
// word for word, but for an instance and a client that were somebody's.
var books = []string{"prod", "dev"}

// command is one command of a runbook, its continued lines joined.
type command struct{ section, text string }

var (
	chapterHead = regexp.MustCompile(`^## (?:(\d+)\. |.*Prerequisites)`)
	sectionHead = regexp.MustCompile(`^### \d+\.(\d+) (.*)`)
	fence       = regexp.MustCompile("^\\s*```(\\w*)\\s*$")
	aside       = regexp.MustCompile(`\([^)]*\)`)
	assignment  = regexp.MustCompile(`^\$?\w+ ?= ?(\$\()?`)
)

// commandsOf reads the code blocks of a runbook. The prerequisites are chapter 0.
// A section is numbered by the chapter that it stands in: chapter 4 of DEV calls
// some of its own 3.2 to 3.4.
func commandsOf(t *testing.T, book string) []command {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata/runbooks", book+".md"))
	require.NoError(t, err)
	var found []command
	var chapter, section, language string
	var block []string
	within := false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		if head := fence.FindStringSubmatch(line); head != nil {
			if within {
				for _, each := range commandsIn(language, block) {
					found = append(found, command{strings.ToUpper(book) + " " + section, each})
				}
			}
			within, language, block = !within, head[1], nil
			continue
		}
		if within {
			block = append(block, strings.TrimSpace(line))
		} else if head := chapterHead.FindStringSubmatch(line); head != nil {
			chapter = head[1]
			if chapter == "" {
				chapter = "0"
			}
			section = chapter
		} else if head := sectionHead.FindStringSubmatch(line); head != nil {
			section = chapter + "." + head[1]
		}
	}
	require.False(t, within, "a code block of %s does not end", book)
	return found
}

// commandsIn are the commands of one block; a block without a language is an answer, not a command.
func commandsIn(language string, lines []string) []string {
	switch language {
	case "powershell", "bash":
		return shellCommands(lines)
	case "sql":
		return statements(lines)
	case "hcl":
		return []string{"terraform.tfvars: " + strings.Join(lines, " ")}
	}
	return nil
}

func shellCommands(lines []string) []string {
	var found []string
	var whole string
	for _, line := range lines {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		continued := strings.HasSuffix(line, "`") || strings.HasSuffix(line, `\`)
		whole += strings.TrimRight(line, "`\\ ") + " "
		if continued {
			continue
		}
		if each := strings.TrimSpace(whole); !isPreparation(each) {
			found = append(found, assignment.ReplaceAllString(each, ""))
		}
		whole = ""
	}
	return found
}

// isPreparation is for lines that say where and with which values, and do nothing themselves.
func isPreparation(line string) bool {
	return strings.HasPrefix(line, "cd ") || strings.HasPrefix(line, "export ") || regexp.MustCompile(`^\$?\w+ ?= ?["$][^(]`).MatchString(line)
}

func statements(lines []string) []string {
	var kept []string
	for _, line := range lines {
		if line != "" && !strings.HasPrefix(line, "--") {
			kept = append(kept, line)
		}
	}
	var found []string
	for each := range strings.SplitSeq(strings.Join(kept, " "), ";") {
		if each = strings.TrimSpace(each); each != "" {
			found = append(found, each)
		}
	}
	return found
}

// names says whether a row's abridged text names a command: one of its parts has
// words that all stand in the command, in their order.
func names(row cli.RunbookRow, text string) bool {
	return slices.ContainsFunc(strings.Split(aside.ReplaceAllString(row.Runbook, ""), ","), func(part string) bool {
		rest := text
		for _, word := range strings.Fields(part) {
			_, after, stands := strings.Cut(rest, word)
			if !stands {
				return false
			}
			rest = after
		}
		return true
	})
}

// runbookRows is the table as the program prints it.
func runbookRows(t *testing.T) []cli.RunbookRow {
	t.Helper()
	streams, out, talk := iostreams.Recorded("")
	require.Zero(t, cli.Run(t.Context(), streams, []string{"runbook", "--json"}), talk.String())
	var rows []cli.RunbookRow
	require.NoError(t, json.Unmarshal(out.Bytes(), &rows))
	return rows
}

func TestEveryCommandOfTheRunbooksHasItsPlaceInTheTable(t *testing.T) {
	rows := runbookRows(t)
	for _, book := range books {
		commands := commandsOf(t, book)
		assert.Greater(t, len(commands), 40, "the reader of %s lost some", book)
		for _, each := range commands {
			found := slices.ContainsFunc(rows, func(row cli.RunbookRow) bool {
				return row.Section == each.section && names(row, each.text) && row.D2ctl+row.Instead != ""
			})
			assert.True(t, found, "%s: %s", each.section, each.text)
		}
	}
}

func TestEveryRowOfTheTableIsOfARunbook(t *testing.T) {
	said := map[string]bool{}
	for _, book := range books {
		for _, each := range commandsOf(t, book) {
			said[each.section] = true
		}
	}
	for _, row := range runbookRows(t) {
		if row.Section != "PROD 10.5" && row.Section != "DEV 3.5" { // these say in words what to do
			assert.True(t, said[row.Section], "%s has no command", row.Section)
		}
	}
}

// TestOurRunbooksHaveEverySectionOfTheirs holds docs/runbooks to the originals: the
// numbers under which people know things stay.
func TestOurRunbooksHaveEverySectionOfTheirs(t *testing.T) {
	heads := regexp.MustCompile(`(?m)^(?:## \d+\. .*|### \d+\.\d+ )`)
	for _, book := range books {
		theirs, err := os.ReadFile(filepath.Join("testdata/runbooks", book+".md"))
		require.NoError(t, err)
		ours, err := os.ReadFile(filepath.Join(root, "docs/runbooks", book+".md"))
		require.NoError(t, err)
		chapter := ""
		for _, head := range heads.FindAllString(string(theirs), -1) {
			number := strings.Trim(strings.Fields(head)[1], ".")
			if strings.HasPrefix(head, "## ") {
				chapter = number
			} else {
				_, minor, _ := strings.Cut(number, ".")
				number = chapter + "." + minor
			}
			assert.Regexp(t, `(?m)^##+ `+regexp.QuoteMeta(number)+`[. ]`, string(ours), "%s %s", book, head)
		}
	}
}

func TestOurRunbooksNameTheCommandsOfTheTable(t *testing.T) {
	for _, row := range runbookRows(t) {
		if row.D2ctl == "" {
			continue
		}
		book, _, _ := strings.Cut(row.Section, " ")
		ours, err := os.ReadFile(filepath.Join(root, "docs/runbooks", strings.ToLower(book)+".md"))
		require.NoError(t, err)
		// SQL stands for a statement, of which the runbooks have real ones.
		assert.Contains(t, string(ours), strings.TrimSuffix(row.D2ctl, "SQL"), row.Section)
	}
}
