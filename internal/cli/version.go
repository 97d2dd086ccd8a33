package cli

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/internal/screen"
)

// Version is what this program was built from.
type Version struct {
	// Version is the module's, or (devel) for a build of a checkout.
	Version string `json:"version"`
	// Commit is the git commit; empty when the build did not know it.
	Commit string `json:"commit,omitempty"`
	// Modified says that the checkout differed from the commit.
	Modified bool `json:"modified"`
	// Go is the compiler's version.
	Go string `json:"go"`
	// Platform is operating system and processor, e.g. linux/amd64.
	Platform string `json:"platform"`
}

func newVersionCommand(app *App) *cobra.Command {
	command := &cobra.Command{
		Use:   "version",
		Short: "what this program was built from",
		Args:  takes(),
		RunE: func(*cobra.Command, []string) error {
			version := builtFrom()
			return app.Show(version, func(d *screen.Document) {
				d.Line(screen.Text("d2ctl"), screen.Text(version.Version), screen.Text(version.Commit))
				d.Line(screen.Text(version.Go), screen.Text(version.Platform))
			})
		},
	}
	app.returns(command, Version{})
	return command
}

func builtFrom() Version {
	version := Version{Version: "(unknown)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return version
	}
	version.Version = info.Main.Version
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			version.Commit = setting.Value
		case "vcs.modified":
			version.Modified = setting.Value == "true"
		}
	}
	return version
}
