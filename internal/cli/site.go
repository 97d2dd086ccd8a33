package cli

import (
	"github.com/spf13/cobra"

	"github.com/d2-ride-booking/platform/config"
)

func newSiteCommand(app *App) *cobra.Command {
	command := &cobra.Command{
		Use:   "site",
		Short: "publish and look after the static sites",
		Long:  "Publishes the static sites, tells what stands, and has CloudFront forget what it keeps.",
	}
	command.AddCommand(newSitePublishCommand(app), newSiteStatusCommand(app), newSiteInvalidateCommand(app))
	return command
}

// siteNames are the sites that are on.
func siteNames(env *config.Environment) []string {
	var names []string
	for _, site := range env.EnabledSites() {
		names = append(names, site.Name)
	}
	return names
}
